"""payments: a formal notice is demanded, rendered, posted, and either satisfied or followed by the next step."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from actors.payments.rules.notices import deadline_days, deadline_of
from messages.documents import DocumentGenerated, DocumentGenerationFailed
from messages.logistics import LetterDelivered, LetterFailed, LetterFirstPresented, LetterPosted, LetterUndelivered
from messages.payments import (
    ActionKind,
    CancelFormalNotice,
    CreateDunningPolicy,
    CustomerType,
    DunningTerms,
    FormalNotice,
    GetFormalNotice,
    IssueFormalNotice,
    ListFormalNotices,
    StepTrigger,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import Subscriber, at, client_created
from tests.actors.payments.steps import facts
from tests.actors.payments.test_recovery import act, case_of, paid, rejected, step
from tests.harness import Running, Tenant

ADDRESS = {"street": "12 rue de la République", "postal_code": "69001", "city": "Lyon"}
LADDER = DunningTerms(
    steps=(
        step("N", 3, StepTrigger.REJECTION_COUNT, 1, act(ActionKind.SEND_FORMAL_NOTICE)),
        step("AFTER", 4, StepTrigger.NOTICE_DEADLINE_PASSED, 0, act(ActionKind.CREATE_TASK, title="Refer")),
    )
)


async def with_address(running: Running, tenant: Tenant, found: Subscriber) -> None:
    event = client_created(found.client_id, tenant.company_id).model_dump() | {"billing_address": ADDRESS}
    await running.state(
        type(client_created(found.client_id, tenant.company_id)).model_validate(event), tenant.id, version=9
    )
    await running.settled()


async def in_notice(running: Running, tenant: Tenant, ladder: DunningTerms = LADDER) -> tuple[Subscriber, FormalNotice]:
    """A debtor whose ladder begins with a notice, which lacked his address and is issued by hand."""
    await tenant.client.call(CreateDunningPolicy(code="NOTICE", name="Notice", terms=ladder, is_default=True))
    found = await rejected(running, tenant, "AC04")
    (draft,) = (await tenant.client.call(ListFormalNotices())).items
    assert (draft.status, draft.error_code, draft.deadline_days) == ("DRAFT", "ADDRESS_MISSING", 15)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(IssueFormalNotice(case_id=draft.case_id))
    assert refusal.value.code.code == "ADDRESS_MISSING"
    await with_address(running, tenant, found)
    return found, await tenant.client.call(IssueFormalNotice(case_id=draft.case_id))


async def rendered(running: Running, tenant: Tenant, notice: FormalNotice) -> dict[str, Any]:
    document = {
        "document_id": new_id(), "version": 1, "type": "DUNNING_LETTER", "filename": "n.pdf", "mime": "application/pdf",
        "size": 1, "sha256": "0", "origin": "SYSTEM", "job_id": new_id(), "page_count": 1, "notice_id": notice.notice_id,
    }  # fmt: skip
    for _ in range(2):
        await running.state(DocumentGenerated.model_validate(document), tenant.id, now=at(date(2026, 6, 29)))
    await running.settled()
    orders = [
        body for body in await facts(running, tenant, "dunning_action.requested") if body["action"] == "SEND_LETTER"
    ]
    (order,) = orders
    return order


def letter(tenant: Tenant, notice_id: UUID, **more: Any) -> dict[str, Any]:
    return {
        "letter_id": new_id(), "number": "L-1", "kind": "REGISTERED_AR", "purpose": "FORMAL_NOTICE",
        "company_id": tenant.company_id, "request_id": notice_id,
    } | more  # fmt: skip


async def posted(running: Running, tenant: Tenant, notice: FormalNotice, moment: datetime) -> FormalNotice:
    fact = LetterPosted.model_validate(letter(tenant, notice.notice_id, posted_at=moment, tracking_number="1A"))
    await running.state(fact, tenant.id, now=moment)
    await running.settled()
    return await tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))


async def test_case_25_a_deadline_on_a_holiday_moves_and_the_next_step_follows_it(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    _, notice = await in_notice(running, tenant)
    (order,) = await facts(running, tenant, "formal_notice.requested")
    assert (order["total"]["amount"], order["consumer"], order["recipient"]["address"]["city"]) == (
        "24.90",
        True,
        "Lyon",
    )
    (item,) = order["items"]
    assert (item["principal"]["amount"], item["interest"]["amount"], item["charges"]["amount"]) == (
        "24.90",
        "0.00",
        "0.00",
    )
    letter_order = await rendered(running, tenant, notice)
    assert letter_order["letter"]["kind"] == "REGISTERED_AR"
    assert letter_order["letter"]["request_id"] == str(notice.notice_id)
    sent = await posted(running, tenant, notice, datetime(2026, 6, 29, 12, tzinfo=UTC))
    assert (sent.status, sent.sent_on, sent.deadline_on) == ("SENT", date(2026, 6, 29), date(2026, 7, 15))
    await running.tick("hour", at(date(2026, 7, 15), 9))
    assert await facts(running, tenant, "formal_notice.expired") == []
    await running.tick("hour", at(date(2026, 7, 16), 6))  # 08:00 in Paris: expired, the step is due at 09:00
    assert len(await facts(running, tenant, "formal_notice.expired")) == 1
    assert (await case_of(tenant)).level == 3
    await running.tick("hour", at(date(2026, 7, 16), 7))
    case = await case_of(tenant)
    assert (case.level, [done.step_code for done in case.steps]) == (4, ["N", "AFTER"])
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))
    assert refusal.value.code.code == "FORMAL_NOTICE_NOT_FOUND"
    assert (await other_tenant.client.call(ListFormalNotices())).items == ()


async def test_payment_satisfies_a_posted_notice_and_cancels_one_that_is_not(running: Running, tenant: Tenant) -> None:
    found, notice = await in_notice(running, tenant)
    await paid(tenant, found, "24.90", date(2026, 5, 5))
    cancelled = await tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))
    assert cancelled.status == "CANCELLED"
    await running.settled()
    assert len(await facts(running, tenant, "formal_notice.cancelled")) == 1


async def test_a_posted_notice_is_satisfied_by_payment(running: Running, tenant: Tenant) -> None:
    found, notice = await in_notice(running, tenant)
    await rendered(running, tenant, notice)
    await posted(running, tenant, notice, datetime(2026, 5, 4, 12, tzinfo=UTC))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CancelFormalNotice(notice_id=notice.notice_id, reason="mistake"))
    assert refusal.value.code.code == "INVALID_TRANSITION"
    await paid(tenant, found, "24.90", date(2026, 5, 5))
    assert (await tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))).status == "SATISFIED"


async def test_what_is_not_rendered_or_posted_is_handed_to_people(running: Running, tenant: Tenant) -> None:
    _, notice = await in_notice(running, tenant)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(IssueFormalNotice(case_id=notice.case_id))
    assert refusal.value.code.code == "NOTICE_RUNNING"
    lost = DocumentGenerationFailed.model_validate(
        {
            "job_id": new_id(), "purpose": "FORMAL_NOTICE", "reference": {"type": "formal_notice", "id": notice.notice_id},
            "notice_id": notice.notice_id, "error_code": "WINDOW_ZONE_INVALID",
        }
    )  # fmt: skip
    await running.state(lost, tenant.id, now=at(date(2026, 5, 4)))
    await running.settled()
    draft = await tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))
    assert (draft.status, draft.error_code) == ("DRAFT", "WINDOW_ZONE_INVALID")
    again = await tenant.client.call(IssueFormalNotice(case_id=notice.case_id))
    assert again.notice_id == notice.notice_id
    await rendered(running, tenant, again)
    failed = LetterFailed.model_validate(letter(tenant, notice.notice_id, reason="ADDRESS_INVALID"))
    await running.state(failed, tenant.id, now=at(date(2026, 5, 4)))
    await running.settled()
    stuck = await tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))
    assert (stuck.status, stuck.error_code) == ("RENDERED", "ADDRESS_INVALID")
    titles = [body["title"] for body in await facts(running, tenant, "dunning_action.requested")]
    assert sum("not posted" in title for title in titles) == 1
    assert sum("not rendered" in title for title in titles) == 1


def test_deadlines_differ_for_professionals_and_end_on_working_days() -> None:
    assert (deadline_days(None, CustomerType.B2B), deadline_days(None, CustomerType.B2C)) == (8, 15)
    assert deadline_days(30, CustomerType.B2B) == 30
    assert deadline_of(date(2026, 6, 29), 15) == date(2026, 7, 15)
    assert deadline_of(date(2026, 3, 27), 8) == date(2026, 4, 7)  # Saturday, then Easter


async def at_the_post(running: Running, tenant: Tenant) -> tuple[Subscriber, FormalNotice]:
    found, notice = await in_notice(running, tenant)
    await rendered(running, tenant, notice)
    return found, await posted(running, tenant, notice, datetime(2026, 6, 29, 12, tzinfo=UTC))


async def told(running: Running, tenant: Tenant, notice: FormalNotice, fact: Any) -> FormalNotice:
    for _ in range(2):
        await running.state(fact, tenant.id, now=at(date(2026, 7, 2)))
    await running.settled()
    return await tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))


async def test_a_notice_that_was_presented_and_delivered_keeps_its_deadline(running: Running, tenant: Tenant) -> None:
    _, notice = await at_the_post(running, tenant)
    moment = datetime(2026, 7, 1, 9, tzinfo=UTC)
    fact = LetterFirstPresented.model_validate(letter(tenant, notice.notice_id, first_presented_at=moment))
    presented = await told(running, tenant, notice, fact)
    assert (presented.status, presented.first_presented_on) == ("PRESENTED", date(2026, 7, 1))
    signed = letter(tenant, notice.notice_id, delivered_at=datetime(2026, 7, 3, 9, tzinfo=UTC), proof_available=False)
    delivered = await told(running, tenant, notice, LetterDelivered.model_validate(signed))
    assert (delivered.status, delivered.first_presented_on, delivered.deadline_on) == (
        "DELIVERED",
        date(2026, 7, 1),
        date(2026, 7, 15),
    )
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(IssueFormalNotice(case_id=notice.case_id))
    assert refusal.value.code.code == "NOTICE_RUNNING"
    await running.tick("hour", at(date(2026, 7, 16), 9))
    assert len(await facts(running, tenant, "formal_notice.expired")) == 1


@pytest.mark.parametrize("reason", ["UNCLAIMED", "REFUSED"])
async def test_a_letter_that_is_not_fetched_was_served(running: Running, tenant: Tenant, reason: str) -> None:
    found, notice = await at_the_post(running, tenant)
    fact = LetterUndelivered.model_validate(letter(tenant, notice.notice_id, reason=reason))
    left = await told(running, tenant, notice, fact)
    assert (left.status, left.deadline_on) == ("UNCLAIMED", date(2026, 7, 15))
    await paid(tenant, found, "24.90", date(2026, 7, 3))
    assert (await tenant.client.call(GetFormalNotice(notice_id=notice.notice_id))).status == "SATISFIED"


async def test_a_wrong_address_voids_the_notice_and_another_may_be_issued(running: Running, tenant: Tenant) -> None:
    _, notice = await at_the_post(running, tenant)
    fact = LetterUndelivered.model_validate(letter(tenant, notice.notice_id, reason="BAD_ADDRESS"))
    void = await told(running, tenant, notice, fact)
    assert (void.status, void.deadline_on, void.error_code) == ("UNDELIVERABLE", None, "BAD_ADDRESS")
    tasks = [body["title"] for body in await facts(running, tenant, "dunning_action.requested")]
    assert sum("undeliverable" in title for title in tasks) == 1
    await running.tick("hour", at(date(2026, 7, 16), 9))
    assert await facts(running, tenant, "formal_notice.expired") == []
    tenant.client.now = at(date(2026, 7, 16))
    again = await tenant.client.call(IssueFormalNotice(case_id=notice.case_id))
    assert again.notice_id != notice.notice_id
