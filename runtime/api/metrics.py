"""Requests and runs → THE table of metrics, counted, as text for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from threading import Lock
from typing import Any, Final, NamedTuple

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"  # the label of all that would be too many
MAX_SCRIPTS: Final = 200  # that have a label of their own
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_ROWS: Final = (0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_TRIES: Final = (0, 1, 2, 5, 10, 20, 40)


class Metric(NamedTuple):
    """A row of the table.

    Attributes:
        kind: counter, gauge or histogram.
        labels: names of its labels.
        buckets: of a histogram: the upper ends.
    """

    name: str
    kind: str
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


REQUESTS: Final = Metric("sop_http_requests_total", "counter", "Requests answered.", ("method", "status"))
RUNS: Final = Metric("sop_runs_total", "counter", "Runs ended.", ("script", "status"))
SECONDS: Final = Metric("sop_run_seconds", "histogram", "Time that runs took.", ("script",), _SECONDS)
QUEUED: Final = Metric("sop_run_queue_seconds", "histogram", "Time until a thread took a run.", (), _SECONDS)
RECORDS: Final = Metric("sop_run_records", "histogram", "Records that a run emitted.", ("script",), _ROWS)
RETRIES: Final = Metric("sop_run_retries", "histogram", "Segments of a run that were run again.", ("script",), _TRIES)
ACTIVE: Final = Metric("sop_runs_active", "gauge", "Runs under way.")
WAITING: Final = Metric("sop_runs_waiting", "gauge", "Runs under way that wait for an answer.")
METRICS: Final = (REQUESTS, RUNS, SECONDS, QUEUED, RECORDS, RETRIES, ACTIVE, WAITING)

Labels = tuple[str, ...]


class _Histogram:
    __slots__ = ("buckets", "total")

    def __init__(self, ends: int) -> None:
        self.buckets = [0] * (ends + 1)
        self.total = 0.0


class Metrics:
    """What was counted since the start. Safe to use from several threads.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats/
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[Metric, Labels], float] = {}
        self._histograms: dict[tuple[Metric, Labels], _Histogram] = {(QUEUED, ()): _Histogram(len(_SECONDS))}
        self._scripts: set[str] = set()
        self._lock = Lock()

    def request(self, method: str, status: int) -> None:
        """Count a request that was answered."""
        self._add(REQUESTS, (method if method in _METHODS else OTHER, str(status)))

    def queued(self, seconds: float) -> None:
        """Note how long a run waited for a thread."""
        self._add(QUEUED, (), seconds)

    def run(self, script: str, status: str, seconds: float, records: int, retries: int) -> None:
        """Count a run that has ended.

        Args:
            script: Its name; one that is in the library, since names that callers make up would be too many.
            status: As in its `end` line, or `refused`.
            seconds: That it took.
            records: That it emitted.
            retries: Segments that were run again.
        """
        label = self._label(script)
        self._add(RUNS, (label, status))
        self._add(SECONDS, (label,), seconds)
        self._add(RECORDS, (label,), records)
        self._add(RETRIES, (label,), retries)

    def _label(self, script: str) -> str:
        with self._lock:
            if script not in self._scripts:
                if len(self._scripts) >= MAX_SCRIPTS:
                    return OTHER
                self._scripts.add(script)
            return script

    def _add(self, metric: Metric, labels: Labels, value: float = 1) -> None:
        key = metric, labels
        with self._lock:
            if metric.kind == "counter":
                self._counts[key] = self._counts.get(key, 0) + value
            else:
                found = self._histograms.get(key)
                if found is None:
                    found = self._histograms[key] = _Histogram(len(metric.buckets))
                found.buckets[bisect_left(metric.buckets, value)] += 1
                found.total += value

    def text(self, active: int, waiting: int) -> str:
        """The metrics as text.

        Args:
            active: runs under way.
            waiting: those of them that wait for an answer.
        """
        with self._lock:
            counts = {**self._counts, (ACTIVE, ()): active, (WAITING, ()): waiting}
            histograms = {key: (list(found.buckets), found.total) for key, found in self._histograms.items()}
        lines: list[str] = []
        for metric in METRICS:
            lines += [f"# HELP {metric.name} {metric.text}", f"# TYPE {metric.name} {metric.kind}"]
            for (_, labels), value in _of(metric, counts):
                lines.append(f"{metric.name}{_shown(metric.labels, labels)} {value}")
            for (_, labels), (buckets, total) in _of(metric, histograms):
                lines += _histogram(metric, labels, buckets, total)
        return "\n".join(lines) + "\n"


def _of(metric: Metric, found: dict[tuple[Metric, Labels], Any]) -> Iterable[tuple[tuple[Metric, Labels], Any]]:
    return sorted((item for item in found.items() if item[0][0] is metric), key=lambda item: item[0][1])


def _histogram(metric: Metric, labels: Labels, buckets: list[int], total: float) -> Iterable[str]:
    names = *metric.labels, "le"
    count = 0
    for end, number in zip((*metric.buckets, "+Inf"), buckets, strict=True):
        count += number
        yield f"{metric.name}_bucket{_shown(names, (*labels, str(end)))} {count}"
    yield f"{metric.name}_sum{_shown(metric.labels, labels)} {total!r}"
    yield f"{metric.name}_count{_shown(metric.labels, labels)} {count}"


def _shown(names: tuple[str, ...], labels: Labels) -> str:
    pairs = ",".join(f'{name}="{_escaped(label)}"' for name, label in zip(names, labels, strict=True))
    return f"{{{pairs}}}" if pairs else ""


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
