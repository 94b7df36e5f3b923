"""Health, readiness and metrics of the whole system in one place."""

from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from runtime.bridge.metrics import joined
from tests.harness import Running, Tenant


async def test_the_bridge_is_alive_and_ready_while_all_actors_serve(web: httpx.AsyncClient, running: Running) -> None:
    assert (await web.get("/healthz")).json() == {"status": "ALIVE"}
    ready = await web.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert ready.json()["actors"] == dict.fromkeys(sorted(running.hosts), "SERVING")


async def test_a_stopped_actor_makes_the_system_not_ready_but_the_bridge_alive(
    web: httpx.AsyncClient, running: Running
) -> None:
    await running.stop_actor("clients")
    try:
        assert (await web.get("/healthz")).status_code == 200
        ready = await web.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "NOT_READY")
        assert ready.json()["actors"]["clients"] == "ACTOR_UNAVAILABLE"
        samples = await metrics(web)
        assert samples["crm_up", "clients"] == 0
        assert samples["crm_up", "identity"] == 1
    finally:
        await running.start_actor("clients")


async def metrics(web: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    response = await web.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(response.text))
    assert len({family.name for family in families}) == len(families)
    for kind in ("# HELP", "# TYPE"):
        heads = [line.split()[2] for line in response.text.splitlines() if line.startswith(kind)]
        assert len(heads) == len(set(heads))
    return {
        (sample.name, sample.labels.get("actor", "")): sample.value for family in families for sample in family.samples
    }


async def test_metrics_of_all_actors_and_the_bridge_are_one_valid_text(
    web: httpx.AsyncClient, running: Running, tenant: Tenant
) -> None:
    await web.get("/v1/clients/list_clients", headers={"authorization": f"Bearer {tenant.token()}"})
    samples: dict[Any, float] = await metrics(web)
    for actor in running.hosts:
        assert samples["crm_requests_total", actor] >= 0
        assert ("crm_outbox_lag_seconds", actor) in samples
    assert samples["crm_bridge_requests_total", "clients"] >= 1
    assert ("crm_bridge_streams", "") in samples


async def test_replicas_of_an_actor_are_gathered_and_told_apart(web: httpx.AsyncClient, running: Running) -> None:
    first = running.hosts["clients"]
    second = await running.start_actor("clients")
    try:
        text = (await web.get("/metrics")).text
    finally:
        await running.stop_actor("clients")
        running.hosts["clients"] = first
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    of_clients = [sample for sample in samples if sample.labels.get("actor") == "clients"]
    lags = [sample.labels["replica"] for sample in of_clients if sample.name == "crm_outbox_lag_seconds"]
    assert sorted(lags) == sorted([first.heart.replica, second.heart.replica])
    assert {sample.labels["actor"]: sample.value for sample in samples if sample.name == "crm_replicas"} == {
        "clients": 2,
        "identity": 1,
    }


def test_joining_keeps_each_head_once_and_all_samples_of_a_metric_together() -> None:
    one = '# HELP a An a\n# TYPE a counter\na{x="1"} 1\n# HELP b A b\n# TYPE b gauge\nb 2\n'
    two = '# HELP a An a\n# TYPE a counter\na{x="2"} 3\n'
    assert joined([one, two]) == (
        '# HELP a An a\n# TYPE a counter\na{x="1"} 1\na{x="2"} 3\n# HELP b A b\n# TYPE b gauge\nb 2\n'
    )
