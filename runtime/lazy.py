"""A package's public names → their modules, each imported when one of its names is first used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy(package: str, **modules: str) -> Callable[[str], Any]:
    """Return a `__getattr__` for a package, so that importing the package costs nothing.

    Args:
        package: The package's `__name__`.
        modules: Public names, and the absolute name of the module of each.

    Returns:
        A function: public name → what it names; AttributeError for any other.
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(modules[name]), name)

    return get
