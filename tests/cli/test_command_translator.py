"""`command` in sop.toml: a program that reads a prompt on stdin and prints a model's answer translates English."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

import pytest

from tests.cli.test_model_compile import READING, WRONG_LITERAL, Here
from tests.cli.test_model_compile import place as place
from tests.stand_in import StandIn

ASK = """\
#!{python}
import os, pathlib, sys
here = pathlib.Path({here!r})
prompt = sys.stdin.read()
number = len(list(here.glob("prompt*")))
(here / f"prompt{{number}}").write_text(prompt)
(here / "place").write_text(repr((os.listdir(), os.environ["PWD"] == os.getcwd(), sys.argv[1:])))
reply = here / f"reply{{number}}"
exec(reply.read_text() if reply.exists() else (here / "does").read_text())
"""


def configure(place: Here, *does: str, settings: str = "", arguments: str = "") -> None:
    """does: what the program does in Python, the n-th time it is called."""
    place.write("sop.toml", f'[translator]\ncommand = ["./ask"{arguments}]\n{settings}')
    place.write("ask", ASK.format(python=sys.executable, here=str(place.folder)))
    (place.folder / "ask").chmod(0o755)
    for number, each in enumerate(does):
        place.write(f"reply{number}", each)


def says(text: str) -> str:
    return f"print({text!r})"


def test_the_program_gets_what_show_prompt_prints_in_an_empty_folder(place: Here) -> None:
    configure(
        place, says(f"\x1b]0;title\x07\x1b[32mHere it is:\x1b[0m\r\n```\n{READING}```"), arguments=', "-m", "x y"'
    )
    shown = place.ok("sopc", "compile", "--show-prompt", "big.txt").text
    done = place.ok("sopc", "compile", "big.txt")
    assert (place.folder / "prompt0").read_text() == shown
    assert (place.folder / "place").read_text() == repr(([], True, ["-m", "x y"]))
    assert "translated by command ask (1 round, " in done.stderr and "tokens" not in done.stderr
    sop = (place.folder / "big.sop").read_text()
    assert "# translator: command ask\n" in sop and READING in sop
    assert "./ask" in place.ok("sopc", "model", "show").text


def test_findings_go_back_to_the_program(place: Here) -> None:
    configure(place, says(WRONG_LITERAL), says(WRONG_LITERAL.replace("<=", "<")))
    place.ok("sopc", "compile", "--yes", "reorder.txt")
    first, second = ((place.folder / f"prompt{number}").read_text() for number in range(2))
    assert second.startswith(first.rstrip("\n")) and "--- assistant\nscript reorder" in second.removeprefix(first[:-1])


@pytest.mark.parametrize(
    ("does", "code", "says"),
    [
        (
            "sys.stderr.write('one\\n\\x1b[31mno such model\\x1b[0m\\n'); sys.exit(3)",
            "T0315",
            "exit code 3: no such model",
        ),
        ("sys.stderr.write('x' * 9999); sys.exit(1)", "T0315", f"exit code 1: {'x' * 200}\n"),
        ("sys.exit(1)", "T0315", "exit code 1: it does not say why"),
        ("os.kill(os.getpid(), 9)", "T0315", "signal 9"),
        ("pass", "T0316", "printed nothing"),
        ("print(' \\x1b[2K\\n')", "T0316", "printed nothing"),
        ("print(prompt)", "T0316", "printed its input"),
        ("print('> ' + prompt[:1000])", "T0316", "printed its input"),
        ("print(prompt[-1000:])", "T0316", "printed its input"),
        ("print('<think>\\nscript it is')", "T0316", "thought, and did not answer"),
        ("sys.stdout.buffer.write(bytes(2_000_000))", "T0316", "more than 1,048,576 bytes"),
        ("print('I am not sure.')", "T0310", "no script"),
    ],
)
def test_what_is_no_answer_is_an_error_and_stores_nothing(place: Here, does: str, code: str, says: str) -> None:
    configure(place)
    place.write("does", does)
    done = place.run("sopc", "compile", "big.txt")
    assert done.exit_code == 1
    assert f"error {code}: " in done.stderr and says in done.stderr
    assert not (place.folder / "big.sop").exists()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ('["no-such-program-at-all"]', "T0314"),
        ('["./big.txt"]', "T0314"),
        ('["cat"]', "T0316"),
        ("[]", "C0202"),
        ('[""]', "C0202"),
        ('["llm", "a\\nb"]', "C0202"),
        ('["llm", "\\u0000"]', "C0202"),
        ('"llm -m x"', "C0202"),
        ('["llm", "${NOT_SET_ANYWHERE}"]', "C0203"),
    ],
)
def test_a_command_that_is_none_is_an_error(place: Here, command: str, code: str) -> None:
    place.write("sop.toml", f"[translator]\ncommand = {command}\n")
    assert f"error {code}: " in place.run("sopc", "compile", "big.txt").stderr


def test_a_slow_program_is_ended(place: Here) -> None:
    configure(place, settings="timeout = 1\n")
    place.write("does", "import time; time.sleep(100)")
    assert (
        "error T0308: command ask gave no complete reply within 1 seconds"
        in place.run("sopc", "compile", "big.txt").stderr
    )


def test_what_the_program_leaves_behind_is_ended_with_it(place: Here) -> None:
    lock, survived = place.folder / "lock", place.folder / "survived"
    child = f"""\
