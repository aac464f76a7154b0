"""DSL or a JSON tree → stored scripts, through the stages read, parse, check, lower, encode, generate SQL, store.

Each stage is a function. sopc/workflow translates English before them.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from msgspec import structs

from runtime.bytecode.module import Module
from runtime.config import MAIN
from runtime.errors import SopError, UsageError
from runtime.library.records import Entry, Provenance
from runtime.library.store import Item, Library
from sopc.checker import typed
from sopc.context import Context
from sopc.source import STDIN, Source
from sopc.tree import nodes
from sopc.tree.unchecked import new

if TYPE_CHECKING:
    from runtime.query.algebra import Query, Write
    from runtime.query.schema import Schema
    from sopc.english.model_records import Work

__all__ = (
    "ENDINGS",
    "MAX_BYTES",
    "Compiled",
    "Kind",
    "built",
    "check",
    "compile_query",
    "compile_source",
    "encode",
    "generate_sql",
    "kind_of",
    "lower",
    "names_with_stores",
    "parse",
    "parse_tree",
    "provenance_of",
    "read",
    "stem",
    "store",
    "usable_schemas",
)

Kind = Literal["english", "dsl", "tree", "sql"]
ENDINGS: Final[dict[str, Kind]] = {
    ".sop": "dsl",
    ".json": "tree",
    ".txt": "english",
    ".md": "english",
    ".sql": "sql",
}
MAX_BYTES: Final = 4 * 1024 * 1024  # about 100,000 lines of DSL, more than a person can review

_SCRIPT_HEAD: Final = re.compile(r"(?:\s*(?:#[^\n]*)?\n)*\s*script\s+(?:\w+|`[^`\n]+`)\s*\(")


@dataclass(frozen=True)
class Compiled:
    """A compiled source with the results of the stages."""

    source: Source
    file: nodes.File
    program: typed.Program
    modules: list[Module]

    @property
    def writes(self) -> list[str]:
        """The stores that its scripts write."""
        return sorted({store for module in self.modules for store in module.effects.writes})

    def items(self, provenance: Provenance | None = None, work: Work | None = None) -> list[Item]:
        """The modules, ready to store. provenance: by default from the source's header. work: the model's requests."""
        provenance = provenance or provenance_of(self.source)
        if work is None:
            return encode(self.modules, provenance)
        from sopc.english.model_records import encode_work

        data = encode_work(work)
        first = "".join(f"{message['role']}\0{message['content']}\0" for message in work.rounds[0].request)
        named = structs.replace(
            provenance, work=hashlib.sha256(data).hexdigest(), prompt_hash=f"sha256:{_digest(first)}"
        )
        return [item._replace(work=data) for item in encode(self.modules, named)]


def compile_source(source: Source, context: Context) -> Compiled:
    """Compile DSL, and let later sources of the context call its scripts.

    Raises:
        CompileError: With all findings.
    """
    compiled = built(source, context)
    context.add(compiled.modules)
    return compiled


def built(source: Source, context: Context) -> Compiled:
    """Compile DSL to modules whose queries and writes their databases can run.

    Raises:
        CompileError: With all findings.
    """
    return _built(parse(source), source, context)


def _built(file: nodes.File, source: Source, context: Context) -> Compiled:
    from sopc.statements import check_statements

    program = check(file, source, context)
    modules = lower(program, source, file)
    check_statements(modules, source, context)
    return Compiled(source, file, program, modules)


def compile_query(text: str, context: Context) -> Compiled:
    """Compile a query that stands alone to a script that emits its rows.

    Args:
        text: The query, `from …`.
        context: The query may use the stores of every database that can be opened.

    Returns:
        One script, named `query`.

    Raises:
        CompileError: With all findings.
    """
    from sopc.syntax.parse import parse_query

    source = Source("query", text)
    query = parse_query(source)
    schemas = usable_schemas(context)
    names = names_with_stores(schemas)
    script = new(nodes.Script)(name="query", uses=names, steps=(new(nodes.Emit)(query=query, span=query.span),))
    return _built(new(nodes.File)(scripts=(script,)), source, context)


# ── the stages ───────────────────────────────────────────────────────────────────────────────────────────────────


def read(path: str) -> Source:
    """Read a source.

    Args:
        path: A file, or `-` for standard input.

    Returns:
        The source, with line ends as in Unix and without a byte order mark.

    Raises:
        UsageError: C0104, the file can't be read.
        SopError: C0105, it is not UTF-8; C0106, it is too large.
    """
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError("C0104", f"{path} can't be read: {reason}", "check the path, or use - for stdin") from error
    if len(data) > MAX_BYTES:
        message = f"{path} is larger than {MAX_BYTES // 2**20} MiB, the most a source may have"
        raise SopError(
            "C0106", message, "split it into several scripts; data belongs in a database (`sopvm db import`)"
        )
    return Source(path, _text(data, path))


def kind_of(source: Source) -> Kind:
    """Tell the kind of a source.

    Args:
        source: The source.

    Returns:
        Its kind, by the file's ending, else by its beginning: `{` for a tree, `script` for DSL.
    """
    ending = ENDINGS.get(Path(source.name).suffix.lower()) if source.name != STDIN else None
    if ending:
        return ending
    if source.text.lstrip().startswith("{"):
        return "tree"
    return "dsl" if _SCRIPT_HEAD.match(source.text) or source.text.startswith("#! sop") else "english"


def usable_schemas(context: Context) -> dict[str, Schema]:
    """Read the schemas of every database that can be opened, for sources without `uses`.

    Args:
        context: With the settings.

    Returns:
        Schemas by the name of the database.

    Raises:
        SopError: The first failure, if no database has a store.
    """
    schemas = context.readable_schemas()
    if context.failures and not any(schema.stores for schema in schemas.values()):
        raise context.failures[0]
    return schemas


def names_with_stores(schemas: Mapping[str, Schema]) -> tuple[str, ...]:
    """The databases that a source without `uses` may use: those with a store, even one that can't be read."""
    return tuple(name for name, schema in schemas.items() if schema.stores or schema.broken) or (MAIN,)


