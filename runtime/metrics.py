"""What an actor measures of itself; gathered over NATS as Prometheus text and as $SRV.STATS."""

from collections import defaultdict
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_LABELS = ("actor", "replica")


@dataclass(slots=True)
class EndpointStatistics:
    """Counts of one request, in the terms of the NATS services convention (ADR-32)."""

    requests: int = 0
    errors: int = 0
    last_error: str = ""
    processing_seconds: float = 0.0


class Metrics:
    """One registry per process; the labels `actor` and `replica` are added so that the bridge can join all texts.

    Not `instance`: Prometheus gives that name to what it scrapes, the bridge.
    """

    def __init__(self, actor: str, replica: str) -> None:
        self.registry = CollectorRegistry()
        self.endpoints: dict[str, EndpointStatistics] = defaultdict(EndpointStatistics)
        self._own = (actor, replica)
        self._requests = self._counter("crm_requests", "Requests answered", "request", "code")
        self._seconds = Histogram(
            "crm_request_seconds",
            "Time to answer",
            [*_LABELS, "request"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._events = self._counter("crm_events_applied", "Events applied", "type")
        self.published = self._counter("crm_events_published", "Events published").labels(*self._own)
        self.forged = self._counter("crm_events_forged", "Events without a rightful source").labels(*self._own)
        self.dead_letters = self._gauge("crm_dead_letters", "Open dead letters")
        self.outbox_lag = self._gauge("crm_outbox_lag_seconds", "Age of the oldest unsent event")
        self.mailbox_lag = self._gauge("crm_mailbox_lag", "Events not applied yet")
        self.work_open = self._gauge("crm_work_open", "Work items not finished")
        self.unsealed_age = self._gauge("crm_audit_unsealed_seconds", "Age of the oldest unsealed audit entry")
        self._children: dict[tuple[str, str], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, [*_LABELS, *labels], registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, _LABELS, registry=self.registry).labels(*self._own)

    def request(self, name: str, code: str, seconds: float) -> None:
        """Count one answered request."""
        counter = self._children.get((name, code))
        if counter is None:
            counter = self._children[name, code] = self._requests.labels(*self._own, name, code)
        counter.inc()
        timer = self._timers.get(name)
        if timer is None:
            timer = self._timers[name] = self._seconds.labels(*self._own, name)
        timer.observe(seconds)
        statistics = self.endpoints[name]
        statistics.requests += 1
        statistics.processing_seconds += seconds
        if code != "OK":
            statistics.errors += 1
            statistics.last_error = code

    def event(self, type_: str) -> None:
        """Count one applied event."""
        self._events.labels(*self._own, type_).inc()

    def text(self) -> bytes:
        """The Prometheus exposition."""
        return generate_latest(self.registry)
