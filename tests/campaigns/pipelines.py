"""Generated queries over random rows → where an engine gives other records than SQLite, or another error.

The queries are those of tests/property/test_queries.py: sources, joins, conditions, derived fields, groups, windows,
unions, orders and limits. Records are compared as JSON, in their order where the query says a total one.
"""

from __future__ import annotations

import random
from contextlib import ExitStack

import msgspec

from runtime.databases.protocol import Loadable
from runtime.errors import SopError
from runtime.query.algebra import Query
from runtime.values.conversion import json_ready
from tests.campaigns.tally import Tally, main
from tests.engines import ENGINES, SQLITE
from tests.harness import compile_text
from tests.property.every import is_code, opened
from tests.property.test_queries import TABLES, Maker, rows

SAME_ROWS = 1_000  # queries over the same rows


def run(seed: int, cases: int, tally: Tally) -> None:
    chance = random.Random(seed)
    while tally.cases < cases:
        filled = TABLES + rows(chance)
        with ExitStack() as stack:
            databases = {name: stack.enter_context(opened(engine, filled)) for name, engine in ENGINES.items()}
            schema = databases[SQLITE.name].schema()  # with the same types everywhere
            for _ in range(min(SAME_ROWS, cases - tally.cases)):
                text, ordered = Maker(chance).query()
                (module,) = compile_text(f"script test()\n  emit {text}\nend\n", schema)
                query = module.queries[0].query
                if not query.params:  # else the machine works out a part of it beforehand
                    _compare(databases, text, query, ordered, tally)


def _compare(databases: dict[str, Loadable], text: str, query: Query, ordered: bool, tally: Tally) -> None:
    found = {name: _records(database, query, ordered) for name, database in databases.items()}
    wanted = found.pop(SQLITE.name)
    for name, records in found.items():
        tally.compared += 1
        tally.errors += is_code(wanted)
        if records != wanted:
            tally.note(name, text, {"int", "text", "decimal(10,2)"}, wanted, records, of_null=False)
    tally.add(1)


def _records(database: Loadable, query: Query, ordered: bool) -> str:
    """All records as JSON, or the code of an error."""
    try:
        statement = database.prepare(query)
        database.begin(write=False)
        found = [list(row) for batch in database.query(statement, ()) for row in batch]
    except SopError as error:
        return error.code
    finally:
        database.rollback()
    texts = [msgspec.json.encode(json_ready(row)).decode() for row in found]
    return f"[{', '.join(texts if ordered else sorted(texts))}]"


if __name__ == "__main__":
    main("Generated queries over random rows, on every engine.", run)
