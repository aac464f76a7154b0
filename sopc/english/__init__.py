"""Plain English → DSL text: models, sentence patterns, the lock, and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.english.model.known import remembered
    from sopc.english.model.reach import check_reach
    from sopc.english.model_records import decode_work, request_text, round_text
    from sopc.english.sentences import read_workflow
    from sopc.english.settings import configured_models
    from sopc.english.translate import choose

__all__ = (
    "check_reach",
    "choose",
    "configured_models",
    "decode_work",
    "read_workflow",
    "remembered",
    "request_text",
    "round_text",
)
__getattr__ = lazy(
    __name__,
    check_reach="sopc.english.model.reach",
    choose="sopc.english.translate",
    configured_models="sopc.english.settings",
    decode_work="sopc.english.model_records",
    read_workflow="sopc.english.sentences",
    remembered="sopc.english.model.known",
    request_text="sopc.english.model_records",
    round_text="sopc.english.model_records",
)
