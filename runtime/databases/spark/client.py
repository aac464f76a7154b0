"""The parts of Spark's client that are used here, imported without what its import does beside.

It warns that it is not yet tested with the installed version of pandas, which nothing here uses. And it looks for an
installation of Spark, which a client needs none of, and ends the process where there is none.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _an_installation() -> Iterator[None]:
    """With some folder in SPARK_HOME, the import looks no further."""
    before = os.environ.get("SPARK_HOME")
    os.environ["SPARK_HOME"] = before or os.sep
    try:
        yield
    finally:
        if before is None:
            del os.environ["SPARK_HOME"]


os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it would log is raised as well
with warnings.catch_warnings(), _an_installation():
    warnings.simplefilter("ignore")
    from pyspark.sql.connect import proto
    from pyspark.sql.connect.client import SparkConnectClient

# of its retries, which end in an error of ours
warnings.filterwarnings("ignore", r"\[RETRIES_EXCEEDED\]")

__all__ = ("SparkConnectClient", "proto")
