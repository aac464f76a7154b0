"""`/live`, `/ready`, `/metrics`: whether the server works, and its load."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.metrics import MEDIA_TYPE
from runtime.api.problems import HttpError
from runtime.api.resource import token_of
from runtime.api.runs import stopping
from runtime.api.service import Service


async def live(service: Service, request: Request) -> Response:
    """Answer that the process is up."""
    return Response("live\n", media_type="text/plain")


async def ready(service: Service, request: Request) -> Response:
    """Answer whether runs can start: the library can be read, and the server is not about to stop."""
    if service.runs.stopping:
        raise stopping()
    await service.call(service.library.find, "")
    return Response("ready\n", media_type="text/plain")


async def show_metrics(service: Service, request: Request) -> Response:
    token = token_of(request)
    if token.scope:
        message = f"the numbers are those of the whole server, and the token {token.name} is for a part of it"
        raise HttpError(403, "S0202", message, "a token without --db and --set")
    active = service.runs.active()
    text = service.metrics.text(len(active), sum(run.waiting for run in active))
    return Response(text, media_type=MEDIA_TYPE)
