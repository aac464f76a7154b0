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
from sopc.english.model.records import DECODINGS, Decoding

DEFAULT_MODEL: Final = "gpt-5"
OWN_ENDPOINT: Final = "https://api.openai.com/v1"
LOCAL_ENDPOINT: Final = "http://127.0.0.1/v1"  # its port is known once it is served
TIMEOUT_SECONDS: Final = 120.0
LOCAL_TIMEOUT_SECONDS: Final = 900.0
WAIT_SECONDS: Final = 60.0
ROUNDS: Final = 3
TOKENS: Final = 100_000
REPLY_TOKENS: Final = 8_000
SMALL_REPLY_TOKENS: Final = 200  # and as many for each sentence: a small model may repeat itself without end
NO_KEY: Final = "none"


@dataclass(frozen=True)
class ModelOptions:
    """How to reach a model, and how much it may be asked.

    base_url: of a server that speaks OpenAI's API. samples: databases whose values may be shown to it although it is
    not on this machine. timeout: seconds that a reply may take. wait: seconds, all in all, to wait where the server
    says that it takes no more requests. rounds: of repair, after the first reply. tokens: that all requests and replies
    for one script may have. decoding: how the server is given the grammar, None to find out. file: of a model on this
    machine, None for a server.
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
        """The file, or the address without what it may hold of a user and a password."""
        parts = urlsplit(self.base_url)
        return str(self.file or parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())

    @property
    def label(self) -> str:
        return f"local {self.model}" if self.file else f"model {self.model} at {self.host}"

    @property
    def remembered_as(self) -> str:
        """What is found out about the endpoint is kept under this name."""
        return f"{self.where} {self.model}"

    @property
    def has_key(self) -> bool:
        return self.api_key != NO_KEY

    @property
    def is_openai(self) -> bool:
        return self.base_url.rstrip("/") == OWN_ENDPOINT

    @property
    def is_small(self) -> bool:
        """Whether a long prompt would take minutes to read."""
        return self.file is not None

    @property
    def most_fields(self) -> int:
        """How many fields of all schemas the prompt may show."""
        return 30 if self.is_small else 250

    def reply_tokens(self, sentences: int) -> int:
        """How many a reply for a workflow of so many sentences may have."""
        return min(SMALL_REPLY_TOKENS * (1 + sentences), REPLY_TOKENS) if self.is_small else REPLY_TOKENS

    @property
    def most_values(self) -> int:
        """How many values of a field the prompt may show, where it may show any."""
        return 5

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that nothing leaves it."""
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
    """The model that is configured: None without a key and without an endpoint of one's own.

    model: of the flag or SOP_MODEL, goes before sop.toml; for a server of one's own it stays "" when none is named,
    which `translate.choose` refuses where a model is wanted. Raises UsageError C0203 (an unset variable in sop.toml),
    T0305 (what can't be a key).
    """
    key = (os.environ.get("OPENAI_API_KEY") or config.setting("api_key") or "").strip()
    if not (key.isascii() and key.isprintable()):  # it would be refused on its way, with a message that shows it
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
    """The model on this machine that `sopc model use` set up, None without one."""
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
