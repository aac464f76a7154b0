"""`sopc compile`, `check`: what is stored, what is written, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import AUDIT, Program


def test_dsl_is_compiled_and_stored(sopc: Program) -> None:
    done = sopc("compile", "audit.sop")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "audit: version 1\n")
    assert sopc("compile", "audit.sop").stderr == "audit: unchanged, version 1\n"


def test_comments_and_layout_make_no_new_version(sopc: Program, project: Path) -> None:
    sopc("compile", "audit.sop")
    (project / "audit.sop").write_text("# a comment\n\n" + AUDIT.replace(" where", "\n    where"))
    assert sopc("compile", "audit.sop").stderr == "audit: unchanged, version 1\n"
    (project / "audit.sop").write_text(AUDIT.replace("150000", "100000"))
    assert sopc("compile", "audit.sop").stderr == "audit: version 2\n"


def test_two_sources_of_one_script_are_refused(sopc: Program, project: Path) -> None:
    (project / "other.sop").write_text(AUDIT)
    done = sopc("compile", "audit.sop", "other.sop")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "C0112: audit.sop and other.sop both define the script `audit`" in done.stderr
    assert "audit" not in sopc("ls").stdout


def test_standard_input_is_dsl_a_tree_or_english(sopc: Program, project: Path) -> None:
    tree = sopc("parse", "--json", "audit.sop").stdout
    assert sopc("compile", "-", input=AUDIT).stderr == "audit: version 1\n"
    assert sopc("compile", "-", input="# comment\n" + AUDIT).stderr == "audit: unchanged, version 1\n"
    assert sopc("compile", "-", input=tree).stderr == "audit: unchanged, version 1\n"
    done = sopc("compile", "-", "--translator", "patterns", input="Show all employees in Sales.")
    assert done.exit_code == 0, done.stderr
    assert "workflow: version 1\n" in done.stderr
    assert not list(project.glob("workflow*"))


def test_an_invalid_tree_names_the_place(sopc: Program, project: Path) -> None:
    (project / "tree.json").write_text(
        '{"scripts": [{"name": "x", "steps": [{"type": "command", "command": "leap"}]}]}'
    )
    done = sopc("compile", "tree.json")
    assert done.exit_code == 1
    assert "C0107" in done.stderr
    assert "scripts.0.steps.0" in done.stderr


def test_several_files_are_stored_all_or_none(sopc: Program, project: Path) -> None:
    (project / "caller.sop").write_text("script caller() uses hr\n  emit audit()\nend\n")
    (project / "wrong.sop").write_text("script wrong() uses hr\n  emit from nothing\nend\n")
    assert sopc("compile", "audit.sop", "wrong.sop").exit_code == 1
    assert sopc("ls").stdout == ""
    assert sopc("compile", "audit.sop", "caller.sop").exit_code == 0
    assert [line["name"] for line in map(json.loads, sopc("ls", "-f", "records").stdout.splitlines())] == [
        "audit",
        "caller",
    ]


def test_every_finding_is_shown_with_its_line(sopc: Program, project: Path) -> None:
    (project / "wrong.sop").write_text("script wrong() uses hr\n  emit from nothing\n  say missing\nend\n")
    done = sopc("compile", "wrong.sop")
    assert done.exit_code == 1
    assert "wrong.sop:2:" in done.stderr
    assert "wrong.sop:3:" in done.stderr
    done = sopc("check", "--errors", "json", "wrong.sop")
    findings = [json.loads(line) for line in done.stderr.splitlines()]
    assert [finding["line"] for finding in findings] == [2, 3]
    assert all(finding["file"] == "wrong.sop" for finding in findings)


def test_check_stores_nothing(sopc: Program, project: Path) -> None:
    assert sopc("check", "audit.sop").stderr == "audit.sop: ok\n"
    assert not (project / ".sop").exists()


def test_check_goes_through_every_file(sopc: Program, project: Path) -> None:
    (project / "typo.sop").write_text("script typo()\n  emit {a: zz}\nend\n")
    (project / "bytes.sop").write_bytes(b"\xff\n")
    done = sopc("check", "typo.sop", "bytes.sop", "audit.sop")
    assert done.exit_code == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("error")] == [
        "error E0201: there is no variable `zz`",
        "error C0105: bytes.sop:1: byte 1 of the line is not UTF-8 text",
    ]
    assert done.stderr.endswith("audit.sop: ok\n")
    assert sopc("check", "missing.sop", "typo.sop").exit_code == 2


def test_callers_of_a_changed_signature_are_named(sopc: Program, project: Path) -> None:
    (project / "caller.sop").write_text("script caller() uses hr\n  emit audit()\nend\n")
    sopc("compile", "audit.sop", "caller.sop")
    (project / "audit.sop").write_text(AUDIT.replace("floor: int", "low: int").replace("> floor", "> low"))
    done = sopc("compile", "audit.sop")
    assert "warning: caller calls audit as it was before; compile caller again" in done.stderr
    assert "warning" not in sopc("compile", "audit.sop", "caller.sop").stderr


@pytest.mark.parametrize(
    ("name", "content", "exit_code", "code"),
    [
        ("missing.sop", None, 2, "C0104"),
        ("latin1.sop", b'script x()\n  say "caf\xe9"\nend\n', 1, "C0105"),
        ("latin1.txt", b"Show caf\xe9s.", 1, "C0105"),
        ("empty.sop", b"", 1, "E01"),
        ("empty.txt", b" \n", 1, "T0101"),
        ("large.sop", b"# " + b"x" * 5_000_000, 1, "C0106"),
        ("large.txt", b"Show all employees. " * 500_000, 1, "C0106"),
    ],
)
def test_sources_that_can_not_be_read(
    sopc: Program, project: Path, name: str, content: bytes | None, exit_code: int, code: str
) -> None:
    if content is not None:
        (project / name).write_bytes(content)
    done = sopc("compile", name)
    assert (done.exit_code, done.stdout) == (exit_code, "")
    assert f"error {code}" in done.stderr
    assert name in done.stderr
    assert not (project / ".sop").exists()


def test_a_folder_is_no_source(sopc: Program) -> None:
    done = sopc("compile", ".")
    assert done.exit_code == 2
    assert "C0104" in done.stderr


# ── English ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_database_that_can_not_be_opened_is_told_where_a_name_is_not_known(sopc: Program, project: Path) -> None:
    with (project / "sop.toml").open("a") as settings:
        settings.write('shop = "sqlite:///gone.db"\n')
    (project / "shelves.txt").write_text("Shelves\n\nShow the shelves.\n")
    done = sopc("compile", "--translator", "patterns", "shelves.txt")
    assert done.exit_code == 1
    assert "warning D0101: the database `shop` does not exist" in done.stderr
    assert "error T0201" in done.stderr


def english(sopc: Program, *args: str) -> str:
    done = sopc("compile", "--translator", "patterns", *args)
    assert done.exit_code == 0, done.stderr
    return done.stderr


def test_english_becomes_a_sop_file_and_a_script(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text("Show all employees in Sales whose salary is above 90000.\n")
    assert "well_paid.txt: translated by patterns\n" in english(sopc, "well_paid.txt")
    text = (project / "well_paid.sop").read_text()
    assert text.startswith("#! sop 1\n")
    assert "# 1. Show all employees" in text
    assert sopc("fmt", "--check", "well_paid.sop").exit_code == 0


def test_the_same_text_is_never_translated_again(sopc: Program, project: Path) -> None:
    (project / "well_paid.txt").write_text("Show all employees in Sales whose salary is above 90000.\n")
    english(sopc, "well_paid.txt")
    sop = project / "well_paid.sop"
    before = sop.read_bytes()
    assert english(sopc, "well_paid.txt") == "well_paid: unchanged, version 1\n"
    assert sop.read_bytes() == before
    edited = sop.read_text().replace("90000", "80000", 2)
    sop.write_text(edited)
    assert english(sopc, "well_paid.txt") == "well_paid: version 2\n"
    assert sop.read_text() == edited


def test_where_both_changed_a_person_chooses(sopc: Program, project: Path) -> None:
    text, sop = project / "well_paid.txt", project / "well_paid.sop"
    text.write_text("Show all employees in Sales whose salary is above 90000.\n")
    english(sopc, "well_paid.txt")
    edited = sop.read_text() + "# edited\n"
    sop.write_text(edited)
    text.write_text("Show all employees in Sales whose salary is above 70000.\n")
    done = sopc("compile", "--translator", "patterns", "well_paid.txt")
    assert done.exit_code == 1
    assert "--take" in done.stderr
    assert sop.read_text() == edited
    english(sopc, "--take", "sop", "well_paid.txt")
    assert sop.read_text().endswith(edited.partition("\n\n")[2])
    assert "70000." in sop.read_text()  # the header holds the text that the program is kept for
    english(sopc, "well_paid.txt")
    english(sopc, "--take", "text", "well_paid.txt")
    assert "70000" in sop.read_text()
    sop.write_bytes(b"\xff no text at all")
    assert "C0105" in sopc("compile", "well_paid.txt").stderr
    english(sopc, "--take", "text", "well_paid.txt")
    assert "70000" in sop.read_text()


def test_off_a_terminal_a_new_program_that_writes_needs_yes(sopc: Program, project: Path) -> None:
    (project / "clean.txt").write_text("Delete all employees in Sales.\n")
    done = sopc("compile", "--translator", "patterns", "clean.txt")
    assert done.exit_code == 3
    assert "C0108" in done.stderr
    assert "delete from" in done.stderr
    assert not (project / "clean.sop").exists()
    assert sopc("ls").stdout == ""
    english(sopc, "--yes", "clean.txt")
    assert (project / "clean.sop").exists()
    assert sopc("compile", "clean.txt").exit_code == 0  # reviewed: the .sop file is there


def test_what_a_model_would_be_sent_can_be_seen(sopc: Program, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "well_paid.txt").write_text("Show all employees in Sales whose salary is above 90000.\n")
    assert sopc("compile", "--show-prompt", "well_paid.txt").exit_code == 2
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    done = sopc("compile", "--show-prompt", "well_paid.txt")
    assert done.exit_code == 0
    assert "whose salary is above 90000" in done.stdout
    assert "department" in done.stdout
    assert "secret-key" not in done.stdout
    assert "Engineering" not in done.stdout  # values stay here unless sop.toml says otherwise
    (project / "sop.toml").write_text('[databases.hr]\nurl = "sqlite:///hr.db"\nsamples = true\n')
    assert "Engineering" in sopc("compile", "--show-prompt", "well_paid.txt").stdout
    assert not (project / ".sop").exists()


def test_bidirectional_characters_in_english_are_left_out_with_a_warning(sopc: Program, project: Path) -> None:
    (project / "top.txt").write_text("Top earners\n\nShow the 3 employees \u202ewith the highest salary.\n")
    done = sopc("compile", "top.txt", "--translator", "patterns", "--yes")
    assert done.exit_code == 0, done.stderr
    said = "U+202E at line 3, column 22 changes the order in which the text is shown, and is left out"
    assert f"warning T0606: sentence 1: {said}: “Show the 3 employees with the highest salary.”" in done.stderr
    assert "\u202e" not in (project / "top_earners.sop").read_text() + done.output
