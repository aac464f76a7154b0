"""Rules for every command: help, exit codes, closed pipes, interrupts, colours, errors as JSON."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Program, command, process


def commands() -> list[tuple[str, ...]]:
    from runtime.cli import main as sopvm
    from sopc.cli import main as sopc

    found = [("sopc", name) for name in sopc.modules] + [("sopvm", name) for name in sopvm.modules]
    return [*found, ("sopvm", "db", "import"), ("sopvm", "db", "ls"), ("sopvm", "db", "query")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_has_examples(sopc: Program, sopvm: Program, words: tuple[str, ...]) -> None:
    done = (sopc if words[0] == "sopc" else sopvm)(*words[1:], "--help")
    assert done.exit_code == 0
    assert f"{words[0]} {words[1]}" in done.stdout.split("\n", 1)[1]


@pytest.mark.parametrize("program", ["sopc", "sopvm"])
def test_the_list_of_commands_fits_a_line_each(sopc: Program, sopvm: Program, program: str) -> None:
    text = (sopc if program == "sopc" else sopvm)("--help").stdout
    rows = text[text.index("Commands:") :].splitlines()[1:]
    names = [words[1] for words in commands() if words[0] == program and len(words) == 2]
    assert [row.split()[0] for row in rows] == names
    assert all(row.rstrip().endswith(".") for row in rows)


@pytest.mark.parametrize("program", ["sopc", "sopvm"])
def test_programs_list_their_commands(sopc: Program, sopvm: Program, program: str) -> None:
    run = sopc if program == "sopc" else sopvm
    done = run("--help")
    assert done.exit_code == 0
    assert "Exit codes: 0 done" in done.stdout
    done = run()
    assert done.exit_code == 2
    assert "Commands:" in done.stderr


def test_an_unknown_command_or_option_names_the_nearest(sopc: Program) -> None:
    done = sopc("complie", "x.sop")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "error C0101: there is no command complie\n  try: sopc compile\n"
    assert sopc("ls", "--hom", "x").exit_code == 2
    assert json.loads(sopc("ls", "--errors", "json", "--hom", "x").stderr)["code"] == "C0101"
    assert sopc("ls", "--errors", "xml").exit_code == 2


def test_errors_as_data_by_the_environment(sopc: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOP_ERRORS", "json")
    error = json.loads(sopc("show", "audit").stderr)
    assert error["code"] == "L0101"
    assert error["message"] == "there is no script named audit"


def test_a_closed_pipe_ends_quietly(project: Path) -> None:
    (project / "many.sop").write_text(
        'script many()\n  for each i in 1 to 300000 do\n    emit { i: i, text: "some more text" }\n  end\nend\n'
    )
    assert process("sopc", "compile", "many.sop").returncode == 0
    for words in (("sopvm", "run", "many"), ("sopvm", "run", "many", "-f", "csv")):
        with subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            assert running.stdout is not None and running.stderr is not None
            assert running.stdout.readline()
            running.stdout.close()
            assert running.stderr.read() == b""


def test_output_into_a_full_or_closed_place(project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command("sopc", "error", "L0101"), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", [("sopc", "error", "L0101"), ("sopvm", "run", "audit"), ("sopc", "show", "audit")])
def test_a_full_disk_is_an_error(sopc: Program, words: tuple[str, ...]) -> None:
    sopc("compile", "audit.sop")
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (a device)
        done = subprocess.run(command(*words), stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error "), done.stderr
    assert done.stderr.count(b"\n") == 1


def test_words_that_are_not_utf8_are_an_error(sopc: Program) -> None:
    sopc("compile", "audit.sop")
    for words in (("run", "audit", "dept=caf\udce9"), ("do", "Show caf\udce9s."), ("db", "query", "from caf\udce9")):
        done = process("sopvm", *words)
        assert done.returncode == 2
        assert done.stderr.startswith(b"error C0105"), done.stderr
    assert process("sopvm", "run", "caf\udce9").stderr.startswith(b"error L0101")
    assert process("sopc", "compile", "caf\udce9.sop").stderr.startswith(b"error C0104")


def test_an_interrupt_ends_a_run_as_cancelled(project: Path) -> None:
    (project / "endless.sop").write_text("script endless()\n  emit { a: 1 }\n  while true do\n  end\nend\n")
    assert process("sopc", "compile", "endless.sop").returncode == 0
    with subprocess.Popen(
        command("sopvm", "run", "endless"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.readline()
        running.stdout.readline()  # the record: it runs
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read().splitlines()
        assert b"Traceback" not in running.stderr.read()
    assert running.returncode == 130
    assert json.loads(rest[-1])["status"] == "cancelled"


@pytest.mark.parametrize("no_color", [False, True])
def test_colour_only_on_a_terminal_and_not_with_no_color(project: Path, no_color: bool) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    if no_color:
        environment["NO_COLOR"] = "1"
    assert b"\x1b" not in process("sopc", "show", "x").stderr
    ours, theirs = pty.openpty()
    done = subprocess.run(command("sopc", "show", "x"), stderr=theirs, env={**environment, "TERM": "xterm"})
    os.close(theirs)
    shown = os.read(ours, 10_000)
    os.close(ours)
    assert done.returncode == 2
    assert (b"\x1b" in shown) is not no_color
    assert b"L0101" in shown


def test_on_a_terminal_a_new_program_that_writes_is_asked_about(project: Path) -> None:
    (project / "clean.txt").write_text("Delete all employees in Sales.\n")
    for answer, code in ((b"n\n", 3), (b"y\n", 0)):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        done = subprocess.run(
            command("sopc", "compile", "--translator", "patterns", "clean.txt"), stdin=theirs, stderr=theirs
        )
        os.close(theirs)
        os.close(ours)
        assert done.returncode == code
        assert (project / "clean.sop").exists() is (code == 0)


@pytest.mark.parametrize(("typed", "result"), [(b"perhaps\nYes\n\n", "true 3"), (b"\x04\x04", "false 3")])
def test_questions_are_asked_on_a_terminal(sopc: Program, project: Path, typed: bytes, result: str) -> None:
    (project / "asks.sop").write_text(
        'script asks() -> text\n  ask "Go on?" default false into ok: bool\n'
        '  ask "How many?" default 3 into n: int\n  return "{ok} {n}"\nend\n'
    )
    sopc("compile", "asks.sop")
    child, terminal = pty.fork()
    if child == 0:
        words = command("sopvm", "run", "asks")
        os.execvp("sh", ["sh", "-c", 'exec "$@" > out', "sh", *words])
    os.write(terminal, typed)
    with suppress(OSError):  # the child has ended
        while os.read(terminal, 1000):
            pass
    _, ended = os.waitpid(child, 0)
    os.close(terminal)
    lines = [json.loads(line) for line in (project / "out").read_text().splitlines()]
    assert (os.waitstatus_to_exitcode(ended), lines[-1]["status"], lines[-1]["result"]) == (0, "ok", result)


def test_names_are_completed_from_the_library(project: Path) -> None:
    assert process("sopc", "compile", "audit.sop").returncode == 0
    done = process("sopvm", _SOPVM_COMPLETE="bash_complete", COMP_WORDS="sopvm run au", COMP_CWORD="2")
    assert b"audit" in done.stdout
    (project / ".sop" / "library.mdb").write_bytes(b"no library")
    done = process("sopvm", _SOPVM_COMPLETE="bash_complete", COMP_WORDS="sopvm run au", COMP_CWORD="2")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", ["sopc compile au", "sopc check au", "sopc init au", "sopvm db import au"])
def test_files_are_completed_by_the_shell(project: Path, words: str) -> None:
    program, *more = words.split()
    asked = {f"_{program.upper()}_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(more))}
    done = subprocess.run(command(program), capture_output=True, env={**os.environ, **asked})
    assert done.stdout == b"file,au\n"


@pytest.mark.parametrize(
    ("words", "closed", "code"),
    [
        (("sopvm", "run", "audit"), 0, 0),
        (("sopvm", "run", "audit"), 1, 0),
        (("sopvm", "run", "audit"), 2, 0),
        (("sopvm", "run", "nothing"), 2, 2),
        (("sopc", "compile", "-"), 0, 1),
        (("sopc", "show", "audit"), 1, 0),
    ],
)
def test_standard_streams_may_be_closed(sopc: Program, words: tuple[str, ...], closed: int, code: int) -> None:
    sopc("compile", "audit.sop")
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}>&-', "sh", *command(*words)], capture_output=True)
    assert b"Traceback" not in done.stderr
    assert done.returncode == code
    assert (b'"end"' in done.stdout) is (words[1] == "run" and code == 0 and closed != 1)


def test_a_working_folder_that_is_gone_is_an_error(project: Path) -> None:
    gone = project / "gone"
    gone.mkdir()
    line = f'cd {gone} && rmdir {gone} && exec "$@"'
    done = subprocess.run(["sh", "-c", line, "sh", *command("sopc", "ls")], capture_output=True)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error C0206"), done.stderr


def test_a_deeply_nested_source_is_an_error(sopc: Program, project: Path) -> None:
    deep = "[" * 20_000 + "]" * 20_000
    (project / "deep.sop").write_text(f"script deep()\n  let x = {deep}\nend\n")
    done = sopc("compile", "deep.sop")
    assert done.exit_code == 1
    assert done.stderr.startswith("error ")
    (project / "deep.json").write_text('{"scripts":' + "[" * 50_000)
    assert sopc("compile", "deep.json").stderr.startswith("error C0107")
