"""A connection that is lost in a commit, or a server that is: the run looks up what was kept, and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import pytest

from runtime.config import Config
from runtime.runs import host, segments
from runtime.runs.run import Outcome
from runtime.runs.store import RunRow, RunStore
from runtime.runs.worker import Report, Worker
from tests.postgres import Server, installations, shared
from tests.runs.kept import Kept, lose_connection
from tests.runs.proxy import Proxy

SCRIPT = """
script work(n: int) -> int
  for each item in from items order by id do
    for each i in 1 to n do
      insert into log { text: "{item.name} {i}" }
      commit
    end
  end
  return n
end

script once() -> int
  insert into log { text: "once" }
  if count(from items) > 100 then commit end
  return 1
end
"""
EXPECTED = [f"{name} {i}" for name in ("bolt", "nut", "gear", "axle", "cog") for i in (1, 2, 3)]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with shared().schema() as schema, closing(Kept(tmp_path, SCRIPT, shared(), schema)) as made:
        made.begin("work", {"n": 0})  # makes the tables
        made.reset()
        yield made


def through(kept: Kept, proxy: Proxy) -> None:
    kept.url = kept.url.replace(f":{shared().port}/", f":{proxy.port}/")


def test_a_connection_is_lost_in_commits(kept: Kept) -> None:
    """The first commit, some in between, and the last. Each connection lives for few: after five, the client
    prepares the statement, and no longer sends the text by which the proxy knows it."""
    with closing(Proxy(shared().port, before={1, 5, 6}, after={2, 9, 13, 17, 19})) as proxy:
        through(kept, proxy)
        done = kept.begin("work", {"n": 3})
        assert done is not None and (done.status, done.result) == ("ok", 3), done
        assert (proxy.cut, proxy.commits) == ([1, 2, 5, 6, 9, 13, 17, 19], 19)
    assert kept.log == EXPECTED
    assert kept.rows("SELECT status FROM sop_runs") == [("ok",)]
    numbers = [line["seq"] for line in kept.lines if "seq" in line]
    assert numbers == sorted(numbers)
    voided = [line for line in kept.lines if line["type"] == "rollback"]
    assert len(voided) == 3  # a segment that was kept is not run again


def test_a_commit_that_the_server_hears_of_late(kept: Kept) -> None:
    """The run looks up whether the segment was kept before the server has heard of its commit, and waits for that."""

    def someone_waits() -> None:
        deadline = monotonic() + 60
        while not kept.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert monotonic() < deadline

    with closing(Proxy(shared().port, late={1, 3, 7}, cut_off=someone_waits)) as proxy:
        through(kept, proxy)
        done = kept.begin("work", {"n": 3})
        assert done is not None and (done.status, done.result) == ("ok", 3), done
        assert proxy.cut == [1, 3, 7]
    assert kept.log == EXPECTED


def test_a_segment_ends_once(kept: Kept) -> None:
    """Also if the end of another try comes from the same process."""
    kept.begin("work", {"n": 1})
    row = kept.read(kept.id() or "").row
    with closing(kept.connect("main")) as database:
        store = RunStore(database)
        ends = [store.save(row.run, row.epoch, "running", row.segment + 1, 9, b"", None, None) for _ in range(2)]
    assert ends == [True, False]


def worked(kept: Kept, while_: Callable[[], bool] = lambda: True) -> list[Report]:
    """What a worker reports until it finds no run to take, or is told to stop."""
    reports: list[Report] = []
    config = Config(home=kept.folder, flags={"main": kept.url})
    worker = Worker(config, ["main"], kept.sandbox.library, reports.append)
    try:
        worker.work(until_idle=True, while_=while_)
    finally:
        worker.close()
    return reports


def test_a_worker_that_was_slow_leaves_the_run_to_who_was_quicker(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes the run over between a worker's take and its look at the run's row."""
    kept.begin("work", {"n": 1}, detached=True)
    find = RunStore.find
    quicker: list[bool] = []

    def found(store: RunStore, run_id: str) -> RunRow | None:
        if not quicker:
            row = find(store, run_id)
            assert row is not None
            quicker.append(store.claim(run_id, row.epoch))
        return find(store, run_id)

    monkeypatch.setattr(RunStore, "find", found)
    assert (worked(kept, lambda: not quicker), quicker, kept.log) == ([], [True], [])
    assert kept.rows("SELECT status, segment FROM sop_runs") == [("running", 0)]


