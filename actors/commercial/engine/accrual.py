"""Initial commissions: born once per contract line when the plan's trigger has come and quality is approved (6.4)."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from actors.commercial.engine.entries import add_entry, hold
from actors.commercial.engine.issues import Obstacle, open_issue, resolve_issues
from actors.commercial.engine.rights import open_right
from actors.commercial.engine.settings import settings_of
from actors.commercial.rules import amounts
from actors.commercial.rules.periods import period_of
from actors.commercial.rules.plan_choice import Candidate, choose_plan
from messages.commercial import (
    AMBIGUOUS_PLAN,
    AccrualTrigger,
    CalculationType,
    CommissionKind,
    CommissionStatus,
    HoldReason,
    IssueKind,
    PlanStatus,
    PlanTerms,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import (
    client_ref,
    collected_line,
    commission_entry,
    commission_plan,
    commission_plan_version,
    contract_attribution,
    contract_line_ref,
    contract_ref,
    product_ref,
    sales_rep,
)

RECALCULABLE = "QUALITY_FAILURE"
"""An initial commission cancelled for this reason may be born again; any other cancellation is final."""
_NEVER_EARNING = ("CANCELLED", "WITHDRAWN")


async def locked_contract(contract_id: Any, work: UnitOfWork) -> Row | None:
    """The contract, locked: everything about its commissions happens one after the other."""
    statement = select(contract_ref).where(
        contract_ref.c.organisation_id == work.organisation_id, contract_ref.c.contract_id == contract_id
    )
    return await work.fetch_one(statement.with_for_update())


async def accrue(contract: Row, work: UnitOfWork) -> list[Row]:
    """The initial commissions that the contract has earned and does not have yet."""
    settings = await settings_of(work)
    dates = _trigger_dates(contract, qc_required=settings["qc_required"])
    if not dates or contract["status"] in _NEVER_EARNING:
        return []
    lines = await _lines_to_commission(contract["contract_id"], work)
    if not lines:
        return []
    candidates = await _candidates(work)
    born = []
    for line in lines:
        try:
            entry = await _accrue_line(contract, line, candidates, dates, work)
        except Obstacle as obstacle:
            await open_issue(contract, line, obstacle, max(dates.values()), work)
            continue
        await resolve_issues(line["line_id"], work)
        born += [entry] if entry is not None else []
    return born


def _trigger_dates(contract: Row, *, qc_required: bool) -> dict[AccrualTrigger, date]:
    """The triggers that have come, each with the day its last condition was met."""
    if qc_required and contract["quality_approved_on"] is None:
        return {}
    came = {
        AccrualTrigger.SIGNED: contract["signed_on"],
        AccrualTrigger.QUALITY_APPROVED: contract["quality_approved_on"] or contract["signed_on"],
        AccrualTrigger.ACTIVATED: contract["activated_on"],
        AccrualTrigger.FIRST_COLLECTION: contract["first_collected_on"],
    }
    approved = contract["quality_approved_on"]
    return {
        trigger: max(day, approved) if qc_required and approved else day
        for trigger, day in came.items()
        if day is not None
    }


async def _lines_to_commission(contract_id: Any, work: UnitOfWork) -> list[Row]:
    """Lines without an initial entry; a one-off line of a product that is also sold recurring is its set-up fee."""
    line, entry = contract_line_ref.c, commission_entry.c
    statement = (
        select(contract_line_ref, product_ref.c.product_type, product_ref.c.range_id)
        .outerjoin(
            product_ref,
            (product_ref.c.organisation_id == line.organisation_id) & (product_ref.c.product_id == line.product_id),
        )
        .where(line.organisation_id == work.organisation_id, line.contract_id == contract_id)
        .order_by(line.position)
    )
    lines = await work.fetch(statement)
    earned = select(entry.contract_line_id).where(
        entry.organisation_id == work.organisation_id,
        entry.contract_id == contract_id,
        entry.kind == CommissionKind.INITIAL,
        (entry.status != CommissionStatus.CANCELLED) | (func.coalesce(entry.cancel_reason, "") != RECALCULABLE),
    )
    done = {row["contract_line_id"] for row in await work.fetch(earned)}
    recurring = {found["product_id"] for found in lines if found["kind"] == "RECURRING"}
    return [
        found
        for found in lines
        if found["line_id"] not in done and (found["kind"] == "RECURRING" or found["product_id"] not in recurring)
    ]


async def _candidates(work: UnitOfWork) -> list[Candidate]:
    """Every version in force at some time of every active plan."""
    plan, version = commission_plan.c, commission_plan_version.c
    names = ("product_id", "product_range_id", "product_type", "company_id", "channel", "profile", "partner_id")
    statement = (
        select(
            plan.id.label("plan_id"), plan.code, plan.priority, plan.currency, *(plan[name] for name in names),
            version.id.label("version_id"), version.version_no, version.effective_from, version.effective_to, version.payload,
        )
        .join(commission_plan_version, version.plan_id == plan.id)
        .where(
            plan.organisation_id == work.organisation_id,
            plan.status == PlanStatus.ACTIVE,
            version.organisation_id == work.organisation_id,
            version.state != "DRAFT",
        )
    )  # fmt: skip
    return [
        Candidate(
            plan_id=row["plan_id"],
            plan_code=row["code"],
            version_id=row["version_id"],
            version_no=row["version_no"],
            selectors={name: row[name] for name in names},
            priority=row["priority"],
            effective_from=row["effective_from"],
            effective_to=row["effective_to"],
            currency=row["currency"],
            payload=row["payload"],
        )
        for row in await work.fetch(statement)
    ]


async def _accrue_line(
    contract: Row, line: Row, candidates: list[Candidate], dates: dict[AccrualTrigger, date], work: UnitOfWork
) -> Row | None:
    """The line's commission on the first day on which a plan says so; None while every plan waits for its trigger."""
    obstacle: Obstacle | None = None
    waiting = False
    for trigger, day in sorted(dates.items(), key=lambda found: (found[1], list(AccrualTrigger).index(found[0]))):
        try:
            rep = await _seller(contract, day, work)
            chosen = choose_plan(candidates, await _sale(contract, line, rep, work), day)
        except Obstacle as found:
            obstacle = found
            continue
        except Refused as refusal:
            kind = IssueKind.AMBIGUOUS_PLAN if refusal.code is AMBIGUOUS_PLAN else IssueKind.NO_PLAN
            obstacle = Obstacle(kind, refusal.detail or kind, None)
            continue
        terms = PlanTerms.model_validate(chosen.payload)
        if chosen.currency != contract["currency"]:
            obstacle = Obstacle(
                IssueKind.CURRENCY_MISMATCH,
                f"plan {chosen.plan_code} pays in {chosen.currency}, the contract is in {contract['currency']}",
                rep["id"],
            )
        elif terms.accrual_trigger is trigger:
            return await _bear(contract, line, rep, chosen, terms, day, work)
        else:
            waiting = True
    if obstacle is not None and not waiting:
        raise obstacle
    return None


