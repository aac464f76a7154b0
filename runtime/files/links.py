"""A store and the others of its database → what tells its rows apart, and which fields refer to which stores.

Found is what names and all values speak for. Where names match and values are missing, or where values match under
another name, a person decides; whole numbers under another name are never looked at, as they match by chance. What is
found or said is kept as notes of fields: nothing is enforced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from shlex import quote
from typing import Any, Final

import msgspec

from runtime.databases.protocol import Loadable
from runtime.databases.tables import qualified_name, quote_identifier
from runtime.errors import UsageError
from runtime.files.remembered import remember_note
from runtime.files.words import KEY_TAILS, LABELS
from runtime.query.schema import Field, Note, Schema, Store, noted, refers

_REFERENCES: Final = '--references "cust_no=customers.cust_no"'
_FEWEST: Final = 2  # rows of a store of which it can be told that a field tells them apart
_FEWEST_CODES: Final = 3  # values of a field that are no chance under another name
_MOST_CODES: Final = 10_000  # values of a field that holds codes
_MOST_NAMES: Final = 100_000  # rows of a store that says what codes mean
_SHARE_OF_CODES: Final = 0.95
_SHARE_OF_NAMED: Final = 0.5
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLURALS: Final = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("ss", "ss"), ("s", ""))


class Link(msgspec.Struct, frozen=True):
    """A field that refers to a store, surely or perhaps.

    Attributes:
        store: Its store.
        field: Its name.
        other_store: The store that it refers to.
        other_field: The field there that holds its values.
        found: How many of its different values are there.
        of: How many different values it has.
        is_sure: It is one, and is kept; else a person may say so.
    """

    store: str
    field: str
    other_store: str
    other_field: str
    found: int
    of: int
    is_sure: bool = True


class Links(msgspec.Struct, frozen=True):
    """What was found or said of a store. keys: the fields that together tell its rows apart; none where that is not
    known. links: of its fields, and of others to it."""

    keys: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


def parse_key(text: str) -> tuple[str, ...]:
    """Return the fields of a key, such as `order_no,line`; none for an empty text.

    Args:
        text: As given in the shell.
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_references(texts: Iterable[str]) -> dict[str, str]:
    """Parse references, such as `cust_no=customers.cust_no`.

    Args:
        texts: As given in the shell.

    Returns:
        Field → STORE.FIELD.

    Raises:
        UsageError: D0506 when one is not of that form.
    """
    found = {}
    for text in texts:
        field, equals, to = text.partition("=")
        if not (field.strip() and equals and to.strip()):
            raise UsageError("D0506", f"`{text}` does not say what a field refers to", _REFERENCES)
        found[field.strip()] = to.strip()
    return found


def links_of(
    database: Loadable, name: str, before: Sequence[Note], key: Sequence[str], references: Mapping[str, str]
) -> Links:
    """Keep what a person says of a store that was loaded, or said of the one that it replaces, and find the rest.

    Args:
        database: Open for writing, in a transaction of the caller.
        name: The store.
        before: The notes of the store that it replaces.
        key: As for `say_links`.
        references: As for `say_links`.

    Raises:
        UsageError: As `say_links`.
    """
    database.forget_schema()
    store = database.schema().stores[name]
    said = [note for note in before if note.said and store.field(note.field) is not None]
    for note in said:
        remember_note(database, name, note.field, said=True)
    key = key or [note.field for note in said if note.is_key]
    kept = {note.field: f"{note.other_store}.{note.other_field}" for note in said if note.other_store}
    spoken = say_links(database, name, key, {**kept, **references})
    found = find_links(database, name)
    return Links(spoken.keys or found.keys, (*spoken.links, *found.links))


