"""What a person typed → steps of the DSL, parsed as DSL or translated sentence by sentence."""

from __future__ import annotations

from runtime.config import MAIN


def is_english(text: str) -> bool:
    """Whether a text that is no DSL looks like sentences: a capital first, or an end mark last."""
    stripped = text.strip()
    return stripped[:1].isupper() or stripped[-1:] in (".", "?", "!", ":")


def as_sentence(text: str) -> str:
    """The text with an end mark, so that it is never read as a title."""
    stripped = text.strip()
    return stripped if stripped[-1:] in (".", "?", "!", ":") or "\n" in stripped else f"{stripped}."


def used_names(uses: tuple[str, ...]) -> tuple[str, ...]:
    """The databases for the script's `uses`; none for `main` alone."""
    return () if uses == (MAIN,) else uses
