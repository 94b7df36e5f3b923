"""Spans of what an actor does, for an OpenTelemetry collector; a process that has none never imports its SDK.

Parts hold `Heart.telemetry`, which is None then: one attribute to look at, nothing to call.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from importlib.metadata import version
from typing import TYPE_CHECKING

from messages.problem import Refused
from runtime.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

_TRACE_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_PATH = "/v1/traces"
_EXPORT_SECONDS = 2.0
_CLOSING_SECONDS = 3.0


class Kind(Enum):
    """The kinds of spans we use, named as OpenTelemetry names them."""

    SERVER = auto()
    CONSUMER = auto()
    INTERNAL = auto()


class Telemetry:
    """The tracer of one process. Sampling follows the parent, and OTEL_TRACES_SAMPLER where there is none."""

    def __init__(self, endpoint: str, actor: str) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as missing:
            raise SystemExit(
                f"CRM_OTLP_ENDPOINT is set but the package {missing.name} is missing: install crm-actors[telemetry]"
            ) from None
        service = {"service.namespace": "crm", "service.name": actor, "service.version": version("crm-actors")}
        self._trace = trace
        self._provider = TracerProvider(resource=Resource.create(service), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint.removesuffix("/").removesuffix(_PATH) + _PATH, timeout=_EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("crm.runtime")
        self._actor = actor

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str | None, destination: str | None = None) -> Iterator[str]:
        """A span around work caused by the message that carried `parent`; gives the traceparent of what follows from it.

        An error that leaves is noted by its code, or its class: no text, which could hold personal data.
        """
        attributes = {"crm.actor": self._actor}
        if destination is not None:
            attributes |= {"messaging.system": "nats", "messaging.destination.name": destination}
        span = self._tracer.start_span(
            name, context=self._context(parent), kind=self._trace.SpanKind[kind.name], attributes=attributes
        )
        try:
            yield _trace_parent(span)
        except BaseException as error:
            self._note(span, error)
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send what is left; a collector that does not answer holds the end up for three seconds."""
        closing = threading.Thread(target=self._provider.shutdown, name="telemetry", daemon=True)
        closing.start()
        closing.join(_CLOSING_SECONDS)

    def _context(self, parent: str | None) -> "Context":
        """Empty, so a trace of its own begins, unless the message says where it belongs."""
        from opentelemetry.context import Context

        found = _TRACE_PARENT.fullmatch(parent or "")
        if found is None:
            return Context()
        trace_id, span_id, flags = (int(part, 16) for part in found.groups())
        remote = self._trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=self._trace.TraceFlags(flags))
        return self._trace.set_span_in_context(self._trace.NonRecordingSpan(remote), Context())

    def _note(self, span: "Span", error: BaseException) -> None:
        """A refusal is an answer, not a failure of ours, unless its code says so."""
        span.set_attribute("error.type", error.code.code if isinstance(error, Refused) else type(error).__name__)
        if not isinstance(error, Refused) or error.code.http_status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)


def telemetry_of(settings: Settings, actor: str) -> Telemetry | None:
    """The tracer where CRM_OTLP_ENDPOINT names a collector. Raises SystemExit when its packages are not installed."""
    return Telemetry(settings.otlp_endpoint, actor) if settings.otlp_endpoint else None


def _trace_parent(span: "Span") -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
