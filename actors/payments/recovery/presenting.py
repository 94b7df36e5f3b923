"""The retry run: attempts whose hour has come become payments, each exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import views
from actors.payments.company import Company, companies
from actors.payments.psp.charging import order_charge
from actors.payments.psp.debiting import BY_BANK, debit_under
from actors.payments.recovery import following, planning
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.opening import debtor_of
from actors.payments.rules import dates, retrying
from actors.payments.rules.machines import INSTALMENT
from actors.payments.rules.recovery_machines import RETRY_ATTEMPT, RETRY_PLAN
from actors.payments.sets import history
from messages.payments import (
    InstalmentPlanned,
    InstalmentStatus,
    PaymentCreated,
    PaymentStatus,
    PaymentType,
    PlannedBy,
    Provider,
    RecoveryCaseStatus,
    RetryAttemptExecuted,
    RetryAttemptStatus,
    RetryEligibility,
    RetryOutcome,
    RetryPlanStatus,
    RetryTerms,
)
from messages.values.identifiers import new_id
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.means import mandate
from storage.payments.tables.others import payment_number_block
from storage.payments.tables.payments import payment, payment_event
from storage.payments.tables.recovery import recovery_case, recovery_item, retry_attempt, retry_plan, retry_run
from storage.payments.tables.views import client_view, contract_view

PAGE = 100
_ATTEMPTS = (
    select(retry_attempt.c.id, retry_attempt.c.plan_id, recovery_case.c.client_id, recovery_item.c.instalment_id)
    .join(retry_plan, retry_plan.c.id == retry_attempt.c.plan_id)
    .join(recovery_case, recovery_case.c.id == retry_plan.c.case_id)
    .join(recovery_item, recovery_item.c.id == retry_plan.c.item_id)
)


@dataclass(frozen=True, slots=True)
class Presented:
    """What became of an attempt."""

    plan_id: UUID
    number: int
    outcome: RetryOutcome
    eligibility: RetryEligibility
    payment_id: UUID | None = None


async def present_due(moment: Moment, work: UnitOfWork) -> object:
    """Each minute: attempts whose hour has come, a page at a time."""
    rows = await due_attempts(work)
    if not rows:
        return None
    results = await present(work, rows)
    await note_run(work, results, manual=False)
    return MORE if len(rows) == PAGE else None


async def due_attempts(work: UnitOfWork) -> list[Any]:
    """The attempts whose hour has come, oldest first, at most a page."""
    return await work.fetch(
        _ATTEMPTS.where(
            retry_attempt.c.organisation_id == work.organisation_id,
            retry_attempt.c.status == RetryAttemptStatus.SCHEDULED,
            retry_attempt.c.submit_at <= work.now,
            retry_plan.c.status == RetryPlanStatus.ACTIVE,
            recovery_case.c.status == RecoveryCaseStatus.OPEN,
        )
        .order_by(retry_attempt.c.submit_at, retry_attempt.c.id)
        .limit(PAGE)
    )


async def next_attempt(work: UnitOfWork, plan_id: UUID) -> list[Any]:
    """The scheduled attempt of a plan, if it has one."""
    return await work.fetch(
        _ATTEMPTS.where(
            retry_attempt.c.organisation_id == work.organisation_id,
            retry_attempt.c.plan_id == plan_id,
            retry_attempt.c.status == RetryAttemptStatus.SCHEDULED,
        )
    )


async def present(work: UnitOfWork, rows: Sequence[Any], *, keep: bool = True) -> list[Presented]:
    """Make payments of attempts, each exactly once; with `keep` false nothing is stored or said."""
    if keep:
        await _lock_instalments(work, sorted({row["instalment_id"] for row in rows}))
    desk = Desk(work)
    await desk.load((row["client_id"] for row in rows), lock=keep)
    if keep:
        await following.follow_money(desk)
    organisations = {company.id: company for company in await companies(work)}
    results = [await _present(desk, desk.attempts[row["id"]], organisations, keep=keep) for row in rows]
    if keep:
        for case in desk.open_cases():
            following.recount(desk, case)
        await desk.store()
    return [result for result in results if result is not None]


async def note_run(work: UnitOfWork, results: Sequence[Presented], *, manual: bool) -> UUID:
    """Count what a run did: one row per day, and one for each run that a person ordered."""
    today = work.today()
    key = f"run:{today}" if not manual else f"run:manual:{work.cause.causation_id}"
    counts = {
        "total": len(results),
        "submitted": sum(result.outcome is RetryOutcome.SUBMITTED for result in results),
        "skipped": sum(result.outcome is RetryOutcome.SKIPPED for result in results),
        "moved": sum(result.outcome is RetryOutcome.MOVED for result in results),
    }
    statement = insert(retry_run).values(
        id=new_id(),
        organisation_id=work.organisation_id,
        target_date=today,
        is_manual=manual,
        triggered_by=work.caller.principal if manual else "SCHEDULER",
        key=key,
        created_at=work.now,
        updated_at=work.now,
        **counts,
    )
    raised = {name: retry_run.c[name] + statement.excluded[name] for name in counts} | {"updated_at": work.now}
    run_id: UUID = await work.fetch_value(
        statement.on_conflict_do_update(index_elements=["organisation_id", "key"], set_=raised).returning(
            retry_run.c.id
        )
    )
    return run_id


async def _lock_instalments(work: UnitOfWork, ids: list[UUID]) -> None:
    """Instalments before cases, as everywhere."""
    await work.fetch(
        select(instalment.c.id)
        .where(instalment.c.organisation_id == work.organisation_id, among(instalment.c.id, ids))
        .order_by(instalment.c.id)
        .with_for_update()
    )


async def _present(desk: Desk, attempt: Row, organisations: dict[UUID, Company], *, keep: bool) -> Presented | None:
    plan = desk.plans[attempt["plan_id"]]
    item, case = desk.items[plan["item_id"]], desk.cases[plan["case_id"]]
    if attempt["status"] != RetryAttemptStatus.SCHEDULED or plan["status"] != RetryPlanStatus.ACTIVE:
        return None
    company = organisations.get(case["company_id"])
    facts = await _facts(desk.work, plan["original_payment_id"])
    verdict = _verdict(desk, plan, item, facts, company)
    if verdict is not RetryEligibility.ELIGIBLE or company is None:
        if keep:
            planning.drop_scheduled(desk, plan, "skip", verdict)
            planning.refuse(desk, plan, verdict)
        return Presented(plan["id"], attempt["number"], RetryOutcome.SKIPPED, verdict)
    if not _in_time(attempt, plan, company, desk.work.now.astimezone(company.zone)):
        if keep and not planning.move(desk, plan, attempt, company.zone):
            planning.drop_scheduled(desk, plan, "skip", "MAX_DURATION")
            planning.exhaust(desk, plan, RetryEligibility.NOT_ELIGIBLE_MAX_DURATION)
        return Presented(plan["id"], attempt["number"], RetryOutcome.MOVED, verdict)
    if keep:
        await _collect(desk, attempt, plan, item, facts, company)
    return Presented(plan["id"], attempt["number"], RetryOutcome.SUBMITTED, verdict, attempt["payment_id"])


def _verdict(desk: Desk, plan: Row, item: Row, facts: Row, company: Company | None) -> RetryEligibility:
    verdict = retrying.eligibility(
        RetryTerms.model_validate(plan["terms"]), _last_code(desk, plan), plan["attempts_made"],
        debtor_of(facts, item, new_instrument=plan["mandate_id"] != facts["mandate_id"]),
    )  # fmt: skip
    due = desk.instalments[item["instalment_id"]]
    by_bank = company is not None and company.account is not None and facts["mandate_keeper"] is None
    if not (by_bank or facts["provider_debit"]) or not INSTALMENT.allows("present", InstalmentStatus(due["status"])):
        return RetryEligibility.NOT_ELIGIBLE_MANDATE_REVOKED
    return verdict


def _last_code(desk: Desk, plan: Row) -> str:
    codes = [attempt["new_reason_code"] for attempt in desk.attempts_of(plan) if attempt["new_reason_code"]]
    code: str = codes[-1] if codes else plan["reason_code"]
    return code


def _in_time(attempt: Row, plan: Row, company: Company, local: datetime) -> bool:
    """Whether the bank still takes the debit for its date."""
    hour, minute = company.profile.cutoff_local.split(":")
    passed = (local.hour, local.minute) >= (int(hour), int(minute))
    wanted: date = attempt["planned_collection_date"]
    lead = plan["lead_target_days"]
    return dates.collection_date(wanted, local.date(), lead, cutoff_passed=passed) == wanted


async def _facts(work: UnitOfWork, original_payment_id: UUID) -> Row:
    """The first payment with what is known today: the schedule's mandate may be a newer one."""
    same_client = (client_view.c.organisation_id == payment.c.organisation_id) & (
        client_view.c.client_id == payment.c.client_id
    )
    same_contract = (contract_view.c.organisation_id == payment.c.organisation_id) & (
        contract_view.c.contract_id == payment.c.contract_id
    )
    current = schedule.c.mandate_id.label("current_mandate")
    row = await work.fetch_one(
        select(
            payment,
            current,
            client_view.c.blocked_scope,
            client_view.c.deceased,
            client_view.c.insolvent,
            contract_view.c.status.label("contract_status"),
            mandate.c.status.label("mandate_status"),
            mandate.c.psp_account_id.label("mandate_keeper"),
        )
        .select_from(
            payment.outerjoin(client_view, same_client)
            .outerjoin(contract_view, same_contract)
            .outerjoin(schedule, schedule.c.id == payment.c.schedule_id)
            .outerjoin(mandate, mandate.c.id == schedule.c.mandate_id)
        )
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == original_payment_id)
    )
    assert row is not None
    return {**row, "provider_debit": await debit_under(work, row["current_mandate"] or row["mandate_id"])}


