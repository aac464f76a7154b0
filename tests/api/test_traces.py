"""Traces of runs: seen by the SDK's own exporter in memory, and by a collector on loopback that reads OTLP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from runtime.api.shared import Settings
from runtime.runs import traced
from runtime.runs.traced import Traces, open_traces
from tests.api.conftest import Served, make_folder
from tests.commands import Place

PARENT = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
SCRIPTS = """
script salary_of(wanted: text) -> int?
  return (from employees where name = wanted select salary)
end

script copy(dept: text = "Sales")
  for each e in from employees where department = dept order by name do
    insert into log {text: e.name}
    emit {name: e.name, salary: salary_of(wanted: e.name)}
  end
end

script two_segments()
  insert into log {text: "one"}
  commit
  ask "More?" into more: bool
  if more then insert into log {text: "two"} end
end

script broken(by: int)
  insert into log {text: "secret data"}
  fail "secret {10 // by}"
end
"""


class Traced:
    """A server whose spans are kept here."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.served = Served(folder, Settings())
        provider = TracerProvider(**settings)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.served.service.traces = Traces(provider)

    def spans(self) -> list[ReadableSpan]:
        """Those that have ended, by their begin."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path, SCRIPTS)


@pytest.fixture
def server(folder: Path) -> Iterator[Traced]:
    made = Traced(folder)
    yield made
    made.served.close()


def tree(spans: list[ReadableSpan]) -> list[str]:
    """Names, each indented by its depth, in the order in which they began."""
    by_id = {span.context.span_id: span for span in spans if span.context is not None}

    def depth(span: ReadableSpan) -> int:
        parent = None if span.parent is None else by_id.get(span.parent.span_id)
        return 0 if parent is None else 1 + depth(parent)

    return [f"{'  ' * depth(span)}{span.name}" for span in spans]


def test_a_run_its_segments_calls_and_statements(server: Traced) -> None:
    answer = server.served.client.post("/play/copy", json={}, headers={"traceparent": PARENT})
    assert answer.status_code == 200
    spans = server.spans()
    names = tree(spans)
    assert names[:3] == ["run copy", "  segment 1", "    query main"]
    assert names.count("    call salary_of") == 2
    assert names.count("      query main") == 2
    assert "    insert main" in [name.replace("      ", "    ") for name in names]
    assert {f"{span.context.trace_id:032x}" for span in spans if span.context} == {PARENT.split("-")[1]}
    root = spans[0]
    assert root.parent is not None and f"{root.parent.span_id:016x}" == PARENT.split("-")[2]
    about = dict(root.attributes or {})
    assert about["sop.run"] == answer.headers["X-Run"].rpartition("/")[2]
    assert (about["sop.status"], about["sop.records"], about["sop.spans.left_out"]) == ("ok", 2, 0)
    statements = [dict(span.attributes or {}) for span in spans if span.name.startswith(("query", "insert"))]
    assert {each["db.system"] for each in statements} == {"sqlite"}
    assert all(len(str(each["sop.sql.hash"])) == 16 for each in statements)
    assert sum(int(str(each["sop.rows"])) for each in statements if "sop.rows" in each) >= 4
    assert [dict(span.attributes or {})["sop.segment.end"] for span in spans if "segment" in span.name] == ["committed"]


def test_what_data_say_is_not_told(server: Traced) -> None:
    server.served.client.post("/play/broken", json={"by": 1})
    server.served.client.post("/play/broken", json={"by": 0})
    spans = server.spans()
    said = "".join(span.to_json() for span in spans)
    assert "secret" not in said and "insert into" not in said.lower()
    assert [span.status.description for span in spans if span.name == "run broken"] == ["V0401", "V0102"]
    ends = [dict(span.attributes or {})["sop.segment.end"] for span in spans if "segment" in span.name]
    assert ends == ["undone", "undone"]


def test_a_run_that_goes_on_is_in_its_first_trace(server: Traced) -> None:
    client = server.served.client
    asked = client.post("/play/two_segments?wait=0", headers={"traceparent": PARENT})
    run = asked.headers["X-Run"].rpartition("/")[2]
    assert client.post(f"/runs/{run}/answer", json={"value": True}).status_code == 204
    server.served.service.runner.drain(60)
    roots = [span for span in server.spans() if span.name == "run two_segments"]
    assert [dict(span.attributes or {})["sop.status"] for span in roots] == ["waiting", "ok"]
    assert {f"{span.context.trace_id:032x}" for span in roots if span.context} == {PARENT.split("-")[1]}
    first = roots[0].context
    assert first is not None and roots[1].parent is not None and roots[1].parent.span_id == first.span_id


@pytest.mark.parametrize("parent", ["", "no", PARENT.replace("01", "zz"), "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_traceparent_that_is_none_begins_a_trace(server: Traced, parent: str) -> None:
    assert server.served.client.post("/play/copy", json={}, headers={"traceparent": parent}).status_code == 200
    assert server.spans()[0].parent is None


def test_spans_of_a_run_are_bounded(server: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traced, "MAX_SPANS", 3)
    server.served.client.post("/play/copy", json={})
    spans = server.spans()
    assert len(spans) == 1 + 3
    assert int(str(dict(spans[0].attributes or {})["sop.spans.left_out"])) > 0


def test_a_trace_that_is_not_sampled_is_not_watched(folder: Path) -> None:
    made = Traced(folder, sampler=ALWAYS_OFF)
    try:
        assert made.served.client.post("/play/copy", json={}).status_code == 200
        assert made.spans() == []
    finally:
        made.served.close()


def test_watching_changes_no_line(folder: Path) -> None:
    def lines(served: Served) -> list[dict[str, Any]]:
        found = []
        for path, body in (("copy", {"dept": "Engineering"}), ("broken", {"by": 0}), ("copy?dry_run=true", {})):
            text = served.client.post(f"/play/{path}", json=body).text
            found += [json.loads(line) for line in text.splitlines()]
        return [{key: line[key] for key in line if key not in ("run", "ms", "instance")} for line in found]

    plain = Served(folder, Settings())
    try:
        expected = lines(plain)
    finally:
        plain.close()
    made = Traced(folder)
    try:
        assert lines(made.served) == expected
    finally:
        made.served.close()


# ── a collector ────────────────────────────────────────────────────────────────────────────────────────────────


class Collector:
    """Takes traces as a collector does: OTLP over HTTP, as protobuf."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = ExportTraceServiceRequest.FromString(body)
                for resource in request.resource_spans:
                    about = {each.key: each.value.string_value for each in resource.resource.attributes}
                    collector.services.add(about["service.name"])
                    collector.spans += [span for scope in resource.scope_spans for span in scope.spans]
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """The tests look at `spans`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def open_collector() -> Iterator[Collector]:
    collector = Collector()
    thread = Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        collector.server.server_close()
        thread.join()


def test_a_collector_gets_them(folder: Path) -> None:
    """By the command, whose environment names the collector."""
    with open_collector() as collector:
        place = Place(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            patch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
            place.ok("sopvm", "serve", "--get", "/play/copy", "-d", "{}", "-H", f"traceparent: {PARENT}")
        assert {"run copy", "segment 1", "query main", "call salary_of"} <= {span.name for span in collector.spans}
        assert {span.trace_id.hex() for span in collector.spans} == {PARENT.split("-")[1]}
        assert collector.services == {"sopvm"}


def test_without_the_variable_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    assert open_traces() is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert open_traces() is None


def test_postgresql_gets_the_trace_as_a_comment() -> None:
    psycopg = pytest.importorskip("psycopg")
    from runtime.databases.postgres.database import PostgresDatabase
    from runtime.databases.postgres.url import parse_url
    from tests.postgres import shared

    assert psycopg
    url = shared().url()
    database = PostgresDatabase(parse_url(url, url), name="main")
    try:
        database.comment = f" /*traceparent='{PARENT}'*/"
        database.begin(write=False)
        pid = database.own("select pg_backend_pid()", [])[0][0]
        database.rollback()
        database.begin(write=False)
        with shared().connect() as connection:
            row = connection.execute("select query from pg_stat_activity where pid = %s", [pid]).fetchone()
        assert row is not None and PARENT in row[0]
        assert database.renew() and database.comment == ""
    finally:
        database.close()
