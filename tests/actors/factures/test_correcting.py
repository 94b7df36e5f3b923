"""factures: an invoice that was wrong is cancelled and replaced by another."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from messages.clients import (
    ClientFlags,
    ClientKind,
    ClientMerged,
    ClientSnapshot,
    ClientSource,
    ClientType,
    ClientUnmerged,
    ClientUpdated,
    RecordState,
    StatusCategory,
    VatStatus,
)
from messages.factures import (
    CheckInvoice,
    CorrectionReason,
    CreateCorrectiveInvoice,
    CreateCreditNote,
    GetInvoice,
    GetInvoiceDocument,
    Invoice,
    InvoiceLineDraft,
    MarkInvoicePaid,
    PaymentMethod,
    VerifySeals,
)
from messages.identity import CompanyArchived
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from tests.actors.factures.builders import (
    NOW,
    amounts_of,
    bill,
    billing_due,
    business,
    decoded,
    instalment,
    instalment_line,
    invoices,
    ready,
)
from tests.actors.factures.test_facturx import text_of
from tests.actors.factures.test_issuing import issue, issued, refused, simple
from tests.harness import Running, Tenant


def replacement(invoice: Invoice, *lines: InvoiceLineDraft) -> CreateCorrectiveInvoice:
    return CreateCorrectiveInvoice(
        invoice_id=invoice.invoice_id, lines=lines, reason_code=CorrectionReason.PRICE_ERROR, reason_text="Prix erroné"
    )


async def test_a_corrective_invoice_cancels_and_replaces_its_original(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    line = InvoiceLineDraft(name="Service", quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(20))
    draft = await tenant.client.call(replacement(invoice, line))
    assert (await tenant.client.call(GetInvoice(invoice_id=invoice.invoice_id))).status == "ISSUED"
    corrective = await issue(tenant, draft)
    assert (corrective.number, corrective.type_code) == ("FA2026-000002", "384")
    assert amounts_of(corrective) == ("100.00", "20.00", "120.00")
    assert (corrective.preceding, corrective.outstanding.amount) == ((invoice.invoice_id,), Decimal("120.00"))
    original = await tenant.client.call(GetInvoice(invoice_id=invoice.invoice_id))
    assert (original.status, original.outstanding.amount) == ("CANCELLED", 0)
    await running.settled()
    ((_, cancelled),) = await running.events("invoice.cancelled", tenant.id)
    assert (cancelled["by"]["kind"], cancelled["by"]["number"]) == ("CORRECTIVE_INVOICE", "FA2026-000002")
    assert len(await running.events("invoice.issued", tenant.id)) == 2
    file = await tenant.client.call(GetInvoiceDocument(invoice_id=corrective.invoice_id))
    assert "Annule et remplace la facture n° FA2026-000001 du 02/03/2026" in text_of(decoded(file.content_base64))
    chain = await tenant.client.call(VerifySeals(company_id=tenant.company_id))
    assert (chain.valid, chain.checked) == (True, 2)


async def test_a_replaced_invoice_of_a_contract_says_what_it_takes_back(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    order = billing_due(tenant, await business(running, tenant), instalment(instalment_line("24.99")))
    await bill(running, tenant, order)
    (summary,) = await invoices(tenant)
    invoice = await tenant.client.call(GetInvoice(invoice_id=summary.id))
    draft = await tenant.client.call(replacement(invoice))
    assert amounts_of(draft) == amounts_of(invoice)
    assert (draft.contract_id, draft.due_date) == (invoice.contract_id, invoice.due_date)
    await issue(tenant, draft)
    await running.settled()
    ((_, cancelled),) = await running.events("invoice.cancelled", tenant.id)
    assert [(found["contract_line_id"], found["net"]["amount"]) for found in cancelled["net_by_contract_line"]] == [
        (str(order.instalments[0].lines[0].line_id), "24.99")
    ]


async def test_an_invoice_on_which_money_moved_is_not_replaced(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    invoice = await issued(running, tenant)
    assert await refused(other_tenant.client.call(replacement(invoice))) == "INVOICE_NOT_FOUND"
    draft = await tenant.client.call(replacement(invoice))
    paid = MarkInvoicePaid(
        invoice_id=invoice.invoice_id, on_date=date(2026, 3, 2), method=PaymentMethod.CHEQUE, amount=Decimal("1.00")
    )
    await tenant.client.call(paid, key=str(new_id()))
    assert await refused(tenant.client.call(replacement(invoice), key=str(new_id()))) == "ALREADY_SETTLED"
    assert await refused(issue(tenant, draft)) == "ALREADY_SETTLED"  # money came between draft and issue


async def test_a_corrective_invoice_can_itself_be_credited(running: Running, tenant: Tenant) -> None:
    corrective = await issue(tenant, await tenant.client.call(replacement(await issued(running, tenant))))
    order = CreateCreditNote(
        invoice_id=corrective.invoice_id, reason_code=CorrectionReason.GOODWILL, reason_text="Geste commercial"
    )
    note = await tenant.client.call(order, key=str(new_id()))
    assert amounts_of(note) == amounts_of(corrective)
    assert (await tenant.client.call(GetInvoice(invoice_id=corrective.invoice_id))).status == "CANCELLED"


def known(tenant: Tenant, client_id: UUID) -> dict[str, Any]:
    """A client as clients states him."""
    return {
        "client_id": client_id, "client_code": "CLI-000001", "display_name": "Dupont & Fils", "type": ClientType.BUSINESS,
        "kind": ClientKind.BUSINESS, "language": "fr", "status_code": "PROSPECT",
        "status_category": StatusCategory.PROSPECT, "record_state": RecordState.LIVE, "company_id": tenant.company_id,
        "source": ClientSource.MANUAL, "siren": "552100554", "vat_status": VatStatus.TAXABLE_FR,
        "billing_address": Address(street="2 rue Y", postal_code="69001", city="Lyon"),
    }  # fmt: skip


async def test_a_blocked_client_is_credited_but_not_charged(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    draft = await tenant.client.call(simple(tenant, invoice.client_id))
    blocked = ClientUpdated.model_validate(
        known(tenant, invoice.client_id) | {"flags": ClientFlags(blocked_scope="ALL"), "changed_fields": ("flags",)}
    )
    await running.state(blocked, tenant.id, version=2, now=NOW)
    await running.settled()
    assert await refused(tenant.client.call(simple(tenant, invoice.client_id))) == "CLIENT_BLOCKED"
    assert await refused(issue(tenant, draft)) == "INVOICE_NOT_COMPLIANT"
    order = CreateCreditNote(
        invoice_id=invoice.invoice_id, reason_code=CorrectionReason.GOODWILL, reason_text="Geste commercial"
    )
    assert (await tenant.client.call(order, key=str(new_id()))).number == "AV2026-000001"


async def test_a_merge_moves_drafts_and_an_unmerge_gives_them_back(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    draft = await tenant.client.call(simple(tenant, invoice.client_id))
    survivor, operation = await business(running, tenant), new_id()

    async def buyers() -> list[UUID]:
        found = [await tenant.client.call(GetInvoice(invoice_id=id_)) for id_ in (invoice.invoice_id, draft.invoice_id)]
        return [document.client_id for document in found]

    merged = ClientMerged(
        survivor_id=survivor,
        merged_ids=(invoice.client_id,),
        survivor=ClientSnapshot.model_validate(known(tenant, survivor)),
        merge_operation_id=operation,
    )
    await running.state(merged, tenant.id, version=2, now=NOW)
    await running.settled()
    assert await buyers() == [invoice.client_id, survivor]
    unmerged = ClientUnmerged(
        survivor_id=survivor,
        restored_id=invoice.client_id,
        restored=ClientSnapshot.model_validate(known(tenant, invoice.client_id)),
        merge_operation_id=operation,
    )
    await running.state(unmerged, tenant.id, version=3, now=NOW)
    await running.settled()
    assert await buyers() == [invoice.client_id, invoice.client_id]


async def test_an_archived_company_credits_but_charges_nobody(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    invoice = await issued(running, tenant)
    draft = await tenant.client.call(simple(tenant, invoice.client_id))
    archived = CompanyArchived(company_id=tenant.company_id, reason="Cessation")
    await running.state(archived, other_tenant.id, version=9, now=NOW)
    await running.settled()
    assert (await tenant.client.call(CheckInvoice(invoice_id=draft.invoice_id))).valid
    await running.state(archived, tenant.id, version=9, now=NOW)
    await running.settled()
    assert await refused(tenant.client.call(simple(tenant, invoice.client_id), key=str(new_id()))) == "COMPANY_ARCHIVED"
    assert await refused(issue(tenant, draft)) == "INVOICE_NOT_COMPLIANT"
    order = CreateCreditNote(
        invoice_id=invoice.invoice_id, reason_code=CorrectionReason.GOODWILL, reason_text="Geste commercial"
    )
    assert (await tenant.client.call(order, key=str(new_id()))).number == "AV2026-000001"
