"""Collections: what a payment brings to an invoice, shared over its instalments and contract lines (6.2, 6.5)."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.commercial.engine.accrual import accrue, locked_contract
from actors.commercial.engine.entries import hold, release
from actors.commercial.engine.payable import weigh_payable
from actors.commercial.engine.recovery import regularise_instalment
from actors.commercial.engine.rights import earn_recurring
from actors.commercial.rules import amounts
from actors.commercial.rules.states import UNFROZEN
from messages.commercial import CommissionKind, CommissionStatus, HoldReason
from messages.values.identifiers import derived_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import (
    collected_line,
    collection_ref,
    commission_entry,
    contract_ref,
    instalment_line_ref,
    instalment_ref,
)


@dataclass(slots=True)
class _Booked:
    """What a change of collections did to one contract."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    raised: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    lowered: dict[UUID, dict[str, Any]] = field(default_factory=dict)


async def keep_collection(
    invoice_id: UUID, payment_id: UUID, allocated_after: Decimal, on: date, work: UnitOfWork
) -> None:
    """The payment's newest cumulated allocation on the invoice; an older one, or the same again, changes nothing."""
    statement = insert(collection_ref).values(
        organisation_id=work.organisation_id,
        invoice_id=invoice_id,
        payment_id=payment_id,
        allocated_after=allocated_after,
        booked=Decimal("0.00"),
        collected_on=on,
        version=work.source_version,
    )
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "invoice_id", "payment_id"],
            set_={"allocated_after": allocated_after, "collected_on": on, "version": work.source_version},
            where=(collection_ref.c.version <= work.source_version)
            & (collection_ref.c.allocated_after != allocated_after),
        )
    )
    await book_invoice(invoice_id, work)


async def book_invoice(invoice_id: UUID, work: UnitOfWork) -> None:
    """Share out what is not shared out yet; waits when the invoice's instalments or their contract are not known."""
    contract_id = await work.fetch_value(
        select(instalment_ref.c.contract_id)
        .where(instalment_ref.c.organisation_id == work.organisation_id, instalment_ref.c.invoice_id == invoice_id)
        .limit(1)
    )
    contract = await locked_contract(contract_id, work) if contract_id is not None else None
    if contract is None:
        return
    booked = await _share_out(contract, invoice_id, work)
    if not booked.raised and not booked.lowered:
        return
    if booked.lines and contract["first_collected_on"] is None:
        first = min(line["collected_on"] for line in booked.lines)
        contract = {**contract, "first_collected_on": first}
        await work.execute(
            update(contract_ref)
            .where(
                contract_ref.c.organisation_id == work.organisation_id,
                contract_ref.c.contract_id == contract["contract_id"],
            )
            .values(first_collected_on=first)
        )
    await accrue(contract, work)
    await earn_recurring(contract, booked.lines, work)
    for instalment in booked.lowered.values():
        await _hold_reversed(instalment, work)
    for instalment in booked.raised.values():
        await _give_back(instalment, work)
    await weigh_payable(contract["contract_id"], work)


async def book_waiting(contract_id: UUID, work: UnitOfWork) -> None:
    """Book what was collected before the contract was known."""
    bill = instalment_ref.c
    waiting = (
        select(bill.invoice_id)
        .distinct()
        .where(
            bill.organisation_id == work.organisation_id, bill.contract_id == contract_id, bill.invoice_id.is_not(None)
        )
    )
    for row in await work.fetch(waiting):
        await book_invoice(row["invoice_id"], work)


async def _share_out(contract: Row, invoice_id: UUID, work: UnitOfWork) -> _Booked:
    bill, paid = instalment_ref.c, collection_ref.c
    instalments = [
        dict(row)
        for row in await work.fetch(
            select(instalment_ref)
            .where(bill.organisation_id == work.organisation_id, bill.invoice_id == invoice_id)
            .order_by(bill.period_start, bill.billing_instalment_id)
            .with_for_update()
        )
    ]
    this_invoice = (paid.organisation_id == work.organisation_id, paid.invoice_id == invoice_id)
    total = Decimal(await work.fetch_value(select(func.coalesce(func.sum(paid.booked), 0)).where(*this_invoice)) or 0)
    changed = await work.fetch(
        select(collection_ref)
        .where(*this_invoice, paid.allocated_after != paid.booked)
        .order_by(paid.collected_on, paid.payment_id)
    )
    booked = _Booked()
    for collection in changed:
        total += collection["allocated_after"] - collection["booked"]
        shares = amounts.shared_over_instalments(max(total, Decimal(0)), [found["gross"] for found in instalments])
        for instalment, share in zip(instalments, shares, strict=True):
            await _reach(contract, instalment, share, collection, booked, work)
        await work.execute(
            update(collection_ref)
            .where(*this_invoice, paid.payment_id == collection["payment_id"])
            .values(booked=collection["allocated_after"])
        )
    return booked


