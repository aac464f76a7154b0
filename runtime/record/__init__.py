"""Recording sessions: steps done one by one → a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.record.sessions import Sessions
    from runtime.record.start import record_steps

__all__ = (
    "Sessions",
    "record_steps",
)
__getattr__ = lazy(
    __name__,
    Sessions="runtime.record.sessions",
    record_steps="runtime.record.start",
)
