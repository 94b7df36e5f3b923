"""Whatever is sent to whatever request, the answer is a Problem that names the cause, and the actor stays up."""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from messages import registry
from messages.base import Access, Request
from messages.values.identifiers import new_id
from runtime import headers
from runtime.client import Answer
from tests.harness import Running, Tenant

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def served(running: Running) -> list[type[Request[Any]]]:
    """Every request that a client may send to an actor that runs here."""
    return [
        request
        for request in registry.all_requests()
        if request.contract.actor in running.hosts and request.contract.access is not Access.INTERNAL
    ]


async def send(tenant: Tenant, request: type[Request[Any]], body: bytes, **extra: str) -> Answer:
    key = {headers.IDEMPOTENCY_KEY: f"bad-{new_id()}"}
    # "*" does not grant what must be spelled out, such as the audit trail.
    extra.setdefault("authorization", f"Bearer {tenant.token('*', request.contract.permission or '*')}")
    return await tenant.client.send(
        request.subject, body, key | extra, timeout_seconds=request.contract.timeout_seconds + 5
    )


def code_of(answer: Answer) -> str | None:
    return answer.problem.code if answer.problem is not None else None


async def test_every_request_refuses_a_malformed_body(running: Running, tenant: Tenant) -> None:
    for body in (b"{", b"[]", b'"text"', b"null", b"\xff\xfe"):
        answers = await asyncio.gather(*(send(tenant, request, body) for request in served(running)))
        for request, answer in zip(served(running), answers, strict=True):
            assert code_of(answer) == "VALIDATION_FAILED", (request.subject, body)


async def test_every_request_refuses_an_unknown_field_and_names_it(running: Running, tenant: Tenant) -> None:
    answers = await asyncio.gather(*(send(tenant, request, b'{"no_such_field": 1}') for request in served(running)))
    for request, answer in zip(served(running), answers, strict=True):
        assert answer.problem is not None and answer.problem.code == "VALIDATION_FAILED", request.subject
        assert "no_such_field" in {field.field for field in answer.problem.fields}, request.subject


async def test_every_request_refuses_wrong_types_field_by_field(running: Running, tenant: Tenant) -> None:
    for request in served(running):
        names = list(request.model_fields)
        if not names:
            continue
        answer = await send(tenant, request, orjson.dumps({name: {"wrong": [True]} for name in names}))
        assert answer.problem is not None, request.subject
        assert answer.problem.code == "VALIDATION_FAILED", request.subject
        assert {field.field.split(".")[0] for field in answer.problem.fields} & set(names), request.subject


async def test_every_request_needs_a_token(running: Running, tenant: Tenant) -> None:
    guarded = [request for request in served(running) if request.contract.access is not Access.PUBLIC]
    answers = await asyncio.gather(
        *(send(tenant, request, b"{}", authorization="Bearer nothing") for request in guarded)
    )
    for request, answer in zip(guarded, answers, strict=True):
        assert code_of(answer) == "UNAUTHORIZED", request.subject


async def test_every_request_needs_its_permission(running: Running, tenant: Tenant) -> None:
    guarded = [request for request in served(running) if request.contract.access is Access.PERMISSION]
    bearer = f"Bearer {tenant.token('nobody:nothing:read')}"
    answers = await asyncio.gather(*(send(tenant, request, b"{}", authorization=bearer) for request in guarded))
    for request, answer in zip(guarded, answers, strict=True):
        assert answer.problem is not None and answer.problem.code == "PERMISSION_MISSING", request.subject
        assert answer.problem.required_permission == request.contract.permission


async def test_every_request_refuses_more_than_half_a_mebibyte(running: Running, tenant: Tenant) -> None:
    body = b'{"x": "' + b"y" * (600 * 1024) + b'"}'
    for request in served(running)[::10]:
        answer = await send(tenant, request, body)
        assert answer.problem is not None and answer.problem.fields[0].rule == "too_large", request.subject


async def test_every_list_is_empty_for_a_new_tenant_or_shows_its_own_rows_only(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    lists = [r for r in served(running) if r.contract.query and "cursor" in r.model_fields]
    for request in lists:
        required = [name for name, field in request.model_fields.items() if field.is_required()]
        if required:
            continue
        mine, other = await send(tenant, request, b"{}"), await send(other_tenant, request, b"{}")
        assert mine.problem is None, (request.subject, mine.problem)
        assert other.problem is None, (request.subject, other.problem)
        ids = [{item.get("id", str(item)) for item in orjson.loads(answer.body)["items"]} for answer in (mine, other)]
        shared = ids[0] & ids[1]
        assert not shared or request.contract.actor == "identity" or _is_common(request), (request.subject, shared)


def _is_common(request: type[Request[Any]]) -> bool:
    """Lists of what all tenants share: dictionaries without tenant, such as legal VAT rates or holidays."""
    return request.contract.name in {"list_vat_rates", "list_holidays"}


async def test_a_foreign_or_unknown_id_is_not_found_or_refused(running: Running, tenant: Tenant) -> None:
    for request in served(running):
        body = {
            name: str(new_id())
            for name, field in request.model_fields.items()
            if name.endswith("_id") and field.is_required()
        }
        missing = [name for name, field in request.model_fields.items() if field.is_required() and name not in body]
        if not body or missing:
            continue
        answer = await send(tenant, request, orjson.dumps(body))
        if answer.problem is None:
            assert request.contract.query, f"{request.subject} changed something for an unknown id"
            continue
        assert answer.problem.code != "INTERNAL", request.subject
        known = {answer.problem.code, answer.problem.parent}
        assert known & {
            "NOT_FOUND",
            "VALIDATION_FAILED",
            "PRECONDITION_FAILED",
            "BUSINESS_RULE_VIOLATION",
            "FORBIDDEN",
        }, (
            request.subject,
            answer.problem,
        )


@pytest.mark.timeout(240)
async def test_random_values_never_cause_an_internal_error(running: Running, tenant: Tenant) -> None:
    """Hypothesis draws bodies from each request's own field names; whatever they hold, nothing breaks."""
    loop = asyncio.get_running_loop()
    broken: list[tuple[str, bytes]] = []

    def attempt(request: type[Request[Any]]) -> None:
        names = list(request.model_fields)

        @settings(
            max_examples=4,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.dictionaries(st.sampled_from(names), JSON, max_size=len(names)))
        def draw(body: dict[str, Any]) -> None:
            raw = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS) if _fits(body) else b"{}"
            answer = asyncio.run_coroutine_threadsafe(send(tenant, request, raw), loop).result(30)
            if code_of(answer) == "INTERNAL":
                broken.append((request.subject, raw))

        draw()

    for request in served(running):
        if request.model_fields:
            await asyncio.to_thread(attempt, request)
    assert broken == []


def _fits(body: Any) -> bool:
    try:
        orjson.dumps(body)
    except TypeError:
        return False
    return True
