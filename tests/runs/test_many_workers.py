"""Workers on PostgreSQL that are killed, stopped, cut off from it, and at work side by side."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.postgres import Server, installations
from tests.runs.crew import TABLE, Crew, until
from tests.runs.proxy import Proxy


@pytest.mark.large
def test_workers_that_are_killed_stopped_and_cut_off(crew: Crew) -> None:
    runs, steps = 60, 60
    ids = [crew.pending(number, steps) for number in range(runs)]
    with closing(Proxy(crew.server.port)) as proxy:
        url = crew.server.url(crew.schema, application_name="stopped")
        crew.start("stopped", url)
        crew.start("killed", url.replace("=stopped", "=killed"))
        crew.start("cut", url.replace("=stopped", "=cut").replace(f":{crew.server.port}/", f":{proxy.port}/"))
        until(lambda: crew.sql("select 1 from effects limit 1"))
        taken = crew.stop_with_a_run("stopped")
        before = crew.sql(f"select epoch, segment from sop_runs where run = '{taken}'")[0]
        until(lambda: crew.has("killed"))
        crew.workers["killed"].kill()
        proxy.flows.clear()
        time.sleep(5)  # so long it is cut off
        proxy.flows.set()
        ended = "select count(*) from sop_runs where status = 'ok'"
        until(lambda: crew.sql(ended) == [(runs,)])
        after = crew.sql(f"select epoch, segment from sop_runs where run = '{taken}'")[0]
        assert after[0] > before[0] and after[1] == steps + 1
        os.kill(crew.workers["stopped"].pid, signal.SIGCONT)
        until(lambda: crew.told("stopped", taken))
        crew.end("stopped")
        crew.end("cut")
    refused = crew.told("stopped", taken)
    assert [(line["status"], line["code"]) for line in refused] == [("running", "V0608")]
    assert crew.sql("select count(*), count(distinct (run, step)) from effects") == [(runs * steps, runs * steps)]
    assert crew.steps_told(ids) == [list(range(1, steps + 1))] * runs


def test_runs_that_share_nothing_do_not_conflict(crew: Crew) -> None:
    """Segments are SERIALIZABLE: one that scanned a table of ours would conflict with every other run's. `analyze`
    makes a scan the cheapest plan for a small table, so that the plan has to be forced; without that each round has
    dozens of retries. A version of a row that finds no room on its page may still conflict, about once in some thousand
    segments, so that a second and third round are allowed."""
    for round_ in range(3):
        names = [f"{name}{round_}" for name in "abcd"]
        ids = [crew.pending(number, 60) for number in range(8)]
        crew.connection.execute("analyze")
        for name in names:
            crew.start(name, crew.server.url(crew.schema, application_name=name))
        until(lambda: crew.sql("select 1 from sop_runs where status <> 'ok' limit 1") == [])
        for name in names:
            crew.end(name)
        lines = [line for name in names for line in crew.said[name]]
        assert sorted(line["run"] for line in lines) == sorted(ids)
        retries = sum(line["retries"] for line in lines)
        if not retries:
            break
    assert retries == 0


def received(standby: Server) -> int:
    """The bytes of the primary's log that a standby has."""
    with standby.connect() as connection:
        found = connection.execute(
            "select pg_wal_lsn_diff(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')"
        ).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.large
@pytest.mark.parametrize("standbys", [1, 2])
def test_a_standby_takes_over_from_a_primary_that_is_killed(tmp_path: Path, standbys: int) -> None:
    """A commit is confirmed once a quorum of one standby has it, so what others see of a segment is on the standby that
    has most of the log. One of two may be away meanwhile, and come back."""
    runs, steps = 8, 100
    with ExitStack() as stack:
        primary = Server(*next(iter(installations().items())))
        stack.callback(primary.close)
        others = [stack.enter_context(closing(primary.standby())) for _ in range(standbys)]
        with primary.connect() as connection:
            connection.execute(TABLE.encode())
        crew = stack.enter_context(closing(Crew(tmp_path, primary, "public")))
        ids = [crew.pending(number, steps) for number in range(runs)]
        url = primary.url("public", target_session_attrs="read-write", options="-c synchronous_commit=on")
        ports = "".join(f",127.0.0.1:{other.port}" for other in others)
        url = url.replace(f":{primary.port}/", f":{primary.port}{ports}/")
        for name in ("a", "b"):
            crew.start(name, url)
        until(lambda: crew.sql("select 1 from effects where step > 20 limit 1"))
        if standbys > 1:
            others[0].kill()
            ((done,),) = crew.sql("select count(*) from effects")
            until(lambda: crew.sql("select count(*) from effects") > [(done + 20,)])
            others[0].start(others[0].port)
        confirmed = crew.sql("select run, segment from sop_runs order by run")
        primary.kill()
        standby = max(others, key=received)
        with standby.connect() as promoting:
            promoting.execute("alter system set synchronous_standby_names = ''")  # as copied, it waits for the others
            promoting.execute("select pg_promote()")
            promoting.execute("select pg_reload_conf()")
        crew.connection.close()
        crew.server, crew.connection = standby, standby.connect("public")
        until(lambda: crew.sql("select count(*) from sop_runs where status = 'ok'") == [(runs,)])
        for name in ("a", "b"):
            crew.end(name)
        kept = dict(crew.sql("select run, segment from sop_runs"))
        assert all(kept[run_id] >= segment for run_id, segment in confirmed)
        assert crew.sql("select count(*), count(distinct (run, step)) from effects") == [(runs * steps, runs * steps)]
        assert crew.steps_told(ids) == [list(range(1, steps + 1))] * runs