def find_links(database: Loadable, name: str) -> Links:
    """Find what a store refers to, what refers to it, and its key; keep what is sure.

    Args:
        database: Open for writing, in a transaction of the caller.
        name: The store.

    Returns:
        What is sure, and what a person may say.
    """
    look = _Look(database)
    store = look.stores[name]
    found = list(look.links(name))
    for link in found:
        if link.is_sure:
            look.keep(link)
    keys, key = store.primary_key, look.key(name)
    if key is not None and not keys:
        referred = any(link.is_sure and (link.other_store, link.other_field) == (name, key) for link in found)
        if referred or _words(key)[-1] in KEY_TAILS:
            keys = (key,)
            remember_note(database, name, key, is_key=True)
    database.forget_schema()
    return Links(keys, tuple(found))


def say_links(database: Loadable, name: str, key: Sequence[str], references: Mapping[str, str]) -> Links:
    """Keep what a person says of a store.

    Args:
        database: Open for writing, in a transaction of the caller.
        name: The store.
        key: Its fields that together tell its rows apart; none to say nothing of that.
        references: Field → STORE.FIELD.

    Returns:
        What was said, with how many values are found.

    Raises:
        UsageError: D0506, there is no such field or store, the types differ, or rows are not told apart.
    """
    look = _Look(database)
    store = look.stores[name]
    _check_fields(store, (*key, *references))
    if key:
        look.check_key(name, key)
        for note in store.known:
            if note.is_key and note.field not in key:
                remember_note(database, name, note.field, is_key=False)
        for field in key:
            remember_note(database, name, field, is_key=True, said=True)
        look = _Look(database)
    links = [look.said(name, field, to) for field, to in references.items()]
    for link in links:
        look.keep(link, said=True)
    database.forget_schema()
    return Links(tuple(key), tuple(links))


def kept_links(database: Loadable, name: str, before: Mapping[str, Store], links: Links) -> tuple[Links, list[str]]:
    """Look again at what was known of a store before rows were loaded into it.

    Args:
        database: Open, in a transaction of the caller.
        name: The store.
        before: The stores before, by name, with their notes.
        links: What was found or said after the load.

    Returns:
        These, and every reference from or to the store with values that are not there; and what is told of a key that
        tells rows apart no more, and of references to what is gone.
    """
    look = _Look(database)
    looked_at = {(link.store, link.field) for link in links.links}
    more, told = [], []
    pairs = [
        (store, note) for store in before.values() for note in store.known if name in (store.name, note.other_store)
    ]
    for store, note in pairs:
        now, place = look.stores.get(store.name), (store.name, note.field)
        if now is None or not now.note(note.field).other_store or place in looked_at:
            continue
        if not refers(now, note, look.stores.get(note.other_store)):
            target = f"{note.other_store}.{note.other_field}"
            told.append(f"`{store.name}.{note.field}` refers to `{target}`, which is there no more")
            continue
        link = look.inside(*place, note.other_store, note.other_field)
        more += [link] if link.found < link.of else []
    key = [note.field for note in before[name].known if note.is_key] if name in before else []
    gone = [field for field in key if look.stores[name].field(field) is None]
    lost = f"`{name}` has no field `{gone[0]}`" if gone else look.shared(name, key) if key else ""
    told += [f"{lost}; it was the key, so joins do not rely on it"] if lost else []
    return Links(links.keys, (*links.links, *more)), told


def with_settings(schema: Schema, database: str, settings: Mapping[str, Mapping[str, Any]]) -> Schema:
    """Return a schema with what sop.toml says of stores in the notes of their fields; also of a database that can only
    be read. What fits no store is left out: `unmet_settings` tells of it.

    Args:
        schema: Of the database.
        database: Its name.
        settings: `[stores.NAME]`: `key` and `references`, as the options have them, by STORE or DATABASE.STORE.
    """
    stores = dict(schema.stores)
    for name, said in settings.items():
        store = _meant(schema, database, name)
        if store is not None:
            with suppress(UsageError):
                stores[store.name] = _with_said(stores[store.name], stores, said)
    return msgspec.structs.replace(schema, stores=stores)


