"""A workflow, schemas and callable scripts → the names that its program may hold, each as a terminal of a grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Final

from runtime.query.schema import Schema, Store
from runtime.values.functions import FUNCTIONS
from runtime.values.types import SCALARS
from sopc.english.constrain.rules import other_than
from sopc.syntax import print_expr
from sopc.syntax.grammar import reserved_words

QUERY_NAMES: Final = ("chosen", "found", "rest", "ranked", "totals", "matching", "latest", "pairs")
_COLUMN_WORDS: Final = (
    *("average", "avg", "count", "day", "difference", "first", "highest", "last", "lowest", "max", "maximum", "min"),
    *("minimum", "month", "name", "number", "of", "per", "rank", "ratio", "share", "sum", "total", "week", "year"),
)
_ERROR_FIELDS: Final = ("code", "message", "step")
_MAX_WORDS: Final = 200


@dataclass(frozen=True)
class Vocabulary:
    """script: what the script is called. schemas: by `uses` name. scripts: those that can be called → their
    parameters. emitted: fields of the records that they emit or return. words: of the text, which names of new columns
    are made of. sentences: how many there are."""

    script: str
    schemas: Mapping[str, Schema]
    scripts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    emitted: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    sentences: int = 1

    @property
    def stores(self) -> list[tuple[str, Store]]:
        """(database, store), in order."""
        return [(name, store) for name, schema in self.schemas.items() for store in schema.stores.values()]


def text_words(texts: Iterable[str]) -> frozenset[str]:
    """The words of sentences that a column's name can hold, in lower case."""
    found = dict.fromkeys(word for text in texts for word in re.findall(r"[a-z][a-z0-9]{1,24}", text.lower()))
    return frozenset(list(found)[:_MAX_WORDS])


def one_of(names: Iterable[str], spelling: Callable[[str], str] = print_expr.name) -> str:
    """A regular expression for these names as they are written, the longer ones first."""
    spelt = sorted({spelling(name) for name in names}, key=lambda name: (-len(name), name))
    return f"({'|'.join(map(_escaped, spelt))})"


def name_terminals(vocabulary: Vocabulary) -> dict[str, str]:
    """What does not depend on the store."""
    stores = [store for _, store in vocabulary.stores]
    fields = {one.name for store in stores for one in store.fields}
    made_up = _made_up(vocabulary, fields)
    known = one_of(fields) if fields else None
    keys = one_of((*fields, *vocabulary.emitted, *_ERROR_FIELDS), print_expr.key)
    return {
        "SCRIPT": _escaped(print_expr.name(vocabulary.script)),
        "SENTENCE": f"@({'|'.join(str(number) for number in range(vocabulary.sentences, 0, -1))})",
        "DATABASE": one_of(vocabulary.schemas),
        "VARIABLE": other_than(reserved_words(), everywhere=False),
        "QUERY_NAME": one_of(query_names(vocabulary)),
        "QUERY_ALIAS": alias_of("query"),
        "NEW_COLUMN": made_up,
        "COLUMN": known or made_up,
        "QUALIFIED": "|".join(filter(None, (qualified(stores), _of_queries(vocabulary, known or made_up)))),
        "FIELD": rf"\.({keys}|{made_up})",
        "SCALAR_TYPE": one_of(SCALARS),
        "SCALAR": one_of(name for name, row in FUNCTIONS.items() if row.kind == "scalar" and takes(name)),
        "CLOCK": one_of(name for name, row in FUNCTIONS.items() if row.kind == "scalar" and not takes(name)),
        "AGGREGATE": one_of(name for name, row in FUNCTIONS.items() if row.kind == "aggregate"),
        "WINDOW": one_of(name for name, row in FUNCTIONS.items() if row.kind == "window" and takes(name)),
        "RANKING": one_of(name for name, row in FUNCTIONS.items() if row.kind == "window" and not takes(name)),
    }


def takes(function: str) -> bool:
    """Whether a function takes arguments."""
    return any("()" not in signature for signature in FUNCTIONS[function].signatures)


def query_names(vocabulary: Vocabulary) -> list[str]:
    """What named queries may be called, so that their names can't be taken for a store's."""
    taken = {store.name for _, store in vocabulary.stores}
    return [name for name in QUERY_NAMES if name not in taken]


def store_spellings(vocabulary: Vocabulary, database: str, store: Store) -> str:
    """A store by its name, where no other database has it, and by its database's and its own."""
    qualified = print_expr.store(database, store.name)
    if sum(other.name == store.name for _, other in vocabulary.stores) > 1:
        return _escaped(qualified)
    return f"({_escaped(qualified)}|{_escaped(print_expr.name(store.name))})"


def alias_of(name: str) -> str:
    """A regular expression for what a store or a query may be called in a query besides its name, such that the alias
    tells whose fields can follow."""
    letter = name[0].lower()
    return f"{letter if letter in ascii_lowercase else 'x'}[0-9]?"


def qualified(stores: Iterable[Store]) -> str:
    """`employees.salary`, or `e.salary`: a field of a store whose name begins so."""
    fields: dict[str, list[str]] = {}
    for store in stores:
        names = [one.name for one in store.fields]
        for source in (_escaped(print_expr.name(store.name)), alias_of(store.name)):
            fields.setdefault(source, []).extend(names)
    return "|".join(rf"{source}\.{one_of(names, print_expr.key)}" for source, names in fields.items())


def _of_queries(vocabulary: Vocabulary, any_field: str) -> str | None:
    """`chosen.salary`, or `q.salary`."""
    names = query_names(vocabulary)
    return rf"({alias_of('query')}|{one_of(names)})\.{any_field}" if names else None


def _made_up(vocabulary: Vocabulary, fields: Iterable[str]) -> str:
    """The name of a column that a query makes: one to four words of the text, the schema or of common use."""
    known = [*fields, *(store.name for _, store in vocabulary.stores)]
    parts = {part for name in known for part in re.findall("[a-z][a-z0-9]*", name.lower())}
    words = {*vocabulary.words, *_COLUMN_WORDS, *parts, *(row.lower() for row in _singulars(known))}
    any_word = "|".join(sorted(words, key=lambda word: (-len(word), word)))
    alone = "|".join(sorted(words - reserved_words(), key=lambda word: (-len(word), word)))
    return f"({alone}|({any_word})(_({any_word})){{1,3}})"


def _singulars(names: Iterable[str]) -> Iterable[str]:
    return (name[:-1] for name in names if re.fullmatch("[a-z]{3,}s", name))


def _escaped(text: str) -> str:
    return re.sub(r"([.^$*+?{}\[\]\\|()/&~\-])", r"\\\1", text)
