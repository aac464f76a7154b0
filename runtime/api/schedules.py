"""`/schedules`: what runs when."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.kept_runs import sees
from runtime.api.resource import as_json, token_of
from runtime.api.service import Service
from runtime.runs.owner import NOBODY
from runtime.schedules.listing import list_schedules


async def show_schedules(service: Service, request: Request) -> Response:
    """Those of scripts whose runs the token may see."""
    token = token_of(request)
    found, served = await service.call(list_schedules, service.config)
    seen = [each for each in found if sees(token, NOBODY, each["script"].partition("@")[0])]
    return as_json({"schedules": seen, "served": served})