async def _collect(desk: Desk, attempt: Row, plan: Row, item: Row, facts: Row, company: Company) -> None:
    """The payment, the instalment on its way, the attempt submitted; all say so."""
    work, due = desk.work, desk.instalments[item["instalment_id"]]
    number = due["attempt"] + 1
    row = await _payment_row(work, attempt, item, facts, company, number)
    await work.insert(payment, **row)
    await work.insert_rows(payment_event, [history(work, row["id"], "payment.created", attempt=attempt["number"])])
    due |= {
        "status": INSTALMENT.after("present", InstalmentStatus(due["status"])),
        "attempt": number,
        "planned_debit_date": attempt["planned_collection_date"],
        "planned_by": PlannedBy.MANUAL,
        "version": due["version"] + 1,
    }
    await work.execute(
        update(instalment)
        .where(instalment.c.id == due["id"])
        .values(
            status=due["status"],
            attempt=number,
            planned_debit_date=due["planned_debit_date"],
            collection_date=due["planned_debit_date"],
            planned_by=PlannedBy.MANUAL,
            current_payment_id=row["id"],
            version=due["version"],
            updated_at=work.now,
            updated_by=work.caller.principal,
        )
    )
    if row["psp_account_id"] is not None:
        order_charge(work, row)
    work.emit(InstalmentPlanned(**views.instalment_snapshot(due)), version=due["version"])
    work.emit(PaymentCreated(**views.payment_ref(row)), version=1)
    desk.change(
        attempt,
        status=RETRY_ATTEMPT.after("submit", RetryAttemptStatus(attempt["status"])),
        payment_id=row["id"],
        amount=row["amount"],
    )
    desk.change(
        plan,
        status=RETRY_PLAN.after("present", RetryPlanStatus(plan["status"])),
        attempts_made=plan["attempts_made"] + 1,
    )
    fact = RetryAttemptExecuted(
        **desk.retry_ref(plan),
        attempt_id=attempt["id"],
        attempt_number=attempt["number"],
        payment_id=row["id"],
    )
    desk.state(attempt, fact)


