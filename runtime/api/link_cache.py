"""A library → scripts ready to run, cached until the library changes."""

from __future__ import annotations

from threading import Lock
from typing import Final

from runtime.databases.statements import Statements
from runtime.library.store import Library
from runtime.vm.link import Linked, link

MAX_SCRIPTS: Final = 1000


class LinkCache:
    """Safe to use from several threads. `statements`: SQL text shared by all runs."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.statements = Statements(library)
        self._state = -1
        self._linked: dict[str, Linked] = {}
        self._lock = Lock()

    def linked(self, name: str) -> Linked:
        """Return the script `name`, `name@3` or `name@tag` with the scripts it calls, as `link` does."""
        state = self.library.environment.state()
        with self._lock:
            if state != self._state or len(self._linked) >= MAX_SCRIPTS:
                self._state = state
                self._linked.clear()
            known = self._linked.get(name)
        if known is None:
            known = link(self.library, name)
            with self._lock:
                if state == self._state:
                    self._linked[name] = known
        return known
