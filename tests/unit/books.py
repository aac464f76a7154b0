"""A small library of books for the checker's tests: its schema, and what a script over it gives."""

from __future__ import annotations

from runtime.query.schema import Field, Schema, Store
from runtime.values.types import ANY, DATE, INT, TEXT, decimal_of
from sopc.checker import typed
from sopc.checker.program import check
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source
from sopc.syntax.parse import parse

MAIN = Schema(
    {
        "authors": Store(
            "authors",
            (Field("id", INT, has_default=True), Field("name", TEXT), Field("born", DATE.or_null())),
            ("id",),
            (("id",),),
        ),
        "books": Store(
            "books",
            (
                Field("id", INT, has_default=True),
                Field("isbn", TEXT),
                Field("title", TEXT),
                Field("author_id", INT),
                Field("pages", INT.or_null()),
                Field("price", decimal_of(10, 2).or_null()),
                Field("lent_on", DATE.or_null()),
                Field("notes", ANY),
                Field("sheets", INT.or_null(), generated=True),
            ),
            ("id",),
            (("id",), ("isbn",)),
        ),
        "catalogue": Store(
            "catalogue", (Field("title", TEXT.or_null()), Field("pages", INT.or_null())), read_only=True
        ),
    }
)
ARCHIVE = Schema(
    {
        "boxes": Store("boxes", (Field("id", INT, has_default=True), Field("label", TEXT)), ("id",), (("id",),)),
        "books": Store("books", (Field("id", INT, has_default=True), Field("title", TEXT)), ("id",), (("id",),)),
    }
)
SCHEMAS = {"main": MAIN, "archive": ARCHIVE}


def program(text: str) -> typed.Program:
    """The checked program of a file."""
    source = Source("test.sop", text)
    return check(parse(source), source, SCHEMAS)


def found(text: str) -> list[Diagnostic]:
    """The findings about a file, none when it is right."""
    try:
        program(text)
    except CompileError as error:
        return error.diagnostics
    return []


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in found(text)]


def body(steps: str, head: str = "script s()") -> str:
    """A file of one script with these steps."""
    return f"{head}\n  {steps}\nend\n"


def script(steps: str, head: str = "script s()") -> typed.Script:
    """The one script with these steps, checked."""
    return program(body(steps, head)).scripts[0]


def marked(text: str, code: str) -> str:
    """The piece of the source that the only finding, which has this code, is about."""
    diagnostics = found(text)
    assert [diagnostic.code for diagnostic in diagnostics] == [code], [d.render(Source("", text)) for d in diagnostics]
    span = diagnostics[0].span
    assert span is not None
    return text[span.start : span.end]
