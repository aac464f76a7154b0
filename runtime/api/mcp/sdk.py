"""The SDK of the protocol for agents → whether it is installed, without importing it."""

from __future__ import annotations

from importlib.util import find_spec

from runtime.errors import UsageError


def require_sdk() -> None:
    """Check that the SDK is installed.

    Raises:
        UsageError: S0126.
    """
    if find_spec("mcp") is None:
        raise UsageError("S0126", "the server for agents needs the package mcp", "pip install 'sopc[mcp]'")
