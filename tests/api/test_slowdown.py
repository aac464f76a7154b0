"""Answers to wrong tokens get slower and slower, while right tokens are let in at once. The tests set the clock."""

from __future__ import annotations

import socket

import pytest

from runtime.api import slowdown
from runtime.api.slowdown import AT_ONCE, MAX_PLACES, MAX_SECONDS, SECONDS, Slowdown
from tests.api.conftest import Served
from tests.api.test_play import until


def test_a_mistake_is_answered_at_once() -> None:
    each = Slowdown()
    assert [each.delay("1.2.3.4", None, 0.0) for _ in range(AT_ONCE)] == [0.0] * AT_ONCE


def test_guesses_one_after_the_other_come_at_a_pace() -> None:
    """300 guesses, each sent as soon as the previous one is answered."""
    each, now = Slowdown(), 0.0
    for _ in range(300):
        wait = each.delay("1.2.3.4", None, now)
        assert wait is not None
        now += wait
    assert now == pytest.approx((300 - AT_ONCE) * SECONDS)


def test_guesses_all_at_once_are_no_faster() -> None:
    """Of 300 guesses at one moment, only as many are answered as sequential guesses would be."""
    each = Slowdown()
    waits = [each.delay("1.2.3.4", None, 0.0) for _ in range(300)]
    told = [wait for wait in waits if wait is not None]
    assert sorted(told) == told and told[-1] == MAX_SECONDS
    assert len(told) == AT_ONCE + MAX_SECONDS / SECONDS
    assert each.delay("1.2.3.4", None, MAX_SECONDS) is not None  # not for ever


def test_addresses_do_not_slow_each_other_down() -> None:
    each = Slowdown()
    for _ in range(100):
        each.delay("1.2.3.4", None, 0.0)
    assert each.delay("1.2.3.5", None, 0.0) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:1.2.3.4", "1.2.3.4", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "1.2.3.4", False),
    ],
)
def test_a_network_of_one_client_counts_as_one_address(one: str, other: str, same: bool) -> None:
    each = Slowdown()
    for _ in range(AT_ONCE):
        each.delay(one, None, 0.0)
    assert (each.delay(other, None, 0.0) != 0.0) is same


def test_many_addresses_guess_one_token_no_faster() -> None:
    each = Slowdown()
    waits = [each.delay(f"10.0.0.{number}", "abc", 0.0) for number in range(20)]
    assert waits[:AT_ONCE] == [0.0] * AT_ONCE and waits[AT_ONCE:] == [SECONDS * n for n in range(1, 21 - AT_ONCE)]
    assert each.delay("10.0.1.1", "other", 0.0) == 0.0


def test_remembered_addresses_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowdown, "MAX_PLACES", 50)
    each = Slowdown()
    for _ in range(AT_ONCE + 1):
        each.delay("10.9.9.9", None, 0.0)
    for number in range(49):
        each.delay(f"10.0.0.{number}", None, 0.0)
    assert len(each._full) == 50 and each.delay("10.9.9.9", None, 0.0) != 0.0
    for number in range(1000):
        each.delay(f"10.1.{number >> 8}.{number & 255}", None, 0.0)
    assert len(each._full) == 50 < MAX_PLACES


def test_waiting_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowdown, "MAX_WAITING", 3)
    each = Slowdown()
    each.waiting = 3
    assert [each.delay("1.2.3.4", None, 0.0) for _ in range(AT_ONCE + 1)] == [0.0] * AT_ONCE + [None]


def test_a_right_token_is_let_in_while_wrong_ones_wait(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from the same address and with the same id. A client that leaves while it waits frees its place."""
    monkeypatch.setattr(slowdown, "SECONDS", 1000.0)
    monkeypatch.setattr(slowdown, "MAX_SECONDS", 1e9)
    right = served.token()
    wrong = right["Authorization"][:-1] + ("A" if right["Authorization"][-1] != "A" else "B")
    head = f"GET /scripts HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nAuthorization: {wrong}\r\n\r\n".encode()
    connections = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(AT_ONCE + 4)]
    for connection in connections:
        connection.sendall(head)
    until(lambda: served.guard.slowdown.waiting == 4)
    for _ in range(20):
        assert served.client.get("/scripts", headers=right).status_code == 200
    for connection in connections:
        connection.close()
    until(lambda: served.guard.slowdown.waiting == 0)


def test_too_many_waiting_answers_give_429(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowdown, "MAX_WAITING", 0)
    served.token()
    wrong = {"Authorization": "Bearer sop_0"}
    answers = [served.client.get("/scripts", headers=wrong) for _ in range(AT_ONCE + 1)]
    assert [answer.json()["code"] for answer in answers] == ["S0201"] * AT_ONCE + ["S0203"]
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, f"{MAX_SECONDS:.0f}")
    assert served.client.get("/live").status_code == 200
