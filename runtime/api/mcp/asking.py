"""A call of a tool and its client → a way to ask the person, in the protocol of that client.

With the protocol of 2026-07-28, a question is a result: the client calls again with the answer, and with a state that
only this server reads. Older clients get a request of their own.
"""

from __future__ import annotations

import json
from time import monotonic
from typing import Any, Final

import mcp_types as types
from anyio import move_on_after
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

Context = ServerRequestContext[Any, Any]
ANSWER: Final = "answer"
CLIENT_LENGTH: Final = 80  # characters of its name
CLIENT: Final = "sop.client"  # key of an HTTP request's scope: a CancelScope, cancelled when the client goes away


class Asked(Exception):
    """The call ends with a question.

    Args:
        result: That asks it.
    """

    def __init__(self, result: types.InputRequiredResult) -> None:
        super().__init__("a question")
        self.result = result


class Unanswered(Exception):
    """The call has to be answered before the person has answered its question."""


class Person:
    """Who sits at the client.

    Attributes:
        state: What this server said with its question, on the call that brings the answer; {} on others.

    Args:
        context: Of the call.
        params: Of the call.
        until: When the call has to be answered, by `monotonic`.
    """

    def __init__(self, context: Context, params: types.CallToolRequestParams, until: float) -> None:
        self.until = until
        self._session = context.session
        self._request = context.request_id
        self._modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
        self.state: dict[str, Any] = json.loads(params.request_state) if params.request_state else {}
        given = (params.input_responses or {}).get(ANSWER)
        self.reply = given if isinstance(given, types.ElicitResult) else None

    @property
    def client(self) -> str:
        """The client's name and version, on one line."""
        params = self._session.client_params
        told = "" if params is None else f"{params.client_info.name} {params.client_info.version}"
        return " ".join(told.split())[:CLIENT_LENGTH]

    @property
    def can_be_asked(self) -> bool:
        """Whether the client shows forms."""
        capabilities = self._session.client_capabilities
        forms = None if capabilities is None else capabilities.elicitation
        return forms is not None and (forms.form is not None or forms.url is None)

    async def ask(self, message: str, schema: dict[str, Any], state: dict[str, Any]) -> types.ElicitResult:
        """Ask, and return the reply. A form that has no answer in time is closed.

        Args:
            message: The question.
            schema: The JSON Schema of the form.
            state: For the call that brings the answer.

        Raises:
            Asked: The reply comes with another call.
            Unanswered: None came in time.
        """
        if self._modern:
            form = types.ElicitRequestFormParams(message=message, requested_schema=schema)
            asked: types.InputRequests = {ANSWER: types.ElicitRequest(params=form)}
            raise Asked(types.InputRequiredResult(input_requests=asked, request_state=json.dumps(state)))
        with move_on_after(self.until - monotonic()):
            try:
                return await self._session.elicit_form(message, schema, related_request_id=self._request)
            except MCPError:  # it said that it shows forms, and does not
                return types.ElicitResult(action="cancel")
        raise Unanswered
