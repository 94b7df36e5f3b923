"""Charges and fee rules as collections agents and administrators see them."""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from actors.payments.recovery import charging, shown
from actors.payments.recovery.found import desk_of
from actors.payments.views import money
from messages.payments import (
    CONSUMER_FEE_FORBIDDEN,
    FEE_RULE_NOT_FOUND,
    RECOVERY_CHARGE_NOT_FOUND,
    ArchiveFeeRule,
    CreateFeeRule,
    CustomerType,
    FeeRule,
    FeeRulePage,
    ListFeeRules,
    ListRecoveryCharges,
    RecoveryCharge,
    RecoveryChargePage,
    UpdateFeeRule,
    WaiveRecoveryCharge,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.charges import fee_rule, recovery_charge


async def create_fee_rule(request: CreateFeeRule, work: UnitOfWork) -> FeeRule:
    """Say what a failed debit costs."""
    if request.customer_type is not CustomerType.B2B and request.amount_incl_tax.amount > 0:
        raise Refused(
            CONSUMER_FEE_FORBIDDEN,
            "only professionals may be charged for a failed debit (CPCE, art. L111-8); give B2B or 0.00",
        )
    row: dict[str, Any] = request.model_dump(exclude={"amount_incl_tax"}) | {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "amount_incl_tax": request.amount_incl_tax.amount,
        "currency": request.amount_incl_tax.currency,
        "is_active": True,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }
    await work.insert(fee_rule, **row)
    work.record("fee_rule", row["id"], after={"amount": str(request.amount_incl_tax)})
    return _shown(row)


async def update_fee_rule(request: UpdateFeeRule, work: UnitOfWork) -> FeeRule:
    """Change how long or how often a fee is charged."""
    row = await _rule(work, request.rule_id)
    work.check_version(request.expected_version, row["version"])
    changed: dict[str, Any] = {
        name: getattr(request, name) for name in ("max_per_case", "valid_to") if name in request.model_fields_set
    }
    if changed.get("valid_to") is not None and changed["valid_to"] < row["valid_from"]:
        raise Refused.field(
            "valid_to", "range", f"the rule begins on {row['valid_from']}; give that day or a later one"
        )
    if "max_per_case" in changed and changed["max_per_case"] is None:
        raise Refused.field("max_per_case", "missing", "give a number or leave it out")
    return await _change(work, row, changed)


async def archive_fee_rule(request: ArchiveFeeRule, work: UnitOfWork) -> FeeRule:
    """Charge nothing by it any more."""
    return await _change(work, await _rule(work, request.rule_id), {"is_active": False})


async def _rule(work: UnitOfWork, rule_id: UUID) -> dict[str, Any]:
    found = await work.load(
        select(fee_rule)
        .where(fee_rule.c.organisation_id == work.organisation_id, fee_rule.c.id == rule_id)
        .with_for_update(),
        "fee rule",
        code=FEE_RULE_NOT_FOUND,
    )
    return dict(found)


async def _change(work: UnitOfWork, row: dict[str, Any], changed: dict[str, Any]) -> FeeRule:
    new = {name: value for name, value in changed.items() if row[name] != value}
    if not new:
        return _shown(row)
    stamp = {"version": row["version"] + 1, "updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(update(fee_rule).where(fee_rule.c.id == row["id"]).values(**new, **stamp))
    work.record("fee_rule", row["id"], after={name: str(value) for name, value in new.items()})
    return _shown(row | new | stamp)


def _shown(row: Any) -> FeeRule:
    return FeeRule.model_validate({**row, "amount_incl_tax": money(row["amount_incl_tax"], row["currency"])})


async def list_fee_rules(request: ListFeeRules, work: UnitOfWork) -> FeeRulePage:
    """A page of rules, newest first."""
    statement = select(fee_rule).where(fee_rule.c.organisation_id == work.organisation_id)
    if request.company_id is not None:
        statement = statement.where(or_(fee_rule.c.company_id == request.company_id, fee_rule.c.company_id.is_(None)))
    if request.active_only:
        statement = statement.where(fee_rule.c.is_active)
    order = (fee_rule.c.created_at, fee_rule.c.id)
    return await page(work, request, statement, order=order, descending=True, reply=FeeRulePage, item=_shown)


async def list_recovery_charges(request: ListRecoveryCharges, work: UnitOfWork) -> RecoveryChargePage:
    """A page of charges, newest first."""
    statement = select(recovery_charge).where(recovery_charge.c.organisation_id == work.organisation_id)
    for name in ("case_id", "client_id"):
        if getattr(request, name) is not None:
            statement = statement.where(recovery_charge.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(recovery_charge.c.status.in_(request.status))
    if work.caller.company_ids is not None:
        statement = statement.where(recovery_charge.c.company_id.in_(work.caller.company_ids))
    order = (recovery_charge.c.created_at, recovery_charge.c.id)
    return await page(
        work, request, statement, order=order, descending=True, reply=RecoveryChargePage, item=shown.charge_of
    )


async def waive_recovery_charge(request: WaiveRecoveryCharge, work: UnitOfWork) -> RecoveryCharge:
    """Do without it."""
    found = await work.load(
        select(recovery_charge.c.case_id).where(
            recovery_charge.c.organisation_id == work.organisation_id, recovery_charge.c.id == request.charge_id
        ),
        "recovery charge",
        code=RECOVERY_CHARGE_NOT_FOUND,
    )
    desk, _ = await desk_of(work, found["case_id"])
    row = desk.charges[request.charge_id]
    charging.waive(desk, row, request.reason)
    work.record("recovery_charge", row["id"], after={"waived": request.reason})
    await desk.store()
    return shown.charge_of(row)
