"""endpoints.json in the home folder ↔ what was found out about the endpoints that were used."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from runtime.errors import SopError
from runtime.files.atomic import write_text
from runtime.library.environment import make_home
from sopc.english.model_records import Decoding

FILE_NAME: Final = "endpoints.json"


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """decoding: the form in which it enforces a grammar, None if that was not tried. fields: what a field of our
    requests is called there; "" for one that it refuses."""

    decoding: Decoding | None = None
    fields: dict[str, str] = {}


def remembered(home: Path) -> dict[str, Known]:
    """Read what is known.

    Args:
        home: The library's folder.

    Returns:
        By endpoint and model (`ModelOptions.remembered_as`); empty if the file is missing or damaged.
    """
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((home / FILE_NAME).read_bytes(), type=dict[str, Known])
    return {}


def remember(home: Path, endpoint: str, known: Known) -> None:
    """Keep what is known about an endpoint; if the home folder can't be written, it is found out again."""
    with suppress(SopError):
        make_home(home)
        content = msgspec.json.encode({**remembered(home), endpoint: known}, order="sorted")
        write_text(home / FILE_NAME, msgspec.json.format(content).decode() + "\n")
