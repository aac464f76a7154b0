"""Alarms: each goes off once its moment has come, none that was cancelled, and one thread waits for all of them."""

from __future__ import annotations

from threading import Event, Thread
from threading import enumerate as threads
from time import monotonic

from runtime.runs.watchdog import Watchdog

SECONDS = 60.0  # a busy machine may need long
HOUR = 3600.0


def test_an_alarm_goes_off_though_later_ones_wait_already() -> None:
    dog, early, past, late = Watchdog(), Event(), Event(), Event()
    for hours in (1, 2, 10**9):
        dog.at(monotonic() + hours * HOUR, late.set)
    dog.at(monotonic() + 0.01, early.set)
    assert early.wait(SECONDS)
    dog.at(monotonic() - 1, past.set)
    assert past.wait(SECONDS)
    assert not late.is_set()


def test_one_that_takes_long_makes_no_other_late() -> None:
    dog, go_on, second = Watchdog(), Event(), Event()

    def act() -> None:
        go_on.wait(SECONDS)

    slow = dog.at(monotonic(), act)
    dog.at(monotonic(), second.set)
    assert second.wait(SECONDS)
    go_on.set()
    slow.cancel()


def test_a_cancelled_alarm_does_nothing() -> None:
    done: list[str] = []
    alarm = Watchdog().at(monotonic() + HOUR, lambda: done.append("late"))
    alarm.cancel()
    alarm.go_off()
    assert done == []


def test_cancelling_waits_for_what_is_being_done() -> None:
    dog, begun, go_on = Watchdog(), Event(), Event()
    done: list[str] = []

    def act() -> None:
        begun.set()
        go_on.wait(SECONDS)
        done.append("act")

    def cancel() -> None:
        alarm.cancel()
        done.append("cancelled")

    alarm = dog.at(monotonic(), act)
    assert begun.wait(SECONDS)
    other = Thread(target=cancel)
    other.start()
    go_on.set()
    other.join()
    assert done == ["act", "cancelled"]


def test_many_runs_with_a_limit_take_one_thread_and_little_memory() -> None:
    before = {thread.ident for thread in threads() if thread.name == "watchdog"}
    dog = Watchdog()
    kept = [dog.at(monotonic() + HOUR, lambda: None) for _ in range(100)]
    for _ in range(10_000):
        dog.at(monotonic() + HOUR, lambda: None).cancel()
    assert len(dog) <= 2 * (len(kept) + 64)
    made = [thread for thread in threads() if thread.name == "watchdog" and thread.ident not in before]
    assert len(made) == 1
