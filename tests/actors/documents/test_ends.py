"""documents: how a document's time ends, and what keeps it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from messages.documents import DocumentType, PurgeDocument, TrashDocument
from messages.identity import LiftLegalHold, PlaceLegalHold
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.documents.test_documents import blobs, refused
from tests.actors.documents.test_formats import PDF
from tests.actors.documents.test_keeping import NOW, current, stored
from tests.harness import Running, Tenant


async def test_case_14_a_document_goes_to_the_trash_the_day_after_and_for_good_thirty_days_later(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    letter = await stored(tenant, type=DocumentType.LETTER, business_date=date(2026, 3, 31))
    theirs = await stored(other_tenant, type=DocumentType.LETTER, business_date=date(2027, 3, 31))
    paper = await stored(tenant, PDF + b"%2")
    assert (letter.retain_until, paper.retain_until) == (date(2031, 3, 31), None)
    for day, state in (
        (datetime(2031, 3, 31, 9, tzinfo=UTC), "AVAILABLE"),
        (datetime(2031, 4, 1, 9, tzinfo=UTC), "TRASHED"),
        (datetime(2031, 4, 30, 8, tzinfo=UTC), "TRASHED"),
        (datetime(2031, 5, 1, 9, tzinfo=UTC), "PURGED"),
    ):
        await running.tick("hour", day)
        assert (await current(tenant, letter.id)).state == state
    (_, trashed), *more = await running.events("document.trashed", tenant.id)
    assert (trashed["reason"], more) == ("RETENTION", [])
    assert (await current(tenant, paper.id)).state == (await current(other_tenant, theirs.id)).state == "AVAILABLE"


async def test_a_file_made_for_a_while_is_gone_the_day_after_its_last_one(running: Running, tenant: Tenant) -> None:
    export = await stored(tenant, type=DocumentType.REPORT_EXPORT, delete_after=date(2026, 4, 7))
    assert export.delete_after == date(2026, 4, 7)
    await running.tick("hour", datetime(2026, 4, 7, 10, tzinfo=UTC))
    assert (await current(tenant, export.id)).state == "AVAILABLE"
    await running.tick("hour", datetime(2026, 4, 8, 10, tzinfo=UTC))
    assert (await current(tenant, export.id)).state == "PURGED"
    assert [users for _, users in await blobs(running, tenant)] == [0]
    facts = [len(await running.events(f"document.{fact}", tenant.id)) for fact in ("trashed", "purged")]
    assert facts == [1, 1]
    await running.tick("hour", datetime(2026, 4, 10, 10, tzinfo=UTC))
    assert await blobs(running, tenant) == []


async def test_what_the_law_keeps_has_no_last_day_of_its_own(tenant: Tenant) -> None:
    with pytest.raises(Refused) as refusal:
        await stored(tenant, type=DocumentType.INVOICE, delete_after=date(2026, 4, 7))
    assert [field.field for field in refusal.value.fields] == ["delete_after"]


async def test_case_17_a_legal_hold_keeps_a_clients_documents(running: Running, tenant: Tenant) -> None:
    client_id = new_id()
    link = {"subject_type": "CLIENT", "subject_id": str(client_id)}
    due = await stored(tenant, type=DocumentType.ID_DOCUMENT, client_id=client_id)
    linked = await stored(tenant, PDF + b"%2", type=DocumentType.ID_DOCUMENT, links=[link])
    hold = await tenant.client.call(
        PlaceLegalHold(subject_type="CUSTOMER", subject_id=client_id, reason="litige en cours")
    )
    for refusing in (TrashDocument, PurgeDocument):
        assert await refused(tenant, refusing(document_id=linked.id, reason="x")) == "LEGAL_HOLD"
    a_year_later = NOW.replace(year=2027) + timedelta(days=1)
    await running.tick("hour", a_year_later)
    assert [(await current(tenant, paper.id)).state for paper in (due, linked)] == ["AVAILABLE"] * 2
    await tenant.client.call(LiftLegalHold(hold_id=hold.hold_id, reason="jugement rendu"))
    await running.tick("hour", a_year_later + timedelta(days=1))
    assert [(await current(tenant, paper.id)).state for paper in (due, linked)] == ["TRASHED"] * 2
