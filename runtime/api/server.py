"""A service and an address → a server that runs until it is told to stop."""

from __future__ import annotations

import signal
import socket
import struct
import sys
from asyncio import sleep, wait
from collections.abc import Collection, Sequence
from contextlib import suppress
from fcntl import ioctl
from functools import partial
from ipaddress import ip_address
from termios import TIOCOUTQ
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from runtime.api.app import make_app
from runtime.api.connection import EXTENSION
from runtime.api.guard import LOOPBACK
from runtime.api.running import SWITCH_SECONDS
from runtime.api.service import Service
from runtime.errors import UsageError

if TYPE_CHECKING:
    from asyncio import Future, TimerHandle, Transport

HEADER_SECONDS: Final = 10.0  # for a request's head
STOP_SECONDS: Final = 10  # to finish answers when the server is told to stop
RESET_SECONDS: Final = 0.05  # between checks whether a client has received everything before a reset,
RESET_LOOKS: Final = 40  # and the number of checks
BACKLOG: Final = 256


class Protocol(H11Protocol):
    """uvicorn's HTTP protocol, which also drops clients that do not send a request's head in time or stop reading an
    answer. It is the `Connection` of its requests.

    Attributes:
        read_seconds: how long an answer waits for its client to read on.
    """

    def __init__(self, *args: Any, read_seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stalled: float | None = None
        self._read_seconds = read_seconds
        self._deadline: TimerHandle | None = None  # for a request's head
        self._patience: TimerHandle | None = None  # for a client to read on
        self._lost: Future[None] = self.loop.create_future()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._deadline, self._patience):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        if not self._lost.done():
            self._lost.set_result(None)

    # ── a client that does not send ────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        begun = self.scope is not None and (self.cycle is not None and not self.cycle.response_complete)
        if begun and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif not begun and self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._late)

    def _late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()

    # ── a client that does not read ────────────────────────────────────────────────────────────────────────────

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _wait_for_reader(self) -> None:
        """Nothing is written until the client has read some of what there is, so that a byte less is progress."""
        self._patience = self.loop.call_later(self._read_seconds, self._look, self._unread())

    def _look(self, before: int) -> None:
        if self._unread() < before:
            self._wait_for_reader()
        else:
            self.stalled = self._read_seconds
            self._reset()

    def _unread(self) -> int:
        """The bytes that the client's machine has not received."""
        left = bytes(4)
        with suppress(OSError):  # a system that does not say: what it holds is counted as taken
            left = ioctl(self.transport.get_extra_info("socket").fileno(), TIOCOUTQ, left)
        return self.transport.get_write_buffer_size() + int.from_bytes(left, sys.byteorder)

    # ── an answer that breaks off ──────────────────────────────────────────────────────────────────────────────

    def handle_events(self) -> None:
        super().handle_events()
        if self.scope is None or self.cycle is None or self.cycle.response_started:
            return
        # a new request, whose task has not begun
        self.scope.setdefault("extensions", {})[EXTENSION] = self  # type: ignore[assignment]
        if self.scope["http_version"] == "1.0":  # the end of the connection may be the end of an answer
            self._linger(0)

    def on_response_complete(self) -> None:
        if self.scope["http_version"] == "1.0":
            self._linger(None)
        super().on_response_complete()

    async def cut(self, failure: Response) -> None:
        """HTTP/1.1: without the last chunk, or the last bytes of the length that the head tells. HTTP/1.0: by a reset,
        once the client has all that comes before."""
        if self.scope["http_version"] == "1.0":
            for _ in range(RESET_LOOKS):
                if self.transport.is_closing() or not self._unread():
                    break
                await sleep(RESET_SECONDS)
            self._reset()
        else:
            self.transport.close()
        if not (await wait({self._lost}, timeout=self._read_seconds))[0]:
            self._reset()

    def shutdown(self) -> None:
        super().shutdown()
        self.loop.call_later(STOP_SECONDS, self._reset)

    def _reset(self) -> None:
        """Reset the connection at once; the client gets an error for what it has not read."""
        if not self._lost.done():
            self._linger(0)
            self.transport.abort()

    def _linger(self, seconds: int | None) -> None:
        """Set SO_LINGER. 0: closing the socket, also by the end of the process, resets the connection. None: the
        default."""
        linger = struct.pack("ii", seconds is not None, seconds or 0)
        with suppress(OSError):  # already closed
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


class Server(uvicorn.Server):
    """A server that, told to stop, ends the runs under way first; their lines say so.

    SIGTERM gives them the time of the settings, in which requests other than for runs are answered as before. Ctrl-C,
    or a second signal, ends them at once.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service
        self._draining = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        from threading import Thread

        drains = sig == signal.SIGTERM and not self._draining
        self._draining = True
        Thread(target=self._stop, args=(sig, frame, drains)).start()  # a signal handler may not wait for locks

    def _stop(self, sig: int, frame: FrameType | None, drains: bool) -> None:
        self.service.stop(self.service.settings.drain_seconds if drains else 0)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self.service.agents.close()
        await super().shutdown(sockets)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        UsageError: S0122.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # asyncio turns off Nagle's algorithm only for sockets created with IPPROTO_TCP
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{host}:{port} can't be listened on: {reason[:1].lower()}{reason[1:]}"
        raise UsageError("S0122", message, "--port 0 takes a free port") from error
    return listening


def is_loopback(listening: socket.socket) -> bool:
    return ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def make_server(service: Service, hosts: Collection[str] | None) -> Server:
    """Return the server.

    Args:
        hosts: host names that requests may use; None allows any.
    """
    config = uvicorn.Config(
        make_app(service, hosts),
        http=partial(Protocol, read_seconds=service.settings.read_seconds),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS + 2,  # by then all are closed
    )
    return Server(config, service)


def serve(service: Service, host: str, port: int, allowed: Sequence[str], workers: int) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        service: The service.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        allowed: Host names that requests may use besides it.
        workers: How many kept runs that no process has it goes on with at a time.

    Raises:
        UsageError: S0121 for an address that other machines can reach, while there are no tokens.
    """
    with bind(host, port) as listening:
        local = is_loopback(listening)
        if not local and not service.tokens.all() and service.jwts is None:
            message = f"{host} can be reached from other machines, and there are no tokens"
            raise UsageError("S0121", message, "`sopvm token add NAME`, or leave out --host")
        service.tokens.required(always=not local)
        hosts = {*LOOPBACK, host.lower(), *(name.lower() for name in allowed)} if local or allowed else None
        server = make_server(service, hosts)
        shown = f"[{host}]" if ":" in host else host
        print(f"sopvm serve: http://{shown}:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
        signal.signal(signal.SIGTERM, _terminated)
        service.workers.start(workers)
        sys.setswitchinterval(SWITCH_SECONDS)
        server.run(sockets=[listening])


def _terminated(sig: int, frame: FrameType | None) -> None:
    """uvicorn raises the signal again once it has stopped."""
    sys.exit(0)
