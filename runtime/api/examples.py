"""`GET /scripts/NAME/examples`: a script's examples → whether each holds now, on an empty copy of its stores."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runtime.api import bodies
from runtime.api.resource import as_json, token_of
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.bytecode.codec import decode


async def show_examples(service: Service, request: Request) -> Response:
    token, name = token_of(request), request.path_params["name"]
    token.require_script(name.rpartition("@")[0] or name)  # before an answer reveals whether it exists
    return as_json({"examples": await service.call(_tried, service, token, name)})


def _tried(service: Service, token: Token, name: str) -> list[bodies.Example]:
    from sopc.context import Context
    from sopc.workflow import try_kept

    entry = service.library.resolve(name)
    service.require_visible(token, entry)
    module = decode(service.library.load(entry.hash))
    if not module.debug.examples:
        return []
    with service.compiling, Context(service.seen_by(token), service.library, service.sees(token)) as context:
        return [
            {
                "number": example.number,
                "title": example.title or f"example {example.number}",
                "holds": not findings,
                "findings": [finding.message for finding in findings],
            }
            for example, _, findings in try_kept(module, context)
        ]
