"""logistics: what the post does with a letter, and what proves it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from actors.logistics.maileva.simulator import MailevaSimulator
from messages.documents import GetDocument
from messages.logistics import GetLetterProof, ProofKind
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.logistics.letters import posted, read
from tests.actors.logistics.test_letters import facts
from tests.harness import Running, Tenant


async def test_case_9_a_registered_letter_is_delivered_and_proved_once(
    running: Running, tenant: Tenant, other_tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    made, draft = await posted(running, tenant, maileva, day, client_id=new_id())
    maileva.scan(draft, "LP04", day + timedelta(days=2))
    maileva.prove(draft, "deposit_proof", day + timedelta(days=1))
    await running.tick("hour", day + timedelta(hours=49))
    delivered_at = day + timedelta(days=3)
    maileva.scan(draft, "LP15", delivered_at)
    maileva.prove(draft, "acknowledgement_of_receipt", delivered_at)
    for hours in (73, 98):
        await running.tick("hour", day + timedelta(hours=hours))
    found = await read(tenant, made.id)
    assert (found.status, found.delivered_at, found.first_presented_at) == ("DELIVERED", delivered_at, delivered_at)
    assert found.effective_notice_date == delivered_at.date() and found.registered_number is not None
    assert [to for _, to in await facts(running, tenant)] == [
        "WAITING_DOCUMENT", "SUBMITTED", "ACCEPTED", "IN_PRODUCTION", "POSTED", "IN_DELIVERY", "DELIVERED",
    ]  # fmt: skip
    [(_, fact)] = await running.events("letter.delivered", tenant.id)
    assert (fact["notice_status"], fact["proof_available"]) == ("DELIVERED", True)
    assert fact["tracking_number"] == found.registered_number
    proofs = [fact for _, fact in await running.events("letter.proof_available", tenant.id)]
    assert sorted(proof["proof_kind"] for proof in proofs) == ["DELIVERY", "DEPOSIT"]
    assert (maileva.calls["deposit_proof"], maileva.calls["acknowledgement_of_receipt"]) == (1, 1)
    proof = await tenant.client.call(GetLetterProof(letter_id=made.id, kind=ProofKind.DELIVERY))
    kept = await tenant.client.call(GetDocument(document_id=proof.document_id))
    assert (kept.type, kept.client_id) == ("DELIVERY_PROOF", made.client_id)
    for client, kind, code in (
        (tenant.client, ProofKind.CONTENT, "PROOF_NOT_YET"),
        (other_tenant.client, ProofKind.DELIVERY, "LETTER_NOT_FOUND"),
    ):
        with pytest.raises(Refused) as refusal:
            await client.call(GetLetterProof(letter_id=made.id, kind=kind))
        assert refusal.value.code.code == code


async def test_case_11_an_unclaimed_letter_notifies_from_its_first_presentation(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    made, draft = await posted(running, tenant, maileva, day, client_id=new_id())
    absent = datetime(2026, 3, 10, 10, tzinfo=UTC) + (day - datetime(2026, 3, 9, 9, tzinfo=UTC))
    maileva.scan(draft, "LP09", absent)
    maileva.scan(draft, "LP19", absent + timedelta(days=17))
    await running.tick("hour", day + timedelta(days=19))
    found = await read(tenant, made.id)
    assert (found.status, found.undelivered_reason) == ("UNDELIVERED", "UNCLAIMED")
    assert (found.first_presented_at, found.effective_notice_date) == (absent, absent.date())
    [(_, fact)] = await running.events("letter.first_presented", tenant.id)
    assert fact["notice_status"] == "PRESENTED"
    [(_, fact)] = await running.events("letter.undelivered", tenant.id)
    assert (fact["reason"], fact["notice_status"]) == ("UNCLAIMED", "UNCLAIMED")
    assert fact["effective_notice_date"] == absent.date().isoformat()
    assert await running.events("postal_address.invalid_detected", tenant.id) == []
    maileva.scan(draft, "LP17", absent + timedelta(days=20))
    await running.tick("hour", day + timedelta(days=22))
    assert (await read(tenant, made.id)).status == "RETURNED"
    assert len(await running.events("letter.returned", tenant.id)) == 1


async def test_case_11_a_letter_to_a_wrong_address_notifies_nobody(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    made, draft = await posted(running, tenant, maileva, day, client_id=new_id())
    maileva.scan(draft, "LP20", day + timedelta(days=3))
    await running.tick("hour", day + timedelta(days=4))
    found = await read(tenant, made.id)
    assert (found.status, found.undelivered_reason, found.effective_notice_date) == ("UNDELIVERED", "BAD_ADDRESS", None)
    [(_, fact)] = await running.events("letter.undelivered", tenant.id)
    assert fact["notice_status"] == "RETURNED_UNKNOWN"
    [(_, fact)] = await running.events("postal_address.invalid_detected", tenant.id)
    assert (fact["client_id"], fact["reason"]) == (str(made.client_id), "BAD_ADDRESS")
    maileva.scan(draft, "LP23", day + timedelta(days=5))
    maileva.scan(draft, "LP15", day + timedelta(days=7))
    await running.tick("hour", day + timedelta(days=8))
    found = await read(tenant, made.id)
    assert (found.status, found.undelivered_reason) == ("DELIVERED", None)
    assert found.effective_notice_date == date.fromordinal(day.toordinal() + 7)


async def test_case_12_a_late_scan_is_kept_and_moves_nothing(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    made, draft = await posted(running, tenant, maileva, day)
    afternoon = day + timedelta(days=3, hours=5)
    maileva.scan(draft, "LP15", afternoon)
    await running.tick("hour", day + timedelta(days=4))
    maileva.scan(draft, "LP14", afternoon - timedelta(hours=6))
    await running.tick("hour", day + timedelta(days=5, hours=1))
    assert (await read(tenant, made.id)).status == "DELIVERED"
    codes = [fact["code"] for _, fact in await running.events("tracking_event.recorded", tenant.id)]
    assert codes == ["LP15", "LP14"]
    assert len([to for _, to in await facts(running, tenant) if to == "DELIVERED"]) == 1


async def test_a_simple_letter_is_over_once_it_is_posted(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    made, draft = await posted(running, tenant, maileva, day, kind="SIMPLE")
    looks = maileva.calls["look"]
    maileva.scan(draft, "LP15", day + timedelta(days=3))
    await running.tick("hour", day + timedelta(days=4))
    assert (await read(tenant, made.id)).status == "POSTED"
    assert await running.events("letter.delivered", tenant.id) == []
    assert maileva.calls["look"] == looks
