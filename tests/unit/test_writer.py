"""Lines, records, JSON arrays, CSV and tables; flushing, holding back, closed pipes."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import SopError
from runtime.output import sink
from runtime.output.formats import open_writer
from runtime.output.records import FEW_ROWS
from runtime.output.sink import ClosedPipe, Sink
from runtime.output.writer import Writer
from runtime.values import conversion

RECORD = {
    "name": 'Ada "the" first',
    "paid": Decimal("1.50"),
    "tiny": Decimal("0E-10"),
    "on": date(2026, 1, 31),
    "at": datetime(2026, 1, 31, 10, tzinfo=UTC),
    "none": None,
    "list": [Decimal("0.00000001"), {"x": True}],
}


class Stream(io.BytesIO):
    """Remembers what was written in one go."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return super().write(data)


def opened(format_: str, *, buffer_until_commit: bool = False) -> tuple[Writer, Stream, io.StringIO]:
    stream, notes = Stream(), io.StringIO()
    writer = open_writer(format_, stream, buffer_until_commit=buffer_until_commit, notes=notes)
    writer.start("RUN", "audit", 3, {"floor": 1}, {"audit": "hash"})
    return writer, stream, notes


def whole(format_: str) -> tuple[str, str]:
    """What a short run looks like, and its notes."""
    writer, stream, notes = opened(format_)
    writer.record("1", None, RECORD)
    writer.rows("2", None, tuple(RECORD), [tuple(map(conversion.json_ready, RECORD.values()))])
    writer.say("3", None, "hello")
    writer.end("ok", None, 0, 1)
    return stream.getvalue().decode(), notes.getvalue()


def test_lines_have_the_fields_of_their_type() -> None:
    writer, stream, _ = opened("jsonl")
    writer.record("1", None, RECORD)
    writer.command("2", "audit/tax", "insert", "orders", 2)
    writer.say("3", None, "hello")
    writer.ask("4", None, {"question": "Sure?", "type": "bool", "default": Decimal("1.0")})
    writer.release()  # the segment ends
    writer.rollback("nothing was written since the question")
    writer.say("5", None, "undone")
    writer.rollback("why")
    writer.error("6", "audit/tax", {"code": "V0101"})
    writer.end("failed", Decimal("2.0"), 0, 14)
    assert stream.getvalue().decode().splitlines() == [
        '{"type":"start","run":"RUN","script":"audit","version":3,"args":{"floor":1},"modules":{"audit":"hash"}}',
        '{"type":"record","seq":1,"step":"1","result":{"name":"Ada \\"the\\" first","paid":1.50,"tiny":0,'
        '"on":"2026-01-31","at":"2026-01-31T10:00:00Z","none":null,"list":[0.00000001,{"x":true}]}}',
        '{"type":"command","seq":2,"step":"2","in":"audit/tax","command":"insert","result":{"store":"orders","rows":2}}',
        '{"type":"say","seq":3,"step":"3","result":"hello"}',
        '{"type":"ask","seq":4,"step":"4","result":{"question":"Sure?","type":"bool","default":1.0}}',
        '{"type":"say","seq":5,"step":"5","result":"undone"}',
        '{"type":"rollback","seq":6,"to":4,"result":{"reason":"why"}}',
        '{"type":"error","seq":7,"step":"6","in":"audit/tax","result":{"code":"V0101"}}',
        '{"type":"end","status":"failed","result":2.0,"records":1,"retries":0,"ms":14}',
    ]


@pytest.mark.parametrize("count", [1, FEW_ROWS - 1, FEW_ROWS, 3000])
@pytest.mark.parametrize("within", [None, "f/g"])
@pytest.mark.parametrize("odd", ["plain", 'quote"d', "back\\slash", "line\nend"])
def test_rows_in_batches_are_the_same_lines_as_records(count: int, within: str | None, odd: str) -> None:
    names = ("order date", "type", "in", odd, "é")
    rows = [(index, f"text {index}", None, index / 4, msgspec.Raw(b"1.50")) for index in range(count)]
    by_batch, batched, _ = opened("jsonl")
    by_batch.rows("1", within, names, rows)
    one_by_one, single, _ = opened("jsonl")
    for row in rows:
        one_by_one.record("1", within, dict(zip(names, row, strict=True)))
    one_by_one.flush()
    assert batched.getvalue() == single.getvalue()
    assert (by_batch.seq, by_batch.records) == (count, count)


def test_records_alone() -> None:
    text, notes = whole("records")
    first, second = text.splitlines()
    assert first == second
    assert json.loads(first)["list"] == [1e-8, {"x": True}]
    assert notes == "hello\n"


def test_an_array_of_the_lines() -> None:
    text, notes = whole("json")
    lines = json.loads(text)
    assert [line["type"] for line in lines] == ["start", "record", "record", "say", "end"]
    assert text.startswith('[\n{"type":"start"') and text.endswith("}\n]\n")
    assert notes == ""


def test_csv() -> None:
    writer, stream, notes = opened("csv")
    writer.record("1", None, {"a": 1, "b, c": "x"})
    writer.rows("1", None, ("a", "b, c"), [(None, ""), (True, 'say "hi"'), (msgspec.Raw(b"1.50"), "two\nlines")])
    writer.say("2", None, "hello")
    with pytest.raises(SopError, match="V0501"):
        writer.record("3", None, {"other": 1})
    writer.end("failed", None, 0, 1)
    assert stream.getvalue().decode() == 'a,"b, c"\n1,x\n,""\ntrue,"say ""hi"""\n1.50,"two\nlines"\n'
    assert notes.getvalue() == "hello\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_csv_gives_texts_back(texts: list[str]) -> None:
    writer, stream, _ = opened("csv")
    names = tuple(f"n{index}" for index in range(len(texts)))
    writer.rows("1", None, names, [tuple(texts)])
    assert list(csv.reader(io.StringIO(stream.getvalue().decode(), newline=""))) == [list(names), texts]


