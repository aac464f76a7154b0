"""One request → its answer, without a server or a socket."""

from __future__ import annotations

from asyncio import Event
from collections.abc import Sequence
from typing import Any, BinaryIO
from urllib.parse import quote

from starlette.responses import Response

from runtime.api.app import make_app
from runtime.api.connection import EXTENSION
from runtime.api.guard import LOOPBACK
from runtime.api.service import Service


async def answer_once(
    service: Service,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    out: BinaryIO,
    err: BinaryIO,
) -> bool:
    """Answer one request as the server would, for a caller on this machine.

    Args:
        service: The service.
        method: GET, POST, ….
        target: The path, with its query.
        headers: Names and values.
        body: Of the request.
        out: gets the body of an answer.
        err: gets the body of an error.

    Returns:
        Whether it went well: the answer is no error, and the run that it shows, if it shows one, did not fail.
    """
    path, _, query = quote(target, safe="/?&=%:@!$'()*+,;~-._").partition("?")
    status = 0
    run = ""
    sent = False

    class Here:
        """The connection of a client that stays and sees the error of a broken answer."""

        stalled = None

        async def cut(self, failure: Response) -> None:
            nonlocal status
            status = failure.status_code
            err.write(failure.body)
            err.flush()

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await Event().wait()  # this client does not go away
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, run
        if message["type"] == "http.response.start":
            status = message["status"]
            run = dict(message["headers"]).get(b"x-run", b"").decode().rpartition("/")[2]
        elif message.get("body"):
            stream = out if status < 400 else err
            stream.write(message["body"])
            stream.flush()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost")] + [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": None,
        "server": None,
        "extensions": {EXTENSION: Here()},
    }
    await make_app(service, LOOPBACK)(scope, receive, send)
    await service.agents.close()
    shown = service.runs.get(run) if run and status < 400 else None
    end = None if shown is None else shown.end
    return status < 400 and (end is None or end.status in ("ok", "dry-run"))
