"""`ask … within …`: the deadline is in the run's row, and whoever touches the run after it takes the default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.runs.kept import Kept, kept_on

SCRIPT = """
script careful(days: int = 2) -> text
  ask "Delete it?" within days * 1 day default "no" into first: text
  insert into log { text: first }
  commit
  ask "Sure?" within 1 hour into sure: bool
  return "{first}, {sure}"
end
"""
PAST = "UPDATE sop_runs SET deadline = '2000-01-01T00:00:00.000Z'"


@pytest.fixture(params=["sqlite", "postgres"])
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kept]:
    with kept_on(request.param, tmp_path, SCRIPT) as made:
        yield made


def test_a_question_waits_until_its_deadline_and_then_takes_its_default(kept: Kept) -> None:
    begun = kept.begin("careful")
    assert begun is not None and begun.status == "waiting"
    (line,) = [line for line in kept.lines if line["type"] == "ask"]
    assert line["result"] == {"question": "Delete it?", "type": "text", "within": "P2D", "default": "no"}
    ((created, deadline),) = kept.rows("SELECT created, deadline FROM sop_runs")
    assert created[:10] < deadline[:10], (created, deadline)
    run = str(kept.id())
    early = kept.go_on(run)
    assert early is not None and early.status == "waiting"
    kept.sql(PAST)
    late = kept.go_on(run)
    assert late is not None and late.status == "waiting", late  # at the second question
    assert kept.log == ["no"]
    kept.answers = {"4": "yes"}
    done = kept.go_on(run)
    assert done is not None and (done.status, done.result) == ("ok", "no, true")
    assert kept.rows("SELECT deadline FROM sop_runs") == [(None,)]


def test_without_a_default_a_passed_deadline_fails(kept: Kept) -> None:
    kept.answers = {"1": "yes"}
    begun = kept.begin("careful")
    assert begun is not None and begun.status == "waiting"
    kept.sql(PAST)
    failed = kept.go_on(str(kept.id()))
    assert failed is not None and failed.error is not None
    assert (failed.status, failed.error.code) == ("failed", "V0406")
    assert kept.rows("SELECT status, deadline IS NULL FROM sop_runs") in ([("failed", 0)], [("failed", False)])
    assert kept.log == ["yes"]  # as it was committed
    again = kept.go_on(str(kept.id()))  # a retry asks again, and has time
    assert again is not None and again.status == "waiting"
    assert kept.rows("SELECT status, deadline FROM sop_runs") == [("waiting", None)]
    kept.answers = {"4": "yes"}
    done = kept.go_on(str(kept.id()))
    assert done is not None and done.result == "yes, true"


def test_an_answer_in_time_is_taken(kept: Kept) -> None:
    kept.begin("careful")
    kept.answers = {"1": "maybe", "4": "no"}
    done = kept.go_on(str(kept.id()))
    assert done is not None and done.result == "maybe, false"


@pytest.mark.parametrize("days", [0, -1, 40_000])
def test_a_time_out_of_range_is_refused(tmp_path: Path, days: int) -> None:
    with closing(Kept(tmp_path, SCRIPT)) as kept:
        done = kept.begin("careful", {"days": days})
        assert done is not None and done.error is not None and done.error.code == "V0405"
