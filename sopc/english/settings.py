"""Environment and sop.toml → which model to ask, where, and what it may see."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from runtime.config import Config
from runtime.errors import UsageError
from sopc.english.local.files import used
from sopc.english.model_records import DECODINGS, Decoding

DEFAULT_MODEL: Final = "gpt-5"
OWN_ENDPOINT: Final = "https://api.openai.com/v1"
LOCAL_ENDPOINT: Final = "http://127.0.0.1/v1"  # its port is known only after the server has started
TIMEOUT_SECONDS: Final = 120.0
LOCAL_TIMEOUT_SECONDS: Final = 900.0
WAIT_SECONDS: Final = 60.0
ROUNDS: Final = 3
TOKENS: Final = 100_000
REPLY_TOKENS: Final = 8_000
NO_KEY: Final = "none"


@dataclass(frozen=True)
class ModelOptions:
    """How to reach a model, and its limits.

    base_url: of a server with OpenAI's API. samples: databases whose values a model on another machine may see.
    timeout: seconds for one reply. wait: seconds in total to wait while the server limits requests. rounds: of repair,
    after the first reply. tokens: for all requests and replies of one script. decoding: how to send the grammar, None
    to find out. file: of a model on this machine, None for a server.
    """

    model: str
    base_url: str
    api_key: str
    timeout: float = TIMEOUT_SECONDS
    samples: frozenset[str] = frozenset()
    wait: float = WAIT_SECONDS
    rounds: int = ROUNDS
    tokens: int = TOKENS
    decoding: Decoding | None = None
    file: Path | None = None

    def __repr__(self) -> str:
        return f"ModelOptions(model={self.model!r}, base_url={self.host!r})"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or self.base_url

    @property
    def where(self) -> str:
        """The file, or the address without user and password."""
        parts = urlsplit(self.base_url)
        return str(self.file or parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())

    @property
    def label(self) -> str:
        return f"local {self.model}" if self.file else f"model {self.model} at {self.host}"

    @property
    def remembered_as(self) -> str:
        """The key under which the decoding of the endpoint is remembered."""
        return f"{self.where} {self.model}"

    @property
    def has_key(self) -> bool:
        return self.api_key != NO_KEY

    @property
    def is_openai(self) -> bool:
        return self.base_url.rstrip("/") == OWN_ENDPOINT

    @property
    def is_small(self) -> bool:
        """Whether it is a file on this machine: a small model, which is asked for SQL."""
        return self.file is not None

    @property
    def most_fields(self) -> int:
        """The greatest number of fields that the prompt shows, of all schemas together."""
        return 120 if self.is_small else 250

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that no data leaves the machine."""
        host = self.host
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def shows_values(self, database: str) -> bool:
        return self.is_local or database in self.samples


def model_options(config: Config, model: str | None = None) -> ModelOptions | None:
    """Read the options of the configured model.

    Args:
        config: Of sop.toml and the environment.
        model: Of the flag or SOP_MODEL; overrides sop.toml.

    Returns:
        The options; None if neither a key nor a server is configured. For a configured server without a model name,
        the name is "", which `translate.choose` refuses.

    Raises:
        UsageError: C0203, sop.toml uses an unset variable; T0305, the key holds invalid characters.
    """
    key = (os.environ.get("OPENAI_API_KEY") or config.setting("api_key") or "").strip()
    if not (key.isascii() and key.isprintable()):  # the HTTP client would refuse it with a message that shows the key
        hint = "check OPENAI_API_KEY, or `api_key` in sop.toml: it is one line of plain letters, digits and signs"
        raise UsageError("T0305", "the key for the model holds characters that no key has", hint)
    base_url = os.environ.get("OPENAI_BASE_URL") or config.setting("base_url")
    if not key and not base_url:
        return None
    named = model or config.setting("model")
    if not named and (base_url or OWN_ENDPOINT).rstrip("/") == OWN_ENDPOINT:
        named = DEFAULT_MODEL
    shown = {name for name, table in config.declared.items() if table.get("samples") is True}
    return ModelOptions(
        named or "",
        base_url or OWN_ENDPOINT,
        key or NO_KEY,
        config.number("timeout", TIMEOUT_SECONDS),
        frozenset(shown),
        config.number("wait", WAIT_SECONDS),
        int(config.number("rounds", ROUNDS)),
        int(config.number("tokens", TOKENS)),
        _decoding(config.setting("decoding")),
    )


def local_options(config: Config) -> ModelOptions | None:
    """Find the model that `sopc model use` set up on this machine.

    Args:
        config: The settings.

    Returns:
        Its options; None without one.
    """
    file = used(config.home)
    if file is None:
        return None
    return ModelOptions(
        file.stem,
        LOCAL_ENDPOINT,
        NO_KEY,
        config.number("timeout", LOCAL_TIMEOUT_SECONDS),
        rounds=int(config.number("rounds", ROUNDS)),
        tokens=int(config.number("tokens", TOKENS)),
        decoding=_decoding(config.setting("decoding")),
        file=file,
    )


def _decoding(name: str | None) -> Decoding | None:
    if name in (None, "auto"):
        return None
    if name not in DECODINGS:
        raise UsageError("C0202", f'there is no decoding "{name}"', f"auto, {', '.join(DECODINGS)}")
    return name
