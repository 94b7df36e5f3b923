"""Dashboard and alerts speak of metrics that the actors really expose."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from messages.registry import ACTORS
from runtime.metrics import Metrics

COMPOSE = Path(__file__).parents[2] / "compose"
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((COMPOSE / "prometheus" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
DASHBOARD = json.loads((COMPOSE / "grafana" / "crm.json").read_text())
EXPRESSIONS = [rule["expr"] for rule in ALERTS.values()] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]


def exposed() -> dict[str, set[str]]:
    """The labels of every series an actor exposes, by name."""
    metrics = Metrics("clients", "one")
    metrics.request("get_client", "OK", 0.01)
    metrics.event("contract.signed")
    samples = [s for family in text_string_to_metric_families(metrics.text().decode()) for s in family.samples]
    return {sample.name: set(sample.labels) for sample in samples}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_reads_series_and_labels_that_exist(expression: str) -> None:
    series = re.findall(r"\b((?:crm_\w+)|up)\b(?:\{([^}]*)\})?", expression)
    assert series
    known = exposed() | {"up": {"job"}}  # Prometheus' own series
    for name, matchers in series:
        assert name in known
        assert set(re.findall(r"(\w+)\s*[=!]~?", matchers)) <= known[name]


def test_absence_is_watched_for_every_actor_and_for_nobody_else() -> None:
    assert tuple(re.findall(r'actor="(\w+)"', ALERTS["ActorAbsent"]["expr"])) == ACTORS


def test_the_alerts_that_were_agreed_exist_and_say_what_to_do() -> None:
    assert set(ALERTS) == {
        "ActorAbsent",
        "BridgeAbsent",
        "DeadLetters",
        "OutboxLag",
        "MailboxLagGrowing",
        "ForgedEvents",
        "RefusedSubjects",
        "AuditUnsealed",
    }
    assert ALERTS["DeadLetters"]["expr"] == "max by (actor) (crm_dead_letters) > 0"
    assert ALERTS["OutboxLag"]["expr"] == "max by (actor) (crm_outbox_lag_seconds) > 60"
    for rule in ALERTS.values():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "description"} == set(rule["annotations"])


def test_the_dashboard_shows_what_was_agreed() -> None:
    titles = {panel["title"] for panel in DASHBOARD["panels"]}
    assert {
        "Requests per second",
        "99th percentile of the time to answer",
        "Refusals and errors per second, by code",
        "Outbox lag",
        "Mailbox lag",
        "Dead letters",
        "Open work",
        "Unsealed audit",
    } <= titles
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_dashboard_and_prometheus_find_one_another() -> None:
    (source,) = yaml.safe_load((COMPOSE / "grafana" / "datasource.yaml").read_text())["datasources"]
    uids = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]}
    assert uids == {source["uid"]}
    configuration: dict[str, Any] = yaml.safe_load((COMPOSE / "prometheus" / "prometheus.yaml").read_text())
    assert configuration["rule_files"] == ["alerts.yaml"]
    (job,) = configuration["scrape_configs"]
    assert (job["job_name"], job["static_configs"]) == ("crm", [{"targets": ["bridge:8080"]}])