def unmet_settings(
    schemas: Mapping[str, Schema], settings: Mapping[str, Mapping[str, Any]], *, are_all: bool
) -> list[UsageError]:
    """Tell what sop.toml says of stores and fields that are not there.

    Args:
        schemas: Of databases, by name.
        settings: As for `with_settings`.
        are_all: There are no other databases, in which a STORE may be.

    Returns:
        An error C0202 for each table of it that is left out.
    """
    found = []
    for name, said in settings.items():
        meant = [(schema, store) for database, schema in schemas.items() if (store := _meant(schema, database, name))]
        unread = any(name.removeprefix(f"{database}.") in schema.broken for database, schema in schemas.items())
        if not meant and not unread and (are_all or name.partition(".")[0] in schemas):
            found.append(UsageError("C0202", f"[stores.{name}] of sop.toml speaks of a store that is not there"))
        for schema, store in meant:
            try:
                _with_said(store, schema.stores, said)
            except UsageError as error:
                found.append(UsageError("C0202", f"[stores.{name}] of sop.toml: {error.message}"))
    return found


def _meant(schema: Schema, database: str, name: str) -> Store | None:
    """The store that a table of sop.toml speaks of, if it is in this database."""
    return schema.stores.get(name) or schema.stores.get(name.removeprefix(f"{database}."))


def _with_said(store: Store, stores: Mapping[str, Store], said: Mapping[str, Any]) -> Store:
    key, pairs = said.get("key", ()), parse_references(said.get("references", ()))
    _check_fields(store, (*key, *pairs))
    notes = {note.field: msgspec.structs.replace(note, is_key=note.is_key and not key) for note in store.known}
    for field in key:
        notes[field] = msgspec.structs.replace(notes.get(field, Note(field)), is_key=True, said=True)
    for field, to in pairs.items():
        other, target = _target(stores, to)
        before = notes.get(field, Note(field))
        notes[field] = msgspec.structs.replace(before, other_store=other, other_field=target, said=True)
    return msgspec.structs.replace(store, notes=tuple(notes.values()))


def _target(stores: Mapping[str, Store], to: str) -> tuple[str, str]:
    """The store and the field of STORE.FIELD. UsageError D0506 for what is not there."""
    places = ((store, to[len(store) + 1 :]) for store in stores if to.startswith(f"{store}."))
    place = next(((store, other) for store, other in places if stores[store].field(other)), None)
    if place is None:
        named = next((store for store in stores if to.startswith(f"{store}.")), None)
        known = stores if named is None else [field.name for field in stores[named].fields]
        has = "the stores are" if named is None else f"the fields of {named} are"
        raise UsageError("D0506", f"there is no field `{to}` to refer to", f"{has} {', '.join(known)}")
    return place


def unlink(database: Loadable, name: str, fields: Sequence[str]) -> None:
    """Keep that fields refer to nothing and are no keys, whatever their names and values speak for.

    Args:
        database: Open for writing, in a transaction of the caller.
        name: Their store.
        fields: Their names.

    Raises:
        UsageError: D0506, there is no such field.
    """
    _check_fields(database.schema().stores[name], fields)
    for field in fields:
        remember_note(database, name, field, is_key=False, refers=("", ""), said=True)
    database.forget_schema()


def _check_fields(store: Store, fields: Iterable[str]) -> None:
    for field in fields:
        if store.field(field) is None:
            known = ", ".join(each.name for each in store.fields)
            raise UsageError("D0506", f"`{store.name}` has no field `{field}`", known)


