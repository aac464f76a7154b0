"""Arithmetic of a query → that of an engine that reckons in 128 bits: ints by way of a wider type, decimals as whole
numbers of units of their last digit."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from sqlglot import exp

from runtime.databases.sql.sql_nodes import Sql, binary, cast, number, wrapped
from runtime.databases.sql.typed_arithmetic import OPERATORS
from runtime.databases.sql.typed_expressions import TypedExpressions
from runtime.values.types import DECIMAL_PRECISION


class UnitArithmetic(TypedExpressions):
    """What DuckDB and Spark share. wide_type: the engine's type for whole numbers of 38 digits."""

    wide_type: ClassVar[str]

    @abstractmethod
    def wide_quotient(self, a: Sql, b: Sql) -> Sql:
        """a / b of two of the wide type, cut off after the point."""

    def checked_int(self, operation: type[exp.Binary], a: Sql, b: Sql) -> Sql:
        # In 128 bits, then narrowed. DuckDB's optimizer moves constants out of plain 64-bit sums, and out of aggregates
        # over them: count(a + 1) became count(*), and (a + 1) + (b + 2) became a + b + 3, so overflows were lost or
        # made up. Sail wraps 64-bit sums silently.
        return self._cast(binary(operation, self._cast(a, self.wide_type), b), "BIGINT")

    def int_quotient(self, a: Sql, b: Sql) -> Sql:
        return exp.IntDiv(this=a, expression=b)

    def float_remainder(self, a: Sql, b: Sql) -> Sql:
        return exp.Mod(this=wrapped(a), expression=wrapped(b))

    def decimal_remainder(self, a: Sql, a_scale: int, b: Sql, b_scale: int) -> Sql:
        # of units: DuckDB takes the remainder of decimals of different scales as floats
        scale = max(a_scale, b_scale)
        return self._of_units(exp.Mod(this=self._units(a, scale), expression=self._units(b, scale)), scale)

    def decimal_quotient(self, a: Sql, a_scale: int, b: Sql, b_scale: int, scale: int) -> Sql:
        # both as whole numbers, the first so much larger that the quotient counts units of the result's last digit
        more = scale + b_scale - a_scale
        quotient = self.helper(
            "quotient", self._units(a, a_scale + max(more, 0)), self._units(b, b_scale + max(-more, 0))
        )
        return self._of_units(quotient, scale)

    def whole_quotient(self, a: Sql, a_scale: int, b: Sql, b_scale: int) -> Sql:
        scale = max(a_scale, b_scale)
        quotient = self.wide_quotient(self._units(a, scale), self._units(b, scale))
        return self._cast(quotient, f"DECIMAL({DECIMAL_PRECISION}, 0)")

    def duration(self, op: str, a: Sql, b: Sql) -> Sql:
        wide = self._cast(a, self.wide_type)
        return self.helper("checked_duration", OPERATORS[op](this=wide, expression=wrapped(b)))

    def duration_sum(self, total: Sql) -> Sql:
        return self.helper("checked_duration", total)

    def _cast(self, sql: Sql, type_: str) -> Sql:
        return cast(sql, type_, self.dialect)

    def _units(self, sql: Sql, scale: int) -> Sql:
        """A decimal of at most that scale in units of its last digit."""
        unit = self._cast(number(10**scale), self.wide_type)
        return self._cast(exp.Mul(this=wrapped(sql), expression=unit) if scale else sql, self.wide_type)

    def _of_units(self, units: Sql, scale: int) -> Sql:
        """A whole number of units → the decimal: times 0.000001, which is a shift of the point."""
        whole = self._cast(units, f"DECIMAL({DECIMAL_PRECISION}, 0)")
        text = exp.Literal.string(format(10**-scale, f".{scale}f"))
        return exp.Mul(this=whole, expression=self._cast(text, f"DECIMAL({scale + 1}, {scale})"))
