"""The machine with the meaning of every instruction: importing the handlers puts them in its table."""

from __future__ import annotations

from runtime.vm import handlers, operations
from runtime.vm.machine import Failed, Machine

__all__ = ["Failed", "Machine", "handlers", "operations"]
