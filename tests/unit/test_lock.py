"""The .sop header is the lock: when a text is translated again, and when the .sop file wins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.errors import SopError, UsageError
from sopc.english.lock import Answer, check_source, content_hash, decide, split_sop, stamp, write_sop

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


def test_the_texts_file_and_the_answers_stand_in_the_header() -> None:
    answers = [Answer("Show the boxes.", 'which "boxes"?', "the large: ones"), Answer("", "why?", "so")]
    stamped = stamp(SOP, "my boxes.txt", answers)
    header, body = split_sop(stamped)
    assert header is not None
    assert (header.source, list(header.answers), body) == ("my boxes.txt", answers, BODY)
    assert header.sentences == ("Show the boxes.",)
    assert decide(TEXT, SENTENCES, stamped) == "sop"
    assert decide(CHANGED, ["Show all boxes."], stamped) == "translate"
    spoilt = stamped.replace('# answer: {"sentence":""', '# answer: {"sentence')
    assert split_sop(spoilt)[0] is not None
    assert len(split_sop(spoilt)[0].answers) == 1  # type: ignore[union-attr]
    assert stamp(BODY, "x.txt") == BODY


def test_a_program_of_another_text_is_not_replaced(tmp_path: Path) -> None:
    header, _ = split_sop(stamp(SOP, "boxes.txt"))
    text, other, sop = tmp_path / "boxes.txt", tmp_path / "other.txt", tmp_path / "boxes.sop"
    check_source(header, text, sop)
    check_source(header, other, sop)  # boxes.txt is not there any more: other.txt took its place
    text.write_text(TEXT)
    with pytest.raises(UsageError, match=r"boxes\.sop is the program of boxes\.txt, and other\.txt has"):
        check_source(header, other, sop)
    check_source(split_sop(SOP)[0], other, sop)
    check_source(None, other, sop)
