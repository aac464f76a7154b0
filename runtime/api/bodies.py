"""A request's body → a value of its type; and the types of all bodies and answers.

The OpenAPI document derives its schemas from these types, so it describes every body that is read here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, NotRequired, TypedDict, TypeVar, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from starlette.requests import Request

from runtime.api.play import decoded
from runtime.api.problems import HttpError
from runtime.api.resource import body_of, media_type
from runtime.api.service import Service
from runtime.bytecode.module import Effects
from runtime.library.records import Provenance
from runtime.record.session import Parameter

# ── requests ───────────────────────────────────────────────────────────────────────────────────────────────────


class Answer(Struct, forbid_unknown_fields=True):
    """The answer to a run's question. `step`: checked against the step that asks."""

    value: Any
    step: Any = None


class NewSession(Struct, forbid_unknown_fields=True):
    """`uses`: names of databases; empty for all."""

    name: str
    uses: list[str] = []


class StepText(Struct, forbid_unknown_fields=True):
    text: str


class NewStep(Struct, forbid_unknown_fields=True):
    """`answers`: to the questions that the step asks. `meanings`: answers to what its sentences leave open, by sentence
    number."""

    text: str
    answers: list[str | None] = []
    meanings: dict[str, str] = {}


class Look(Struct, forbid_unknown_fields=True):
    text: str
    meanings: dict[str, str] = {}


class Move(Struct, forbid_unknown_fields=True):
    step: int
    to: int


class NewParameter(Struct, forbid_unknown_fields=True):
    """`step`: the number of a step, or * for all."""

    step: str
    value: str
    name: str


class GivenValue(Struct, forbid_unknown_fields=True):
    name: str
    value: str


class Stop(Struct, forbid_unknown_fields=True):
    """`anyway`: store the script even if its check fails."""

    anyway: bool = False


class Ask(Struct, forbid_unknown_fields=True):
    """`before`: what was asked before, on which `text` may build. `answers`: to what the text leaves open, by sentence
    number. `program`: that was made of it, so that it is not translated again. `confirm`: of what was said back, to
    run it."""

    text: str
    before: str = ""
    answers: dict[str, str] = {}
    program: str = ""
    confirm: str = ""


Body = TypeVar("Body", bound=Struct)
_SAID: Final = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}


async def body_as(service: Service, request: Request, type_: type[Body]) -> Body:
    """Read the body: a JSON object with the members of the type and no others. No body counts as an empty object.

    Raises:
        HttpError: S0105 for another media type, S0106 for a body that does not fit the type.
    """
    data = await body_of(service, request)
    value: Any = {}
    if data:
        if media_type(request) != "application/json":
            raise HttpError(415, "S0105", "the body is JSON", "Content-Type: application/json")
        value = decoded(data)
    hints = get_type_hints(type_)
    if not isinstance(value, dict):
        members = ", ".join(f'"{name}": …' for name in hints)
        raise HttpError(400, "S0106", "the body is not a JSON object", f"{{{members}}}")
    for name, member in value.items():
        if name not in hints:
            raise HttpError(400, "S0106", f"there is no member {name[:40]!r} here", ", ".join(hints))
        wanted = get_origin(hints[name]) or hints[name]
        if wanted is not Any and type(member) is not wanted:
            raise HttpError(400, "S0106", f"{name} is {_SAID[wanted]}")
    for field in msgspec.structs.fields(type_):
        if field.required and field.name not in value:
            raise HttpError(400, "S0106", f"the body does not say {field.name}", f'{{"{field.name}": …}}')
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise HttpError(400, "S0106", f"the body does not fit: {error}") from error


# ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────

Json = dict[str, Any]


class Problem(TypedDict):
    """What went wrong (RFC 9457). `instance`: the address of the failed run."""

    type: str
    title: NotRequired[str]
    status: int
    detail: str
    code: str
    hint: NotRequired[str]
    instance: NotRequired[str]


class Line(TypedDict):
    """A line of a run."""

    type: Literal["start", "record", "command", "say", "ask", "rollback", "error", "end"]
    seq: NotRequired[int]
    step: NotRequired[str | None]
    result: NotRequired[Any]


class Summary(TypedDict):
    """A script. `head`: its name and parameters, in the language."""

    name: str
    version: int
    when: str
    doc: str
    head: str
    uses: tuple[str, ...]
    effects: Effects


class Scripts(TypedDict):
    scripts: list[Summary]


class Script(Summary):
    """Everything about a version. `views`: its program and its bytecode, side by side. `explained`: in English."""

    hash: str
    provenance: Json
    tags: dict[str, int]
    sentences: tuple[str, ...]
    source: str
    steps: list[Json]
    schema: Json
    views: Json
    explained: Json | None


class ProgramWarning(TypedDict):
    code: str
    sentence: int
    message: str


class Put(Script):
    """A stored script. `translator`: null unless it was English. `stale_callers`: scripts compiled against another
    signature of it."""

    unchanged: bool
    translator: str | None
    translated: bool
    warnings: list[ProgramWarning]
    stale_callers: list[str]


class AskedColumn(TypedDict):
    name: str
    type: str
    unit: str | None


class AskedChange(TypedDict):
    """What a dry run counted. `before`, `after`: rows of the store; `after` is null where rows were added or changed by
    one command, which does not tell them apart."""

    command: Literal["insert", "upsert", "update", "delete"]
    store: str
    rows: int
    before: int
    after: int | None


