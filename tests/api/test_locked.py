"""Runs of a server on a SQLite file that another program keeps locked."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.api.conftest import make_folder
from tests.api.test_durable import MAX_SECONDS, SCHEMA, SCRIPTS, Process, count_of, ended, lines, served, until
from tests.api.test_stopping import sql
from tests.commands import Place


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """In the block, nobody else can write."""
    with closing(sqlite3.connect(folder / "main.db", timeout=MAX_SECONDS)) as connection:
        connection.execute("begin immediate")
        yield
        connection.rollback()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    make_folder(tmp_path, SCRIPTS, SCHEMA)
    server = Process(tmp_path, "--workers", "2")
    yield server
    server.close()


def test_runs_that_no_client_waits_for_are_put_off(server: Process, tmp_path: Path) -> None:
    """One that was accepted with 202, and one that a worker of the server has taken. A client that waits is told."""
    server.client.post("/play/count_up", json={"n": 1})
    until(partial(served, tmp_path))
    accepted = server.client.post("/play/count_up", json={"n": 999}, headers={"Prefer": "respond-async"}).json()["id"]
    taken = json.loads(Place(tmp_path).ok("sopvm", "run", "count_up", "n=999", "--detach").stdout)["run"]
    until(lambda: sql(tmp_path, "select count(*) from sop_runs where segment > 3") == [(2,)])
    with locked(tmp_path):
        for run in (accepted, taken):
            until(lambda run=run: server.status(run) in ("interrupted", "ok"))  # type: ignore[misc]
        told = server.client.post("/play/note", json={"text": "x"})
        assert [line["result"]["code"] for line in lines(told.text) if line["type"] == "error"] == ["D0401"]
    for run in (accepted, taken):
        until(partial(ended, server, run))
    assert count_of(tmp_path) == 1999


def test_a_cancelled_run_is_cancelled(server: Process, tmp_path: Path) -> None:
    """Its row says so once the file can be written, and nobody goes on with it."""
    run = server.client.post("/play/count_up", json={"n": 10**6}, headers={"Prefer": "respond-async"}).json()["id"]
    until(lambda: count_of(tmp_path) > 3)
    with locked(tmp_path):
        assert server.client.delete(f"/runs/{run}").status_code == 204
        time.sleep(0.5)  # so long it stays locked
    until(lambda: server.status(run) == "cancelled")
