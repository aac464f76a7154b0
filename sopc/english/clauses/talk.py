"""Where a clause stands → the rows and amounts that an earlier sentence left to speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.values.types import INT
from sopc.english.lexicon import same_words, singular
from sopc.english.patterns.grammar import grammar
from sopc.english.patterns.matcher import Found, Matcher, Reject
from sopc.english.patterns.semantics import Context, FoundSet, Rows, Source, Variable, call, column, negate
from sopc.english.patterns.tokens import Token, name_words
from sopc.english.reading.reader import Reader
from sopc.tree import nodes

Tokens = Sequence[Token]


@dataclass
class Talk:
    """What a workflow has spoken of.

    singular: the found sets whose rows were named in the singular ("the box with that name").
    rows: of the loops so far, by the name of their row.
    guesses: parts of readings that were guessed: what holds one has to be confirmed.
    amount: the variable of the amount that the sentence before has kept.
    reader: of questions, for noun phrases that no pattern reads.
    said: the words of the sentence before.
    missing: the store of a row that is to be created, and the fields that it needs and nobody says.
    reason: why the clause is refused, if the reader knows.
    """

    singular: set[str] = field(default_factory=set)
    guesses: list[nodes.Node] = field(default_factory=list)
    missing: tuple[str, tuple[str, ...]] = ("", ())
    amount: str = ""
    reader: Reader | None = None
    said: tuple[str, ...] = ()
    rows: dict[str, Source] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A sentence being read. steps: of its block, so far; what is remembered for it is put among them."""

    text: str
    talk: Talk
    steps: list[nodes.AnyStep]

    def whole(self, phrase: str, tokens: Tokens, context: Context) -> list[Any]:
        """What all of the tokens mean as a phrase of the pattern grammar."""
        return Matcher(grammar(), self.text, tuple(tokens)).whole(phrase, context) if tokens else []

    def prefixes(self, phrase: str, tokens: Tokens, at: int, context: Context) -> list[Found]:
        return Matcher(grammar(), self.text, tuple(tokens)).read(phrase, at, context)

    # ── rows found before ────────────────────────────────────────────────────────────────────────────────────────

    def found_rows(self, context: Context) -> Rows:
        """The rows found last; once their store has changed, those with the keys that were found."""
        found = _found(context)
        return Rows(found.source) if found.changed_by is None else Rows(found.rows.source, (self._among(found),))

    def other_rows(self, context: Context) -> Rows:
        """The rows of their store that were not found."""
        found = _found(context)
        store = found.rows.source
        if found.changed_by is None and len(store.store.primary_key) == 1:
            key = store.store.primary_key[0]
            return Rows(store, (negate(self.among(column(store, key), key, context)),))
        return Rows(store, (negate(self._among(found)),))

    def found_query(self, context: Context) -> nodes.Query:
        rows = self.found_rows(context)
        wheres = tuple(nodes.Where(condition=one) for one in rows.conditions)
        return nodes.Query(stages=(rows.source.scan, *wheres))

    def counted(self, context: Context) -> Variable:
        """How many rows were found, counted when they were."""
        found = _found(context)
        if found.counted is not None:
            return Variable(found.counted, INT, frozenset({("count",)}))
        query = nodes.Query(stages=(nodes.From(store=found.name),))
        name = f"{found.name}_count"
        self._keep(found, name, (nodes.Let(name=name, value=nodes.QueryExpr(kind="count", query=query)),))
        return Variable(name, INT, frozenset({("count",), ("number",)}))

    def among(self, field: nodes.Expr, key: str, context: Context) -> nodes.Expr:
        """That a field points at one of the rows found, by their key."""
        found = _found(context)
        if found.changed_by is not None:
            told = self._among(found)
            if found.rows.source.store.primary_key != (key,) or not isinstance(told, nodes.InExpr):
                raise Reject("what was found before may be different now: find it again")
            return told.model_copy(update={"arg": field})
        select = nodes.Select(columns=(nodes.NamedColumn(value=column(found.source, key)),))
        return nodes.InExpr(arg=field, query=nodes.Query(stages=(nodes.From(store=found.name), select)))

    def _among(self, found: FoundSet) -> nodes.Expr:
        """That a row of the store is one of those found, told by the keys that were found."""
        store = found.rows.source
        if len(store.store.primary_key) != 1:
            raise Reject(f"{store.store.name} has no single key to tell the rows found by")
        key = store.store.primary_key[0]
        name = f"{found.name}_keys"
        field = store.store.field(key)
        assert field is not None
        self._keep(found, name, _keys(found, key, name, nodes.TypeName(name=field.type.name)))
        return nodes.InExpr(arg=column(store, key), items=(nodes.Name(name=name),), is_list=True)

    def _keep(self, found: FoundSet, name: str, made: tuple[nodes.AnyStep, ...]) -> None:
        """Puts steps that keep a value right where the set was found, once."""
        if any(isinstance(step, nodes.Let) and step.name == name for step in self.steps):
            return
        for at, step in enumerate(self.steps):
            if isinstance(step, nodes.NameQuery) and step.name == found.name:
                self.steps[at + 1 : at + 1] = [one.model_copy(update={"sentence": step.sentence}) for one in made]
                return
        raise Reject("what was found before can't be spoken of here: find it again")


