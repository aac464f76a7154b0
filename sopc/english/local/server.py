"""A GGUF file → a running model server, for the time of a `with` block.

The server is a process of its own, so that a crash of native code becomes an error message. It ends with this process,
even if that is killed, because its stdin is closed then.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from runtime.errors import SopError, UsageError

CONTEXT: Final = 8_192  # tokens of a prompt and its reply together
_MAX_THREADS: Final = 8
_ENDING_SECONDS: Final = 10.0
_SHOWN: Final = 300


class LocalServer:
    """Serves a model during the `with` block. url: of its API."""

    def __init__(self, file: Path, beginning: str) -> None:
        """Prepare the server.

        Args:
            file: The model.
            beginning: The text with which every prompt begins.

        Raises:
            UsageError: T0335, the server's package is not installed.
            SopError: T0336, the server does not start.
        """
        if find_spec("xllamacpp") is None:
            raise UsageError(
                "T0335", "a model on this machine needs the package xllamacpp", "pip install 'sopc[local]'"
            )
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        self._kept = _kept_folder() / f"{_digest(f'{file} {file.stat().st_size}')}-{_digest(beginning)}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sopc.english.local.serve", str(file), str(threads()), str(CONTEXT), self._slots()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdout is not None
        address = self._process.stdout.readline().decode().strip()
        if not address:
            raise self._failure(file)
        self._address = address
        self.url = f"{address}/v1"

    def __enter__(self) -> LocalServer:
        self._slot("restore")
        return self

    def __exit__(self, *error: object) -> None:
        self._slot("save")
        self._end()
        self._errors.close()

    def _failure(self, file: Path) -> SopError:
        self._end()
        with self._errors:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip().splitlines()
        reason = f": {said[-1][:_SHOWN]}" if said else ""
        return SopError("T0336", f"{file} can't be served{reason}", "sopc model pull fetches a model that can be")

    def _end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _slots(self) -> str:
        with suppress(OSError):
            self._kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return f"{self._kept.parent}{os.sep}"

    def _slot(self, action: str) -> None:
        """Save or restore the model's state after the beginning of the prompt, which is always the same and takes most
        of the time to read. If that fails, the model reads it again."""
        if (action == "restore") is not self._kept.exists():
            return
        body = json.dumps({"filename": self._kept.name}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self._address}/slots/0?action={action}", body, headers)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with suppress(OSError, ValueError), direct.open(request, timeout=_ENDING_SECONDS) as response:
            response.read()
            for older in self._kept.parent.glob(f"{self._kept.name.partition('-')[0]}-*"):
                if older != self._kept:
                    older.unlink()  # of a prompt with another beginning


def threads() -> int:
    """The number of threads for the server: the available processors, at most eight. On a busy machine it is one, since
    threads that wait for each other would slow it down."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if os.getloadavg()[0] > 1.5 * processors else min(_MAX_THREADS, processors)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _kept_folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".cache"
        except RuntimeError:
            base = Path(tempfile.gettempdir())
    return base / "sopc" / "prompts"