def parse(source: Source) -> nodes.File:
    """Parse DSL to a tree with spans.

    Args:
        source: The program.

    Returns:
        The tree; names and types are not checked.

    Raises:
        CompileError: E01xx, with all syntax errors.
    """
    from sopc.syntax.parse import parse as parse_dsl

    return parse_dsl(source)


def parse_tree(source: Source) -> Source:
    """Print a JSON tree as DSL, so that messages can point into it.

    Args:
        source: The tree.

    Returns:
        The program, under the same name.

    Raises:
        SopError: C0107, the text is no tree.
    """
    from pydantic import ValidationError

    from sopc.syntax.format import format_file

    try:
        file = nodes.File.model_validate_json(source.text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"{source.name} is not a tree: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise SopError(
            "C0107", message + (f" (at {place})" if place else ""), "`sopc parse --json` prints one"
        ) from error
    return Source(source.name, format_file(file))


def check(file: nodes.File, source: Source, context: Context) -> typed.Program:
    """Check a tree against the schemas and signatures of the context.

    Raises:
        CompileError: E02xx to E06xx, with all findings.
    """
    from sopc.checker.program import check as check_tree

    names = dict.fromkeys(name for script in file.scripts for name in script.uses or (MAIN,))
    database_names = context.config.database_names
    return check_tree(file, source, context.schemas(names), context.signature, context.script_names, database_names)


def lower(program: typed.Program, source: Source, file: nodes.File) -> list[Module]:
    """Lower a typed program to bytecode modules, one for each script."""
    from sopc.codegen.lower import lower as lower_program
    from sopc.english.lock import split_sop

    header, _ = split_sop(source.text)
    return lower_program(program, source, file, header.sentences if header else ())


