"""A sentence, schemas and data → the stores, fields and values that its words name (schema linking)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from runtime.query.schema import Schema
from sopc.english.patterns.tokens import name_words, tokenize
from sopc.english.patterns.words import KEY_ENDINGS, same_words
from sopc.english.prompt.schemas import phrases
from sopc.english.sample import text_fields
from sopc.syntax import print_expr

Mentioned = Callable[[str, str, str, tuple[str, ...]], Sequence[str]]  # database, store, field, phrases → values

_MOST: Final = 12


def links(sentence: str, schemas: Mapping[str, Schema], mentioned: Mentioned) -> str:
    """The links of a sentence, such as ` [boxes, makers.name "Bo"]`; "" if no word names anything.

    Args:
        sentence: Its text.
        schemas: By `uses` name.
        mentioned: Finds the values of a field among phrases of the sentence.
    """
    found = list(dict.fromkeys(_links(sentence, schemas, mentioned)))[:_MOST]
    return f" [{', '.join(found)}]" if found else ""


def _links(sentence: str, schemas: Mapping[str, Schema], mentioned: Mentioned) -> Iterator[str]:
    written = tuple(token.low for token in tokenize(sentence) if token.kind == "word")
    said = phrases(sentence)
    everything = [(name, schema, store) for name, schema in schemas.items() for store in schema.stores.values()]
    named = [store for _, _, store in everything if stands(written, name_words(store.name))]
    for store in named:
        yield print_expr.name(store.name)
    known = {field.name for store in named for field in store.fields}
    for name, schema, store in everything:
        texts = text_fields(schema, store.name)
        for field in store.fields:
            place = f"{print_expr.name(store.name)}.{print_expr.name(field.name)}"
            values = mentioned(name, store.name, field.name, said) if field.name in texts else ()
            if values:
                yield f"{place} {' '.join(json.dumps(value, ensure_ascii=False) for value in values)}"
            elif _is_named(written, name_words(field.name), of_named=store in named, elsewhere=field.name in known):
                yield place


def _is_named(written: tuple[str, ...], words: tuple[str, ...], *, of_named: bool, elsewhere: bool) -> bool:
    """Whether the sentence names a field. of_named: whether it names the field's store, too. elsewhere: whether another
    store that it names has a field with that name."""
    if of_named:
        return stands(written, words) or stands(written, _without_key(words))
    return not elsewhere and stands(written, words)


def _without_key(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a key without "id": a sentence says "the owner" for owner_id."""
    return words[:-1] if len(words) > 1 and words[-1] in KEY_ENDINGS else words


def stands(written: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether a sentence contains the words of a name, in singular or plural. "the number of …" does not name a field
    `number`, nor "5 per hour" a field `hours`."""
    for at in range(len(written) - len(words) + 1):
        there = written[at : at + len(words)]
        counts = words == ("number",) and written[at + 1 : at + 2] == ("of",)
        rate = at > 0 and written[at - 1] in ("per", "a", "an") and there != words
        if same_words(there, words) and not counts and not rate:
            return True
    return False
