"""Metrics of a server: read by Prometheus' own client, of bounded labels, and each drawn on the dashboard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from runtime.api.metrics import MAX_SCRIPTS, METRICS, OTHER, Metrics
from tests.api.conftest import Served
from tests.commands import ROOT

DASHBOARD: Final = Path(ROOT) / "docs" / "dashboard.json"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_what_runs_leave_behind(served: Served) -> None:
    served.client.get("/play/audit")
    served.client.get("/play/divide?by=0")
    served.client.get("/play/nothing_of_that_name")
    text = served.client.get("/metrics").text
    found = samples(text)
    assert value(found, "sop_runs_total", script="audit", status="ok") == 1
    assert value(found, "sop_runs_total", script="divide", status="failed") == 1
    assert value(found, "sop_runs_total", script=OTHER, status="refused") == 1
    assert value(found, "sop_http_requests_total", method="GET", status="422") == 1
    assert value(found, "sop_run_records_sum", script="audit") == 2
    assert value(found, "sop_run_records_bucket", script="audit", le="1") == 0
    assert value(found, "sop_run_records_bucket", script="audit", le="10") == 1
    assert value(found, "sop_run_seconds_count", script="audit") == 1
    assert value(found, "sop_run_seconds_bucket", script="audit", le="+Inf") == 1
    assert value(found, "sop_run_queue_seconds_count") == 3
    assert value(found, "sop_runs_active") == 0
    told = {family.name: (family.type, family.documentation) for family in text_string_to_metric_families(text)}
    assert told == {metric.name.removesuffix("_total"): (metric.kind, metric.text) for metric in METRICS}


def test_labels_are_bounded_and_escaped() -> None:
    metrics = Metrics()
    for number in range(MAX_SCRIPTS + 50):
        metrics.run(f'a "script"\\{number}\n', "ok", 0.25, 3, 0)
    metrics.request("BREW", 405)
    found = samples(metrics.text(1, 0))
    scripts = {dict(labels)["script"] for name, labels in found if name == "sop_runs_total"}
    assert len(scripts) == MAX_SCRIPTS + 1
    assert 'a "script"\\7\n' in scripts
    assert value(found, "sop_runs_total", script=OTHER, status="ok") == 50
    assert value(found, "sop_http_requests_total", method=OTHER, status="405") == 1
    assert value(found, "sop_run_seconds_bucket", script=OTHER, le="0.25") == 50, "the upper end belongs to a bucket"
    assert value(found, "sop_run_seconds_bucket", script=OTHER, le="0.1") == 0


def test_the_dashboard_draws_every_metric_and_no_other() -> None:
    drawn = set(re.findall(r"\bsop_[a-z_]+", DASHBOARD.read_text(encoding="utf-8")))
    for metric in METRICS:
        ends = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        names = {f"{metric.name}{end}" for end in ends}
        assert drawn & names, metric.name
        drawn -= names
    assert drawn == set()


def test_the_dashboard_is_one_of_grafana() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert board["title"] and board["schemaVersion"] >= 39
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(places)) == len(places) >= 6
    assert all(panel["targets"] and panel["datasource"]["uid"] == "${source}" for panel in board["panels"])
