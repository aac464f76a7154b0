"""Environment and sop.toml → which model to ask, where, and what it may see."""

from __future__ import annotations

import ipaddress
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from runtime.config import Config
from runtime.errors import UsageError
from sopc.english.local.files import used
from sopc.english.model_records import DECODINGS, Decoding
from sopc.english.providers import OPENAI, SERVER, Provider, provider_of, providers

DEFAULT_MODEL: Final = "gpt-5"
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
    to find out. file: of a model on this machine, None for a server. provider: its name in providers.toml. command: in
    place of a server, the program to start and its arguments.
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
    provider: str = SERVER
    command: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ModelOptions(model={self.model!r}, base_url={self.host!r})"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or self.base_url

    @property
    def where(self) -> str:
        """The file or program, or the address without user and password."""
        if self.command:
            return self.command[0]
        parts = urlsplit(self.base_url)
        return str(self.file or parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())

    @property
    def label(self) -> str:
        if self.command:
            return f"command {Path(self.command[0]).name}"
        return f"local {self.model}" if self.file else f"model {self.model} at {self.host}"

    @property
    def remembered_as(self) -> str:
        """The key under which the decoding of the endpoint is remembered."""
        return f"{self.where} {self.model}"

    @property
    def has_key(self) -> bool:
        return self.api_key != NO_KEY

    @property
    def service(self) -> Provider:
        return providers()[self.provider]

    @property
    def lacks_key(self) -> bool:
        """Whether the service needs a key and there is none."""
        return bool(self.service.base_url and self.service.key) and not self.has_key

    @property
    def key_settings(self) -> str:
        """Where its key comes from."""
        return f"{self.service.key}, or `api_key` in sop.toml".removeprefix(", or ")

    @property
    def address_settings(self) -> str:
        """Where its address comes from."""
        return f"{self.service.address}, or `base_url` in sop.toml".removeprefix(", or ")

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


def configured_models(config: Config, model: str | None = None) -> dict[str, ModelOptions | None]:
    """Read the options of each model that can translate, by the name of its translator.

    Args:
        config: Of sop.toml and the environment.
        model: Of the flag or SOP_MODEL, for a server.

    Returns:
        None for a translator that is not configured.

    Raises:
        UsageError: As `model_options` and `command_options`.
    """
    return {"model": model_options(config, model), "command": command_options(config), "local": local_options(config)}


def model_options(config: Config, model: str | None = None) -> ModelOptions | None:
    """Read the options of the configured model.

    Args:
        config: Of sop.toml and the environment.
        model: Of the flag or SOP_MODEL; overrides sop.toml.

    Returns:
        The options; None if neither a key nor a server is configured. For a configured server without a model name,
        the name is "", which `translate.choose` refuses.

    Raises:
        UsageError: C0202, no such provider; C0203, sop.toml uses an unset variable; T0305, the key holds invalid
            characters.
    """
    provider = config.setting("provider")
    if provider is not None and provider not in providers():
        raise UsageError("C0202", f'there is no provider "{provider}"', f"one of: {', '.join(providers())}")
    service = providers()[provider or OPENAI]
    key = (os.environ.get(service.key) or config.setting("api_key") or "").strip()
    if not (key.isascii() and key.isprintable()):  # the HTTP client would refuse it with a message that shows the key
        hint = f"check {service.key}, or `api_key` in sop.toml: it is one line of plain letters, digits and signs"
        raise UsageError("T0305", "the key for the model holds characters that no key has", hint)
    base_url = os.environ.get(service.address) or config.setting("base_url")
    if not (key or base_url or provider):
        return None
    base_url = base_url or service.base_url
    if not base_url:
        raise UsageError("C0202", f'provider = "{provider}" has no base_url', 'base_url = "http://127.0.0.1:8080/v1"')
    provider = provider or provider_of(base_url)
    named = model or config.setting("model")
    if not named and provider == OPENAI:
        named = DEFAULT_MODEL
    return ModelOptions(
        named or "",
        base_url,
        key or NO_KEY,
        config.number("timeout", TIMEOUT_SECONDS),
        _shown(config),
        config.number("wait", WAIT_SECONDS),
        int(config.number("rounds", ROUNDS)),
        int(config.number("tokens", TOKENS)),
        _decoding(config.setting("decoding")),
        provider=provider,
    )


def command_options(config: Config) -> ModelOptions | None:
    """Read the options of the program that `command` in sop.toml names.

    Args:
        config: The settings.

    Returns:
        The options; None without a command. The model is the command as it is written, without the values of
        variables, which may be secret.

    Raises:
        UsageError: C0202, it names no program; C0203, it uses an unset variable.
    """
    written: list[str] | None = config.translator.get("command")
    if written is None or config.file is None:
        return None
    parts = tuple(config.expand(part, "translator.command") for part in written)
    if not parts or not parts[0] or not all(part.isprintable() for part in parts):
        hint = 'command = ["llm", "-m", "MODEL"]'
        raise UsageError("C0202", f"command in {config.file} is not a program and its arguments, one line each", hint)
    program = parts[0]
    if "/" in program:  # a path, and not a name to look up
        program = str(config.file.parent / Path(program).expanduser())
    return ModelOptions(
        shlex.join(written),
        "",
        NO_KEY,
        config.number("timeout", TIMEOUT_SECONDS),
        _shown(config),
        rounds=int(config.number("rounds", ROUNDS)),
        decoding="none",
        command=(program, *parts[1:]),
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


def _shown(config: Config) -> frozenset[str]:
    """The databases whose values a model elsewhere may see."""
    return frozenset(name for name, table in config.declared.items() if table.get("samples") is True)


def _decoding(name: str | None) -> Decoding | None:
    if name in (None, "auto"):
        return None
    if name not in DECODINGS:
        raise UsageError("C0202", f'there is no decoding "{name}"', f"auto, {', '.join(DECODINGS)}")
    return name
