"""What several files of this suite use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.postgres import shared
from tests.runs.crew import TABLE, Crew


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    with ExitStack() as stack:
        schema = stack.enter_context(shared().schema(TABLE))
        yield stack.enter_context(closing(Crew(tmp_path, shared(), schema)))
