"""payments: links are made by the staff, opened by their holders, and end by time, by hand or because all is paid."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from messages.identity import GetOrganisation, OrganisationUpdated
from messages.payments import PaymentMethod, RecordManualPayment
from messages.payments.portal import (
    AccessPortalSession,
    CancelPortalSession,
    CreatePortalSession,
    GetPortalSession,
    GetPortalSessionAudit,
    GetPortalSessionStats,
    ListPortalSessions,
    PortalView,
    ValidatePortalToken,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import at, creditor_account, look_behind, money
from tests.actors.payments.portal_steps import PORTAL, TODAY, billed, link_for
from tests.actors.payments.steps import facts
from tests.harness import Running, Tenant


async def opened(tenant: Tenant, token: str, **visitor: Any) -> PortalView:
    return await tenant.client.call(AccessPortalSession(token=token, **visitor), token="")


async def refused(tenant: Tenant, token: str) -> str:
    with pytest.raises(Refused) as refusal:
        await opened(tenant, token)
    return str(refusal.value.details["code"])


async def record_of(tenant: Tenant, session_id: Any) -> list[tuple[str, str | None, str | None]]:
    page = await tenant.client.call(GetPortalSessionAudit(session_id=session_id, limit=100))
    return [(entry.event, entry.previous_status, entry.new_status) for entry in page.items]


async def test_a_link_shows_what_is_owed_and_its_holder_needs_no_account(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice, description="Abonnement avril")
    assert link.portal_url == f"{PORTAL}/p/{link.token}"
    assert (link.session.status, link.session.expires_at) == (
        "CREATED",
        link.session.created_at + timedelta(minutes=15),
    )
    view = await opened(tenant, link.token, ip="203.0.113.7", user_agent="Mozilla/5.0")
    assert (view.status, view.amount, view.description) == ("ACTIVE", money("24.90"), "Abonnement avril")
    assert [(item.invoice_number, item.open) for item in view.items] == [("F2026-0001", money("24.90"))]
    assert view.transfer is not None
    assert (view.transfer.iban, view.transfer.reference) == ("FR1420041010050500013M02606", "RF12F20260001")
    await running.settled()
    (created,) = await facts(running, tenant, "portal_session.created")
    assert (created["session_id"], created["purpose"]) == (str(link.session.session_id), "PAY_NOW")
    assert link.token not in str(created)
    page = await tenant.client.call(GetPortalSessionAudit(session_id=link.session.session_id))
    assert [entry.event for entry in page.items] == ["SESSION_CREATED", "SESSION_ACTIVATED", "SESSION_ACCESSED"]
    seen = page.items[-1]
    assert (seen.actor, seen.ip_hash is not None, seen.ip_hash != seen.ua_hash) == ("PORTAL_TOKEN", True, True)
    assert page.items[0].actor == "AUTHENTICATED_USER"


async def test_case_26_a_bad_token_opens_nothing(running: Running, tenant: Tenant) -> None:
    for token in ("v2.x", "v1.short", f"v1.{'a' * 21}.{'a' * 21}"):
        assert await refused(tenant, token) == "TOKEN_MALFORMED"
    assert await refused(tenant, f"v1.{'a' * 43}") == "SESSION_NOT_FOUND"


async def test_case_26_a_link_lives_to_its_last_second_and_is_expired_by_who_comes_first(
    running: Running, tenant: Tenant
) -> None:
    found, invoice = await billed(running, tenant)
    first = await link_for(tenant, found, invoice)
    second = await link_for(tenant, found, invoice)
    tenant.client.now = first.session.expires_at
    assert (await opened(tenant, first.token)).status == "ACTIVE"
    tenant.client.now = first.session.expires_at + timedelta(seconds=1)
    assert await refused(tenant, first.token) == "SESSION_EXPIRED"
    assert (await tenant.client.call(GetPortalSession(session_id=first.session.session_id))).status == "EXPIRED"
    await running.tick("minute", second.session.expires_at + timedelta(minutes=1))
    record = await record_of(tenant, second.session.session_id)
    assert record[-1] == ("SESSION_EXPIRED", "CREATED", "EXPIRED")
    record = await record_of(tenant, first.session.session_id)
    assert record[-2:] == [("SESSION_EXPIRED", "ACTIVE", "EXPIRED"), ("TOKEN_REJECTED", None, None)]
    assert len(await facts(running, tenant, "portal_session.expired")) == 2


async def test_case_26_revoked_goes_before_expired(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    cancel = CancelPortalSession(session_id=link.session.session_id, reason="wrong client", expected_version=2)
    for _ in range(2):
        await opened(tenant, link.token)  # the first visit activates, further ones change no version
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(cancel)
    assert refusal.value.details["code"] == "SESSION_NOT_FOUND"
    assert (await tenant.client.call(cancel)).status == "CANCELLED"
    tenant.client.now = link.session.expires_at + timedelta(days=1)
    assert await refused(tenant, link.token) == "SESSION_REVOKED"
    for version, code in ((2, "VERSION_CONFLICT"), (3, "INVALID_TRANSITION")):
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(cancel.model_copy(update={"expected_version": version}))
        assert refusal.value.code.code == code
    verdict = await tenant.client.call(ValidatePortalToken(token=link.token), token="")
    assert (verdict.valid, verdict.code, verdict.status) == (False, "SESSION_REVOKED", "CANCELLED")


async def test_the_same_key_gives_an_open_link_a_new_token_and_the_old_one_dies(
    running: Running, tenant: Tenant
) -> None:
    found, invoice = await billed(running, tenant)
    first = await link_for(tenant, found, invoice, idempotency_key="reminder-1")
    again = await link_for(tenant, found, invoice, idempotency_key="reminder-1")
    assert (first.was_idempotent_hit, again.was_idempotent_hit) == (False, True)
    assert (again.session.session_id, again.token != first.token) == (first.session.session_id, True)
    assert await refused(tenant, first.token) == "SESSION_NOT_FOUND"
    assert (await opened(tenant, again.token)).status == "ACTIVE"
    with pytest.raises(Refused) as refusal:
        await link_for(tenant, found, invoice, idempotency_key="reminder-1", max_uses=2)
    assert refusal.value.code.code == "IDEMPOTENCY_CONFLICT"
    tenant.client.now = first.session.expires_at + timedelta(minutes=5)
    fresh = await link_for(tenant, found, invoice, idempotency_key="reminder-1", max_uses=2)
    assert (fresh.was_idempotent_hit, fresh.session.session_id != first.session.session_id) == (False, True)


async def test_what_was_paid_another_way_is_not_asked_for_again(running: Running, tenant: Tenant) -> None:
    found, invoice = await billed(running, tenant, "100.00")
    link = await link_for(tenant, found, invoice, purpose="DUNNING_LINK")
    assert (link.session.max_uses, link.session.expires_at) == (3, link.session.created_at + timedelta(days=7))
    for amount, left, status in (("40.00", "60.00", "ACTIVE"), ("60.00", "0.00", "COMPLETED")):
        receipt = RecordManualPayment(
            company_id=tenant.company_id,
            client_id=found.client_id,
            amount=money(amount),
            method=PaymentMethod.TRANSFER,
            received_on=TODAY,
        )
        await tenant.client.call(receipt, key=f"receipt-{amount}")
        view = await opened(tenant, link.token)
        assert (view.amount, view.status) == (money(left), status)
    assert (view.outcome, view.allowed_actions, view.transfer) == ("ALREADY_PAID", (), None)
    assert await refused(tenant, link.token) == "SESSION_TERMINAL"
    await running.settled()
    (completed,) = await facts(running, tenant, "portal_session.completed")
    assert (completed["session_id"], completed["payment_id"]) == (str(link.session.session_id), None)
    with pytest.raises(Refused) as refusal:
        await link_for(tenant, found, invoice)
    assert refusal.value.details["code"] == "NOTHING_DUE"


async def test_a_link_names_only_what_its_client_owes(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    found, invoice = await billed(running, tenant)
    foreign, foreign_invoice = await billed(running, other_tenant)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"company_id": other_tenant.company_id}, "COMPANY_NOT_FOUND"),
        ({"client_id": foreign.client_id}, "CLIENT_NOT_FOUND"),
        ({"invoice_ids": (foreign_invoice.invoice_id,)}, "VALIDATION_FAILED"),
        ({"invoice_ids": (), "instalment_ids": (new_id(),)}, "INSTALMENT_NOT_FOUND"),
        ({"invoice_ids": ()}, "VALIDATION_FAILED"),
        ({"amount": money("0.00")}, "VALIDATION_FAILED"),
    ]
    for change, code in wrong:
        with pytest.raises(Refused) as refusal:
            await link_for(tenant, found, invoice, **change)
        assert refusal.value.details["code"] == code, change
    link = await link_for(tenant, found, invoice, amount=money("10.00"))
    assert (await opened(tenant, link.token)).amount == money("10.00")
    assert (await other_tenant.client.call(ListPortalSessions())).items == ()
    (mine,) = (await tenant.client.call(ListPortalSessions(client_id=found.client_id))).items
    assert mine.session_id == link.session.session_id
    for question in (GetPortalSession, GetPortalSessionAudit):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(question(session_id=mine.session_id))
        assert refusal.value.details["code"] == "SESSION_NOT_FOUND"


async def test_a_company_without_portal_address_makes_no_links(running: Running, tenant: Tenant) -> None:
    client = {"client_id": new_id(), "company_id": tenant.company_id}
    order = CreatePortalSession.model_validate({**client, "idempotency_key": "12345678", "amount": money("5.00")})
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(order)
    assert refusal.value.details["code"] == "PORTAL_NOT_CONFIGURED"


async def test_links_are_counted_by_what_they_came_to(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    found, invoice = await billed(running, tenant)
    links = [await link_for(tenant, found, invoice) for _ in range(3)]
    await tenant.client.call(CancelPortalSession(session_id=links[0].session.session_id, reason="test"))
    await opened(tenant, links[1].token)
    stats = await tenant.client.call(GetPortalSessionStats(company_id=tenant.company_id))
    assert (stats.total, stats.by_status["CANCELLED"], stats.by_status["ACTIVE"]) == (3, 1, 1)  # type: ignore[index]
    assert (str(stats.completion_rate), stats.conversion_rate) == ("0.00", None)
    later = GetPortalSessionStats(created_from=at(TODAY) + timedelta(days=1))
    assert (await tenant.client.call(later)).total == 0
    assert (await other_tenant.client.call(GetPortalSessionStats())).total == 0


async def test_the_record_cannot_be_changed(running: Running, tenant: Tenant) -> None:
    found, invoice = await billed(running, tenant)
    await link_for(tenant, found, invoice)
    for change in ("update portal_audit set event = 'X'", "delete from portal_audit"):
        with pytest.raises(asyncpg.PostgresError):
            await look_behind(running, tenant, change)


async def test_one_address_may_try_ten_tokens_a_minute(running: Running, tenant: Tenant) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    for _ in range(10):
        await opened(tenant, link.token, ip="203.0.113.7")
    flood = AccessPortalSession(token=link.token, ip="203.0.113.7")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(flood, token="")
    assert (refusal.value.code.code, refusal.value.retry_after_seconds) == ("RATE_LIMITED", 60)
    assert (await record_of(tenant, link.session.session_id))[-1][0] == "RATE_LIMIT_HIT"
    await opened(tenant, link.token, ip="203.0.113.8")
    tenant.client.now = at(TODAY) + timedelta(minutes=2)
    assert (await opened(tenant, link.token, ip="203.0.113.7")).status == "ACTIVE"


async def test_a_suspended_organisation_takes_no_visits(running: Running, tenant: Tenant) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    found_one = await tenant.client.call(GetOrganisation())
    suspended = found_one.model_dump() | {"status": "SUSPENDED", "changed_fields": ("status",)}
    await running.state(OrganisationUpdated.model_validate(suspended), tenant.id, version=found_one.version + 1)
    await running.settled()
    assert await refused(tenant, link.token) == "ORGANISATION_SUSPENDED"