def test_a_table_is_aligned() -> None:
    writer, stream, _ = opened("table")
    writer.rows("1", None, ("name", "salary"), [("Ada", 180000), ("Émile\n", 95), ("名前", None)])
    writer.record("2", None, {"x": "another"})
    writer.end("ok", None, 0, 1)
    assert stream.getvalue().decode().splitlines() == [
        "name      salary",
        "───────  ───────",
        "Ada      180,000",
        "Émile\\n       95",
        "名前",
        "3 rows",
        "",
        "x",
        "───────",
        "another",
        "1 row",
    ]


def test_a_long_table_streams_after_its_first_rows() -> None:
    writer, stream, _ = opened("table")
    for index in range(1000):
        writer.record("1", None, {"n": index})
    assert len(stream.getvalue().splitlines()) < 1002
    writer.flush()
    assert len(stream.getvalue().splitlines()) == 1002
    writer.record("1", None, {"n": "far wider than the column"})
    writer.end("ok", None, 0, 1)
    assert stream.getvalue().decode().splitlines()[-2:] == ["far wider than the column", "1,001 rows"]


# ── when it is written ─────────────────────────────────────────────────────────────────────────────────────────


def test_start_and_the_first_record_are_written_at_once_and_others_when_they_have_waited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr(sink, "monotonic", lambda: clock[0])
    writer, stream, _ = opened("jsonl")
    assert stream.getvalue().count(b"\n") == 1
    writer.record("1", None, {"n": 1})
    assert stream.getvalue().count(b"\n") == 2
    writer.record("1", None, {"n": 2})
    clock[0] += 0.03
    writer.record("1", None, {"n": 3})
    writer.tick()
    assert stream.getvalue().count(b"\n") == 2
    clock[0] += 0.03
    writer.tick()
    assert stream.getvalue().count(b"\n") == 4
    assert len(stream.pieces) == 3


def test_much_is_written_by_the_piece() -> None:
    writer, stream, _ = opened("jsonl")
    for _ in range(3000):
        writer.record("1", None, {"text": "x" * 50})
    assert 2 < len(stream.pieces) < 10
    writer.end("ok", None, 0, 1)
    assert stream.getvalue().count(b"\n") == 3002


@pytest.mark.parametrize("format_", ["records", "json", "array", "csv", "table", "csv-safe", "tsv", "md"])
def test_lines_of_a_writing_script_wait_for_their_commit(format_: str) -> None:
    writer, stream, notes = opened(format_, buffer_until_commit=True)
    started = len(stream.getvalue())
    writer.record("1", None, {"n": 11})
    writer.rows("1", None, ("n",), [(12,)])
    writer.say("2", None, "first")
    writer.flush()
    writer.tick()
    assert (len(stream.getvalue()), notes.getvalue()) == (started, "")
    writer.release()
    writer.flush()
    assert b"12" in stream.getvalue()
    writer.record("3", None, {"n": 77})
    writer.say("4", None, "second")
    writer.rollback("undone")
    writer.record("5", None, {"n": 13})
    writer.end("ok", None, 0, 1)
    text = stream.getvalue().decode()
    assert "13" in text and "77" not in text and "second" not in text + notes.getvalue()
    assert writer.records == 3
    if format_ == "json":
        assert [line.get("seq") for line in json.loads(text)] == [None, 1, 2, 3, 4, None]
    if format_ == "array":
        assert [record["n"] for record in json.loads(text)] == [11, 12, 13]
    if format_ == "csv":
        assert text == "n\n11\n12\n13\n"
    if format_ == "table":
        assert text.split() == ["n", "──", "11", "12", "13", "3", "rows"]


def test_what_is_held_goes_to_a_file_when_it_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "MEMORY", 1000)
    for keep in (True, False):
        writer, stream, _ = opened("records", buffer_until_commit=True)
        for index in range(500):
            writer.record("1", None, {"n": index})
        assert writer.sink._file is not None
        writer.release() if keep else writer.rollback("no")
        writer.record("2", None, {"n": -1})
        writer.end("ok", None, 0, 1)
        numbers = [json.loads(line)["n"] for line in stream.getvalue().splitlines()]
        assert numbers == ([*range(500), -1] if keep else [-1])


def test_a_header_is_written_again_when_the_first_was_undone() -> None:
    for format_ in ("csv", "table"):
        writer, stream, _ = opened(format_, buffer_until_commit=True)
        writer.record("1", None, {"other": 1})
        writer.rollback("no")
        writer.record("1", None, {"n": 1})
        writer.end("ok", None, 0, 1)
        assert stream.getvalue().decode().split() in (["n", "1"], ["n", "─", "1", "1", "row"])


def test_a_closed_pipe_is_told_once_and_leaves_nothing_to_fail_at_exit() -> None:
    reader, end = os.pipe()
    stream = os.fdopen(end, "wb", buffering=0)
    closing = Sink(stream)
    closing.write(b"first\n")
    closing.flush()
    os.close(reader)
    closing.write(b"second\n")
    with pytest.raises(ClosedPipe):
        closing.flush()
    stream.write(b"goes nowhere")
    stream.close()


def test_an_unknown_format() -> None:
    with pytest.raises(SopError, match="V0502"):
        open_writer("xml", io.BytesIO(), buffer_until_commit=False)
