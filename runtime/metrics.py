"""What an actor measures of itself; gathered over NATS as Prometheus text and as $SRV.STATS."""

from collections import defaultdict
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(slots=True)
class EndpointStatistics:
    """Counts of one request, in the terms of the NATS services convention (ADR-32)."""

    requests: int = 0
    errors: int = 0
    last_error: str = ""
    processing_seconds: float = 0.0


class Metrics:
    """One registry per actor; the label `actor` is added so that the bridge can join twelve texts."""

    def __init__(self, actor: str) -> None:
        self.registry = CollectorRegistry()
        self.endpoints: dict[str, EndpointStatistics] = defaultdict(EndpointStatistics)
        labels = ["actor"]
        self._requests = Counter(
            "crm_requests", "Requests answered", [*labels, "request", "code"], registry=self.registry
        )
        self._seconds = Histogram(
            "crm_request_seconds", "Time to answer", [*labels, "request"], buckets=_SECONDS, registry=self.registry
        )
        self._events = Counter("crm_events_applied", "Events applied", [*labels, "type"], registry=self.registry)
        self.published = Counter("crm_events_published", "Events published", labels, registry=self.registry).labels(
            actor
        )
        self.forged = Counter(
            "crm_events_forged", "Events without a rightful source", labels, registry=self.registry
        ).labels(actor)
        self.dead_letters = Gauge("crm_dead_letters", "Open dead letters", labels, registry=self.registry).labels(actor)
        self.outbox_lag = Gauge(
            "crm_outbox_lag_seconds", "Age of the oldest unsent event", labels, registry=self.registry
        ).labels(actor)
        self.mailbox_lag = Gauge("crm_mailbox_lag", "Events not applied yet", labels, registry=self.registry).labels(
            actor
        )
        self.work_open = Gauge("crm_work_open", "Work items not finished", labels, registry=self.registry).labels(actor)
        self.unsealed = Gauge(
            "crm_audit_unsealed_seconds", "Age of the oldest unsealed audit entry", labels, registry=self.registry
        )
        self.unsealed_age = self.unsealed.labels(actor)
        self._actor = actor
        self._children: dict[tuple[str, str], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def request(self, name: str, code: str, seconds: float) -> None:
        """Count one answered request."""
        counter = self._children.get((name, code))
        if counter is None:
            counter = self._children[name, code] = self._requests.labels(self._actor, name, code)
        counter.inc()
        timer = self._timers.get(name)
        if timer is None:
            timer = self._timers[name] = self._seconds.labels(self._actor, name)
        timer.observe(seconds)
        statistics = self.endpoints[name]
        statistics.requests += 1
        statistics.processing_seconds += seconds
        if code != "OK":
            statistics.errors += 1
            statistics.last_error = code

    def event(self, type_: str) -> None:
        """Count one applied event."""
        self._events.labels(self._actor, type_).inc()

    def text(self) -> bytes:
        """The Prometheus exposition."""
        return generate_latest(self.registry)
