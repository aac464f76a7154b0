"""Requests and runs → counters, as text for Prometheus."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Final

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})  # all others are counted together


class Metrics:
    """Counters; safe to use from several threads.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats/
    """

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._runs: Counter[str] = Counter()
        self._seconds = 0.0
        self._records = 0
        self._retries = 0
        self._lock = Lock()

    def request(self, method: str, status: int) -> None:
        with self._lock:
            self._requests[method if method in _METHODS else "other", status] += 1

    def run(self, status: str, seconds: float, records: int, retries: int) -> None:
        """Count a run that has ended."""
        with self._lock:
            self._runs[status] += 1
            self._seconds += seconds
            self._records += records
            self._retries += retries

    def text(self, active: int, waiting: int) -> str:
        """The metrics as text.

        Args:
            active: runs under way.
            waiting: those of them that wait for an answer.
        """
        with self._lock:
            requests = sorted(self._requests.items())
            runs = sorted(self._runs.items())
            seconds, records, retries = self._seconds, self._records, self._retries
        lines = _family("sop_http_requests_total", "counter", "Requests answered.")
        lines += [f'sop_http_requests_total{{method="{m}",status="{s}"}} {n}' for (m, s), n in requests]
        lines += _family("sop_runs_total", "counter", "Runs ended, by status.")
        lines += [f'sop_runs_total{{status="{status}"}} {number}' for status, number in runs]
        lines += _family("sop_run_seconds", "summary", "Time that runs took.")
        lines += [f"sop_run_seconds_sum {seconds:.6f}", f"sop_run_seconds_count {sum(n for _, n in runs)}"]
        for name, kind, text, value in (
            ("sop_records_total", "counter", "Records emitted by runs.", records),
            ("sop_retries_total", "counter", "Segments that were run again.", retries),
            ("sop_runs_active", "gauge", "Runs under way.", active),
            ("sop_runs_waiting", "gauge", "Runs under way that wait for an answer.", waiting),
        ):
            lines += [*_family(name, kind, text), f"{name} {value}"]
        return "\n".join(lines) + "\n"


def _family(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
