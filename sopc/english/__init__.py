"""Plain English → DSL text: models, sentence patterns, the lock, and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.english.model.probe import remembered
    from sopc.english.model_records import decode_work, round_text
    from sopc.english.settings import local_options, model_options
    from sopc.english.translate import choose

__all__ = (
    "choose",
    "decode_work",
    "local_options",
    "model_options",
    "remembered",
    "round_text",
)
__getattr__ = lazy(
    __name__,
    choose="sopc.english.translate",
    decode_work="sopc.english.model_records",
    local_options="sopc.english.settings",
    model_options="sopc.english.settings",
    remembered="sopc.english.model.probe",
    round_text="sopc.english.model_records",
)
