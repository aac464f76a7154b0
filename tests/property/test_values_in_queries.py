"""Values in every clause of a query: what `check` accepts can be loaded, and what it refuses has a place.

`python -m tests.property.test_values_in_queries` tries all of them, in minutes; the suite takes one in STEP.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from runtime.bytecode.codec import decode, encode
from runtime.errors import SopError
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import ANY, DATE, INT, TEXT, decimal_of, list_of
from sopc.checker.program import check
from sopc.codegen.lower import lower
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.syntax.parse import parse

STEP: Final = 97
FIELDS: Final = (
    Field("id", INT),
    Field("name", TEXT.or_null()),
    Field("price", decimal_of(10, 2).or_null()),
    Field("day", DATE.or_null()),
    Field("extra", ANY),
    Field("tags", list_of(TEXT.or_null()).or_null()),
)
SCHEMA: Final = Schema({"things": Store("things", FIELDS, primary_key=("id",), unique=(("id",),))})
INNER: Final = "(from things as b where b.id = things.id select b.{})"
VALUES: Final = (
    *(field.name for field in FIELDS),
    *("l", "r", "t", "n", "null", "2 days", "today()", 'split(name, "a")', "count()"),
    *("max(extra)", "max(name)", "sum(price)", "rank() over (order by id)", "lag(tags) over (order by id)"),
    *(INNER.format(name) for name in ("name", "extra", "tags")),
    *("count(from things as b where b.id = things.id)", "name in (from things as b select b.name)"),
    *("case when id > 1 then tags end", "case when id > 1 then extra end", "coalesce(tags, tags)"),
)
PARTS: Final = ("X", "X.a", "X[0]", "X[id]", "l[X]", "[X][0]", "{a: X}.a", "r.b[X]")
FORMS: Final = (
    *("X", "length(X)", "coalesce(X, X)", "case when id > 1 then X end", "case when X is null then 1 end"),
    *("text(X)", "X = X", "X < X", "X in [X]", "X in tags", "X in (from things as c select c.tags)", "[X] contains X"),
    *("[X]", "{a: X}", "X + 1", "not X", "max_of([X])", "least(X, X)", 'X like "a%"', "X between X and X"),
    *("first_item(X)", "count(distinct X)", "min(X)", "first_value(X) over (order by X)"),
)
CLAUSES: Final = (
    *("emit from things select X as y", "emit from things where X is null", "emit from things derive y = X"),
    *("emit from things group by X as y select y", "emit from things order by X", "emit from things limit X"),
    *("emit from things select id union (from things select X as id)", "update things set extra = X where id = 1"),
    *("update things where X is null set id = 1", "delete from things where X is null"),
    "emit from things join things as z on X is null select things.id",
    "let q = first(from things select X as y)",
    "for each x in from things where exists(from things as z where X is null) do say x.name end",
)


def programs() -> Iterator[str]:
    for value, part, form, clause in itertools.product(VALUES, PARTS, FORMS, CLAUSES):
        step = clause.replace("X", form.replace("X", part.replace("X", value)))
        yield f"script s(t: text, n: int?)\n  let l = [1]\n  let r = {{a: 1, b: [1]}}\n  {step}\nend\n"


def fault(text: str) -> str | None:
    """What is wrong with how a program is judged. Empty for one that is accepted, None for one that is refused."""
    source = Source("values.sop", text)
    try:
        file = parse(source)
        program = check(file, source, {"main": SCHEMA}, lambda name: None)
    except CompileError as error:
        missing = [finding.code for finding in error.diagnostics if finding.span is None]
        return f"{missing} without a place\n{text}" if missing else None
    try:
        for module in lower(program, source, file, ()):
            decode(encode(module))
    except (CompileError, SopError) as error:
        return f"{error}\n{text}"
    return ""


def test_what_check_accepts_can_be_loaded() -> None:
    found = [fault(text) for text in itertools.islice(programs(), 0, None, STEP)]
    faults = [each for each in found if each]
    assert not faults, f"{len(faults)}:\n" + "\n".join(faults[:10])
    assert found.count("") > 30 and found.count(None) > 300


def main() -> None:
    found = [fault(text) for text in programs()]
    faults = [each for each in found if each]
    print(f"{found.count('')} accepted, {found.count(None)} refused, {len(faults)} at fault")
    print("\n".join(faults[:20]))


if __name__ == "__main__":
    main()
