"""So many requests a minute and a day of a token, or of an address without one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime.api import rates
from runtime.api.problems import HttpError
from runtime.api.rates import MAX_CALLERS, Rates
from tests.api.conftest import Served


class Clock:
    """Both clocks of the module, at a time that the test sets."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0 * 86_400
        patch.setattr(rates, "monotonic", lambda: self.now)
        patch.setattr(rates, "time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def taken(limits: Rates, caller: str, times: int) -> int:
    """How many of these are taken."""
    count = 0
    for _ in range(times):
        try:
            limits.take(caller)
            count += 1
        except HttpError as error:
            assert (error.status, error.code) == (429, "S0215")
    return count


def test_a_minute_s_requests_may_come_at_once_and_come_back_evenly(clock: Clock) -> None:
    limits = Rates(6, None)
    assert taken(limits, "a", 10) == 6
    assert taken(limits, "b", 10) == 6, "callers do not share"
    with pytest.raises(HttpError) as error:
        limits.take("a")
    assert error.value.headers == {"Retry-After": "10"}
    clock.now += 10
    assert taken(limits, "a", 3) == 1
    clock.now += 3600
    assert taken(limits, "a", 10) == 6, "no more than a minute's is saved up"


def test_a_day_ends_at_midnight_utc(clock: Clock) -> None:
    limits = Rates(None, 3)
    clock.now += 86_400 - 5
    assert taken(limits, "a", 5) == 3
    with pytest.raises(HttpError) as error:
        limits.take("a")
    assert error.value.headers == {"Retry-After": "5"}
    clock.now += 5
    assert taken(limits, "a", 5) == 3


def test_what_is_refused_for_the_minute_does_not_count_for_the_day(clock: Clock) -> None:
    limits = Rates(2, 4)
    assert taken(limits, "a", 50) == 2
    clock.now += 60
    assert taken(limits, "a", 50) == 2
    clock.now += 60
    assert taken(limits, "a", 50) == 0


def test_callers_are_forgotten_past_a_bound(clock: Clock) -> None:
    limits = Rates(1, None)
    for number in range(MAX_CALLERS + 1):
        limits.take(str(number))
    assert taken(limits, str(MAX_CALLERS), 1) == 0
    assert taken(limits, "0", 1) == 1


def test_over_http_by_token_and_by_address(serve: Callable[..., Served], clock: Clock) -> None:
    served = serve(max_minute=2)
    assert [served.client.get("/play/log_size").status_code for _ in range(3)] == [200, 200, 429]
    assert [served.client.get("/live").status_code for _ in range(3)] == [200] * 3, "probes are free"
    one, two = served.token("one"), served.token("two")
    assert [served.client.get("/play/log_size", headers=one).status_code for _ in range(3)] == [200, 200, 429]
    answer = served.client.get("/play/log_size", headers=two)
    assert answer.status_code == 200
    late = served.client.get("/play/log_size", headers=one)
    assert (late.status_code, late.json()["code"], late.headers["Retry-After"]) == (429, "S0215", "30")
