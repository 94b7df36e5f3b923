"""documents: how long they stay, and the trash."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.documents import rules
from actors.documents.trash import DOCUMENTS
from messages.documents import (
    Document,
    DocumentState,
    DocumentType,
    GetContent,
    GetDocument,
    ListDocuments,
    PurgeDocument,
    RestoreDocument,
    TrashDocument,
    UpdateDocument,
)
from messages.payments import MandateActivated, MandateCancelled
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.documents.test_documents import EICAR, HELLO_SHA256, blobs, file, refused
from tests.actors.documents.test_formats import PDF
from tests.harness import Running, Tenant

NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)


async def stored(tenant: Tenant, content: bytes = PDF, **facts: Any) -> Document:
    tenant.client.now = NOW
    return (await tenant.client.call(file(content, **({"filename": "a.pdf"} | facts)))).document


async def current(tenant: Tenant, document_id: UUID) -> Document:
    return await tenant.client.call(GetDocument(document_id=document_id))


def mandate_fact(tenant: Tenant, mandate_id: UUID, **more: Any) -> dict[str, Any]:
    return {
        "mandate_id": mandate_id,
        "rum": "RUM-1",
        "client_id": new_id(),
        "company_id": tenant.company_id,
        "scheme": "SEPA_CORE",
        "kind": "RECURRENT",
        "creditor_identifier": "FR72ZZZ123456",
        "status": "ACTIVE",
        **more,
    }


async def test_case_15_a_mandate_paper_stays_five_years_after_its_last_collection(
    running: Running, tenant: Tenant
) -> None:
    mandate_id = new_id()
    link = {"subject_type": "MANDATE", "subject_id": str(mandate_id)}
    paper = await stored(tenant, type=DocumentType.MANDATE, links=[link])
    assert paper.retain_until is None
    await running.state(MandateActivated.model_validate(mandate_fact(tenant, mandate_id)), tenant.id, now=NOW)
    await running.settled()
    assert (await current(tenant, paper.id)).retain_until is None
    ended = mandate_fact(tenant, mandate_id, cancelled_by="CREDITOR", reason="x", last_presented_on=date(2026, 3, 1))
    await running.state(MandateCancelled.model_validate(ended), tenant.id, version=2, now=NOW)
    await running.settled()
    assert (await current(tenant, paper.id)).retain_until == date(2031, 3, 31)
    late = await stored(tenant, PDF + b"%late", type=DocumentType.MANDATE, links=[link])
    assert late.retain_until == date(2031, 3, 31)


def test_case_16_a_consumer_contract_at_a_distance_stays_ten_years() -> None:
    years = rules.archive_years_of("CONSUMER", "DISTANCE", rules.Decimal(120))
    assert (years, rules.archive_years_of("CONSUMER", "DISTANCE", rules.Decimal("119.99"))) == (10, 5)
    ended = date(2026, 3, 31)
    dates = [
        rules.retain_until(DocumentType.CONTRACT_SIGNED, created_on=ended, link_ended_on=ended, archive_years=held)
        for held in (5, years)
    ]
    assert rules.longest(*dates) == date(2036, 3, 31)


async def test_case_3_bytes_go_a_day_after_their_last_document(running: Running, tenant: Tenant) -> None:
    tenant.client.now = NOW
    first, second = [(await tenant.client.call(file())).document for _ in range(2)]
    for document, users in ((first, 1), (second, 0)):
        await tenant.client.call(TrashDocument(document_id=document.id, reason="doublon"))
        purged = await tenant.client.call(PurgeDocument(document_id=document.id, reason="doublon"))
        assert purged.state == "PURGED"
        assert await blobs(running, tenant) == [(HELLO_SHA256, users)]
    await running.tick("hour", NOW + timedelta(hours=23))
    assert await blobs(running, tenant) == [(HELLO_SHA256, 0)]
    await running.tick("hour", NOW + timedelta(hours=48))
    assert await blobs(running, tenant) == []
    await running.settled()
    assert len(await running.events("document.purged", tenant.id)) == 2


async def test_a_document_in_the_trash_is_hidden_comes_back_or_goes_after_thirty_days(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    kept, gone = await stored(tenant), await stored(tenant, PDF + b"%gone")
    assert await refused(other_tenant, TrashDocument(document_id=kept.id, reason="x")) == "DOCUMENT_NOT_FOUND"
    for document in (kept, gone):
        await tenant.client.call(TrashDocument(document_id=document.id, reason="erreur"))
    assert (await tenant.client.call(ListDocuments())).items == ()
    assert await refused(tenant, GetContent(document_id=kept.id)) == "NOT_CLEAN"
    assert (await tenant.client.call(RestoreDocument(document_id=kept.id))).state == "AVAILABLE"
    await running.tick("hour", NOW + timedelta(days=29))
    assert (await current(tenant, gone.id)).state == "TRASHED"
    await running.tick("hour", NOW + timedelta(days=31))
    assert (await current(tenant, gone.id)).state == "PURGED"
    assert await refused(tenant, RestoreDocument(document_id=gone.id)) == "INVALID_TRANSITION"
    facts = [len(await running.events(f"document.{fact}", tenant.id)) for fact in ("trashed", "restored", "purged")]
    assert facts == [2, 1, 1]


async def test_case_14_what_the_law_wants_kept_cannot_be_trashed(tenant: Tenant) -> None:
    letter = await stored(tenant, type=DocumentType.LETTER, business_date=date(2026, 3, 31))
    assert letter.retain_until == date(2031, 3, 31)
    assert await refused(tenant, TrashDocument(document_id=letter.id, reason="x")) == "RETENTION_LOCKED"
    invoice = await stored(tenant, PDF + b"%1", type=DocumentType.INVOICE)
    assert await refused(tenant, TrashDocument(document_id=invoice.id, reason="x")) == "RETENTION_LOCKED"
    tenant.client.now = datetime(2031, 4, 1, 9, tzinfo=UTC)
    assert (await tenant.client.call(TrashDocument(document_id=letter.id, reason="x"))).state == "TRASHED"


async def test_an_infected_file_loses_its_bytes_after_a_week(running: Running, tenant: Tenant) -> None:
    await stored(tenant, EICAR, filename="a.txt")
    await running.tick("hour", NOW + timedelta(days=6))
    assert [users for _, users in await blobs(running, tenant)] == [1]
    await running.tick("hour", NOW + timedelta(days=8))
    assert [users for _, users in await blobs(running, tenant)] == [0]


async def test_what_is_said_of_a_file_can_be_corrected_but_not_of_a_final_one(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    document = await stored(tenant)
    order = UpdateDocument(document_id=document.id, filename="Bail 2026.exe", title="Bail")
    changed = await tenant.client.call(order)
    assert (changed.filename, changed.title, changed.version) == ("Bail 2026.pdf", "Bail", 4)
    assert (await tenant.client.call(order)).version == 4
    assert await refused(other_tenant, order) == "DOCUMENT_NOT_FOUND"
    await running.settled()
    ((_, body),) = await running.events("document.updated", tenant.id)
    assert body["changed_fields"] == ["filename", "title"]
    final = await stored(tenant, PDF + b"%2", type=DocumentType.INVOICE)
    assert await refused(tenant, UpdateDocument(document_id=final.id, title="x")) == "FINAL_DOCUMENT"
    assert (await tenant.client.call(UpdateDocument(document_id=final.id, tags=("payée",)))).tags == ("payée",)


class DocumentLife(RuleBasedStateMachine):
    """Nothing comes back from PURGED, and nothing is purged that was not in the trash."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [DocumentState.AVAILABLE]

    @rule(trigger=some.sampled_from(["trash", "restore", "purge"]))
    def happens(self, trigger: str) -> None:
        if DOCUMENTS.allows(trigger, self.path[-1]):
            self.path.append(DOCUMENTS.after(trigger, self.path[-1]))
        else:
            with pytest.raises(Refused):
                DOCUMENTS.after(trigger, self.path[-1])

    @invariant()
    def purged_is_the_end_and_follows_the_trash(self) -> None:
        assert DocumentState.PURGED not in self.path[:-1]
        if self.path[-1] is DocumentState.PURGED:
            assert self.path[-2] is DocumentState.TRASHED


test_a_document_is_purged_only_from_the_trash = DocumentLife.TestCase
