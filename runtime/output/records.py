"""A run's lines → JSON: a struct for every line type, and records encoded by the batch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import count, repeat, starmap
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from runtime.values.conversion import json_ready

FEW_ROWS: Final = 32  # below this many, dicts are written: making a struct for the rows' names costs more
_ODD: Final = re.compile(r'[\x00-\x1f"\\]')  # what a name of a struct's field can't hold
_NESTED: Final = frozenset({Decimal, list, dict})
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
encode: Final = _ENCODER.encode
encode_lines: Final = _ENCODER.encode_lines


class Start(Struct, tag="start"):
    """modules: hash by name of every script of the closure."""

    run: str
    script: str
    version: int
    args: Any
    modules: dict[str, str]


class Line(Struct, gc=False):
    """seq counts a run's lines from 1. within: the path of the called script it comes from; absent for the root."""

    seq: int
    step: str
    within: str | UnsetType = field(name="in")
    result: Any


class Record(Line, tag="record", gc=False):
    pass


class Say(Line, tag="say"):
    pass


class AskLine(Line, tag="ask"):
    pass


class Command(Struct, tag="command"):
    seq: int
    step: str
    within: str | UnsetType = field(name="in")
    command: str
    result: dict[str, Any]


class Rollback(Struct, tag="rollback"):
    """Voids the lines after `to`: they never happened."""

    seq: int
    to: int
    result: dict[str, Any]


class Error(Struct, tag="error"):
    seq: int
    step: str | UnsetType
    within: str | UnsetType = field(name="in")
    result: dict[str, Any]


class End(Struct, tag="end"):
    """records: emitted and not voided. result: the return value; of a dry run, rows by command and store are in
    `changes`. ms: milliseconds from start to end."""

    status: str
    result: Any
    records: int
    retries: int
    ms: int
    changes: list[dict[str, Any]] | UnsetType = UNSET


def command_lines(first: int, step: str, within: str | None, command: str, store: str, count: int) -> bytes:
    """Lines of a command that changed one row each time: all alike but for their numbers. first: of the first."""
    line = encode(Command(0, step, scoped(within), command, {"store": store, "rows": 1})) + b"\n"
    before, number, after = line.decode().partition('"seq":0')
    assert number  # only the tag stands before it, and no text
    return "".join([f'{before}"seq":{seq}{after}' for seq in range(first, first + count)]).encode()


def scoped(within: str | None) -> str | UnsetType:
    return UNSET if within is None else within


def json_record(record: dict[str, Any]) -> dict[str, Any]:
    """The record with values that msgspec writes in the language's output form; the same object if it has them."""
    for value in record.values():
        if type(value) in _NESTED:
            return {name: json_ready(item) for name, item in record.items()}
    return record


class Batches:
    """Encodes rows with the same names. One struct class is made for each set of names: per record, 70 ns in place of
    90 ns for a dict."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, ...], type[Struct]] = {}
        self._lines: dict[bool, type[Struct]] = {}

    def records(self, names: tuple[str, ...], rows: Sequence[Any]) -> Sequence[Any]:
        """The rows in a form that is written as records, as those are that are in JSON already."""
        if rows and type(rows[0]) is msgspec.Raw:
            return rows
        if len(rows) < FEW_ROWS or _ODD.search("".join(names)):
            return [dict(zip(names, row, strict=True)) for row in rows]
        struct = self._results.get(names)
        if struct is None:
            fields = [f"f{index}" for index in range(len(names))]
            struct = self._results[names] = msgspec.defstruct(
                "Row", fields, rename=dict(zip(fields, names, strict=True)), gc=False
            )
        return list(starmap(struct, rows))

    def lines(self, seq: int, step: str, within: str | None, names: tuple[str, ...], rows: Sequence[Any]) -> bytes:
        """Record lines; seq: of the first."""
        results = self.records(names, rows)
        return encode_lines(list(map(Record, count(seq), repeat(step), repeat(scoped(within)), results)))