async def _seller(contract: Row, day: date, work: UnitOfWork) -> Row:
    held = contract_attribution.c
    statement = (
        select(sales_rep)
        .join(contract_attribution, held.rep_id == sales_rep.c.id)
        .where(
            held.organisation_id == work.organisation_id,
            held.contract_id == contract["contract_id"],
            held.valid_from <= day,
            held.valid_to.is_(None) | (held.valid_to >= day),
        )
    )
    rep = await work.fetch_one(statement.limit(1))
    if rep is None:
        raise Obstacle(IssueKind.REP_MISSING, f"no known representative has the contract on {day}; attribute it", None)
    if not rep["active"] and (rep["exit_date"] is None or rep["exit_date"] < day):
        raise Obstacle(
            IssueKind.REP_INACTIVE, f"representative {rep['code']} had left by {day}; transfer it", rep["id"]
        )
    return rep


async def _sale(contract: Row, line: Row, rep: Row, work: UnitOfWork) -> dict[str, Any]:
    partner = select(client_ref.c.partner_id).where(
        client_ref.c.organisation_id == work.organisation_id, client_ref.c.client_id == contract["client_id"]
    )
    return {
        "product_id": line["product_id"],
        "product_range_id": line["range_id"],
        "product_type": line["product_type"],
        "company_id": contract["company_id"],
        "channel": contract["source_channel"] or contract["sales_channel"],
        "profile": rep["profile"],
        "partner_id": await work.fetch_value(partner),
    }


async def _bear(
    contract: Row, line: Row, rep: Row, chosen: Candidate, terms: PlanTerms, day: date, work: UnitOfWork
) -> Row | None:
    base = amounts.initial_base(
        terms,
        line_net=line["net"],
        billing_period=line["billing_period"],
        effective_on=contract["effective_on"],
        commitment_ends_on=contract["commitment_ends_on"],
        collected_net=await _collected(line["line_id"], work),
    )
    earned = amounts.initial_commission(terms, base)
    entry = None
    if terms.calculation.type is not CalculationType.NONE and earned.amount > 0:
        entry = await add_entry(
            {
                "kind": CommissionKind.INITIAL,
                "component": "initial",
                "rep_id": rep["id"],
                "company_id": contract["company_id"],
                "contract_id": contract["contract_id"],
                "contract_line_id": line["line_id"],
                "product_id": line["product_id"],
                "client_id": contract["client_id"],
                "plan_id": chosen.plan_id,
                "plan_version_id": chosen.version_id,
                "plan_version_no": chosen.version_no,
                "trigger": terms.accrual_trigger,
                "accrual_date": day,
                "origin_period": period_of(day),
                "base_kind": terms.calculation.base,
                "base_amount": earned.base,
                "rate_percent": terms.calculation.rate_percent,
                "fixed_amount": terms.calculation.fixed_amount,
                "amount": earned.amount,
                "currency": contract["currency"],
                "revision": await _next_revision(line["line_id"], work),
                "source_key": f"initial:initial:{line['line_id']}:{terms.accrual_trigger}:{rep['id']}:seller"
                f":r{await _next_revision(line['line_id'], work)}",
                "calculation": [
                    {"step": "plan", "code": chosen.plan_code, "version": chosen.version_no},
                    {"step": "line_net", "value": f"{line['net']:f}", "billing_period": line["billing_period"]},
                    *earned.steps,
                ],
            },
            work,
        )
        if entry is not None and contract["suspended"]:
            entry = await hold(entry, HoldReason.CONTRACT_SUSPENDED, work)
    await open_right(contract, line, rep["id"], chosen.plan_id, terms, work)
    return entry


async def _collected(line_id: Any, work: UnitOfWork) -> Decimal:
    total = select(func.coalesce(func.sum(collected_line.c.net), 0)).where(
        collected_line.c.organisation_id == work.organisation_id, collected_line.c.line_id == line_id
    )
    return Decimal(await work.fetch_value(total))


async def _next_revision(line_id: Any, work: UnitOfWork) -> int:
    entry = commission_entry.c
    newest = select(func.coalesce(func.max(entry.revision), 0)).where(
        entry.organisation_id == work.organisation_id,
        entry.contract_line_id == line_id,
        entry.kind == CommissionKind.INITIAL,
    )
    return int(await work.fetch_value(newest)) + 1
