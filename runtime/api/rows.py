"""`GET /databases/NAME/stores/STORE`: a condition, an order and a place → a page of rows, and how many there are.

The page is a query of the language, and runs as other programs do. Rows are sorted by the store's key last, or by all
fields where it has none, so that no row is on two pages or on none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.databases import known_database
from runtime.api.problems import HttpError
from runtime.api.resource import as_json, options_of, token_of, who_of
from runtime.api.scripts import linked_text
from runtime.api.service import Service
from runtime.api.shared import Play
from runtime.api.tokens import Token
from runtime.api.whole_run import lines_of
from runtime.query.schema import Store, noted

MOST: Final = 1_000_000  # rows that may be left out
MOST_AT_ONCE: Final = 1_000
AT_ONCE: Final = 100
NAME: Final = "rows"  # of the program
_SORTED: Final = frozenset({"int", "float", "decimal", "text", "date", "timestamp", "duration", "bool"})


async def show_rows(service: Service, request: Request) -> Response:
    """A page of rows.

    Raises:
        HttpError: C0204 for an unknown database, E0202 for an unknown store, E0203 for an unknown field in `order`,
            S0108 for a number out of bounds; the findings of a `where` that is no condition.
    """
    token, who = token_of(request), who_of(request)
    name, store = request.path_params["name"], request.path_params["store"]
    known_database(service, token, name)
    options = options_of(request, "after", "order", "where", "limit")
    after = _number(options.get("after", "0"), "after", 0, MOST)
    limit = _number(options.get("limit", str(AT_ONCE)), "limit", 1, MOST_AT_ONCE)
    found = await service.call(_store, service, token, name, store)
    order, where = _order(options.get("order", ""), found), options.get("where", "").strip()
    program = await service.call(_program, name, store, where, order, after, limit)
    linked = await service.call(linked_text, service, who, program)
    play = Play(script=NAME, args={}, who=who, linked=linked, reads=True, right="query")
    await service.call(service.check, play)
    lines = await lines_of(service, play)
    rows = [line["result"] for line in lines if line["type"] == "record"]
    total, upto = lines[-1]["result"], after + len(rows)
    more = rows and upto < total and upto <= MOST
    said = {"store": store, "rows": rows, "total": total, "after": after, "next": upto if more else None, "most": MOST}
    return as_json(said)


def _number(text: str, name: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise HttpError(400, "S0108", f"{name} is a number from {least} to {most:,}")
    return int(text)


def _store(service: Service, token: Token, name: str, store: str) -> Store:
    with service.lent(token, name) as database:
        found = noted(database.schema()).stores.get(store)
    if found is None:
        raise HttpError(404, "E0202", f"there is no store {store[:60]!r} in {name}", f"/databases/{name} lists them")
    return found


def _order(text: str, store: Store) -> list[tuple[str, bool]]:
    """Fields that sort, each with whether downwards; the last ones tell all rows apart, where that can be done."""
    types = {field.name: field.type.name for field in store.fields}
    wanted = [(part.removeprefix("-"), part.startswith("-")) for part in _parts(text)]
    for field, _ in wanted:
        if types.get(field) not in _SORTED:
            fault = "can't be sorted" if field in types else "is not there"
            hint = ", ".join(name for name, type_ in types.items() if type_ in _SORTED)
            raise HttpError(422, "E0203", f"the field {field[:60]!r} of {store.name} {fault}", hint)
    known = {field for field, _ in wanted}
    last = store.primary_key or [name for name, type_ in types.items() if type_ in _SORTED]
    return [*wanted, *((field, False) for field in last if field not in known)]


def _parts(text: str) -> Iterable[str]:
    return filter(None, map(str.strip, text.split(",")))


def _program(database: str, store: str, where: str, order: list[tuple[str, bool]], after: int, limit: int) -> str:
    """The program that emits the rows of a page and returns how many there are."""
    from sopc.syntax.print_expr import name

    query = f"from {name(store)}{_condition(where)}"
    keys = ", ".join(f"{name(field)}{' desc' if down else ''}" for field, down in order)
    by = f" order by {keys}" if keys else ""
    return (
        f"script {NAME}() uses {name(database)} -> int\n"
        f"  emit {query}{by} limit {limit} offset {after}\n"
        f"  return count({query})\n"
        "end\n"
    )


def _condition(where: str) -> str:
    """The stage of a condition, printed anew, so that it holds nothing else.

    Raises:
        CompileError: It is no condition.
    """
    if not where:
        return ""
    from sopc.diagnostics import CompileError, Diagnostic
    from sopc.source import Source
    from sopc.syntax import stage
    from sopc.syntax.parse import parse_query

    source = Source("where", f"from rows where {where}")
    stages: tuple[Any, ...] = parse_query(source).stages
    if len(stages) != 2:
        finding = Diagnostic("E0101", "`where` is one condition", hint="price > 100 and color is not null")
        raise CompileError(source, [finding])
    return f" {stage(stages[1])}"