class Asked(TypedDict):
    """What a text was understood as; nothing has run. `text`: with the earlier sentences that it builds on.
    `sentences`: how many it has. `explained`: the program in English. `translator`: what translated it. `columns`: of
    its records, where they are known. `changes`: of a dry run; null for a program that only reads. `confirm`: runs it,
    when it is sent back with the same text and program."""

    text: str
    sentences: int
    program: str
    explained: Json | None
    translator: str | None
    warnings: list[ProgramWarning]
    columns: list[AskedColumn]
    asks: bool
    writes: list[str]
    changes: list[AskedChange] | None
    confirm: str


class Version(TypedDict):
    version: int
    hash: str
    when: str
    provenance: Provenance
    tags: list[str]


class Versions(TypedDict):
    versions: list[Version]


class Example(TypedDict):
    """An example of a script's text, tried now. `findings`: what did not come out as it says."""

    number: int
    title: str
    holds: bool
    findings: list[str]


class Examples(TypedDict):
    examples: list[Example]


class Signature(TypedDict):
    """JSON Schemas of the arguments, of a record (absent if it emits none) and of the result."""

    parameters: Json
    returns: Json
    emits: NotRequired[Json]


class Explained(TypedDict):
    """A script explained in English: as a whole, line by line, and each sentence of its author with its steps."""

    script: str
    about: list[str]
    steps: list[Json]
    sentences: list[Json]


class Run(TypedDict):
    """`status`: pending, running, interrupted, waiting, ok, failed or cancelled. `ms`: its duration so far. `lines`:
    whether its lines are kept. `kept`: whether it is, so that it can go on. `warnings`: about its arguments.
    `question`: that it waits with. `deadline`: when that takes its default."""

    id: str
    script: str
    version: int
    status: str
    token: str
    started: str
    ms: int
    lines: bool
    kept: bool
    warnings: NotRequired[list[str]]
    question: NotRequired[Json]
    deadline: NotRequired[str]
    records: NotRequired[int]
    retries: NotRequired[int]
    result: NotRequired[Any]
    error: NotRequired[Json]


class Runs(TypedDict):
    """`unread`: databases that could not be looked at."""

    runs: list[Run]
    unread: NotRequired[list[str]]


class UnderWay(TypedDict):
    """Where a run is."""

    id: str
    run: str
    lines: str


class Frames(TypedDict):
    """The scripts that a run is executing, the innermost first."""

    frames: list[Json]


class Name(TypedDict):
    name: str


class Sessions(TypedDict):
    sessions: list[Name]


class Recorded(TypedDict):
    """A step. `code`: its program. `lines`: how many lines it gave."""

    number: int
    text: str
    code: str
    lines: int


class Session(TypedDict):
    """A recording, named as the script it becomes."""

    name: str
    started: datetime
    paused: bool
    parameters: tuple[Parameter, ...]
    steps: list[Recorded]


class Begun(Session):
    """A new recording. `note`: why it is not called as asked; else null."""

    note: str | None


class ShownSession(Session):
    """`program`: so far. `offers`: values that appear more than once, and so may be parameters."""

    program: str
    offers: list[str]


class Stopped(TypedDict):
    script: str
    version: int
    text: str
    writes: tuple[str, ...]
    proved: bool


class Schedule(TypedDict):
    """`next`: when it is due, null while it is paused. `last`, `run` and `status`: of the run that began last.
    `left_out`: how many due times became no run. `problem`: why the last one could not begin."""

    name: str
    script: str
    cron: str
    tz: str
    next: str | None
    paused: bool
    last: str | None
    run: str | None
    status: str | None
    left_out: int
    problem: str | None


class Schedules(TypedDict):
    """`served`: whether a worker is there that begins their runs."""

    schedules: list[Schedule]
    served: bool


class Databases(TypedDict):
    databases: list[Name]


class Database(TypedDict):
    """`stores`: by name, with their fields, keys and references."""

    name: str
    stores: dict[str, Json]


class StoreRows(TypedDict):
    """A page of a store's rows. `total`: of all that `where` leaves. `next`: the `after` of the next page; null after
    the last, and where the rows past it can't be had (`most`)."""

    store: str
    rows: list[Json]
    total: int
    after: int
    next: int | None
    most: int


class LoadedColumn(TypedDict):
    """`form`: how its texts were read. `missing`: rows without a value. `mostly`: what a text column nearly holds."""

    name: str
    type: str
    form: str | None
    unit: str | None
    missing: int
    null_words: list[str]
    mostly: str | None
    notes: list[str]
    hint: str | None


class LeftOut(TypedDict):
    line: int
    reason: str


class LoadedReference(TypedDict):
    """A field whose values another store's key holds. `found`: how many of its `of` different values are there.
    `is_sure`: it is used; else somebody has to say so."""

    store: str
    field: str
    other_store: str
    other_field: str
    found: int
    of: int
    is_sure: bool


class LoadedStore(TypedDict):
    """`store`: null in a dry run. `key`: the fields that together tell its rows apart. `references`: of its fields, and
    of others to it. `left_out`: the first of the lines that were left out."""

    file: str
    store: str | None
    rows: int
    columns: list[LoadedColumn]
    key: list[str]
    references: list[LoadedReference]
    notes: list[str]
    left_out: list[LeftOut]
    left_out_count: int


class LoadedStores(TypedDict):
    """The file's store, and those of lists in it or of its other sheets."""

    dry_run: bool
    stores: list[LoadedStore]
