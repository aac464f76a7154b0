"""Requests of agents (Model Context Protocol) → runs of scripts, over the same `Service` as the HTTP addresses.

server.py puts the parts together: catalog.py makes tools of scripts, calls.py runs them, fixed.py has the other tools.
stdio.py and http.py are the ways to it. Only this package imports the SDK, which takes half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.api.mcp.http import open_agents
    from runtime.api.mcp.sdk import require_sdk
    from runtime.api.mcp.stdio import serve_agent

__all__ = ("open_agents", "require_sdk", "serve_agent")
__getattr__ = lazy(
    __name__,
    open_agents="runtime.api.mcp.http",
    require_sdk="runtime.api.mcp.sdk",
    serve_agent="runtime.api.mcp.stdio",
)