def _keys(found: FoundSet, key: str, name: str, type_: nodes.TypeName) -> tuple[nodes.AnyStep, ...]:
    """The list of the keys of the rows found, one after the other."""
    listed = nodes.Let(name=name, declared=nodes.TypeName(name="list", item=type_), value=nodes.ListExpr(items=()))
    row = f"{found.name}_row"
    select = nodes.Select(columns=(nodes.NamedColumn(value=column(found.source, key)),))
    longer = call("append", nodes.Name(name=name), nodes.FieldAccess(base=nodes.Name(name=row), name=key))
    query = nodes.Query(stages=(nodes.From(store=found.name), select))
    return listed, nodes.ForEach(name=row, query=query, steps=(nodes.Assign(name=name, value=longer),))


def _found(context: Context) -> FoundSet:
    if context.found is None:
        raise Reject("nothing was found before that this could mean")
    return context.found


def lows(tokens: Tokens) -> list[str]:
    return [token.low for token in tokens]


def names_store(words: Sequence[str], source: Source) -> bool:
    """Whether words name the rows of a store: its whole name, or the last word of it."""
    own = name_words(source.store.name)
    return bool(words) and (same_words(words, own) or same_words(words, own[-1:]))


def is_plural(word: str) -> bool:
    return singular(word) != word


def with_row(place: Place, context: Context) -> tuple[Context, Source] | None:
    """The context in which the one row that was found is spoken of as "it"; None where several were found."""
    found = context.found
    if context.subject is not None or found is None or found.name not in place.talk.singular:
        return None
    base = found.rows.source
    name = "_".join((*name_words(base.store.name)[:-1], singular(name_words(base.store.name)[-1])))
    taken = {one.name for one in context.variables} | {one.store.name for one in context.world.sources}
    record = Source(f"this_{name}" if name in taken else name, base.database, base.store, None)
    return on_row(context, record), record


def on_row(context: Context, record: Source) -> Context:
    """The context in which a row is spoken of; a word that names one of its fields means that field."""
    own = {name_words(field.name) for field in record.store.fields}
    known = tuple(replace(one, words=one.words - own) if one.words - own else one for one in context.variables)
    return replace(context, subject=record, source=record, target=None, variables=known, _children={})


def named_in_singular(tokens: Tokens, found: FoundSet) -> bool:
    """Whether the rows that a sentence finds are named as one: "the box with that name", "the open box"."""
    own = name_words(found.rows.source.store.name)[-1]
    for token in tokens:
        if token.kind == "word" and same_words((token.low,), (own,)):
            every = {"each", "every", "any"} & {one.low for one in tokens[: tokens.index(token)]}
            return not is_plural(token.low) and not every
    return False
