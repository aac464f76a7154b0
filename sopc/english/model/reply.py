"""The text of a reply → the script in it."""

from __future__ import annotations

import json
import re
from typing import Final

from runtime.errors import SopError

CANNOT: Final = "the model can't translate it: "
_FENCE: Final = re.compile(r"```[a-z]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_CANNOT: Final = re.compile(r'\s*(?:```[a-z]*\n)?\s*cannot\s+(".*")\s*(?:\n?```)?\s*', re.DOTALL)
_SCRIPT: Final = re.compile(r"\s*(#[^\n]*\n\s*)*script\b")
_SHOWN: Final = 200


def script_text(reply: str) -> str:
    """Extract the script: the longest code block, or the whole reply if it begins like a script.

    Raises:
        SopError: T0310, there is no script; T0311, the model says that it can't translate the text.
    """
    refused = _CANNOT.fullmatch(reply)
    if refused:
        hint = "say it in other words, or in smaller steps"
        raise SopError("T0311", f"{CANNOT}{_reason(refused[1])}", hint)
    blocks: list[str] = _FENCE.findall(reply)
    text = max(blocks, key=len) if blocks else reply
    if not _SCRIPT.match(text):
        shown = " ".join(reply.split())[:_SHOWN]
        said = f': "{shown}"' if shown else ", but nothing at all"
        raise SopError("T0310", f"the model replied with no script{said}", "try again, or use another model")
    return text.strip() + "\n"


def _reason(quoted: str) -> str:
    try:
        said = str(json.loads(quoted))
    except ValueError:
        said = quoted.strip('"')
    return " ".join(said.split()) if re.search(r"\w", said) else "it does not say why"
