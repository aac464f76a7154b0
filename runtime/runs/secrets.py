"""The arguments that a script marks as `secret` → texts about its run, with those values masked.

Masked are: the `start` line, errors, the reason of a rollback, frames, traces and the audit. What the script itself
emits, says, asks or writes is not masked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from runtime.bytecode.module import Signature
from runtime.errors import SopError
from runtime.values.conversion import to_text

MASK: Final = "***"
LEAST: Final = 8  # characters of a longer secret that are hidden by themselves: messages cut long values
_NUMBERS: Final = (int, float, Decimal, date, timedelta)  # and times, which are dates
E = TypeVar("E", bound=SopError)


class Secrets:
    """Of one run. arguments: its values, in the order of the parameters."""

    def __init__(self, signature: Signature, arguments: Sequence[Any]) -> None:
        values = [value for param, value in zip(signature.params, arguments, strict=True) if param.secret]
        texts = {text for value in values for text in _texts(value) if text}
        self._texts = sorted(texts, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """The text with the mask in place of each secret, and of the beginnings of long ones."""
        for secret in self._texts:
            text = _without(text, secret)
        return text

    def value(self, value: Any) -> Any:
        """A value with the mask in place of what is secret in it."""
        if not self._texts:
            return value
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return MASK if isinstance(value, _NUMBERS) and to_text(value) in self._texts else value

    def error(self, error: E) -> E:
        """The error, and another one of its kind when it tells a secret."""
        return error.reworded(self.hide(error.message), None if error.hint is None else self.hide(error.hint))


def mask_secrets(signature: Signature, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by name, with the mask in place of those that are secret."""
    secret = {param.name for param in signature.params if param.secret}
    return {name: MASK if name in secret else value for name, value in arguments.items()}


def _texts(value: Any) -> Iterator[str]:
    """What a value, or what is in it, looks like in a message."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):  # which are no secret once they are known to be one
        yield _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else to_text(value)


def _without(text: str, secret: str) -> str:
    """The text with the secret masked. A short secret is masked only as a whole word: masking it inside words would
    garble the text and give the secret away. Of a long secret, its prefixes are masked too, since messages cut long
    values."""
    found, start = [], 0
    head = secret[:LEAST]
    while (at := text.find(head, start)) >= 0:
        end = at + len(head)
        while end - at < len(secret) and end < len(text) and text[end] == secret[end - at]:
            end += 1
        inside = len(secret) < LEAST and (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum())
        found += [text[start:at], text[at:end] if inside else MASK]
        start = end
    return "".join([*found, text[start:]])
