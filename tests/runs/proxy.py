"""A PostgreSQL server → an address on loopback that passes everything on, and cuts a connection at a commit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Set
from contextlib import suppress
from typing import Final

COMMIT: Final = b"commit\0"


class Proxy:
    """Counts the commits that clients send. cut: numbers of those at which both ends are cut: without the commit
    reaching the server (`before`), or once the server has confirmed it, without the client hearing of it (`after`), or
    so that it reaches the server when the client has long been cut off (`late`). cut_off: called before the client of a
    commit of `after` is cut off, and before one of `late` reaches the server. flows: cleared, everything is held
    back."""

    def __init__(
        self,
        port: int,
        before: Set[int] = frozenset(),
        after: Set[int] = frozenset(),
        late: Set[int] = frozenset(),
        cut_off: Callable[[], None] = lambda: None,
    ) -> None:
        self._cut_off = cut_off
        self.flows = threading.Event()
        self.flows.set()
        self._server = port
        self._before, self._after, self._late = before, after, late
        self._lock = threading.Lock()
        self.commits = 0
        self.cut: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._open += [client, server]
                silent = threading.Event()  # the client hears nothing more
                for work in (self._up, self._down):
                    thread = threading.Thread(target=work, args=(client, server, silent), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _up(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self.flows.wait()
                if COMMIT in data:
                    with self._lock:
                        self.commits += 1
                        number = self.commits
                    if number in self._before:
                        self.cut.append(number)
                        break
                    if number in self._after:
                        self.cut.append(number)
                        silent.set()
                    if number in self._late:
                        self.cut.append(number)
                        _close(client)
                        self._cut_off()
                server.sendall(data)
        _close(client, server)

    def _down(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                self.flows.wait()
                if silent.is_set():  # the answer to the commit
                    self._cut_off()
                    break
                client.sendall(data)
        _close(client, server)

    def close(self) -> None:
        self.flows.set()
        _close(self._listener, *self._open)
        for thread in self._threads:
            thread.join(60)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
