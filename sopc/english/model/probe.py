"""An endpoint → the form of request in which it enforces a grammar, found out once and remembered.

Servers ignore fields that they do not know, and grammars that they can't read, and reply 200 with free text. So each
form is tried with a grammar that allows only one unlikely string.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

from runtime.errors import SopError
from runtime.files.atomic import write_text
from runtime.library.environment import make_home
from sopc.english.model.ask import Endpoint, Refused
from sopc.english.model_records import DECODINGS, Decoding
from sopc.english.settings import ModelOptions

FILE_NAME: Final = "endpoints.json"
_ODD: Final = "zq7-umbrella-41-zq7"
_GRAMMAR: Final = f'start: "{_ODD}"\n'
_QUESTION: Final = "Say hello to the reader in one short sentence."
_MAX_TOKENS: Final = 64
_MAX_THOUGHT: Final = 2_000  # enough for models that reason before they reply


def decoding_of(endpoint: Endpoint, home: Path) -> Decoding:
    """The form to use: the configured one, else the one remembered in the home folder, else the result of a probe.

    Raises:
        SopError: T0304 to T0308, as `Endpoint.ask`.
    """
    options = endpoint.options
    if options.decoding is not None:
        return options.decoding
    known = remembered(home)
    found = known.get(options.remembered_as)
    if found not in DECODINGS:
        found = _try_out(endpoint)
        _remember(home, {**known, options.remembered_as: found})
    return found


def remembered(home: Path) -> dict[str, Decoding]:
    """Read what was learnt about the endpoints that were used.

    Args:
        home: The library's folder.

    Returns:
        Decodings by endpoint and model; empty if the file is missing or damaged.
    """
    with suppress(OSError, ValueError):
        found = json.loads((home / FILE_NAME).read_text("utf-8"))
        if isinstance(found, dict):
            return {key: value for key, value in found.items() if value in DECODINGS}
    return {}


def _remember(home: Path, known: dict[str, Decoding]) -> None:
    """Remembers decodings; if the home folder can't be written, the next compilation probes again."""
    with suppress(SopError):
        make_home(home)
        write_text(home / FILE_NAME, json.dumps(known, indent=2, sort_keys=True) + "\n")


def _try_out(endpoint: Endpoint) -> Decoding:
    for decoding in _order(endpoint.options):
        most = _MAX_THOUGHT if decoding == "responses" else _MAX_TOKENS
        try:
            reply = endpoint.ask(decoding, [{"role": "user", "content": _QUESTION}], _GRAMMAR, most)
        except Refused:
            continue
        if reply.text.strip() == _ODD:
            return decoding
    return "none"


def _order(options: ModelOptions) -> tuple[Decoding, ...]:
    return ("responses",) if options.is_openai else ("llama", "vllm", "responses")
