"""What agents are given: numbers without loss, names and schemas that all hosts take, records by the page."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import mcp_types as types
import pytest

from runtime.api import replay_buffer as log_module
from runtime.api.mcp.lines import RunLines
from runtime.api.mcp.schemas import NAME_LENGTH, answer_schema, made_names, portable
from runtime.api.mcp.server import TOOLS
from runtime.api.mcp.values import MAX_BYTES, MAX_MESSAGE, bounded, fitting, lossless, message_size, parsed, size
from runtime.api.problems import HttpError
from runtime.api.replay_buffer import ReplayBuffer
from runtime.values.types import BOOL, INT, TEXT
from runtime.vm.output import Question


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740991", 9007199254740991),
        ("9007199254740992", "9007199254740992"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("12345678901234567.89", "12345678901234567.89"),
        ("1.50", 1.5),
        ("0.30000000000000004", 0.30000000000000004),
        ("1e-7", 1e-7),
        ("[true, {\"a\": 9007199254740993}]", [True, {"a": "9007199254740993"}]),
    ],
)  # fmt: skip
def test_numbers_that_a_client_would_round_are_texts(text: str, value: Any) -> None:
    assert parsed(text) == value and json.loads(json.dumps(parsed(text))) == value


def test_decimals_never_show_an_exponent_as_text() -> None:
    assert lossless(Decimal("1234567890123456789E+3")) == "1234567890123456789000"


def test_a_record_that_is_too_long_is_cut() -> None:
    assert fitting({"a": "x"}) == {"a": "x"}
    long = fitting({"a": "x" * MAX_BYTES, "b": [1]})
    assert size(long) < MAX_BYTES and long["b"] == [1] and long["a"].endswith("(40,000 characters)")
    assert "too_long" in fitting({"a": list(range(MAX_BYTES))})


def test_a_result_that_no_message_holds_loses_its_longest_values() -> None:
    assert bounded({"a": "x"}) == {"a": "x"}
    said = bounded({"a": "x" * 90_000, "b": "y" * 95_000, "c": 1})
    assert said == {"a": "x" * 90_000, "b": "(95,002 bytes: not shown)", "c": 1}


@pytest.mark.parametrize("char", ["x", '"', "\\", "\n", "\x01", "é", "😀"])
@pytest.mark.parametrize("length", [20_000, 40_000, 60_000, 120_000])
def test_a_result_fits_into_its_message_whatever_its_texts_hold(char: str, length: int) -> None:
    said = bounded({"run": "R", "a": char * length})
    text = types.TextContent(text=json.dumps(said, ensure_ascii=False))
    message = types.CallToolResult(content=[text], structured_content=said).model_dump_json().encode()
    assert len(message) <= MAX_MESSAGE + 200 and message_size(said) <= MAX_MESSAGE
    assert said["run"] == "R" and (said["a"] == char * length or "not shown" in said["a"])


def test_names_that_hosts_refuse_are_made_anew() -> None:
    names = ["plain", "two words", "x" * 60, "x" * 61, "ünï", "taken", "", "a.b"]
    made = made_names(names, ("taken",))
    assert list(made.values()) == names and made["plain"] == "plain" and "taken" not in made
    assert all(name.isascii() and len(name) <= NAME_LENGTH and "." not in name and " " not in name for name in made)


def test_schemas_hold_no_list_of_types_no_wide_bounds_and_items_for_arrays() -> None:
    assert portable({"type": ["array", "null"]}) == {
        "anyOf": [{"type": "array", "items": {}}, {"type": "null"}]
    }  # fmt: skip
    assert portable({"type": "integer", "format": "int64", "minimum": -(2**63)}) == {"type": "integer"}
    assert portable({"type": "string", "format": "date"}) == {"type": "string", "format": "date"}


def test_the_form_of_a_question_fits_its_type() -> None:
    sure = answer_schema(Question("1", "Sure?", BOOL, None, True, True))["properties"]["answer"]
    assert (sure["type"], sure["default"]) == ("boolean", True)
    some = answer_schema(Question("1", "How many?", INT, [1, 2], 2, True))["properties"]["answer"]
    assert (some["type"], some["enum"], some["default"]) == ("string", ["1", "2"], "2")
    name = answer_schema(Question("1", "Who?", TEXT, None, None, False))["properties"]["answer"]
    assert name["type"] == "string" and "default" not in name


def test_records_are_counted_and_paged_without_those_that_were_undone() -> None:
    log = ReplayBuffer()
    lines = RunLines(log)
    for seq in range(1, 251):
        log.write(b'{"type":"record","seq":%d,"step":"1","result":{"n":%d}}\n' % (seq, seq))
    log.write(b'{"type":"say","seq":251,"step":"1","result":"done"}\n')
    while lines.look():
        pass
    records, following = lines.page(0)
    assert ([each["n"] for each in records], following) == (list(range(1, 101)), 100)
    assert (lines.page(200)[0][-1], lines.page(200)[1], lines.page(300)) == ({"n": 250}, None, ([], None))
    log.write(b'{"type":"rollback","seq":252,"to":120,"result":{"reason":"undone"}}\n')
    log.write(b'{"type":"record","seq":253,"step":"1","result":{"n":0}}\n{"type":"end","status":"ok","result":1}\n')
    while lines.look():
        pass
    assert lines.total == 121 and lines.page(100)[0][-1] == {"n": 0} and lines.said() == []
    assert lines.end is not None and lines.end["result"] == 1
    log.close()


def test_records_that_are_not_kept_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "MAX_BYTES", 20_000)
    log = ReplayBuffer(counts_rest=True)
    lines = RunLines(log)
    written = b"".join(
        b'{"type":"record","seq":%d,"step":"1","result":{"n":%d}}\n' % (seq, seq)
        if seq % 1000
        else b'{"type":"say","seq":%d,"step":"1","result":"so far"}\n' % seq
        for seq in range(1, 10_001)
    )
    for start in range(0, len(written), 7_777):  # lines come in pieces that end anywhere
        log.write(written[start : start + 7_777])
    while lines.look():
        pass
    assert lines.total == 9990 and lines.said() == ["so far"] * 10 and log.size < 30_000
    records, _ = lines.page(150)
    assert records[0] == {"n": 151}
    with pytest.raises(HttpError, match="were counted, not kept"):
        lines.page(5000)
    log.write(b'{"type":"rollback","seq":10001,"to":8500,"result":{"reason":"undone"}}\n{"type":"end","status":"ok"}\n')
    while lines.look():
        pass
    assert lines.total == 8500 - 8 and lines.end is not None
    log.close()


@pytest.mark.parametrize("name", TOOLS)
def test_each_tool_has_a_schema_and_the_arguments_it_needs(name: str) -> None:
    row = TOOLS[name]
    tool = row.tool(name)
    assert tool.description and tool.input_schema.get("required", []) == list(row.args)[: row.needed]
    assert all(schema.get("type") in ("string", "integer", "object") for schema in row.args.values())
