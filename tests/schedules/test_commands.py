"""`sopvm schedule` in a shell, and schedules over HTTP, begun by a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.test_durable import Process, until
from tests.commands import Place

SCRIPTS = """
script note(text: text = "noted")
  insert into log { text: text }
end
"""
YEARLY = "30 4 1 1 *"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.sql("create table log (text text not null)")
    place.compile(SCRIPTS)
    return place


def test_a_schedule_s_life(place: Place) -> None:
    assert place.ok("sopvm", "schedule", "ls", "-f", "records").text == ""
    assert not (place.home / "runs.db").exists()
    added = place.ok(
        "sopvm", "schedule", "add", "note@1", "text=happy new year", "--cron", YEARLY, "--tz", "Asia/Tokyo"
    )
    assert "note: next 20" in added.stderr
    assert "-01-01 04:30 JST" in added.stderr
    assert "`sopvm worker`" in added.stderr  # nobody is there to begin it
    (row,) = place.ok("sopvm", "schedule", "ls", "-f", "records").lines
    assert (row["name"], row["script"], row["tz"], row["run"]) == ("note", "note@1", "Asia/Tokyo", None)
    assert row["next"].endswith("-12-31T19:30:00.000Z")
    coming = place.ok("sopvm", "schedule", "next", "note", "--count", "3", "-f", "records").lines
    assert [each["due"][4:] for each in coming] == ["-12-31T19:30:00.000Z"] * 3
    assert len({each["due"] for each in coming}) == 3
    assert coming[0]["local"].endswith("-01-01 04:30 JST")
    place.ok("sopvm", "schedule", "pause", "note")
    assert place.ok("sopvm", "schedule", "ls", "-f", "records").lines[0]["next"] == "paused"
    assert "note: next 20" in place.ok("sopvm", "schedule", "resume", "note").stderr
    assert "is not paused" in place.ok("sopvm", "schedule", "resume", "note").stderr
    place.ok("sopvm", "schedule", "rm", "note")
    assert place.ok("sopvm", "schedule", "ls", "-f", "records").text == ""


def test_several_are_removed_or_none(place: Place) -> None:
    for name in ("one", "two", "three"):
        place.ok("sopvm", "schedule", "add", "note", "--cron", YEARLY, "--name", name)
    done = place.run("sopvm", "schedule", "rm", "one", "four", "two")
    assert (done.exit_code, "V0622: there is no schedule four" in done.stderr) == (2, True)
    assert len(place.ok("sopvm", "schedule", "ls", "-f", "records").lines) == 3
    assert place.ok("sopvm", "schedule", "rm", "one", "two", "one").stderr == "one: removed\ntwo: removed\n"
    assert [row["name"] for row in place.ok("sopvm", "schedule", "ls", "-f", "records").lines] == ["three"]


def test_a_schedule_whose_script_is_removed_is_told(place: Place) -> None:
    place.ok("sopvm", "schedule", "add", "note@1", "--cron", YEARLY, "--name", "yearly")
    place.compile("script other()\n  emit {a: 1}\nend")
    assert "schedule" not in place.ok("sopc", "rm", "other").stderr
    told = place.ok("sopc", "rm", "note").stderr
    assert "note: the schedule yearly runs it; `sopvm schedule rm yearly` ends that" in told


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nobody", "--cron", YEARLY), "L0101"),
        (("note", "--cron", "yearly"), "V0620"),
        (("note", "--cron", YEARLY, "--tz", "Tokyo"), "V0621"),
        (("note", "--cron", YEARLY, "txt=x"), "C0122"),
        (("note", "--cron", YEARLY, "--name", "a name"), "C0102"),
        (("note", "--cron", YEARLY, "--backoff", "soon"), "C0102"),
        (("note", "--cron", YEARLY, "--missed", "all", "--overlap", "skip"), "C0102"),
        (("note",), "C0101"),
    ],
)
def test_what_is_no_schedule_is_refused(place: Place, words: tuple[str, ...], code: str) -> None:
    done = place.run("sopvm", "schedule", "add", *words)
    assert (done.exit_code, done.text) == (2, "")
    assert f"error {code}:" in done.stderr
    assert place.ok("sopvm", "schedule", "ls", "-f", "records").text == ""


@pytest.mark.parametrize("command", ["pause", "resume", "rm", "next"])
@pytest.mark.parametrize("others", [False, True])
def test_a_schedule_that_there_is_not(place: Place, command: str, others: bool) -> None:
    if others:
        place.ok("sopvm", "schedule", "add", "note", "--cron", YEARLY)
    done = place.run("sopvm", "schedule", command, "noted")
    assert (done.exit_code, done.text) == (2, "")
    assert "error V0622: there is no schedule noted" in done.stderr


def test_a_name_is_taken_once(place: Place) -> None:
    place.ok("sopvm", "schedule", "add", "note", "--cron", YEARLY)
    done = place.run("sopvm", "schedule", "add", "note", "--cron", "0 0 * * *")
    assert "error V0623:" in done.stderr
    assert done.exit_code == 2
    place.ok("sopvm", "schedule", "add", "note", "--cron", "0 0 * * *", "--name", "note-daily")
    rows = place.ok("sopvm", "schedule", "ls", "-f", "records").lines
    assert [(row["name"], row["cron"]) for row in rows] == [("note", YEARLY), ("note-daily", "0 0 * * *")]


def test_a_script_whose_runs_can_not_be_kept_is_refused(place: Place) -> None:
    pytest.importorskip("duckdb").connect(str(place.folder / "lake.duckdb")).execute("create table log (text text)")
    place.write("sop.toml", '[databases]\nlake = "duckdb:///lake.duckdb"\n')
    place.compile('script load() uses lake\n  insert into lake.log { text: "x" }\nend\n')
    done = place.run("sopvm", "schedule", "add", "load", "--cron", YEARLY)
    assert "error V0605: `load` writes `lake`" in done.stderr
    assert done.exit_code == 2


def test_a_server_begins_runs_and_shows_schedules(place: Place) -> None:
    place.ok("sopvm", "schedule", "add", "note", "--cron", YEARLY)
    place.sql("update sop_schedules set due = '2026-01-01T04:30:00.000Z'", place.home / "runs.db")
    server = Process(place.folder)
    try:
        seen = until(lambda: [each for each in _schedules(server) if each["status"] == "ok"])
        assert (seen[0]["run"], seen[0]["last"]) == ("note-20260101T043000Z", "2026-01-01T04:30:00.000Z")
        assert seen[0]["next"] > seen[0]["last"]
        until(lambda: server.client.get("/schedules").json()["served"])
        assert server.client.get("/runs/note-20260101T043000Z").json()["status"] == "ok"
    finally:
        server.close()
    assert place.sql("select text from log") == [("noted",)]


def _schedules(server: Process) -> list[dict[str, str]]:
    found: list[dict[str, str]] = server.client.get("/schedules").json()["schedules"]
    return found
