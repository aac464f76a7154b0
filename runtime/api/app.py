"""A service → the ASGI application: every address, and the guard in front of them."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote

from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from runtime.api import databases, docs, openapi, page, play, runs_http, scripts, sessions
from runtime.api.guard import Guard
from runtime.api.metrics import MEDIA_TYPE
from runtime.api.problems import HttpError
from runtime.api.resource import Handler, Resource, no_such_address, token_of
from runtime.api.service import Service


class NameConvertor(Convertor[str]):
    """One part of a path as it was sent, so that `%2F` is part of a name and `/` is not."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


CONVERTOR_TYPES["name"] = NameConvertor()


def make_app(service: Service, hosts: Collection[str] | None) -> ASGIApp:
    """hosts: names that requests may call this server by, None for any."""

    def at(path: str, **handlers: Handler) -> Route:
        return Route(path, Resource(service, **handlers))

    routes = [  # the busiest first
        at("/play/{name:name}", GET=play.play, POST=play.play),
        at("/", GET=page.show_page),
        at("/assets/{name:name}", GET=page.show_asset),
        at("/play", GET=play.play_named, POST=play.play_named),
        at("/scripts", GET=scripts.list_scripts),
        at("/scripts/{name:name}", GET=scripts.show_script, PUT=scripts.put_script, DELETE=scripts.delete_script),
        at("/scripts/{name:name}/versions", GET=scripts.show_versions),
        at("/scripts/{name:name}/signature", GET=scripts.show_signature),
        at("/scripts/{name:name}/explain", GET=scripts.show_explained),
        at("/scripts/{name:name}/source", GET=scripts.show_source),
        at("/scripts/{name:name}/disasm", GET=scripts.show_disasm),
        at("/runs", GET=runs_http.list_runs),
        at("/runs/{id}", GET=runs_http.show_run, DELETE=runs_http.cancel_run),
        at("/runs/{id}/lines", GET=runs_http.read_lines),
        at("/runs/{id}/frames", GET=runs_http.show_frames),
        at("/runs/{id}/answer", POST=runs_http.answer_run),
        at("/runs/{id}/cancel", POST=runs_http.cancel_run),
        at("/sessions", GET=sessions.list_sessions, POST=sessions.begin_session),
        at("/sessions/{name:name}", GET=sessions.show_session, DELETE=sessions.discard_session),
        at("/sessions/{name:name}/steps", POST=sessions.take_step),
        at("/sessions/{name:name}/steps/{step}", PUT=sessions.edit_step, DELETE=sessions.drop_step),
        at("/sessions/{name:name}/look", POST=sessions.look),
        at("/sessions/{name:name}/move", POST=sessions.move_step),
        at("/sessions/{name:name}/parameters", POST=sessions.add_parameter),
        at("/sessions/{name:name}/given", POST=sessions.give_value),
        at("/sessions/{name:name}/undo", POST=sessions.undo),
        at("/sessions/{name:name}/pause", POST=sessions.pause),
        at("/sessions/{name:name}/resume", POST=sessions.resume),
        at("/sessions/{name:name}/stop", POST=sessions.stop_session),
        at("/databases", GET=databases.list_databases),
        at("/databases/{name:name}", GET=databases.show_database),
        at("/openapi.json", GET=openapi.show_openapi),
        at("/docs", GET=docs.show_docs),
        at("/live", GET=live),
        at("/ready", GET=ready),
        at("/metrics", GET=show_metrics),
    ]
    router = Router(routes, redirect_slashes=False, default=no_such_address)
    return Guard(router, service.tokens, service.metrics, service.audit, hosts)


async def live(service: Service, request: Request) -> Response:
    """The process answers."""
    return Response("live\n", media_type="text/plain")


async def ready(service: Service, request: Request) -> Response:
    """Runs can be started: the library can be read."""
    await service.call(service.library.find, "")
    return Response("ready\n", media_type="text/plain")


async def show_metrics(service: Service, request: Request) -> Response:
    token = token_of(request)
    token.require("read")
    if token.scope:
        message = f"the numbers are those of the whole server, and the token {token.name} is for a part of it"
        raise HttpError(403, "S0202", message, "a token without --db and --set")
    active = service.runs.active()
    text = service.metrics.text(len(active), sum(run.waiting for run in active))
    return Response(text, media_type=MEDIA_TYPE)
