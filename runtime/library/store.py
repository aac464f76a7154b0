"""A home folder → the library in it: modules by content hash, names with their versions, tags, prepared statements.

Keys are short prefixes before a name or hash, all in LMDB's one unnamed database: m: module, n: current version of a
name, v: every version, t: tag, s: statement. Every change is a single transaction. See environment.py for LMDB's
rules (one open library per path and process; open it anew in a child process, which must be spawned, not forked).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import msgspec

from runtime.config import LIBRARY_FILE
from runtime.errors import SopError, UsageError
from runtime.library.environment import MAP_SIZE, Environment
from runtime.library.records import Bundle, Entry, Provenance, decode_entry, encode_entry
from runtime.values.names import MAX_SCRIPT_BYTES


class Item(NamedTuple):
    """A module to store: its encoded bytes, their hash (codec.module_hash) and where it came from. work: what a model
    was asked and answered, as provenance.work names it."""

    name: str
    hash: str
    module: bytes
    provenance: Provenance = Provenance()
    work: bytes = b""


class Library:
    """Scripts and their versions. Reading makes and changes nothing; a library that is not there is an empty one.

    Every method raises SopError with code L01xx; an unknown script, version or tag is a UsageError.

    Args:
        environment: The file that holds them; `open` makes it.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    @classmethod
    def open(cls, home: Path, *, read_only: bool = False, map_size: int = MAP_SIZE) -> Library:
        """Open the library of a home folder. Files are opened at the first read or write.

        Args:
            home: The folder, which need not exist.
            read_only: Never open it for writing.
            map_size: The upper limit of the file, in bytes.
        """
        return cls(Environment(home / LIBRARY_FILE, read_only=read_only, map_size=map_size))

    def __enter__(self) -> Library:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the next read or write opens it again."""
        self.environment.close()

    @property
    def path(self) -> Path:
        """Return the path of the file."""
        return self.environment.path

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, name: str) -> Entry | None:
        """The current version of exactly this name, or None."""
        with self.environment.read() as transaction:
            return _current(transaction, name)

    def resolve(self, name: str) -> Entry:
        """Return the version that `name`, `name@3` or `name@tag` means.

        Raises:
            UsageError: L0101 with the nearest name, or L0102, when there is none.
        """
        with self.environment.read() as transaction:
            entry = _current(transaction, name)
            if entry is not None:
                return entry
            base, separator, wanted = name.rpartition("@")
            if not separator:
                base = name
            entry = _current(transaction, base)
            if entry is None:
                raise _unknown(base, self._names(transaction), self.path)
            return _version(transaction, entry, wanted)

    def load(self, hash_: str) -> bytes:
        """Return the encoded module of a hash; codec.decode checks it.

        Raises:
            SopError: L0105 when there is none.
        """
        with self.environment.read() as transaction:
            data = None if transaction is None else transaction.get(b"m:" + hash_.encode())
        if data is None:
            raise SopError("L0105", f"the library {self.path} has no module {hash_}", "compile the script again")
        return bytes(data)

    def names(self) -> list[str]:
        """Every script's name, sorted."""
        with self.environment.read() as transaction:
            return self._names(transaction)

    def entries(self) -> list[Entry]:
        """The current version of every script, by name."""
        with self.environment.read() as transaction:
            return [decode_entry(value) for _, value in _scan(transaction, b"n:")]

    def history(self, name: str) -> list[Entry]:
        """Return every version of a script, oldest first.

        Raises:
            UsageError: L0101 when there is no such script.
        """
        with self.environment.read() as transaction:
            if _current(transaction, name) is None:
                raise _unknown(name, self._names(transaction), self.path)
            return [decode_entry(value) for _, value in _scan(transaction, _versions_of(name))]

    def tags(self, name: str) -> dict[str, int]:
        """Tag → version of a script."""
        with self.environment.read() as transaction:
            return _tags(transaction, name)

    def bundle(self, names: Sequence[str] = ()) -> Bundle:
        """Return everything about these scripts (all when none is named) and what they call, read at one moment.

        Raises:
            UsageError: L0101 when there is no such script.
        """
        with self.environment.read() as transaction:
            known = self._names(transaction)
            wanted = list(names) or known
            entries: list[Entry] = []
            done: set[str] = set()
            while wanted:
                name = wanted.pop()
                if name in done:
                    continue
                done.add(name)
                if _current(transaction, name) is None:
                    raise _unknown(name, known, self.path)
                versions = [decode_entry(value) for _, value in _scan(transaction, _versions_of(name))]
                entries += versions
                wanted += [callee for version in versions for callee in version.calls if callee in known]
            modules = {entry.hash: bytes(transaction.get(b"m:" + entry.hash.encode()) or b"") for entry in entries}
            tags = {name: _tags(transaction, name) for name in sorted(done)}
        entries.sort(key=lambda entry: (entry.name, entry.version))
        return Bundle(tuple(entries), {name: by_tag for name, by_tag in tags.items() if by_tag}, modules)

    def work(self, entry: Entry) -> bytes | None:
        """What a model was asked and answered on the way to a version, None when nothing is kept."""
        with self.environment.read() as transaction:
            data = None if transaction is None else transaction.get(_work_of(entry))
        return None if data is None else bytes(data)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def put(self, module: bytes, hash_: str, name: str, provenance: Provenance | None = None) -> int:
        """Store a module as the newest version of a name, and return its number.

        The module of the current version, by hash, makes no new version: its debug information alone is renewed.

        Args:
            module: The encoded module.
            hash_: Of codec.module_hash.
            name: The script's name.
            provenance: Where it came from.
        """
        return self.put_all([Item(name, hash_, module, provenance or Provenance())])[0].version

    def put_all(self, items: Sequence[Item]) -> list[Entry]:
        """As `put`, for several scripts in one transaction: all are stored, or none."""
        prepared = [(item, describe(item)) for item in items]
        with self.environment.write() as transaction:
            return [_put(transaction, item, entry) for item, entry in prepared]

    def rollback(self, name: str, to: str) -> Entry:
        """Make an older version the newest again; history keeps what came between.

        Args:
            name: The script's name.
            to: A version or a tag.

        Raises:
            UsageError: L0101 or L0102 when there is none.
        """
        with self.environment.write() as transaction:
            current = _current(transaction, name)
            if current is None:
                raise _unknown(name, self._names(transaction), self.path)
            old = _version(transaction, current, to)
            if old.hash == current.hash:
                return current
            provenance = msgspec.structs.replace(old.provenance, copy_of=old.version)
            entry = msgspec.structs.replace(old, version=current.version + 1, when=_now(), provenance=provenance)
            _write_version(transaction, entry)
            return entry

    def tag(self, name: str, tag: str, version: int) -> None:
        """Let `name@tag` mean a version from now on.

        Args:
            name: The script's name.
            tag: A short word, not a number and without @.
            version: The version's number.

        Raises:
            UsageError: L0109 for another tag, L0101 or L0102 when there is no such version.
        """
        if not tag or tag.isdigit() or "@" in tag or "\0" in tag or len(tag.encode()) > MAX_SCRIPT_BYTES:
            raise UsageError("L0109", f"{tag!r} can't be a tag", "use a short word, not a number and without @")
        with self.environment.write() as transaction:
            current = _current(transaction, name)
            if current is None:
                raise _unknown(name, self._names(transaction), self.path)
            _version(transaction, current, str(version))
            transaction.put(_tags_of(name) + tag.encode(), version.to_bytes(4, "big"))

    def remove(self, names: Sequence[str], seen: Callable[[str], bool] = lambda name: True) -> dict[str, int]:
        """Forget scripts with all their versions, all or none.

        Args:
            names: Of the scripts.
            seen: whether an error may name a script.

        Returns:
            How many versions, by name.

        Raises:
            UsageError: L0101 when there is no such script.
            SopError: L0107 while another script calls one of them.
        """
        with self.environment.write() as transaction:
            everything = [decode_entry(value) for _, value in _scan(transaction, b"n:")]
            known = [entry.name for entry in everything]
            removed = {}
            for name in dict.fromkeys(names):
                if name not in known:
                    raise _unknown(name, known, self.path)
                callers = [entry.name for entry in everything if name in entry.calls and entry.name not in names]
                if callers:
                    raise _called(name, callers, seen)
                removed[name] = _forget(transaction, name)
            return removed

    def merge(self, bundle: Bundle) -> list[Entry]:
        """Take over another library's scripts, in one transaction; the versions that are new here.

        A name unknown here comes with its whole history and tags; of a known one, its current version is put.
        Every module is decoded and its hash worked out again first.
        """
        newest = {entry.name: entry for entry in bundle.entries}
        items = {entry.hash: Item(entry.name, entry.hash, bundle.modules[entry.hash]) for entry in bundle.entries}
        described = {hash_: describe(item) for hash_, item in items.items()}
        with self.environment.write() as transaction:
            known = set(self._names(transaction))
            added: list[Entry] = []
            for entry in bundle.entries:
                item = items[entry.hash]
                checked = msgspec.structs.replace(described[entry.hash], provenance=entry.provenance)
                if entry.name not in known:
                    transaction.put(b"m:" + item.hash.encode(), item.module)
                    added.append(msgspec.structs.replace(checked, version=entry.version, when=entry.when))
                    _write_version(transaction, added[-1])
                elif entry is newest[entry.name]:
                    before = _current(transaction, entry.name)
                    stored = _put(transaction, item, checked)
                    if stored != before:
                        added.append(stored)
            for name in newest.keys() - known:
                for tag, version in bundle.tags.get(name, {}).items():
                    transaction.put(_tags_of(name) + tag.encode(), version.to_bytes(4, "big"))
        return added

    # ── prepared statements ──────────────────────────────────────────────────────────────────────────────────────

    def cached_statement(self, key: bytes) -> bytes | None:
        """What `cache_statement` kept under this key (at most 500 bytes; a hash)."""
        with self.environment.read() as transaction:
            data = None if transaction is None else transaction.get(b"s:" + key)
        return None if data is None else bytes(data)

    def cache_statement(self, key: bytes, value: bytes) -> None:
        """Keep a prepared statement. A library that is full or read-only raises nothing: the run has its statement, and
        the next run generates it again.

        Args:
            key: At most 500 bytes; a hash.
            value: The encoded statement.
        """
        self.cache_statements({key: value})

    def cache_statements(self, statements: Mapping[bytes, bytes]) -> None:
        """Keep prepared statements by their keys in one transaction, as `cache_statement` keeps one."""
        if not statements:
            return
        try:
            with self.environment.write() as transaction:
                for key, value in statements.items():
                    transaction.put(b"s:" + key, value)
        except SopError as error:
            if error.code not in ("L0103", "L0104"):
                raise

    @staticmethod
    def _names(transaction: Any) -> list[str]:
        return [key[2:].decode() for key, _ in _scan(transaction, b"n:")]