class _Look:
    """The stores of a database while links are looked for. What is asked of the data is asked once."""

    def __init__(self, database: Loadable) -> None:
        self.database = database
        database.forget_schema()
        schema = noted(database.schema())
        self.place, self.stores = schema.place, schema.stores
        self.key = cache(self._key)
        self.codes = cache(self._codes)
        self.tells_apart = cache(self._tells_apart)

    # ── what is found ──────────────────────────────────────────────────────────────────────────────────────────

    def links(self, name: str) -> Iterable[Link]:
        """Of the fields of a store to others, and of others to it."""
        others = [other for other in self.stores if other != name and not self.stores[other].read_only]
        ways = [(name, field, others) for field in self._free(name)]
        ways += [(other, field, [name]) for other in others for field in self._free(other)]
        found: dict[frozenset[tuple[str, str]], Link] = {}
        for link in (self._link(*way) for way in ways):
            if link is not None:  # of two stores that refer to each other by the same fields, the one that is sure
                ends = frozenset([(link.store, link.field), (link.other_store, link.other_field)])
                if ends not in found or link.is_sure > found[ends].is_sure:
                    found[ends] = link
        return found.values()

    def _free(self, name: str) -> Iterator[Field]:
        """The fields that may refer to something: not called like their own store, and nothing is known of them."""
        store, own = self.stores[name], _words(name)
        known = {field for key in store.foreign_keys for field in key.fields}
        for field in store.fields:
            words = _words(field.name)
            is_own = words == own or (words[:-1] == own and words[-1] in (*KEY_TAILS, *LABELS))
            if _is_id(field) and not is_own and field.name not in known and not store.note(field.name).said:
                yield field

    def _link(self, name: str, field: Field, others: Sequence[str]) -> Link | None:
        targets = [(other, target) for other in others for target in self._named(field, other)]
        links = [self.inside(name, field.name, other, target) for other, target in targets]
        likely = [link for link in links if link.of and link.found >= _SHARE_OF_NAMED * link.of]
        if not likely and field.type.name == "text":
            likely = [link for other in others if (link := self._by_codes(name, field, other)) is not None]
        best = max(likely, key=lambda link: link.found, default=None)
        sure = best is not None and bool(targets) and len(likely) == 1 and best.found == best.of
        return None if best is None else msgspec.structs.replace(best, is_sure=sure)

    def _named(self, field: Field, other: str) -> Iterator[str]:
        """The fields of a store that a field of this name and type would refer to: its key, or its one name."""
        called, own = _words(field.name), _words(other)
        for target in self.stores[other].fields:
            words = _words(target.name)
            same = called == words and (len(words) > 1 or words[0] not in (*KEY_TAILS, *LABELS))
            if target.type.not_null() != field.type.not_null() or not (same or called in (own, (*own, *words))):
                continue
            if target.name == self.key(other) or (
                is_label(target.name) and not same and self.tells_apart(other, target.name)
            ):
                yield target.name

    def _by_codes(self, name: str, field: Field, other: str) -> Link | None:
        """Where nearly all values of a text are the key of a store that has another name for it."""
        key = self.key(other)
        values, names = self.codes(name, field.name, _MOST_CODES), self.codes(other, key, _MOST_NAMES) if key else set()
        found = len(values & names)
        if len(values) < _FEWEST_CODES or found < _SHARE_OF_CODES * len(values):
            return None
        return Link(name, field.name, other, key or "", found, len(values))

    # ── what is said ───────────────────────────────────────────────────────────────────────────────────────────

    def said(self, name: str, field: str, to: str) -> Link:
        """A reference to STORE.FIELD. Raises UsageError D0506."""
        place = _target(self.stores, to)
        ours, theirs = self.stores[name].field(field), self.stores[place[0]].field(place[1])
        assert ours is not None and theirs is not None
        if ours.type.not_null() != theirs.type.not_null():
            message = f"`{field}` is {ours.type.not_null()} and `{to}` is {theirs.type.not_null()}"
            store, other = (name, field) if theirs.type.name == "text" else place
            again = f"import {store} anew as text: --replace --types {quote(f'{other}=text')}"
            raise UsageError("D0506", message, again)
        self.check_key(place[0], [place[1]])
        return self.inside(name, field, *place)

    def check_key(self, name: str, fields: Sequence[str]) -> None:
        """Raise UsageError D0506 where rows share the values of fields: joins would count them twice."""
        shared = self.shared(name, fields)
        if shared:
            raise UsageError("D0506", shared, "a field, or several, whose values no two rows share")

    def shared(self, name: str, fields: Sequence[str]) -> str:
        """What is told of rows that share the values of fields; empty where none do."""
        columns = ", ".join(map(quote_identifier, fields))
        sql = f"SELECT {columns}, count(*) FROM {self._table(name)} GROUP BY {columns} HAVING count(*) > 1 LIMIT 1"
        for *values, rows in self.database.plain_sql(sql):
            called = " and ".join(f"`{name}.{field}`" for field in fields)
            verb = "tells" if len(fields) == 1 else "tell"
            return f"{called} {verb} no rows apart: {rows} have {', '.join(map(str, values))}"
        return ""

    def keep(self, link: Link, *, said: bool = False) -> None:
        """Remember a reference, and that what it refers to is the key of its store."""
        to = (link.other_store, link.other_field)
        remember_note(self.database, link.store, link.field, refers=to, said=said)
        if not self.stores[link.other_store].primary_key and self.key(link.other_store) == link.other_field:
            remember_note(self.database, link.other_store, link.other_field, is_key=True)

    # ── what the data say ──────────────────────────────────────────────────────────────────────────────────────

    def _table(self, name: str) -> str:
        return qualified_name(self.place, name)

    def _key(self, name: str) -> str | None:
        """The one field that tells the rows of a store apart: as declared or said, else by its name or its place."""
        store = self.stores[name]
        if store.primary_key:
            return store.primary_key[0] if len(store.primary_key) == 1 else None
        likely = [field.name for place, field in enumerate(store.fields) if _may_be_key(store, place, field)]
        return next((field for field in likely if self.tells_apart(name, field)), None)

    def _tells_apart(self, name: str, field: str) -> bool:
        column = quote_identifier(field)
        sql = f"SELECT count(*), count({column}), count(DISTINCT {column}) FROM {self._table(name)}"
        rows, filled, different = self.database.plain_sql(sql)[0]
        return bool(rows >= _FEWEST and rows == filled == different)

    def inside(self, name: str, field: str, other: str, target: str) -> Link:
        """How many values of a field are found in another."""
        ours, theirs = quote_identifier(field), quote_identifier(target)
        values = f"SELECT DISTINCT {ours} AS v FROM {self._table(name)} WHERE {ours} IS NOT NULL"
        joined = f"({values}) AS x LEFT JOIN {self._table(other)} AS o ON o.{theirs} = x.v"
        sql = f"SELECT count(DISTINCT x.v), count(DISTINCT o.{theirs}) FROM {joined}"
        of, found = self.database.plain_sql(sql)[0]
        return Link(name, field, other, target, found, of)

    def _codes(self, name: str, field: str, most: int) -> set[str]:
        """The different values of a text field; none where there are more than so many."""
        column = quote_identifier(field)
        sql = f"SELECT DISTINCT {column} FROM {self._table(name)} WHERE {column} IS NOT NULL LIMIT {most + 1}"
        rows = self.database.plain_sql(sql)
        return {row[0] for row in rows} if len(rows) <= most else set()


def _may_be_key(store: Store, place: int, field: Field) -> bool:
    """Whether the name or the place of a field speaks for a key: it is called an id, or like its store; or it is the
    first, and is called a number or a code, or is text."""
    words, own = _words(field.name), _words(store.name)
    if not _is_id(field) or store.note(field.name).said:
        return False
    named = words in (("id",), own) or (words[-1] in KEY_TAILS and words[: len(own)] == own)
    return named or (place == 0 and (field.type.name == "text" or words[-1] in KEY_TAILS))


def is_label(name: str) -> bool:
    """Tell whether a field is called as what says how rows are called: a name or a title."""
    return _words(name)[-1] in LABELS


def _is_id(field: Field) -> bool:
    return field.type.name in ("int", "text") and not field.generated


@cache
def _words(name: str) -> tuple[str, ...]:
    """The words of a name in the singular: "orderLines" and "Order Line" alike."""
    found = tuple(map(_singular, _WORD.findall(_HUMP.sub(" ", name).lower())))
    return found or (name,)


def _singular(word: str) -> str:
    end = next((end for end in _PLURALS if len(word) > 3 and word.endswith(end[0])), ("", ""))
    return word.removesuffix(end[0]) + end[1]
