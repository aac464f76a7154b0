"""A statement and its params → the values of its placeholders, encoded for the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from runtime.databases.protocol import Statement
from runtime.errors import RunError

Codec = Callable[[Any], Any]


class Binder:
    """Binds params for one connection. encoder: codec name (runtime/query/codecs.py) → codec of the engine."""

    def __init__(self, encoder: Callable[[str], Codec]) -> None:
        self._encoder = encoder
        self._places: dict[int, tuple[Statement, list[tuple[int, Codec | None]]]] = {}

    def __call__(self, statement: Statement, params: Sequence[Any]) -> list[Any]:
        # by identity (the entry keeps the statement alive): hashing a statement costs more than binding a row
        known = self._places.get(id(statement))
        if known is None:
            places = [
                (bind, self._encoder(form) if bind >= 0 else None)
                for bind, form in zip(statement.binds, statement.forms, strict=True)
            ]
            known = self._places[id(statement)] = (statement, places)
        constants = statement.constants
        try:
            return [constants[-1 - bind] if encode is None else encode(params[bind]) for bind, encode in known[1]]
        except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError) as error:
            # types of registers are checked by what uses them; an insert may be bound long after its step
            message = f"a value is not of the type of its place in a query or write ({error})"
            raise RunError("V0206", message, "compile the script again") from error