# ── keys and records ─────────────────────────────────────────────────────────────────────────────────────────────


def _versions_of(name: str) -> bytes:
    return b"v:" + name.encode() + b"\0"


def _tags_of(name: str) -> bytes:
    return b"t:" + name.encode() + b"\0"


def _work_of(entry: Entry) -> bytes:
    return b"w:" + entry.name.encode() + b"\0" + entry.provenance.work.encode()


def _scan(transaction: Any, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    if transaction is None:
        return
    cursor = transaction.cursor()
    found = cursor.set_range(prefix)
    while found and cursor.key().startswith(prefix):
        yield cursor.item()
        found = cursor.next()


def _current(transaction: Any, name: str) -> Entry | None:
    key = name.encode(errors="replace")
    if transaction is None or len(key) > MAX_SCRIPT_BYTES:
        return None
    data = transaction.get(b"n:" + key)
    return None if data is None else decode_entry(data)


def _tags(transaction: Any, name: str) -> dict[str, int]:
    prefix = _tags_of(name)
    return {key[len(prefix) :].decode(): int.from_bytes(value, "big") for key, value in _scan(transaction, prefix)}


def _version(transaction: Any, current: Entry, wanted: str) -> Entry:
    """The version numbered or tagged `wanted`."""
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else None
    if number is None:
        number = _tags(transaction, current.name).get(wanted)
    if number is not None:
        data = transaction.get(_versions_of(current.name) + number.to_bytes(4, "big"))
        if data is not None:
            return decode_entry(data)
    hint = f"versions 1 to {current.version} are there" if current.version > 1 else "only version 1 is there"
    raise UsageError("L0102", f"{current.name} has no version or tag {wanted!r}", f"{hint}; see `sopc history`")


def _put(transaction: Any, item: Item, entry: Entry) -> Entry:
    current = _current(transaction, item.name)
    transaction.put(b"m:" + item.hash.encode(), item.module)
    if current is not None and current.hash == item.hash:
        return current
    entry = msgspec.structs.replace(entry, version=current.version + 1 if current else 1)
    _write_version(transaction, entry)
    if item.work:
        transaction.put(_work_of(entry), item.work)
    return entry


def _forget(transaction: Any, name: str) -> int:
    versions = [decode_entry(value) for _, value in _scan(transaction, _versions_of(name))]
    keys = [b"n:" + name.encode()]
    keys += [key for prefix in (_versions_of(name), _tags_of(name)) for key, _ in _scan(transaction, prefix)]
    # a module's name is part of its hash, so no other script shares these
    keys += [b"m:" + entry.hash.encode() for entry in versions]
    keys += [_work_of(entry) for entry in versions if entry.provenance.work]
    for key in keys:
        transaction.delete(key)
    return len(versions)


def _write_version(transaction: Any, entry: Entry) -> None:
    data = encode_entry(entry)
    transaction.put(_versions_of(entry.name) + entry.version.to_bytes(4, "big"), data)
    transaction.put(b"n:" + entry.name.encode(), data)


def describe(item: Item) -> Entry:
    """The item's entry before it has a number (version 0). Raises SopError for a module that could not be loaded."""
    from runtime.bytecode.codec import decode, module_hash

    if not item.name or "\0" in item.name or len(item.name.encode()) > MAX_SCRIPT_BYTES:
        raise SopError("L0109", f"a script's name may have 1 to {MAX_SCRIPT_BYTES} bytes, {item.name[:40]!r} does not")
    module = decode(item.module)
    if module.signature.name != item.name or module_hash(module) != item.hash:
        raise SopError("L0108", f"the module of {item.name} is not the one its name and hash say")
    calls = tuple(sorted({call.signature.name for call in module.calls}))
    return Entry(item.name, 0, item.hash, _now(), item.provenance, module.effects, calls)


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _called(name: str, callers: Sequence[str], seen: Callable[[str], bool]) -> SopError:
    shown = ", ".join(filter(seen, callers))
    hidden = sum(not seen(caller) for caller in callers)
    others = " and ".join(filter(None, [shown, f"{hidden} that you may not see" if hidden else ""]))
    return SopError("L0107", f"{name} is called by {others}", f"remove {shown} first" if not hidden else None)


def _unknown(name: str, names: Sequence[str], path: Path) -> UsageError:
    from difflib import get_close_matches

    from runtime.values.functions import script_called

    titled = script_called(name)
    near = [titled] if titled in names else get_close_matches(name, names, n=1)
    if near:
        hint = near[0]
    elif names:
        hint = "`sopc ls` lists the scripts"
    else:
        hint = f"there are none in {path.parent} yet; compile one with `sopc compile`"
    return UsageError("L0101", f"there is no script named {name}", hint)
