"""A module's lifted loops and its value → nothing, or an error: they read, write and call what the module may.

A lift is held to what its loop could do by the rules for queries and writes. That it does the same as the loop is the
compiler's business, as it is with the loop's own code.
"""

from __future__ import annotations

from typing import Any

from runtime.bytecode.module import Lift, Module
from runtime.bytecode.parts import MAX_DEPTH, children, depth_of, refuse
from runtime.bytecode.query_check import Context, QueryChecker, same
from runtime.query.algebra import Delete, Exists, Expr, InQuery, InsertQuery, Scalar, Update, row_bound


def check_lift(module: Module, where: str, lift: Lift) -> None:
    """Check that a lifted loop reads and writes what the module's effects say, and that its parts fit together.

    Raises:
        SopError: L0206.
    """
    survey, write = lift.survey, lift.write
    QueryChecker(module, where, survey.database, survey.params, inline=True).query(survey)
    known = {name for name, _ in survey.columns}
    if row_bound(survey.relation) != 1:
        refuse(where, "its survey gives more than a row")
    wanted = {name for total in lift.totals for term in total.terms for name in term}
    if not {"rows", "changed", "missing", *wanted} <= known:
        refuse(where, "its survey lacks a column")
    starts = survey.params[len(survey.params) - len(lift.totals) :]
    if any(type_.name != "int" for type_ in starts):
        refuse(where, "its totals do not begin with ints")
    if any(total.kind not in ("sum", "min", "max") or not total.terms for total in lift.totals):
        refuse(where, "it has an unknown total")
    if len(lift.totals) > len(survey.params):
        refuse(where, "its totals do not begin anywhere")
    if write is not None:
        if not isinstance(write, InsertQuery | Update | Delete) or write.database != survey.database:
            refuse(where, "its write is none that a loop can be")
        params = write.query.params if isinstance(write, InsertQuery) else write.params
        if params != survey.params:
            refuse(where, "its write has other params than its survey")
        QueryChecker(module, where, write.database, params, inline=True).write(write)
    if lift.use.store != ("" if write is None else write.store):
        refuse(where, "it writes another store than it says")


def check_value(module: Module, value: Expr) -> None:
    """Check what a script says that it returns. Raises SopError L0206."""
    where = "value"
    if depth_of(value) > MAX_DEPTH:
        refuse(where, "it nests too deeply")
    checker = QueryChecker(module, where, "", [param.type for param in module.signature.params], inline=True)
    if not same(checker.expr(value, Context({})), module.signature.returns):
        refuse(where, f"it is no {module.signature.returns}")
    stack: list[Any] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar | Exists | InQuery):
            refuse(where, "it reads from a store")
        stack.extend(children(node))
