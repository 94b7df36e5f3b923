"""What an OpenTelemetry collector gets: one trace from the request through the event to whoever applies it."""

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from messages.values.identifiers import new_id
from runtime import clock
from runtime.actor import SlowWork
from runtime.caller import system
from runtime.headers import Cause
from runtime.telemetry import Kind, Telemetry
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.shared.outgoing import Outgoing
from tests.harness import Running, Tenant, company_request

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{CALLER}-01"


class Collector:
    """An OTLP/HTTP collector on a socket; it keeps what it is sent, by service."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                collector.take(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, *_: Any) -> None:
                """Nothing: the test's output stays readable."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: bytes) -> None:
        """Keep the spans of one export."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = attributes(resource.resource)["service.name"]
            self.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]

    def named(self, name: str) -> tuple[str, Span]:
        """The one span of that name, and its service."""
        (found,) = [(service, span) for service, span in self.spans if span.name == name]
        return found

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Greet(WorkItem):
    """Slow work that is done at once."""


def attributes(carrier: Any) -> dict[str, str]:
    return {attribute.key: attribute.value.string_value for attribute in carrier.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


@pytest_asyncio.fixture(loop_scope="session")
async def traced(running: Running, collector: Collector) -> AsyncIterator[Running]:
    """The system with both actors sending their spans to the collector."""
    for name in ("identity", "clients"):
        await running.stop_actor(name)
        await running.start_actor(name, otlp_endpoint=collector.url)
    yield running
    for name in ("identity", "clients"):
        if name in running.hosts:
            await running.stop_actor(name)
        await running.start_actor(name)


async def end(running: Running) -> None:
    """Let the actors end, which sends what they still hold."""
    for name in ("identity", "clients"):
        await running.stop_actor(name)


async def test_a_request_and_the_event_it_leads_to_are_one_trace(
    traced: Running, tenant: Tenant, collector: Collector
) -> None:
    body = company_request("TRC", "542065479").model_dump_json(exclude_unset=True).encode()
    found = {"traceparent": PARENT, "idempotency-key": str(new_id())}
    answer = await tenant.client.send("crm.identity.create_company", body, found)
    assert answer.problem is None
    await traced.settled()
    ((event, _),) = (await traced.events("company.created", tenant.id))[1:]
    await end(traced)

    spans = {(service, span.name): span for service, span in collector.spans if span.trace_id.hex() == TRACE}
    answered = spans["identity", "answer crm.identity.create_company"]
    applied = spans["clients", "apply company.created"]
    assert answered.parent_span_id.hex() == CALLER
    assert applied.parent_span_id == answered.span_id
    assert event["traceparent"] == f"00-{TRACE}-{answered.span_id.hex()}-01"
    assert (answered.kind, applied.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER)
    assert attributes(answered) == {
        "crm.actor": "identity",
        "messaging.system": "nats",
        "messaging.destination.name": "crm.identity.create_company",
    }
    assert attributes(applied) == {
        "crm.actor": "clients",
        "messaging.system": "nats",
        "messaging.destination.name": "crm.events.company.created",
    }


async def test_a_refusal_is_noted_by_its_code_and_is_no_failure(
    traced: Running, tenant: Tenant, collector: Collector
) -> None:
    answer = await tenant.client.send("crm.clients.get_client", b'{"client_id": "Jeanne Martin"}', {"traceparent": "?"})
    assert answer.problem is not None
    await end(traced)
    _, span = collector.named("answer crm.clients.get_client")
    assert attributes(span)["error.type"] == "VALIDATION_FAILED"
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert span.parent_span_id == b""
    assert b"Jeanne" not in span.SerializeToString()


def test_an_error_is_a_failed_span_that_repeats_no_text(collector: Collector) -> None:
    telemetry = Telemetry(f"{collector.url}/", "clients")
    with pytest.raises(ValueError), telemetry.span("work import_file", Kind.INTERNAL, PARENT):
        raise ValueError("Jeanne Martin")
    telemetry.close()
    service, span = collector.named("work import_file")
    assert (service, span.trace_id.hex(), span.parent_span_id.hex()) == ("clients", TRACE, CALLER)
    assert attributes(span) == {"crm.actor": "clients", "error.type": "ValueError"}
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert b"Jeanne" not in span.SerializeToString()


def test_an_unsampled_parent_stays_unsampled(collector: Collector) -> None:
    telemetry = Telemetry(collector.url, "clients")
    with telemetry.span("job renew", Kind.INTERNAL, f"00-{TRACE}-{CALLER}-00") as own:
        assert own.startswith(f"00-{TRACE}-") and own.endswith("-00")
    telemetry.close()
    assert collector.spans == []


def test_a_collector_that_is_gone_does_not_hold_up_the_end() -> None:
    telemetry = Telemetry("http://127.0.0.1:9", "clients")
    for _ in range(5):
        with telemetry.span("job renew", Kind.INTERNAL, None):
            pass
    closing = threading.Thread(target=telemetry.close)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()


async def test_a_job_begins_a_trace(traced: Running, tenant: Tenant, collector: Collector) -> None:
    await traced.tick("minute", datetime(2031, 3, 3, 9, 0, tzinfo=UTC))
    await end(traced)
    jobs = [span for _, span in collector.spans if span.name == "job release_clients_of_departed"]
    assert jobs and {span.kind for span in jobs} == {Span.SPAN_KIND_INTERNAL}
    assert {span.parent_span_id for span in jobs} == {b""}
    assert attributes(jobs[0])["messaging.destination.name"] == "crm.clock.minute"


async def test_a_work_item_belongs_to_the_trace_that_ordered_it(
    traced: Running, tenant: Tenant, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[str | None] = []

    async def greet(_: Greet, outside: Outside) -> None:
        carried.append(outside.cause.trace_parent)

    async def greeted(_: Greet, __: None, work: UnitOfWork) -> None:
        carried.append(work.cause.trace_parent)

    actors = traced.installation.system.actors
    polite = replace(actors["clients"], slow_work=(SlowWork(Greet, greet, greeted),))
    await traced.stop_actor("clients")
    with monkeypatch.context() as patch:
        patch.setitem(actors, "clients", polite)
        heart = (await traced.start_actor("clients", otlp_endpoint=collector.url)).heart
    outgoing, cause = Outgoing(), Cause("greeting", "greeting", trace_parent=PARENT)
    async with heart.database.transaction(tenant.id) as connection:
        heart.unit(connection, tenant.id, system("clients"), clock.now(), cause, outgoing).order(Greet(), key="once")
        await outgoing.write(connection, relay_is_here=heart.relay_is_here)
    heart.committed(outgoing)
    await traced.settled()
    await end(traced)
    _, span = collector.named("work greet")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, CALLER)
    assert carried == [f"00-{TRACE}-{span.span_id.hex()}-01"] * 2


def test_without_a_collector_the_sdk_is_not_even_imported() -> None:
    program = "import sys, runtime.host, actors.clients.app; print('opentelemetry.sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
