"""An endpoint → the form of request in which it enforces a grammar, found out once and remembered.

Servers ignore fields that they do not know, and grammars that they can't read, and reply 200 with free text. So each
form is tried with a grammar that allows only one unlikely string.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sopc.english.model.ask import Endpoint, Refused
from sopc.english.model_records import Decoding

_ODD: Final = "zq7-umbrella-41-zq7"
_GRAMMAR: Final = f'start: "{_ODD}"\n'
_QUESTION: Final = "Say hello to the reader in one short sentence."
_MAX_TOKENS: Final = 64
_MAX_THOUGHT: Final = 2_000  # enough for models that reason before they reply


def decoding_of(endpoint: Endpoint) -> Decoding:
    """The form to use: the configured one, else the one remembered in the home folder, else the result of a probe.

    Raises:
        SopError: T0304 to T0308, as `Endpoint.ask`.
    """
    forms = endpoint.options.service.forms
    decoding = endpoint.options.decoding or endpoint.known.decoding
    if decoding is None and forms:
        decoding = _try_out(endpoint, forms)
        endpoint.learn(decoding=decoding)
    return decoding or "none"


def _try_out(endpoint: Endpoint, forms: Sequence[Decoding]) -> Decoding:
    for decoding in forms:
        most = _MAX_THOUGHT if decoding == "responses" else _MAX_TOKENS
        try:
            reply = endpoint.ask(decoding, [{"role": "user", "content": _QUESTION}], _GRAMMAR, most)
        except Refused:
            continue
        if reply.text.strip() == _ODD:
            return decoding
    return "none"
