"""A service and an address → a server on it until it is told to stop."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Collection, Sequence
from ipaddress import ip_address
from types import FrameType
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from runtime.api.app import make_app
from runtime.api.guard import LOOPBACK
from runtime.api.service import Service
from runtime.errors import UsageError

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

HEADER_SECONDS: Final = 10.0  # for a request's head
STOP_SECONDS: Final = 10  # for answers under way when the server is told to stop
SWITCH_SECONDS: Final = 0.001  # after so long, a busy run lets the thread that answers have its turn
BACKLOG: Final = 256


class Protocol(H11Protocol):
    """uvicorn's, and a client that does not send a request's head in time is cut off."""

    _deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

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


class Server(uvicorn.Server):
    """Told to stop, it ends the runs under way first: they say so in their lines."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        from threading import Thread

        Thread(target=self.service.stop).start()  # a signal handler may not wait for locks


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. UsageError S0122."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # asyncio turns Nagle's algorithm off only for sockets that say they are TCP's
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
    """hosts: names that requests may call it by, None for any."""
    config = uvicorn.Config(
        make_app(service, hosts),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return Server(config, service)


def serve(service: Service, host: str, port: int, allowed: Sequence[str]) -> None:
    """Until SIGINT or SIGTERM. UsageError S0121 for an address that others can reach while there are no tokens."""
    with bind(host, port) as listening:
        local = is_loopback(listening)
        if not local and not service.tokens.all():
            message = f"{host} can be reached from other machines, and there are no tokens"
            raise UsageError("S0121", message, "`sopvm token add NAME`, or leave out --host")
        service.tokens.required(always=not local)
        hosts = {*LOOPBACK, host.lower(), *(name.lower() for name in allowed)} if local or allowed else None
        server = make_server(service, hosts)
        shown = f"[{host}]" if ":" in host else host
        print(f"sopvm serve: http://{shown}:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
        signal.signal(signal.SIGTERM, _terminated)
        sys.setswitchinterval(SWITCH_SECONDS)
        server.run(sockets=[listening])


def _terminated(sig: int, frame: FrameType | None) -> None:
    """uvicorn raises the signal again once it has stopped."""
    sys.exit(0)
