"""The whole stack in about a second: English → program → tree → bytecode → library → run → JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands import Place


def test_an_english_sentence_becomes_records(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.sql("CREATE TABLE boats (name TEXT, harbour TEXT, length INTEGER)")
    place.sql("INSERT INTO boats VALUES ('Erna', 'Kiel', 12), ('Tiger', 'Oslo', 9), ('Zora', 'Kiel', 15)")
    place.write("long_boats.txt", "Show the name of the boats in Kiel, highest length first.\n")
    place.ok("sopc", "compile", "long_boats.txt", "--translator", "patterns")
    assert "emit from boats" in (tmp_path / "long_boats.sop").read_text(encoding="utf-8")
    done = place.ok("sopvm", "run", "long_boats")
    lines = [json.loads(line) for line in done.text.splitlines()]
    assert [line["type"] for line in lines] == ["start", "record", "record", "end"]
    assert done.records == [{"name": "Zora"}, {"name": "Erna"}]