def test_a_worker_that_lost_its_connection_tells_what_became_of_the_run(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has connections of its own."""
    kept.begin("work", {"n": 1}, detached=True)
    go_on = Worker._alone

    def losing(worker: Worker, *which: Any) -> Outcome:
        done = go_on(worker, *which)
        for served in worker._served:
            database: Any = served.store.database
            lose_connection(database)
        return done

    monkeypatch.setattr(Worker, "_alone", losing)
    assert [(report.status, report.segments) for report in worked(kept)] == [("ok", 6)]


def test_the_commit_of_a_run_that_is_not_kept_stays_in_doubt(kept: Kept) -> None:
    with closing(Proxy(shared().port, before=set(), after={1})) as proxy:
        through(kept, proxy)
        done = kept.begin("once")
        assert done is not None and done.error is not None
        assert (done.error.code, "is not known" in done.error.message) == ("D0421", True)
    assert kept.log == ["once"]


def test_runs_that_share_nothing_go_on_side_by_side(kept: Kept) -> None:
    def work() -> None:
        done = kept.begin("work", {"n": 20})
        assert done is not None and done.status == "ok", done
        ended.append(done.retries)

    ended: list[int] = []
    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 4
    assert kept.rows("SELECT text, count(*) FROM log GROUP BY text HAVING count(*) <> 4") == []
    assert kept.rows("SELECT count(*) FROM log") == [(4 * 100,)]


def test_a_run_whose_row_does_not_say_how_it_ended_is_told_as_interrupted(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stays away: a client that heard `failed` would ask again, and a worker goes on with the run."""
    for module in (segments, host):
        monkeypatch.setattr(module, "MAX_RETRIES", 3)
    direct, proxy = kept.url, Proxy(shared().port)
    through(kept, proxy)
    closed: list[Proxy] = []

    def connect(name: str, at: int | None = None) -> object:
        database = connect_to(name, at)
        commit = database.commit

        def going_away() -> None:
            if proxy.commits == 3 and not closed:
                closed.append(proxy)
                proxy.close()
            commit()

        database.commit = going_away
        return database

    connect_to = kept.connect
    with monkeypatch.context() as patched:
        patched.setattr(kept, "connect", connect)
        done = kept.begin("work", {"n": 3})
    assert closed and done is not None and done.error is not None
    assert (done.status, done.error.code, done.kept) == ("interrupted", "V0613", True)
    assert f"the run {done.run} is kept, and goes on" in done.error.message
    assert (kept.lines[-2]["result"]["code"], kept.lines[-1]["status"]) == ("V0613", "interrupted")
    assert kept.rows("SELECT status FROM sop_runs") == [("running",)]
    kept.url = direct
    assert [report.status for report in worked(kept)] == ["ok"]
    assert kept.log == EXPECTED


def test_the_server_stops_and_starts_again(tmp_path: Path) -> None:
    name, programs = next(iter(installations().items()))
    server = Server(name, programs)
    try:
        with server.connect() as connection:
            connection.execute("create schema shop; alter role sop set synchronous_commit = on")
        with closing(Kept(tmp_path, SCRIPT, server, "shop")) as kept:
            stopped: list[int] = []

            def connect(name: str, at: int | None = None) -> object:
                database = connect_to(name, at)
                commit = database.commit

                def stopping() -> None:
                    if database.calls > 20 and not stopped:
                        stopped.append(server.port)
                        server.kill()
                        server.start(server.port)
                    commit()

                database.commit = stopping
                return database

            connect_to = kept.connect
            kept.connect = connect  # type: ignore[method-assign]
            done = kept.begin("work", {"n": 3})
            assert stopped and done is not None and done.status == "ok", done
            kept.connection.close()
            kept.connection = server.connect("shop")
            assert kept.log == EXPECTED
    finally:
        server.close()
