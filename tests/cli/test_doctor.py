"""`sopc doctor`: each thing that can be wrong is told, with what to do, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from runtime.api import Token, Tokens
from runtime.config import Config
from runtime.console import checks_of
from tests.commands import Place, command, environment

SCRIPT = "script nothing()\n  let a = 1\nend\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def doctor(place: Place, *words: str, code: int, **env: str) -> dict[str, dict[str, Any]]:
    """The lines by name; those that are wrong have something to do."""
    done = subprocess.run(
        command("sopc", "doctor", "-f", "json", *words),
        cwd=place.folder,
        env=environment() | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
    found = {line["name"]: line for line in json.loads(done.stdout)}
    assert {"Python", "home", "library", "clock", "tokens"} <= found.keys()
    assert "settings" in found or {"database main", "translator"} <= found.keys()
    assert all(line["hint"] for line in found.values() if line["state"] == "wrong")
    return found


def wrong(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: line["found"] for name, line in found.items() if line["state"] == "wrong"}


def test_a_new_folder_and_one_in_use_have_nothing_wrong(place: Place) -> None:
    assert not wrong(doctor(place, code=0))
    assert not place.home.exists()  # it only looks
    place.sql("create table notes (n integer)")
    place.compile(SCRIPT)
    found = doctor(place, code=0)
    assert not wrong(found)
    assert found["library"]["found"] == "1 script" and found["database main"]["found"].endswith(": 1 store")
    assert "patterns" in found["translator"]["found"]
    assert {f"extra {name}" for name in ("duckdb", "serve", "mcp")} <= found.keys()
    assert not {"extra test", "extra docs", "extra mutation", "extra peers"} & found.keys()
    assert place.ok("sopc", "doctor").text.startswith("name")


def test_databases_that_do_not_open_are_told_without_their_passwords(place: Place) -> None:
    place.write("broken.db", "this is no database at all, but a text of some length")
    url = "postgresql://me:secret@127.0.0.1:1/none"
    found = wrong(doctor(place, "--db", "gone=sqlite:///gone.db", "--db", "odd=sqlite:///broken.db",
                         "--db", f"far={url}", code=1))  # fmt: skip
    assert found.keys() == {"database gone", "database odd", "database far"}
    assert "secret" not in str(found)


def test_settings_that_can_not_be_read_are_told_beside_the_rest(place: Place) -> None:
    place.compile(SCRIPT)
    for text in ("[databases\n", '[translater]\nuse = "model"\n'):
        place.write("sop.toml", text)
        found = doctor(place, code=1)
        assert wrong(found).keys() == {"settings"} and "sop.toml:1" in found["settings"]["found"]
        assert found["library"]["found"] == "1 script" and "database main" not in found
    place.write("sop.toml", "")
    assert "what a database is" in wrong(doctor(place, "--db", "nonsense", code=1))["settings"]


def test_a_damaged_library_is_told(place: Place) -> None:
    place.compile(SCRIPT)
    library = place.home / "library.mdb"
    library.write_bytes(b"nonsense" * 1000)
    assert wrong(doctor(place, code=1)).keys() == {"library"}


def test_a_clock_that_is_behind_is_told(place: Place) -> None:
    place.compile(SCRIPT)
    config = Config.load(cwd=place.folder)
    late, early = datetime(2126, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)
    assert [check.name for check in checks_of(config, late) if check.is_wrong] == []
    assert [check.name for check in checks_of(config, early) if check.is_wrong] == ["clock"]


def test_tokens_that_have_expired_are_told(place: Place) -> None:
    tokens = Tokens(place.home)
    tokens.add(Token("old", "a" * 16, "0" * 64, expires=1))
    tokens.add(Token("new", "b" * 16, "0" * 64))
    assert wrong(doctor(place, code=1)) == {"tokens": "expired: old"}


class Model(BaseHTTPRequestHandler):
    """A server of models that lists them to nobody."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def model() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Model) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_model_is_told_that_can_not_be_asked(place: Place, model: str) -> None:
    place.write("sop.toml", f'[translator]\nmodel = "small"\nbase_url = "{model}"\n')
    assert doctor(place, code=0)["translator"]["found"] == "model small at 127.0.0.1 can be asked"
    place.write("sop.toml", '[translator]\nmodel = "small"\nbase_url = "http://127.0.0.1:1/v1"\n')
    assert "can't be reached" in wrong(doctor(place, code=1))["translator"]
    place.write("sop.toml", '[translator]\nuse = "command"\ncommand = ["no-such-program"]\n')
    assert "no-such-program" in wrong(doctor(place, code=1))["translator"]
    place.write("sop.toml", '[translator]\nuse = "model"\n')
    assert "no model is configured" in wrong(doctor(place, code=1))["translator"]


def test_without_the_service_its_tokens_are_told_to_need_it(place: Place) -> None:
    def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
        code = f"import sys; sys.modules['starlette'] = None; from {program}.cli import main; main({list(words)})"
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=place.folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    listed = run("runtime", "token", "ls")
    assert listed.returncode == 2 and listed.stderr.startswith("error S0120") and "sopc[serve]" in listed.stderr
    looked = run("sopc", "doctor")
    assert looked.returncode == 0 and "`sopvm serve` is not installed" in looked.stdout
