"""Charges at work: a fee for each failed debit, interest and indemnity when the debt is paid; then billing takes over."""

from decimal import Decimal

from sqlalchemy import select

from actors.payments.recovery import claims, shown
from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.fees import CHARGE, costs_a_fee, fee_rule_of
from messages.payments import (
    ChargeStatus,
    ChargeType,
    ChargeVat,
    CustomerType,
    DunningTerms,
    RecoveryChargeInvoicingRequested,
    RecoveryChargeRaised,
    RecoveryChargeWaived,
    RecoveryItemStatus,
)
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from storage.payments.tables.charges import fee_rule, recovery_charge

_STANDARD_VAT = Decimal("20.00")
_BASES = {
    ChargeType.FIXED_INDEMNITY: "Code de commerce, art. D441-5",
    ChargeType.LATE_INTEREST: "Code de commerce, art. L441-10",
}


async def charge_failure(desk: Desk, case: Row, item: Row, payment: Row, code: str, product_code: str | None) -> None:
    """A failed debit costs a professional the fee of his contract, so often a case as rule and ladder allow."""
    if not costs_a_fee(code, CustomerType(case["customer_type"])):
        return
    rules = await desk.work.fetch(
        select(fee_rule)
        .where(fee_rule.c.organisation_id == desk.work.organisation_id, fee_rule.c.is_active)
        .order_by(fee_rule.c.id)
        .limit(500)
    )
    rule = fee_rule_of(rules, case["company_id"], product_code, local_date(desk.work.now))
    if rule is None or rule["currency"] != case["currency"]:
        return
    raised = [row for row in desk.charges_of(case) if row["type"] == ChargeType.REJECTION_FEE]
    most = min(rule["max_per_case"], DunningTerms.model_validate(case["terms"]).max_fees_per_case)
    if len(raised) < most:
        basis, key = f"contract, {rule['contract_clause_ref']}", f"fee:{payment['id']}"
        vat = ChargeVat(rule["vat_category"])
        _raise(desk, case, item, ChargeType.REJECTION_FEE, rule["amount_incl_tax"], key, basis, vat)


def _raise(
    desk: Desk,
    case: Row,
    item: Row,
    type_: ChargeType,
    amount: Decimal,
    key: str,
    basis: str,
    vat: ChargeVat = ChargeVat.OUTSIDE,
) -> None:
    """Ask for a charge, once per key; recovery_charge.raised."""
    if amount <= 0 or any(row["key"] == key for row in desk.charges.values()):
        return
    row = desk.add(
        recovery_charge,
        {
            "id": new_id(),
            "case_id": case["id"],
            "item_id": item["id"],
            "client_id": case["client_id"],
            "company_id": case["company_id"],
            "contract_id": case["contract_id"],
            "invoice_id": item["invoice_id"],
            "type": type_,
            "amount": amount,
            "currency": case["currency"],
            "status": ChargeStatus.RAISED,
            "legal_basis": basis,
            "vat_category": vat,
            "vat_rate": _STANDARD_VAT if vat is ChargeVat.STANDARD else None,
            "key": key,
        },
    )
    desk.state(row, RecoveryChargeRaised(**shown.charge_ref(row)))


async def bill(desk: Desk, case: Row) -> None:
    """The debt is paid: interest and indemnity are counted to this day; recovery_charge.invoicing_requested for each charge."""
    settled = await claims.claims_of(desk, case, local_date(desk.work.now), RecoveryItemStatus.SETTLED)
    for claim in settled:
        item = claim.item
        interest, fixed = f"int:{item['id']}:{case['episode']}", f"ind:{item['invoice_id'] or item['id']}"
        _raise(desk, case, item, ChargeType.LATE_INTEREST, claim.interest, interest, _BASES[ChargeType.LATE_INTEREST])
        _raise(desk, case, item, ChargeType.FIXED_INDEMNITY, claim.indemnity, fixed, _BASES[ChargeType.FIXED_INDEMNITY])
    for row in desk.charges_of(case, ChargeStatus.RAISED):
        desk.change(row, status=CHARGE.after("invoice", ChargeStatus(row["status"])))
        desk.state(row, RecoveryChargeInvoicingRequested(**shown.charge_ref(row)))


def waive(desk: Desk, row: Row, reason: str) -> None:
    """Do without a charge; recovery_charge.waived."""
    desk.change(row, status=CHARGE.after("waive", ChargeStatus(row["status"])))
    desk.state(row, RecoveryChargeWaived(charge_id=row["id"], case_id=row["case_id"], reason=reason))


def drop(desk: Desk, case: Row, reason: str) -> None:
    """A debt that is not paid any more costs nothing either."""
    for row in desk.charges_of(case, ChargeStatus.RAISED):
        waive(desk, row, reason)
