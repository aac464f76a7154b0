"""providers.toml → the services that a name in sop.toml stands for."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from sopc.english.model_records import Decoding

OPENAI: Final = "openai"
SERVER: Final = "server"  # the name for every server that has none


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service, as providers.toml says it."""

    base_url: str = ""
    key: str = ""
    address: str = ""
    forms: tuple[Decoding, ...] = ()
    fields: dict[str, str] = {}
    key_refused: str = ""
    window: str = "let it read prompts of {tokens} tokens"


@cache
def providers() -> dict[str, Provider]:
    """Return every service by its name."""
    text = files("sopc.english").joinpath("providers.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Provider])


def provider_of(base_url: str) -> str:
    """Return the name of the service at an address; "server" for one that is not known."""
    known = (name for name, row in providers().items() if row.base_url.rstrip("/") == base_url.rstrip("/"))
    return next(known, SERVER)
