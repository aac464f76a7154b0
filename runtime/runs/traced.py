"""A run → its trace for OpenTelemetry: a span of its own, and of its segments, calls and statements.

Source: the specification of OpenTelemetry, and W3C Trace Context for the header `traceparent`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from runtime.errors import SopError, UsageError
from runtime.runs.options import Outcome

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

    from runtime.vm.watched_data import Attributes

MAX_SPANS: Final = 500  # of a run; more are only counted
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_HEADER: Final = "traceparent"


class Traces:
    """Where traces of runs go. Safe to use from several threads.

    Args:
        provider: Samples and exports spans.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("sopvm")

    def begin(self, script: str, run: str, parent: str) -> RunTrace:
        """Begin the trace of a run, or its part of the trace of whoever asked for it.

        Args:
            script: Its name.
            run: Its id.
            parent: A `traceparent`; one that is empty or none begins a trace.
        """
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract({_HEADER: parent} if parent else {})
        about = {"sop.script": script, "sop.run": run}
        span = self._tracer.start_span(f"run {script}", context, SpanKind.SERVER, about)
        return RunTrace(self._tracer, span)

    def close(self) -> None:
        """Send what was not sent yet."""
        self._provider.shutdown()


class RunTrace:
    """A run's trace; a `Watch`.

    Attributes:
        sampled: whether anybody will see it.
        parent: the `traceparent` of what belongs to the run.
    """

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._left_out = 0
        self._spans = 0
        context = span.get_span_context()
        self.sampled = span.is_recording()
        self.parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"

    @property
    def comment(self) -> str:
        return f" /*{_HEADER}='{self.parent}'*/"

    def opened(self, within: Any, name: str, about: Attributes) -> Any:
        from opentelemetry.trace import set_span_in_context

        if self._spans >= MAX_SPANS:
            self._left_out += 1
            return None
        self._spans += 1
        context = set_span_in_context(self._span if within is None else within)
        return self._tracer.start_span(name, context, attributes=dict(about))

    def closed(self, what: Any, about: Attributes, error: BaseException | None = None) -> None:
        if what is None:
            return
        what.set_attributes(dict(about))
        _failed(what, error)
        what.end()

    def end(self, status: str, records: int = 0, retries: int = 0, error: BaseException | None = None) -> None:
        """The run has ended, or waits."""
        about: dict[str, str | int] = {"sop.status": status, "sop.records": records, "sop.retries": retries}
        self._span.set_attributes({**about, "sop.spans.left_out": self._left_out})
        _failed(self._span, error)
        self._span.end()


def _failed(span: Span, error: BaseException | None) -> None:
    """An error is told by its code: what it says may hold data."""
    if error is not None:
        from opentelemetry.trace import StatusCode

        span.set_status(StatusCode.ERROR, error.code if isinstance(error, SopError) else type(error).__name__)


def traced(
    traces: Traces | None, script: str, run: str, parent: str, work: Callable[[RunTrace | None], Outcome]
) -> Outcome:
    """Do the work of a run, with its trace if there is one that anybody will see.

    Args:
        traces: Where traces go; None for nowhere.
        script, run, parent: As for `Traces.begin`.
        work: Runs it, watched by what it is given.
    """
    if traces is None:
        return work(None)
    trace = traces.begin(script, run, parent)
    try:
        outcome = work(trace if trace.sampled else None)
    except BaseException as error:
        trace.end("refused", error=error)
        raise
    failed = outcome.error if outcome.status == "failed" else None
    trace.end(outcome.status, outcome.records, outcome.retries, failed)
    return outcome


def open_traces() -> Traces | None:
    """Return where the environment says that traces go, by the variables of OpenTelemetry; None where it says nothing.

    Raises:
        UsageError: S0214, the SDK is not installed.
    """
    if not any(map(os.environ.get, _ENDPOINTS)) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        raise UsageError("S0214", f"traces, which {_ENDPOINTS[0]} asks for, need a package", "pip install 'sopc[otel]'")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "sopvm"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)
