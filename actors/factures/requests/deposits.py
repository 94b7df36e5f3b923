"""Requests about deposits: the invoice that asks for one, and the final invoice that deducts it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.factures import drafting, views
from actors.factures.drafting import DraftLine, Parties, load_parties, save_draft
from actors.factures.requests.documents import issued_document
from actors.factures.requests.drafts import charges_of, discounts_of, draft_lines, load, order_of
from actors.factures.rules import amounts, vat
from messages.factures import (
    DEPOSIT_ALREADY_DEDUCTED,
    NOT_ISSUED,
    CreateDepositInvoice,
    CreateFinalInvoice,
    DocumentKind,
    Invoice,
    InvoiceOrigin,
    InvoiceStatus,
    Nature,
    SettlementStatus,
)
from messages.problem import Refused
from messages.values.money import allocate
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import invoiced_item

ZERO = Decimal("0.00")
_ONE = Decimal(1)
_PAID = frozenset({SettlementStatus.PAID, SettlementStatus.OVERPAID})


async def create_deposit_invoice(request: CreateDepositInvoice, work: UnitOfWork) -> Invoice:
    """Ask for a part of a sale to come, at the VAT its lines will bear."""
    parties = await load_parties(request.company_id, request.client_id, work)
    rows = await drafting.line_rows(draft_lines(request.base_lines), parties, work)
    nature = vat.nature_of(frozenset(row["nature"] for row in rows))
    order = order_of(request, _deposit_lines(request, rows, nature), work, kind=DocumentKind.DEPOSIT_INVOICE)
    extra = order.extra | {"contract_id": request.contract_id}
    row = await save_draft(replace(order, origin=InvoiceOrigin.DEPOSIT, extra=extra), parties, work)
    return views.invoice_of(await load(row["id"], work))


def _deposit_lines(request: CreateDepositInvoice, rows: list[dict[str, Any]], nature: Nature) -> tuple[DraftLine, ...]:
    base = drafting.keyed(rows)
    if request.percent is not None:
        share, parts = f" {vat.percent_text(request.percent)}", amounts.part_of(base, request.percent)
    else:
        nets = amounts.nets_by_key(base)
        keys = amounts.in_order(nets)
        share = ""
        parts = list(zip(keys, allocate(request.amount or ZERO, [nets[key] for key in keys]), strict=True))
    line_nature = Nature.SERVICES if nature is Nature.MIXED else nature
    return tuple(
        DraftLine(
            name=f"Acompte{share} sur {request.label}"[:255],
            quantity=_ONE,
            unit_price=net,
            product_rate=key.rate,
            nature=line_nature,
            key=key,
            revenue_account=_DEPOSITS_RECEIVED,
        )
        for key, net in parts
        if net
    )


_DEPOSITS_RECEIVED = "419100"
"""Plan comptable général: clients, avances et acomptes reçus sur commandes."""


async def create_final_invoice(request: CreateFinalInvoice, work: UnitOfWork) -> Invoice:
    """Invoice the whole supply, less what its deposits brought."""
    parties = await load_parties(request.company_id, request.client_id, work)
    deposits = [await _deposit(deposit_id, parties, work) for deposit_id in sorted(request.deposit_ids)]
    paid = [row for row in deposits if row["settlement_status"] in _PAID]
    order = order_of(
        request,
        draft_lines(request.lines),
        work,
        discounts=discounts_of(request.discounts),
        charges=charges_of(request.charges),
        deposits=tuple(_deducted(row) for row in sorted(deposits, key=lambda row: row["number"])),
        prepaid=sum((row["gross"] for row in paid), ZERO),
    )
    draft = await save_draft(order, parties, work)
    common = {"organisation_id": work.organisation_id, "invoice_id": draft["id"]}
    await work.insert_rows(invoiced_item, [common | {"item_id": row["id"]} for row in deposits])
    return views.invoice_of(await load(draft["id"], work))


async def _deposit(deposit_id: UUID, parties: Parties, work: UnitOfWork) -> Row:
    """A locked deposit invoice of the same parties that no final invoice deducts yet."""
    row = await issued_document(deposit_id, work)
    same = (row["company_id"], row["client_id"]) == (parties.company.company_id, parties.client.client_id)
    if row["kind"] != DocumentKind.DEPOSIT_INVOICE or not same:
        raise Refused(NOT_ISSUED, f"{row['number']} is no deposit of this client and company; leave it out")
    if row["status"] == InvoiceStatus.CANCELLED:
        raise Refused(NOT_ISSUED, f"the deposit {row['number']} is credited; leave it out")
    taken = select(invoiced_item.c.invoice_id).where(
        invoiced_item.c.organisation_id == work.organisation_id, invoiced_item.c.item_id == row["id"]
    )
    if await work.fetch_one(taken) is not None:
        raise Refused(DEPOSIT_ALREADY_DEDUCTED, f"another final invoice deducts {row['number']}; leave it out")
    return row


def _deducted(row: Row) -> dict[str, str]:
    figures = {name: f"{row[name]:.2f}" for name in ("net", "vat", "gross")}
    return {
        "invoice_id": str(row["id"]),
        "number": row["number"],
        "issue_date": row["issue_date"].isoformat(),
        **figures,
    }
