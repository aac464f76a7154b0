"""A compiled program and the data → warnings: values that no row holds or that are spelt otherwise too, text that is
ranked though it looks like numbers, first rows that are not alone the first, rows that a join leaves out because
what they refer to is missing, rows that a join repeats in a sum, and rows of one name in one sum. Whoever wrote the
program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from runtime.databases.protocol import Database
from runtime.errors import SopError
from runtime.query import algebra as q
from runtime.query.schema import noted
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, TEXT
from sopc.checker import typed
from sopc.checker.field_values import FieldValues, relations
from sopc.context import Context
from sopc.english.magnitudes import SAMPLE, looks_like
from sopc.pipeline import Compiled

if TYPE_CHECKING:
    from sopc.english.sample import DatabaseSampler, Sampler

_MAX_WARNINGS: Final = 20


class DataWarning(NamedTuple):
    """A warning about a step.

    Attributes:
        code: Of its explanation.
        sentence: The number of the step's sentence, from 1; 0 for a program without sentences.
        message: What to look at.
        about: The sentence, or the step's first line.
        store: Whose field it is about, with its database; empty for none.
    """

    code: str
    sentence: int
    message: str
    about: str
    store: str = ""


RANKED_TEXT: Final = "T0611"


def data_warnings(compiled: Compiled, context: Context, sampler: Callable[[], DatabaseSampler]) -> list[DataWarning]:
    """Compare a program with the data.

    Args:
        compiled: The program.
        context: Its databases. One that can't be read gives no warnings.
        sampler: Makes the look-up of values; it is asked for only if a value is to be looked up.

    Returns:
        At most 20 warnings, in the order of the steps.
    """
    found: list[DataWarning] = []
    for script in compiled.program.scripts:
        values = FieldValues(script)
        for check in (_held, _magnitudes, _ties, _left_out, _repeated, _namesakes):
            try:
                found += (_about(compiled, *told) for told in check(values, context, sampler))
            except SopError:  # the data can't be read now: a run will say so
                continue
    return sorted(dict.fromkeys(found), key=lambda one: one.sentence)[:_MAX_WARNINGS]


Told = Iterator[tuple[typed.Step, str, str] | tuple[typed.Step, str, str, str]]


def _held(values: FieldValues, context: Context, sampler: Callable[[], DatabaseSampler]) -> Told:
    """Literals that no row holds, and those that rows hold in several spellings."""
    comparisons = [one for one in values.compared() if one.literal is not None]
    own = values.written()
    said = {(one.field, one.literal) for one in comparisons}
    for one in comparisons:
        assert one.literal is not None
        (store, name), literal = one.field, one.literal
        held = sampler().find(store, name, literal, quoted=True)
        if literal not in held and (one.field, literal) not in own and sampler().examples(store, name, 1):
            near = held or sampler().nearest(store, name, literal)
            nearest = f"; nearest: {', '.join(map(_quoted, near))}" if near else ""
            yield one.step, "T0609", f'no row of {store.partition(".")[2]} has the {name} "{literal}"{nearest}'
        elif spellings := _spellings(sampler(), store, name, literal):
            meant = all((one.field, value) in said for value in spellings)
            how = "all of these are meant" if meant else f'only "{literal}" is meant'
            yield one.step, "T0610", f"{name} holds {' and '.join(map(_quoted, spellings))}, and {how}"


def _spellings(sampler: Sampler, store: str, field: str, literal: str) -> tuple[str, ...]:
    """The spellings of a value that a field holds; none if there is only one."""
    found = sorted(sampler.find(store, field, literal))
    return tuple(found) if len(found) > 1 else ()


def _quoted(value: str) -> str:
    return f'"{value}"'


def _magnitudes(values: FieldValues, context: Context, sampler: Callable[[], Sampler]) -> Told:
    for one in values.ranked():
        store, name = one.field
        look = looks_like(sampler().examples(store, name, SAMPLE))
        if look is not None:
            yield (
                one.step,
                RANKED_TEXT,
                f"{name} holds {look} as text, which is ranked by its letters: store them as what they are",
                store,
            )


def _ties(values: FieldValues, context: Context, sampler: Callable[[], Sampler]) -> Told:
    for one in values.firsts():
        keys = tuple((f"k{number}", key.expr) for number, key in enumerate(one.order.keys))
        top = 1 + max((getattr(node, "id", 0) for node in relations(one.order)), default=0)
        rows = q.Select(top, q.Limit(one.order, Const(2, INT), None), keys)
        columns = tuple((name, q.Column(top, name, expr.type)) for name, expr in keys)
        first = _rows(context.database(one.query.database), q.Query(one.query.database, rows, columns, ()))
        if len(first) == 2 and first[0] == first[1]:
            yield (
                one.step,
                "T0612",
                "other rows tie with the first one, and one of them is taken; the plural takes them all",
            )


def _left_out(values: FieldValues, context: Context, sampler: Callable[[], Sampler]) -> Told:
    """Rows whose partner is missing, by a reference that is only noted: a database may hold such rows."""
    for one in values.joined():
        sides = (one.store, one.field), (one.other_store, one.other_field)
        for (store, field), (other_store, other_field) in (sides, sides[::-1]):
            database, _, name = store.partition(".")
            other = other_store.partition(".")[2]
            noted = context.schema(database).stores[name].note(field.name)
            if (noted.other_store, noted.other_field) == (other, other_field.name):
                count = _without_partner(context.database(database), name, field, other, other_field)
                if count:
                    rows = "1 row of" if count == 1 else f"{count:,} rows of"
                    says = f"{rows} {name} {'has' if count == 1 else 'have'} a {field.name} that {other} does not have"
                    yield one.step, "T0614", f"{says}, and the join leaves {'it' if count == 1 else 'them'} out"


def _repeated(values: FieldValues, context: Context, sampler: Callable[[], Sampler]) -> Told:
    """Counts, sums and averages in which one row may be there several times, as the keys of the stores tell."""

    def keys(name: str) -> tuple[tuple[str, ...], ...]:
        database, _, store = name.partition(".")
        found = noted(context.schema(database)).stores[store]
        return (found.primary_key, *found.unique)

    for one in values.repeated(keys):
        message = f"{one.aggregate} of {one.field} takes a row of {one.store} once for each of its {one.other_store}"
        yield one.step, "T0615", message


def _namesakes(values: FieldValues, context: Context, sampler: Callable[[], Sampler]) -> Told:
    """Figures over several rows that share a name: two customers called Ann are two."""
    for one in values.totalled():
        from sopc.english.reading.aliases import GUESSED, labels_of  # loads the words of English

        store, name = one.field
        database, _, bare = store.partition(".")
        found = noted(context.schema(database)).stores[bare]
        labels, guessed = labels_of(found)
        tells = (name,) in (found.primary_key, *found.unique)
        if labels != (name,) or guessed > GUESSED or tells or not found.primary_key:
            continue
        own, text = q.Column(1, name, TEXT), Const(one.literal, TEXT)
        same = q.Where(q.Scan(1, database, bare), q.Op("eq", (own, text), BOOL))
        count = _count(context.database(database), same)
        if count > 1:
            message = f'{count:,} rows of {bare} have the {name} "{one.literal}", and one figure is made of them all'
            yield one.step, "T0616", message


def _without_partner(database: Database, store: str, field: q.Column, other: str, other_field: q.Column) -> int:
    own, partner = q.Column(1, field.name, field.type), q.Column(2, other_field.name, other_field.type)
    partners = q.Where(q.Scan(2, database.name, other), q.Op("eq", (partner, own), BOOL))
    alone = q.Op("not", (q.Exists(partners, BOOL),), BOOL)
    given = q.Op("is_not_null", (own,), BOOL)
    rows = q.Where(q.Scan(1, database.name, store), q.Op("and", (given, alone), BOOL))
    return _count(database, rows)


def _count(database: Database, rows: q.Relation) -> int:
    counted = q.Group(3, rows, (), (("count", q.Aggregate("count", None, False, INT)),))
    query = q.Query(database.name, counted, (("count", q.Column(3, "count", INT)),), ())
    return int(_rows(database, query)[0][0])


def _rows(database: Database, query: q.Query) -> list[tuple[Any, ...]]:
    """All rows of a query, in a transaction of its own."""
    statement = database.prepare(query)
    database.begin(write=False)
    try:
        return [tuple(row) for batch in database.query(statement, ()) for row in batch]
    finally:
        database.rollback()


def _about(compiled: Compiled, step: typed.Step, code: str, message: str, store: str = "") -> DataWarning:
    sentences = compiled.modules[-1].debug.sentences
    number = step.sentence or 0
    if 0 < number <= len(sentences):
        return DataWarning(code, number, message, sentences[number - 1], store)
    line = ""
    if step.span is not None:
        line = compiled.source.line(compiled.source.position(step.span.start)[0]).strip()
    return DataWarning(code, 0, message, line, store)