async def _reach(
    contract: Row, instalment: dict[str, Any], share: Decimal, collection: Row, booked: _Booked, work: UnitOfWork
) -> None:
    """Bring an instalment's collected total to `share`; only what was never collected before earns."""
    identity = instalment["billing_instalment_id"]
    if share == instalment["collected_gross"]:
        return
    touched = booked.raised if share > instalment["collected_gross"] else booked.lowered
    (booked.lowered if touched is booked.raised else booked.raised).pop(identity, None)
    touched[identity] = instalment
    highest = instalment["highest_collected_gross"]
    if share > highest:
        net = amounts.net_of_collection(instalment["net"], instalment["gross"], highest, share)
        booked.lines += await _collected_lines(contract, instalment, net, share, collection, work)
        instalment["highest_collected_gross"] = share
        instalment["earned_net"] += net
        instalment["first_collected_on"] = instalment["first_collected_on"] or collection["collected_on"]
    instalment["collected_gross"] = share
    names = ("collected_gross", "highest_collected_gross", "earned_net", "first_collected_on")
    await work.execute(
        update(instalment_ref)
        .where(
            instalment_ref.c.organisation_id == work.organisation_id,
            instalment_ref.c.billing_instalment_id == identity,
        )
        .values(**{name: instalment[name] for name in names})
    )


async def _collected_lines(
    contract: Row, instalment: dict[str, Any], net: Decimal, reached: Decimal, collection: Row, work: UnitOfWork
) -> list[dict[str, Any]]:
    part = instalment_line_ref.c
    lines = await work.fetch(
        select(instalment_line_ref)
        .where(
            part.organisation_id == work.organisation_id,
            part.billing_instalment_id == instalment["billing_instalment_id"],
        )
        .order_by(part.position)
    )
    shares = amounts.shared_over_lines(net, [line["net"] for line in lines])
    rows = [
        {
            "id": derived_id("collected", line["line_id"], instalment["billing_instalment_id"], f"{reached:f}"),
            "organisation_id": work.organisation_id,
            "contract_id": contract["contract_id"],
            "line_id": line["line_id"],
            "billing_instalment_id": instalment["billing_instalment_id"],
            "invoice_id": collection["invoice_id"],
            "payment_id": collection["payment_id"],
            "net": share,
            "collected_on": collection["collected_on"],
            "period_start": instalment["period_start"],
            "due_on": instalment["due_on"],
        }
        for line, share in zip(lines, shares, strict=True)
        if share > 0
    ]
    await work.insert_rows(collected_line, rows)
    return rows


async def _hold_reversed(instalment: dict[str, Any], work: UnitOfWork) -> None:
    """What a returned instalment earned and no statement froze waits: a new attempt often succeeds."""
    for entry in await _earned_by(instalment["billing_instalment_id"], work):
        if entry["status"] in UNFROZEN and entry["status"] != CommissionStatus.ON_HOLD:
            await hold(entry, HoldReason.INSTALMENT_REVERSED, work)


async def _give_back(instalment: dict[str, Any], work: UnitOfWork) -> None:
    """Money that came again: held entries go on; of an instalment in default the recovered part is given again."""
    if instalment["collected_gross"] >= instalment["highest_collected_gross"]:
        for entry in await _earned_by(instalment["billing_instalment_id"], work):
            if entry["hold_reason"] == HoldReason.INSTALMENT_REVERSED:
                await release(entry, work)
    # The end of a default is stated by receivable.default_cured; until then only a part can have come back.
    if instalment["defaulted_on"] is not None and instalment["collected_gross"] < instalment["gross"]:
        await regularise_instalment(instalment, instalment["collected_gross"], work)


async def _earned_by(billing_instalment_id: UUID, work: UnitOfWork) -> list[Row]:
    entry = commission_entry.c
    return await work.fetch(
        select(commission_entry)
        .where(
            entry.organisation_id == work.organisation_id,
            entry.billing_instalment_id == billing_instalment_id,
            entry.kind == CommissionKind.RECURRING,
        )
        .order_by(entry.id)
        .with_for_update()
    )
