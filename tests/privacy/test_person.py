"""The promise: a person's data is handed out whole, and erasing it leaves nothing but what the law keeps."""

import base64
import json
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from messages.clients import ClientUpdated, GetClient
from messages.contrats import GetContract
from messages.factures import FileFormat, GetInvoice, GetInvoiceDocument, ListInvoices
from messages.identity import (
    AssessPrivacyRequest,
    CreatePrivacyRequest,
    ExecutePrivacyRequest,
    GetErasureProof,
    GetExportPart,
    GetPrivacyRequest,
    PrivacyRequest,
    VerifyRequesterIdentity,
)
from messages.payments import ListMandates
from runtime.demo import play as demo_play
from runtime.demo.books import Books, keep_books
from runtime.demo.setting import Demo, at
from tests.privacy.story import (
    EMAIL,
    HER_STREET,
    NEEDLES,
    end_contract,
    keep_in_touch,
    objects_with,
    settle_bills,
    state,
    where_found,
    write_examples,
)

LAST_DAY = date(2026, 3, 20)
MAY_REMAIN = {
    "factures.invoice",
    "factures.rendition",
    "factures.seal",
    "payments.bank_details",
    "payments.bank_transaction",
    "payments.mandate",
    "payments.payment_event",
}


async def fulfilled(demo: Demo, kind: str, client_id: UUID) -> PrivacyRequest:
    """A request from receipt to its end."""
    now = at(LAST_DAY, 21)
    demo.client.now = now
    asked: dict[str, Any] = {"kind": kind, "subject_type": "CUSTOMER", "subject_id": client_id, "channel": "EMAIL"}
    received = CreatePrivacyRequest.model_validate(asked | {"received_at": now, "reason": "la personne le demande"})
    request_id = (await demo.client.call(received)).request_id
    await demo.client.call(VerifyRequesterIdentity(request_id=request_id, method="appel"))
    await demo.client.call(AssessPrivacyRequest(request_id=request_id))
    await settle(demo)
    ready = await demo.client.call(GetPrivacyRequest(request_id=request_id))
    assert ready.status == "READY", ready
    await demo.client.call(ExecutePrivacyRequest(request_id=request_id))
    await settle(demo)
    return await demo.client.call(GetPrivacyRequest(request_id=request_id))


def failures(request: PrivacyRequest) -> list[Any]:
    """Which actors failed, and why."""
    return [
        (
            task.actor,
            task.phase,
            task.error,
            [entity for entity in task.entities if entity.verification_passed is False],
        )
        for task in request.tasks
        if task.status == "FAILED"
    ]


async def settle(demo: Demo) -> None:
    """Wait for everybody; what keeps failing is told instead of a time-out."""
    try:
        await demo.settle(40)
    except TimeoutError:
        for actor in demo.actors:
            items = (await demo.client.operate(actor, "work"))["items"]
            failing = [(item["kind"], item["last_error"]) for item in items if item["last_error"]]
            assert failing == [], actor
        raise


async def the_export_has_her_data(demo: Demo, client_id: UUID) -> None:
    done = await fulfilled(demo, "ACCESS", client_id)
    assert done.status == "COMPLETED", failures(done)
    exported: dict[str, str] = {}
    for task in done.tasks:
        for number in range(1, task.parts + 1):
            part = await demo.client.call(GetExportPart(request_id=done.request_id, actor=task.actor, number=number))
            assert json.loads(part.content)["actor"] == task.actor
            exported[task.actor] = exported.get(task.actor, "") + part.content
    expected = {"activites", "calendar", "clients", "commercial", "contrats", "documents", "engagement", "factures"}
    assert set(exported) >= expected | {"logistics", "payments"}
    for actor in expected - {"documents"} | {"payments", "logistics"}:
        assert "vauquelin" in exported[actor].lower(), actor
    assert EMAIL in exported["engagement"]
    assert EMAIL in exported["clients"]


