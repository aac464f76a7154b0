"""A Sail server on loopback: one for all tests, or one of a test's own that it may stop and start again."""

from __future__ import annotations

import atexit
import ctypes
import signal
import subprocess
import sys
from functools import cache
from typing import Final

_SERVE: Final = """
import sys
from pysail.spark import SparkConnectServer
server = SparkConnectServer("127.0.0.1", int(sys.argv[1]))
server.start(background=True)
print(server.listening_address[1], flush=True)
sys.stdin.read()
"""
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
_LIBC: Final = ctypes.CDLL(None)


class Sail:
    """port: 0 for any that is free."""

    def __init__(self, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL),
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    @property
    def url(self) -> str:
        return f"sc://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@cache
def shared() -> Sail:
    """Started when it is first asked for, and stopped with the tests."""
    server = Sail()
    atexit.register(server.kill)
    return server
