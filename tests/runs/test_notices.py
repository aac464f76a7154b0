"""A command that is told of runs that wait or failed: `[notify]` in sop.toml, on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runtime.config import Config
from runtime.runs.notices import notifier_of
from runtime.schedules.store import tried_again
from tests.runs.test_worker import Workshop, shop, until

__all__ = ["shop"]  # a fixture
TELLER = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
if (folder / "broken").exists():
    sys.exit("the channel is closed")
with open(folder / "told", "ab") as file:
    file.write(sys.stdin.buffer.read())
"""


STUMBLES = """
script stumbles()
  insert into effects { number: 1 }
  commit
  fail "not today"
end
"""


class Told:
    """What the command was told, and what the notifier says of it."""

    def __init__(self, workshop: Workshop) -> None:
        self.place = workshop.place
        self.said: list[str] = []
        self.place.compile(STUMBLES)
        (self.place.folder / "tell.py").write_text(TELLER, encoding="utf-8")
        words = [sys.executable, "tell.py", str(self.place.folder)]
        text = (self.place.folder / "sop.toml").read_text(encoding="utf-8")
        self.place.write("sop.toml", f"{text}\n[notify]\ncommand = {json.dumps(words)}\n")

    @property
    def lines(self) -> list[dict[str, Any]]:
        file = self.place.folder / "told"
        return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []

    def look(self, monkeypatch: pytest.MonkeyPatch, times: int = 1) -> None:
        monkeypatch.chdir(self.place.folder)
        config = Config.load(cwd=self.place.folder)
        notifier = notifier_of(config, partial(tried_again, config), self.said.append)
        assert notifier is not None
        for _ in range(times):
            notifier.stop(look=True)


@pytest.fixture
def told(shop: Workshop) -> Told:
    return Told(shop)


def test_a_run_that_waits_and_one_that_failed_are_told_once(
    shop: Workshop, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.place.run("sopvm", "run", "confirm", "--id", "asking")
    shop.place.run("sopvm", "run", "stumbles", "--id", "failing")
    shop.pending("fine", "work", "n=1")
    told.look(monkeypatch, times=2)
    told.look(monkeypatch)
    asking, failing = told.lines
    assert (asking["run"], asking["script"], asking["status"], asking["database"]) == (
        *("asking", "confirm", "waiting", "main"),
    )
    assert asking["question"]["question"] == "Really?"
    assert (failing["run"], failing["status"], failing["error"]["code"]) == ("failing", "failed", "V0401")
    assert told.said == []


def test_the_same_run_at_another_stop_is_told_again(
    shop: Workshop, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.place.run("sopvm", "run", "stumbles", "--id", "failing")
    told.look(monkeypatch)
    assert shop.place.run("sopvm", "retry", "failing").exit_code == 1
    told.look(monkeypatch)
    assert [line["run"] for line in told.lines] == ["failing", "failing"]


def test_a_command_that_fails_is_told_again(shop: Workshop, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a pause: a second look at once tells nothing."""
    shop.place.run("sopvm", "run", "stumbles", "--id", "failing")
    told.place.write("broken", "")
    told.look(monkeypatch, times=2)
    (said,) = told.said
    assert said.endswith("ended with 1: the channel is closed; again in 10 s")
    assert "[notify] was not told of the run failing" in said
    (told.place.folder / "broken").unlink()
    told.look(monkeypatch)
    assert [line["run"] for line in told.lines] == ["failing"]


def test_a_command_that_there_is_not(shop: Workshop, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.place.run("sopvm", "run", "stumbles", "--id", "failing")
    text = (shop.place.folder / "sop.toml").read_text(encoding="utf-8")
    shop.place.write("sop.toml", text.replace(json.dumps(sys.executable), '"no-such-program"'))
    told.look(monkeypatch)
    (said,) = told.said
    assert "no-such-program: no such file or directory; again" in said


def test_a_worker_tells(shop: Workshop, told: Told) -> None:
    shop.detach("stumbles")
    done = shop.place.run("sopvm", "worker", "--until-idle")
    assert done.stderr == ""
    until(lambda: [line["status"] for line in told.lines] == ["failed"])


def test_a_notice_holds_no_run_up(shop: Workshop, told: Told, tmp_path: Path) -> None:
    """The command waits for a file that the end of another run lets us write."""
    (shop.place.folder / "tell.py").write_text(
        "import pathlib, time\npathlib.Path('begun').touch()\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.02)\n" + TELLER,
        encoding="utf-8",
    )
    shop.place.run("sopvm", "run", "stumbles", "--id", "failing")
    worker = shop.place.start("sopvm", "worker")
    try:
        until((shop.place.folder / "begun").exists)
        run = shop.detach("work", "n=3")
        until(lambda: shop.status(run) == "ok")
        assert told.lines == []
        shop.place.write("go", "")
        until(lambda: [line["run"] for line in told.lines] == ["failing"])
    finally:
        worker.terminate()
        worker.communicate()
