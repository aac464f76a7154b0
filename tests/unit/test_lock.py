"""The .sop header is the lock: when a text is translated again, and when the .sop file wins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runtime.errors import SopError
from sopc.english.lock import content_hash, decide, split_sop, write_sop

TEXT = "Boxes\n\nShow the boxes.\n"
SENTENCES = ["Show the boxes."]
BODY = "script boxes()\n  emit from boxes\nend\n"
SOP = write_sop(BODY, TEXT, "patterns", SENTENCES, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
EDITED = SOP.replace("emit from boxes", "emit from boxes limit 3")
CHANGED = TEXT.replace("the boxes", "all boxes")


def test_the_header_is_comment_lines_above_the_body() -> None:
    lines = SOP.splitlines()
    assert lines[0] == "#! sop 1"
    assert lines[1] == f"# text: sha256:{content_hash(TEXT)}"
    assert lines[2] == f"# sop: sha256:{content_hash(BODY)}"
    assert lines[3:6] == ["# translator: patterns", "# when: 2026-01-02T03:04:05Z", "# 1. Show the boxes."]
    assert SOP.endswith("\n\n" + BODY)


def test_a_written_header_is_read_back() -> None:
    header, body = split_sop(SOP)
    assert header is not None
    assert (header.translator, header.when, header.sentences) == (
        "patterns",
        "2026-01-02T03:04:05Z",
        ("Show the boxes.",),
    )
    assert body == BODY


def test_a_comment_of_the_body_is_not_part_of_the_header() -> None:
    header, body = split_sop(write_sop("# note: mine\n" + BODY, TEXT, "patterns", SENTENCES))
    assert header is not None
    assert body.startswith("# note: mine")


def test_a_file_without_the_mark_has_no_header() -> None:
    assert split_sop(BODY) == (None, BODY)


def test_without_a_sop_file_the_text_is_translated() -> None:
    assert decide(TEXT, SENTENCES, None) == "translate"


def test_the_same_text_is_never_translated_again() -> None:
    assert decide(TEXT, SENTENCES, SOP) == "sop"


def test_a_changed_text_is_translated_again() -> None:
    assert decide(CHANGED, ["Show all boxes."], SOP) == "translate"


def test_an_edited_program_wins_over_the_same_text() -> None:
    assert decide(TEXT, SENTENCES, EDITED) == "sop"


def test_when_both_changed_it_stops_and_shows_both() -> None:
    with pytest.raises(SopError) as error:
        decide(CHANGED, ["Show all boxes."], EDITED)
    assert error.value.code == "T0110"
    hint = error.value.hint or ""
    assert "- 1. Show the boxes." in hint
    assert "+ 1. Show all boxes." in hint
    assert "emit from boxes limit 3" in hint
    assert "--take" in hint


@pytest.mark.parametrize(("take", "choice"), [("text", "translate"), ("sop", "sop")])
def test_take_settles_which_one(take: str, choice: str) -> None:
    assert decide(CHANGED, ["Show all boxes."], EDITED, take) == choice  # type: ignore[arg-type]


def test_a_program_written_by_hand_is_not_replaced() -> None:
    with pytest.raises(SopError, match="no translation of it"):
        decide(TEXT, SENTENCES, BODY)


def test_line_ends_of_another_system_are_no_change() -> None:
    assert decide(TEXT.replace("\n", "\r\n"), SENTENCES, SOP.replace("\n", "\r\n")) == "sop"
    assert decide(CHANGED, ["Show all boxes."], SOP.replace("\n", "\r\n")) == "translate"
