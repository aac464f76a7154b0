"""An error → its HTTP status and a problem document (RFC 9457) with its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.json import encode
from starlette.responses import Response

from runtime.errors import SopError

if TYPE_CHECKING:
    from sopc.diagnostics import CompileError

MEDIA_TYPE: Final = "application/problem+json"

# Statuses by code or beginning of a code; the longest match wins, and 500 is for all others.
STATUSES: Final[Mapping[str, int]] = {
    # the program, or its input
    "C0105": 400,
    "C0106": 413,
    "C0107": 422,
    "C0108": 409,
    "C0112": 422,
    "C0301": 404,
    "C0302": 409,
    "C0306": 409,
    "C0308": 409,
    "C03": 422,
    "C012": 422,
    "E": 422,
    "T": 422,
    "T0301": 503,
    "V01": 422,
    "V04": 422,
    "V0403": 409,
    "V0501": 422,
    "V0604": 403,
    "V0605": 422,
    "V0606": 404,
    "V0607": 409,
    "V0608": 409,
    "V0609": 409,
    "V0610": 422,
    "V0611": 410,
    "V0613": 503,
    # limits
    "V0301": 409,
    "V0302": 422,
    "V0303": 504,
    "V0304": 422,
    "V0305": 422,
    # what is stored
    "L0101": 404,
    "L0102": 404,
    "L0107": 409,
    "L0109": 422,
    "V02": 409,
    "V0209": 403,
    "V0210": 403,
    "D02": 409,
    "D03": 409,
    "D0305": 403,
    "D0306": 507,
    "D05": 422,
    "D0505": 409,
    # what is not installed
    "D0105": 501,
    "S0126": 501,
    # what may work again later
    "S0123": 503,
    "S0212": 503,
    "D0125": 403,
    "D01": 503,
    "D04": 503,
    "C02": 503,
}


_HINTS: Final[Mapping[str, str]] = {  # in place of hints for the command line, and of names that a token may not see
    "L0101": "GET /scripts lists the scripts",
    "V0606": "GET /runs lists those that are kept",
    "V0607": "GET /runs/{id} tells how it goes",
    "V0609": "GET /runs/{id} tells what can be done",
    "V0610": "another Idempotency-Key",
    "V0613": "GET /runs/{id} tells how it goes",
    "V0611": "`Prefer: respond-async` or an Idempotency-Key keeps the lines of a run",
}


class HttpError(SopError):
    """An error of a request, with its HTTP status.

    Args:
        more: further members of its problem document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str | None = None,
        headers: Mapping[str, str] = {},
        more: Mapping[str, Any] = {},
    ) -> None:
        super().__init__(code, message, hint)
        self.status = status
        self.headers = headers
        self.more = more


def status_of(error: SopError) -> int:
    if isinstance(error, HttpError):
        return error.status
    for length in range(5, 0, -1):
        status = STATUSES.get(error.code[:length])
        if status is not None:
            return status
    return 500


def problem(error: SopError, more: Mapping[str, Any] = {}) -> Response:
    """The answer to a failed request.

    Args:
        more: further members, such as where a script failed.
    """
    status = status_of(error)
    headers = dict(error.headers) if isinstance(error, HttpError) else {}
    if status == 503:
        headers.setdefault("Retry-After", "1")
    told = {**more, **error.more} if isinstance(error, HttpError) else more
    return Response(encode(document(error, status, told)) + b"\n", status, headers, MEDIA_TYPE)


def document(error: SopError, status: int, more: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The problem document. type: a URN with the code, which `sopc error CODE` explains; title: the code's; detail:
    what happened."""
    said = {
        "type": f"urn:sop:error:{error.code}",
        "title": _title(error.code),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "hint": _HINTS.get(error.code, error.hint),
        **more,
    }
    return {key: value for key, value in said.items() if value is not None}


def of_findings(error: CompileError) -> HttpError:
    """An error with all findings of a compile."""
    first = error.diagnostics[0]
    findings = [finding.to_json(error.source) for finding in error.diagnostics]
    status = status_of(SopError(first.code, first.message))
    return HttpError(status, first.code, first.message, first.hint, more={"findings": findings})


def _title(code: str) -> str | None:
    try:
        from runtime.error_codes import find_code
    except ImportError:  # compiled scripts can be served without the compiler
        return None
    row = find_code(code)
    return None if row is None else row.title
