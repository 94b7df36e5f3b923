"""Orders to bill from contrats: one intake each, drafts of it, and the reason when there are none."""

import hashlib
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.factures import views
from actors.factures.crediting import credit_draft, credited_breakdown
from actors.factures.drafting import DraftLine, DraftOrder, Parties, load_parties, save_draft
from actors.factures.ordering import order_issue
from actors.factures.preferences import PaymentTerm
from actors.factures.rules import amounts, vat
from actors.factures.rules.amounts import VatKey
from messages.contrats import AdjustmentKind, BillingAdjustment, BillingInstalment, ContractBillingDue, InstalmentLine
from messages.factures import (
    CLIENT_BLOCKED,
    COMPANY_ARCHIVED,
    CorrectionReason,
    IntakeStatus,
    InvoiceOrigin,
    InvoiceStatus,
    PaymentMethod,
    RefundWish,
    ZeroAmount,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import billing_intake, debit_plan_view, invoiced_item

ZERO = Decimal("0.00")
_ONE = Decimal(1)


class Parked(Exception):  # noqa: N818 - the state of the intake
    """The order cannot be billed as it is; a person decides."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def take_in(event: ContractBillingDue, work: UnitOfWork) -> None:
    """Keep the order and draft it; the same items a second time are nothing new."""
    now, intake_id = work.now, new_id()
    added = insert(billing_intake).values(
        id=intake_id,
        organisation_id=work.organisation_id,
        contract_id=event.contract_id,
        reference=event.reference,
        item_hash=item_hash(event),
        payload=event.model_dump(mode="json"),
        status=IntakeStatus.RECEIVED,
        invoice_ids=[],
        attempts=0,
        created_at=now,
        updated_at=now,
    )
    if await work.execute(added.on_conflict_do_nothing()):
        await draft_intake(intake_id, event, work)


def item_hash(event: ContractBillingDue) -> str:
    """The identity of an order: what it bills, whatever the order of its items."""
    return hashlib.sha256("\n".join(sorted(str(id_) for id_ in items_of(event))).encode()).hexdigest()


def items_of(event: ContractBillingDue) -> list[UUID]:
    """Billing instalments and adjustments of an order."""
    ids = [found.billing_instalment_id for found in event.instalments]
    return ids + [found.adjustment_id for found in event.adjustments]


async def draft_intake(intake_id: UUID, event: ContractBillingDue, work: UnitOfWork) -> None:
    """Make the drafts of an order, and note on the intake what became of it."""
    drafts: list[Row] = []
    try:
        drafts = await _drafts(intake_id, event, work)
        status, reason = (IntakeStatus.DRAFTED, None) if drafts else (IntakeStatus.SKIPPED, "ZERO_AMOUNT")
    except Parked as parked:
        status, reason = IntakeStatus.PARKED, parked.reason
    except Refused as refusal:
        blocked = refusal.code in (CLIENT_BLOCKED, COMPANY_ARCHIVED)
        rules = refusal.details.get("rules", [refusal.code.code])
        status, reason = (IntakeStatus.PARKED if blocked else IntakeStatus.FAILED), ", ".join(rules)
    mine = (billing_intake.c.organisation_id == work.organisation_id, billing_intake.c.id == intake_id)
    await work.execute(
        update(billing_intake)
        .where(*mine)
        .values(
            status=status,
            reason=reason,
            invoice_ids=[row["id"] for row in drafts],
            attempts=billing_intake.c.attempts + 1,
            updated_at=work.now,
        )
    )


async def _drafts(intake_id: UUID, event: ContractBillingDue, work: UnitOfWork) -> list[Row]:
    """Everything is checked before the first row is written, so that a parked order leaves nothing behind."""
    await _refuse_billed(event, work)
    _refuse_mismatch(event)
    parties = await load_parties(event.company_id, event.client_id, work)
    to_credit = [found for found in event.adjustments if found.kind is AdjustmentKind.CREDIT]
    lines = [line for instalment in event.instalments for line in _instalment_lines(instalment)]
    lines += [_charge_line(found) for found in event.adjustments if found.kind is not AdjustmentKind.CREDIT]
    of_invoices = await _credits_by_invoice([found for found in to_credit if found.billing_instalment_id], work)
    reductions = tuple(
        (found.net.amount, found.vat_rate, found.label) for found in to_credit if not found.billing_instalment_id
    )
    if reductions and not lines:
        raise Parked("CREDIT_WITHOUT_INVOICE")
    auto_issue = bool(parties.settings["auto_issue_contract_billing"])
    drafts = []
    net = sum((_net(line) for line in lines), ZERO) - sum((amount for amount, _, _ in reductions), ZERO)
    if lines and (net or parties.settings["invoice_zero_amount"] == ZeroAmount.ISSUE):
        order = _invoice_order(intake_id, event, tuple(lines), reductions, auto_issue, parties)
        drafts.append(await save_draft(await _with_debit_date(order, event, work), parties, work))
    for original, found in of_invoices:
        drafts.append(await _credit_note(intake_id, event, original, found, auto_issue, parties, work))
    await _mark_billed(event, drafts, work)
    if auto_issue and drafts:
        order_issue(event.company_id, drafts[0]["id"], work)
    return drafts


async def _refuse_billed(event: ContractBillingDue, work: UnitOfWork) -> None:
    statement = select(invoiced_item.c.item_id).where(
        invoiced_item.c.organisation_id == work.organisation_id, invoiced_item.c.item_id == func.any(items_of(event))
    )
    if await work.fetch_one(statement.limit(1)) is not None:
        raise Parked("ALREADY_BILLED")


def _refuse_mismatch(event: ContractBillingDue) -> None:
    for instalment in event.instalments:
        if sum((line.net.amount for line in instalment.lines), ZERO) != instalment.net_total.amount:
            raise Parked("INTAKE_MISMATCH")
        if any(
            _net(line) != source.net.amount
            for line, source in zip(_instalment_lines(instalment), instalment.lines, strict=True)
        ):
            raise Parked("INTAKE_MISMATCH")


def _net(line: DraftLine) -> Decimal:
    return amounts.line_net(line.quantity, line.unit_price, [amount for amount, _ in line.allowances])


def _instalment_lines(instalment: BillingInstalment) -> list[DraftLine]:
    return [_instalment_line(line, instalment) for line in instalment.lines]


def _instalment_line(line: InstalmentLine, instalment: BillingInstalment) -> DraftLine:
    """The full price, the discount, and for a broken period an allowance that brings it to the prorated net."""
    full = amounts.line_gross_price(line.quantity, line.unit_price.amount)
    allowances = []
    if line.discount_pct:
        discount = amounts.percent_of(full, line.discount_pct)
        allowances.append((discount, f"Remise {vat.percent_text(line.discount_pct)}"))
        full -= discount
    if full > line.net.amount and line.proration is not None:
        label = f"Prorata temporis {line.proration.used}/{line.proration.total} jours"
        allowances.append((full - line.net.amount, label))
    return DraftLine(
        name=line.description[:255],
        quantity=line.quantity,
        unit_price=line.unit_price.amount,
        product_rate=line.vat_rate,
        allowances=tuple(allowances),
        product_id=line.product_id,
        contract_line_id=line.line_id,
        billing_instalment_id=instalment.billing_instalment_id,
        period=(instalment.period_start, instalment.period_end),
        prorata=(line.proration.used, line.proration.total) if line.proration else None,
        recurring=line.recurring,
    )


def _charge_line(found: BillingAdjustment) -> DraftLine:
    return DraftLine(
        name=found.label[:255],
        quantity=_ONE,
        unit_price=found.net.amount,
        product_rate=found.vat_rate,
        contract_line_id=found.line_id,
        billing_instalment_id=found.billing_instalment_id,
    )


def _invoice_order(
    intake_id: UUID,
    event: ContractBillingDue,
    lines: tuple[DraftLine, ...],
    reductions: tuple[tuple[Decimal, Decimal, str], ...],
    auto_issue: bool,
    parties: Parties,
) -> DraftOrder:
    starts = [found.period_start for found in event.instalments]
    ends = [found.period_end for found in event.instalments]
    return DraftOrder(
        company_id=event.company_id,
        client_id=event.client_id,
        lines=lines,
        discounts=reductions,
        payment_method=PaymentMethod(event.payment_method.value),
        origin=InvoiceOrigin.CONTRACT_BILLING,
        auto_issue=auto_issue,
        period=(min(starts), max(ends)) if starts else None,
        delivery_date=None if starts else event.due_on,
        due_date=event.due_on,
        term=PaymentTerm(event.payment_terms_days),
        extra=_contract_columns(intake_id, event)
        | {
            "billing_instalment_ids": [found.billing_instalment_id for found in event.instalments],
            "adjustment_ids": [
                found.adjustment_id
                for found in event.adjustments
                if found.kind is not AdjustmentKind.CREDIT or not found.billing_instalment_id
            ],
        },
    )


def _contract_columns(intake_id: UUID, event: ContractBillingDue) -> dict[str, Any]:
    return {
        "intake_id": intake_id,
        "contract_id": event.contract_id,
        "contract_reference": event.reference,
        "sales_rep_id": event.sales_rep_id,
    }


async def _with_debit_date(order: DraftOrder, event: ContractBillingDue, work: UnitOfWork) -> DraftOrder:
    """The date payments plans for the contract's period, when it is known.

    A contract that starts late moves its periods after its instalments were planned; payments then binds the invoice to the
    instalment in whose period the invoice's begins, or to the first one after.
    """
    if order.payment_method is not PaymentMethod.SEPA_DIRECT_DEBIT or order.period is None:
        return order
    plan, (start, end) = debit_plan_view.c, order.period
    statement = select(plan.planned_debit_date).where(
        plan.organisation_id == work.organisation_id,
        plan.contract_id == event.contract_id,
        plan.period_start <= end,
        plan.planned_debit_date >= work.today(),
        plan.status != "CANCELLED",
    )
    nearest = (plan.period_start > start, func.abs(plan.period_start - start), plan.planned_debit_date)
    planned = await work.fetch_value(statement.order_by(*nearest).limit(1))
    if planned is not None:
        order.extra["planned_debit_date"] = planned
        order.extra["prenotified"] = (planned - work.today()).days >= _NOTICE_DAYS
    return order


_NOTICE_DAYS = 14
"""SEPA: the payer is told of a debit 14 days before, unless less was agreed."""


async def _credits_by_invoice(
    reductions: list[BillingAdjustment], work: UnitOfWork
) -> list[tuple[Row, list[BillingAdjustment]]]:
    """The credits by the invoice that billed their instalment; each within what that invoice still holds."""
    grouped: dict[UUID, list[BillingAdjustment]] = defaultdict(list)
    for found in reductions:
        statement = select(invoiced_item.c.invoice_id).where(
            invoiced_item.c.organisation_id == work.organisation_id,
            invoiced_item.c.item_id == found.billing_instalment_id,
        )
        invoice_id = await work.fetch_value(statement)
        if invoice_id is None:
            raise Parked("CREDIT_WITHOUT_INVOICE")
        grouped[invoice_id].append(found)
    pairs: list[tuple[Row, list[BillingAdjustment]]] = []
    for invoice_id, mine in sorted(grouped.items()):
        original = await work.load(
            queries.INVOICE_FOR_UPDATE, "invoice", organisation_id=work.organisation_id, id=invoice_id
        )
        if original["status"] != InvoiceStatus.ISSUED:
            raise Parked("ORIGINAL_NOT_ISSUED")
        _refuse_excess(original, mine, await credited_breakdown(invoice_id, work))
        pairs.append((original, mine))
    return pairs


def _refuse_excess(original: Row, reductions: list[BillingAdjustment], credited: list[amounts.VatAmount]) -> None:
    """A credit never exceeds what was billed for its instalment and rate, nor what the invoice still holds."""
    rest = dict(amounts.remaining(views.breakdown_of(original), credited))
    for key, net in wanted_by_key(original, reductions):
        if net > rest.get(key, ZERO):
            raise Parked("CREDIT_EXCEEDS_INVOICE")
    billed: dict[tuple[str, Decimal], Decimal] = defaultdict(lambda: ZERO)
    for line in original["lines"]:
        billed[(str(line["billing_instalment_id"]), Decimal(line["vat_rate"]))] += Decimal(line["net"])
    for found in reductions:
        if found.net.amount > billed[(str(found.billing_instalment_id), _key_on(original, found).rate)]:
            raise Parked("CREDIT_EXCEEDS_INVOICE")


def wanted_by_key(original: Row, reductions: list[BillingAdjustment]) -> list[tuple[VatKey, Decimal]]:
    """What credits take back of an invoice, by the VAT the invoice bore."""
    wanted: dict[VatKey, Decimal] = defaultdict(lambda: ZERO)
    for found in reductions:
        wanted[_key_on(original, found)] += found.net.amount
    return list(wanted.items())


def _key_on(original: Row, found: BillingAdjustment) -> VatKey:
    """The VAT the original bore for the credit's line; the contract's own rate where the line is not named."""
    for line in original["lines"]:
        if found.line_id is not None and line["contract_line_id"] == str(found.line_id):
            return VatKey(line["vat_category"], Decimal(line["vat_rate"]), line["exemption_code"])
    keys = {row.key for row in views.breakdown_of(original)}
    same = [key for key in keys if key.rate == found.vat_rate]
    if same or len(keys) == 1:
        return (same or list(keys))[0]
    raise Parked("CREDIT_EXCEEDS_INVOICE")


async def _credit_note(
    intake_id: UUID,
    event: ContractBillingDue,
    original: Row,
    reductions: list[BillingAdjustment],
    auto_issue: bool,
    parties: Parties,
    work: UnitOfWork,
) -> Row:
    labels = {_key_on(original, found): found.label for found in reductions}
    order = await credit_draft(
        original,
        wanted_by_key(original, reductions),
        work,
        labels=labels,
        reason_code=CorrectionReason.TERMINATION,
        reason_text=reductions[0].label,
        refund_wish=RefundWish.REFUND,
        rebill=False,
        auto_issue=auto_issue,
        extra=_contract_columns(intake_id, event) | {"adjustment_ids": [found.adjustment_id for found in reductions]},
    )
    return await save_draft(order, parties, work)


async def _mark_billed(event: ContractBillingDue, drafts: list[Row], work: UnitOfWork) -> None:
    rows = []
    for row in drafts:
        items = [*row["billing_instalment_ids"], *row["adjustment_ids"]]
        rows += [{"organisation_id": work.organisation_id, "item_id": item, "invoice_id": row["id"]} for item in items]
    await work.insert_rows(invoiced_item, rows)