async def _payment_row(
    work: UnitOfWork, attempt: Row, item: Row, facts: Row, company: Company, number: int
) -> dict[str, Any]:
    payment_id, zero = new_id(), Decimal("0.00")
    today = work.now.astimezone(company.zone).date()
    block = await work.next_number(payment_number_block)
    same = (
        "company_id",
        "client_id",
        "contract_id",
        "instalment_id",
        "invoice_id",
        "schedule_id",
        "method",
        "currency",
    )
    return {name: facts[name] for name in same} | {
        "id": payment_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": f"PAY-{company.code}-{today:%Y}-{block:06}",
        "mandate_id": facts["current_mandate"] or facts["mandate_id"],
        "creditor_account_id": company.account["id"] if company.account else None,
        "original_payment_id": facts["id"],
        "type": PaymentType.REEMISSION,
        "provider": Provider.BANK_SEPA,
        "attempt_no": number,
        "amount": item["outstanding"],
        "refunded_amount": zero,
        "charged_back_amount": zero,
        "allocated_amount": zero,
        "instalment_amount": zero,
        "status": PaymentStatus.PENDING,
        "business_date": today,
        "requested_collection_date": attempt["planned_collection_date"],
        "idempotency_key": f"attempt:{attempt['plan_id']}:{attempt['number']}",
        "end_to_end_id": payment_id.hex.upper(),
        "submissions": 0,
        **(facts["provider_debit"].payment_columns() if facts["provider_debit"] else BY_BANK),
    }
