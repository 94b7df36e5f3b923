"""What the bridge measures of itself, and the joining of all actors' metrics into one text."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class BridgeMetrics:
    """The bridge's own numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "crm_bridge_requests",
            "HTTP requests passed to actors",
            ["actor", "request", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "crm_bridge_request_seconds",
            "Time to answer over HTTP",
            ["actor"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.streams = Gauge("crm_bridge_streams", "Open live feeds", registry=self.registry)
        self.events = Counter("crm_bridge_events", "Events written to live feeds", registry=self.registry)
        self.streams_cut = Counter(
            "crm_bridge_streams_cut", "Live feeds ended by the bridge", ["reason"], registry=self.registry
        )
        self.webhooks = Counter("crm_bridge_webhooks", "Webhook calls", ["route", "status"], registry=self.registry)

    def request(self, actor: str, request: str, status: int, seconds: float) -> None:
        """Count one request of a known route."""
        self._requests.labels(actor, request, str(status)).inc()
        self._seconds.labels(actor).observe(seconds)

    def text(self) -> str:
        """The Prometheus exposition."""
        return generate_latest(self.registry).decode()


def gauge(name: str, text: str, values: Mapping[str, int]) -> str:
    """The exposition of one number per actor."""
    samples = "".join(f'{name}{{actor="{actor}"}} {int(value)}\n' for actor, value in values.items())
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n{samples}"


def joined(texts: Iterable[str]) -> str:
    """One exposition out of several: each metric's HELP and TYPE once, all its samples together."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for text in texts:
        family, is_new = "", False
        for line in text.splitlines():
            if line.startswith(("# HELP ", "# TYPE ")):
                name = line.split(" ", 3)[2]
                if name != family:
                    family, is_new = name, name not in heads
                    heads.setdefault(family, [])
                    samples.setdefault(family, [])
                if is_new:
                    heads[family].append(line)
            elif line and not line.startswith("#"):
                samples.setdefault(family, []).append(line)
    return "".join(f"{line}\n" for family in heads for line in (*heads[family], *samples[family]))
