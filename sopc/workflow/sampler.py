"""A compilation's databases → the look-up of values in them, opened once for each compilation."""

from __future__ import annotations

from sopc import pipeline
from sopc.context import Context
from sopc.english.sample import DatabaseSampler
from sopc.listener import ProgressListener

__all__ = ("sampler_of",)


def sampler_of(context: Context, listener: ProgressListener) -> DatabaseSampler:
    """The look-up of values in the context's databases, as they are now."""
    names = [name for name, schema in pipeline.usable_schemas(context).items() if schema.stores]
    make = lambda: DatabaseSampler(context.database, names, context.config.home, listener.note)  # noqa: E731
    return context.keep(DatabaseSampler, make).refreshed(names)