import fcntl, pathlib, time
held = open({str(lock)!r}, "w")
fcntl.flock(held, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(100)
pathlib.Path({str(survived)!r}).touch()
"""
    start = f"""\
import subprocess
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print({READING!r})
"""
    configure(place, start)
    place.ok("sopc", "compile", "big.txt")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # when the child is gone
    assert not survived.exists()


@pytest.mark.parametrize("samples", [False, True])
def test_values_go_to_a_program_only_where_the_settings_say_so(place: Here, samples: bool) -> None:
    configure(place)
    shows = "true" if samples else "false"
    with Path(place.folder / "sop.toml").open("a") as file:
        file.write(f'[databases]\nmain = {{ url = "sqlite:///{place.folder}/.sop/main.db", samples = {shows} }}\n')
    assert ("gears" in place.ok("sopc", "compile", "--show-prompt", "big.txt").text) is samples


def test_a_secret_of_the_command_is_kept_nowhere(place: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "sk-very-secret")
    configure(place, says(READING), arguments=', "--key", "${THE_KEY}"')
    done = place.ok("sopc", "compile", "--show-work", "big.txt")
    shown = place.ok("sopc", "model", "show").text + place.ok("sopc", "show", "--work", "big").text
    files = [path for path in place.folder.rglob("*") if path.is_file() and path.name != "place"]
    assert "sk-very-secret" not in done.stderr + done.text + shown
    assert not any(b"sk-very-secret" in path.read_bytes() for path in files)
    assert "sk-very-secret" in (place.folder / "place").read_text()


def test_the_settings_and_the_flag_choose_between_a_command_and_patterns(place: Here) -> None:
    configure(place, says(READING))
    place.write("sop.toml", f'{(place.folder / "sop.toml").read_text()}use = "patterns"\n')
    assert "translated by patterns" in place.ok("sopc", "compile", "big.txt").stderr
    assert (
        "translated by command ask"
        in place.ok("sopc", "compile", "--take", "text", "--translator", "command", "big.txt").stderr
    )


def test_a_model_that_the_program_can_not_be_told_is_refused(place: Here) -> None:
    configure(place)
    done = place.run("sopc", "compile", "--model", "m", "big.txt")
    assert done.exit_code == 2 and "error C0101: --model is for servers" in done.stderr


def test_without_any_model_the_error_names_the_ways_to_one(place: Here) -> None:
    for arguments in (["--translator", "model"], ["--show-prompt"]):
        done = place.run("sopc", "compile", "big.txt", *arguments)
        assert "error T0301: no model is configured" in done.stderr
        for way in ("OPENAI_API_KEY", "provider = ", "command = [", "sopc model pull"):
            assert way in done.stderr


def test_llm_translates(place: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program itself, with a model behind OpenAI's API on this machine."""
    pytest.importorskip("llm")
    (place.folder / "llm").mkdir()
    server = StandIn(f"Here it is:\n\n```\n{READING}```\n")
    try:
        place.write("llm/extra-openai-models.yaml", f'- model_id: mine\n  model_name: m\n  api_base: "{server.url}"\n')
        monkeypatch.setenv("LLM_USER_PATH", str(place.folder / "llm"))
        place.write("sop.toml", f'[translator]\ncommand = ["{sys.executable}", "-m", "llm", "-m", "mine"]\n')
        shown = place.ok("sopc", "compile", "--show-prompt", "big.txt").text
        place.ok("sopc", "compile", "big.txt")
    finally:
        server.close()
    (sent,) = server.requests
    assert sent["messages"] == [{"role": "user", "content": shown}]
    assert READING in (place.folder / "big.sop").read_text()
    place.write("sop.toml", f'[translator]\ncommand = ["{sys.executable}", "-m", "llm", "-m", "no-such-model"]\n')
    done = place.run("sopc", "compile", "--take", "text", "big.txt")
    assert "error T0315" in done.stderr and "no-such-model" in done.stderr
