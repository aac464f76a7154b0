"""The one function that generated SQL calls back into Python with: `sop_call('add:i,i>i', a, b)` → the answer.

Its first argument says which operator (runtime/values/operators.py) or function (runtime/values/functions.py), the
codecs of the arguments and that of the result (runtime/query/codecs.py); or it is a whole expression
(runtime/databases/sqlite/programs.py). So the language has one definition: SQLite's own operators are used only where
they mean exactly the same. SQLite reports an error in such a call only as "user-defined function raised exception";
`Callback.take_error` gives the cause.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runtime.databases.codec_base import encode_limit
from runtime.databases.sqlite.codecs import decoder, encoder, too_many_digits
from runtime.databases.sqlite.programs import program
from runtime.errors import DatabaseError, RunError
from runtime.values import operators
from runtime.values.value_types import duration_of, overflow

SQL_NAME: Final = "sop_call"

# function of the table → SQLite's own, where that means exactly the same for every argument that SQLite has a type for
SQL_FUNCTIONS: Final = {
    "length": "length",
    "position": "instr",
    "least": "min",
    "greatest": "max",
    "coalesce": "coalesce",
    "null_if": "nullif",
}


def _several_rows() -> Any:
    raise RunError("V0113", "a query that must give one row gives more", "an aggregate or `limit 1` gives one")


def _overflow(scale: int | None) -> Any:
    raise overflow() if scale is None else too_many_digits(scale)


def _among(value: Any, *items: Any) -> Any:
    from runtime.values.builtins import in_list  # few statements call it

    return in_list(value, list(items))


# name → (function, whether it is called with nulls too)
OPERATORS: Final[dict[str, tuple[Callable[..., Any], bool]]] = {
    "add": (operators.add, False),
    "sub": (operators.sub, False),
    "mul": (operators.mul, False),
    "div": (operators.div, False),
    "intdiv": (operators.intdiv, False),
    "mod": (operators.mod, False),
    "neg": (operators.neg, False),
    "eq": (operators.eq, False),
    "ne": (operators.ne, False),
    "lt": (operators.lt, False),
    "le": (operators.le, False),
    "gt": (lambda a, b: operators.lt(b, a), False),
    "ge": (lambda a, b: operators.le(b, a), False),
    "between": (lambda x, low, high: operators.logic_and(operators.le(low, x), operators.le(x, high)), True),
    "not": (operators.logic_not, True),
    "is_null": (lambda value: value is None, True),
    "is_not_null": (lambda value: value is not None, True),
    "in": (_among, True),
    "field": (operators.field, False),
    "same": (lambda value: value, False),
    # of ints and of durations, by the sums of their upper and lower 32 bits
    "mean": (lambda upper, lower, count: (upper * 2**32 + lower) / count, False),
    "duration_sum": (lambda upper, lower: duration_of(upper * 2**32 + lower), False),
    "row_count": (encode_limit, True),
    "several_rows": (_several_rows, True),
    "overflow": (_overflow, True),
}


class Callback:
    """The callable to register, for one connection."""

    def __init__(self) -> None:
        self._prepared: dict[str, Callable[[tuple[Any, ...]], Any]] = {}
        self._error: BaseException | None = None

    def __call__(self, spec: str, *args: Any) -> Any:
        try:
            function = self._prepared.get(spec)
            if function is None:
                function = self._prepared[spec] = prepare(spec)
            return function(args)
        except BaseException as error:  # kept for take_error: SQLite would lose it
            self.keep(error)
            raise

    def keep(self, error: BaseException) -> None:
        """For take_error: what another of the connection's callbacks raised."""
        self._error = error

    def take_error(self) -> BaseException | None:
        """What the last failed call raised, once."""
        error, self._error = self._error, None
        return error


def prepare(spec: str) -> Callable[[tuple[Any, ...]], Any]:
    """`name:form,form>form`, or a program in JSON → a function on SQLite's values."""
    if spec.startswith("["):
        return program(spec, prepare)
    name, _, forms = spec.partition(":")
    arguments, _, result = forms.partition(">")
    decoders = [decoder(form) for form in arguments.split(",") if form]
    encode = encoder(result)
    if name in OPERATORS:
        function, nulls = OPERATORS[name]
    else:
        from runtime.values.functions import FUNCTIONS  # few statements call any

        row = FUNCTIONS[name]
        if row.python is None:
            raise DatabaseError("D0308", f"the function `{name}` can't be called by a database")
        function, nulls = row.python, row.nulls

    def call(args: tuple[Any, ...]) -> Any:
        if not nulls and None in args:
            return None
        return encode(function(*[decode(arg) for decode, arg in zip(decoders, args, strict=True)]))

    return call