def encode(modules: Sequence[Module], provenance: Provenance) -> list[Item]:
    """Encode modules to bytes with their hashes, ready to store."""
    from runtime.bytecode.codec import encode as encode_module
    from runtime.bytecode.codec import module_hash

    return [Item(module.signature.name, module_hash(module), encode_module(module), provenance) for module in modules]


def generate_sql(modules: Sequence[Module], items: Sequence[Item], context: Context) -> None:
    """Store the SQL of the modules' queries and writes in the library, so that the first run finds it there.

    Args:
        modules: The modules.
        items: Their encoded forms, in the same order.
        context: With the library and the databases.
    """
    from runtime.databases.statements import keep_statements

    keep_statements(context.prepare, _wanted(modules, items, context), context.library)


def _wanted(
    modules: Sequence[Module], items: Sequence[Item], context: Context
) -> Iterator[tuple[bytes, Query | Write, bytes]]:
    """The scope, form and key of each statement of the modules."""
    from runtime.databases.statements import limited_to_mode, query_key, scope_of, write_key

    scopes: dict[str, bytes] = {}
    for module, item in zip(modules, items, strict=True):
        forms: list[tuple[Query | Write, bytes]] = [
            limited_to_mode(fetch.query, fetch.mode, query_key(item.hash, index))
            for index, fetch in enumerate(module.queries)
        ]
        forms += [(write, write_key(item.hash, index)) for index, write in enumerate(module.writes)]
        forms += _lifted(module, item.hash, context)
        for form, key in forms:
            name = form.database
            if name not in scopes:
                scopes[name] = scope_of(context.database(name).dialect, context.schema(name))
            yield scopes[name], form, key


def _lifted(module: Module, hash_: str, context: Context) -> Iterator[tuple[Query | Write, bytes]]:
    """The forms and keys of loops as one statement, where the engine takes them and they name no value of a callee,
    which may be compiled again."""
    from runtime.bytecode.parts import inlines
    from runtime.databases.statements import lift_key, limited_to_mode
    from runtime.errors import DatabaseError

    for number, lift in enumerate(module.lifted):
        key = lift_key(hash_, number, ())
        if inlines(lift.survey) or not context.database(lift.survey.database).savepoints:
            continue
        forms: list[tuple[Query | Write, bytes]] = [limited_to_mode(lift.survey, "first", key + b"s")]
        forms += [] if lift.write is None else [(lift.write, key + b"w")]
        with suppress(DatabaseError):  # the loop then runs row by row
            for form, _ in forms:
                context.prepare(form)
            yield from forms


def store(items: Sequence[Item], library: Library) -> list[Entry]:
    """Store all items, or none. Returns the entry with the new version of each."""
    return library.put_all(items)


# ── about sources ────────────────────────────────────────────────────────────────────────────────────────────────


def stem(source: Source) -> str:
    """The source's name without folder and ending: the name of a workflow without a title."""
    return "workflow" if source.name == STDIN else Path(source.name).stem


def provenance_of(source: Source) -> Provenance:
    """Tell where a source came from.

    Args:
        source: The source.

    Returns:
        What its .sop header tells, if there is one, else its hash and file.
    """
    from sopc.english.lock import is_edited, split_sop

    header, body = split_sop(source.text)
    digest = f"sha256:{_digest(source.text)}"
    file = "" if source.name == STDIN else Path(source.name).name
    if header is None:
        return Provenance(source_hash=digest, file=file)
    translator, _, model = header.translator.partition(" ")
    edited = bool(header.sop_hash) and is_edited(header, body)
    answers = tuple((each.sentence, each.question, each.answer) for each in header.answers)
    return Provenance(translator, model, "", f"sha256:{header.text_hash}", digest, file, edited=edited, answers=answers)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"{name}:{line}: byte {column} of the line is not UTF-8 text"
        raise SopError("C0105", message, "save the file as UTF-8") from error
