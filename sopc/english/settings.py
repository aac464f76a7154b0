"""Environment and sop.toml → which model to ask, where, and what it may see."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from runtime.config import Config

DEFAULT_MODEL: Final = "gpt-4.1"
OWN_ENDPOINT: Final = "https://api.openai.com/v1"
TIMEOUT_SECONDS: Final = 120.0
_NO_KEY: Final = "none"


@dataclass(frozen=True)
class ModelOptions:
    """How to reach a model. base_url: of a server that speaks OpenAI's API. samples: databases whose values may be
    shown to it although it is not on this machine. timeout: seconds that a reply may take."""

    model: str
    base_url: str
    api_key: str
    timeout: float = TIMEOUT_SECONDS
    samples: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"ModelOptions(model={self.model!r}, base_url={self.host!r})"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or self.base_url

    @property
    def label(self) -> str:
        return f"model {self.model} at {self.host}"

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
    which `translate.choose` refuses where a model is wanted. Raises UsageError C0203 (an unset variable in sop.toml).
    """
    key = os.environ.get("OPENAI_API_KEY") or config.setting("api_key")
    base_url = os.environ.get("OPENAI_BASE_URL") or config.setting("base_url")
    if not key and not base_url:
        return None
    named = model or config.setting("model")
    if not named and (base_url or OWN_ENDPOINT).rstrip("/") == OWN_ENDPOINT:
        named = DEFAULT_MODEL
    shown = {name for name, table in config.declared.items() if table.get("samples") is True}
    return ModelOptions(named or "", base_url or OWN_ENDPOINT, key or _NO_KEY, samples=frozenset(shown))
