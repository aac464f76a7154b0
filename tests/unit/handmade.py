"""Modules written by hand, for tests of what reads modules."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from runtime.bytecode.module import Debug, Effects, Fetch, Module, Parameter, Position, Signature, StepInfo
from runtime.query.algebra import Column, Limit, Op, Param, Query, Scan, Where
from runtime.query.schema import Field, Store
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, NULL, TEXT, Type
from tests.listing import assemble

ITEMS = Store("items", (Field("id", INT), Field("name", TEXT)))
NAME = Column(0, "name", TEXT)
SCAN = Scan(0, "main", "items")
HAS_NAME = Op("eq", (NAME, Param(0, TEXT)), BOOL)
QUERY = Query("main", Limit(Where(SCAN, HAS_NAME), Const(5, INT), None), (("name", NAME),), (TEXT,))


def signature(name: str = "s", *params: tuple[str, Type] | tuple[str, Type, Const], **more: Any) -> Signature:
    fields = {"returns": NULL, "emits": None, "uses": ("main",), **more}
    return Signature(name=name, params=tuple(Parameter(*param) for param in params), **fields)


def module(code: str | bytes = "RETURN K0", registers: int = 4, **more: Any) -> Module:
    """A script `s(a: int)` over main.items with constants null, 1 and "x"; `more` replaces fields."""
    assembled = assemble(code, registers) if isinstance(code, str) else code
    plain = Module(
        signature=signature("s", ("a", INT)),
        effects=Effects(
            reads=("main.items",), writes=("main.items",), calls=("s",), asks=True, commits=True, emits=True
        ),
        registers=registers,
        code=assembled,
        constants=(Const(None, NULL), Const(1, INT), Const("x", TEXT)),
        shapes=(("x", "y"),),
        types=(INT,),
        queries=(Fetch(QUERY, "rows"), Fetch(QUERY, "first")),
        schema={"main.items": ITEMS},
        debug=Debug(
            source="script s(a: int)\nend\n",
            file="s.sop",
            steps=(StepInfo("1", 1, 2, 3, "return a"),),
            positions=(Position(0, 0, 2, 3, 9),),
            sentences=("Give it back.",),
            registers=("a",),
        ),
    )
    return replace(plain, **more)