async def nothing_is_left(demo: Demo, client_id: UUID, needles: tuple[str, ...]) -> None:
    before = await where_found(demo, needles)
    assert {place.partition(".")[0] for place in before} >= {
        "clients",
        "engagement",
        "contrats",
        "factures",
        "payments",
    }
    assert await objects_with(demo, HER_STREET) == 1
    client = await demo.client.call(GetClient(client_id=client_id))
    erased = await fulfilled(demo, "ERASURE", client_id)
    assert erased.status == "PARTIAL", failures(erased)
    reasons = {entity.retained_reason for task in erased.tasks for entity in task.entities if entity.retained}
    assert not any(reason.startswith("HAS_") for reason in reasons if reason), reasons
    left = await where_found(demo, needles)
    assert sorted(place for place in left if place not in MAY_REMAIN) == [], left

    retained = {
        f"{task.actor}.{entity.entity}": entity
        for task in erased.tasks
        for entity in task.entities
        if task.phase == "EXECUTE" and entity.retained
    }
    for place in left:
        assert retained[place].retained_reason
        assert retained[place].retained_until
    assert retained["factures.invoice"].retained_until == date(2036, 12, 31)
    work = {entity.entity: entity for task in erased.tasks for entity in task.entities if task.phase == "EXECUTE"}
    assert work["task"].deleted >= 2
    assert work["outbound_email"].deleted >= 1
    assert work["client"].anonymised == 1
    proof = await demo.client.call(GetErasureProof(request_id=erased.request_id))
    executed = [entity for task in erased.tasks if task.phase == "EXECUTE" for entity in task.entities]
    assert proof.all_verifications_passed, proof
    assert proof.deleted == sum(entity.deleted for entity in executed)
    assert proof.retained == sum(entity.retained for entity in executed)
    assert (await demo.client.call(GetClient(client_id=client_id))).display_name == "Client effacé"
    await a_late_fact_changes_nothing(demo, client, left, needles)
    await demo.client.tick("hour", at(LAST_DAY + timedelta(days=1), 3))
    await settle(demo)
    assert await objects_with(demo, HER_STREET) == 0


async def a_late_fact_changes_nothing(
    demo: Demo, client: Any, left: dict[str, list[str]], needles: tuple[str, ...]
) -> None:
    late = ClientUpdated.model_validate(
        client.model_dump() | {"client_id": client.id, "kind": "CONSUMER", "changed_fields": ["family_name"]}
    )
    await state(demo, late, version=1_000, now=at(LAST_DAY, 22))
    assert await where_found(demo, needles) == left


async def the_law_keeps_what_it_needs(demo: Demo, client_id: UUID) -> None:
    invoices = (await demo.client.call(ListInvoices(client_id=client_id))).items
    assert invoices
    invoice = await demo.client.call(GetInvoice(invoice_id=invoices[0].id))
    assert invoice.number is not None
    file = await demo.client.call(GetInvoiceDocument(invoice_id=invoices[0].id, format=FileFormat.CII_XML))
    assert "Vauquelin" in base64.b64decode(file.content_base64 or "").decode()
    assert (await demo.client.call(ListMandates(client_id=client_id))).items


@pytest.mark.timeout(300)
async def test_case_24_an_erased_client_leaves_only_what_the_law_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="crm-privacy-"))
    needles = (*NEEDLES, write_examples(folder / "examples"))
    told: list[str] = []

    async def erase_someone(demo: Demo) -> Books:
        demo.client.now = at(LAST_DAY, 19)
        books = await keep_books(demo)
        contract = next(
            found
            for found in [await demo.client.call(GetContract(contract_id=id_)) for id_ in demo.contracts]
            if found.client_id == demo.report.imported[0].client_id
        )
        await keep_in_touch(demo, contract.client_id)
        await end_contract(demo, contract.contract_id, LAST_DAY - timedelta(days=1))
        await settle_bills(demo, contract.client_id)
        await the_export_has_her_data(demo, contract.client_id)
        await nothing_is_left(demo, contract.client_id, needles)
        await the_law_keeps_what_it_needs(demo, contract.client_id)
        told.append("the end")
        return books

    monkeypatch.setattr(demo_play, "show", lambda *_: True)
    monkeypatch.setattr(demo_play, "keep_books", erase_someone)
    try:
        await demo_play.play(folder / "examples", folder / "data", Console(quiet=True), stay=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert told == ["the end"]
