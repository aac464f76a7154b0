"""HTTP requests → runs, scripts and information about both: the service behind `sopvm serve`.

app.py puts the parts together; each address has its handler in a module named after it (play, runs, scripts, …).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.api.once import answer_once
    from runtime.api.server import serve
    from runtime.api.service import Service, open_service
    from runtime.api.shared import Settings
    from runtime.api.tokens import RIGHTS, Token, Tokens

__all__ = (
    "RIGHTS",
    "Service",
    "Settings",
    "Token",
    "Tokens",
    "answer_once",
    "open_service",
    "serve",
)
__getattr__ = lazy(
    __name__,
    RIGHTS="runtime.api.tokens",
    Service="runtime.api.service",
    Settings="runtime.api.shared",
    Token="runtime.api.tokens",
    Tokens="runtime.api.tokens",
    answer_once="runtime.api.once",
    open_service="runtime.api.service",
    serve="runtime.api.server",
)
