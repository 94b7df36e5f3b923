"""Failed debits open cases, or make open ones heavier; each failure counts once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from actors.payments.company import Company, companies
from actors.payments.recovery import charging, climbing, following, planning, stopping, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.people import ask_people
from actors.payments.recovery.terms import Policies, context_of, customer_type, policies
from actors.payments.rules import retrying
from actors.payments.rules.reasons import reason_of
from actors.payments.rules.recovery_machines import LIVE_PLANS, RECOVERY_CASE, RECOVERY_ITEM
from actors.payments.rules.references import failure_message_key
from actors.payments.rules.retrying import Debtor
from messages.payments import (
    BankProfile,
    CasePauseReason,
    DunningTerms,
    MandateStatus,
    ReasonCategory,
    RecoveryCaseOpened,
    RecoveryCaseReopened,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    ReminderTrigger,
    RetryAdvice,
    RetryAttemptStatus,
    RetryPlanStatus,
    ServiceState,
    StaffAction,
    TaskPriority,
)
from messages.values.identifiers import new_id
from messages.values.instants import PARIS, local_date
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.dues import schedule
from storage.payments.tables.means import mandate
from storage.payments.tables.payments import payment
from storage.payments.tables.recovery import case_number_block, recovery_case, recovery_item
from storage.payments.tables.views import client_view, contract_view

_ENDED = ("CANCELLED", "TERMINATED", "EXPIRED", "WITHDRAWN")
_PAUSES = {"MD07": CasePauseReason.DECEASED, "FRAD": CasePauseReason.FRAUD, "RR04": CasePauseReason.COMPLIANCE}


@dataclass(frozen=True, slots=True)
class FailedDebit:
    """A debit that was rejected or returned, as its row stands now."""

    payment: dict[str, Any]
    code: str
    technical: bool


async def take_failures(work: UnitOfWork, failed: Sequence[FailedDebit]) -> None:
    """In the transaction that books the failures: cases, plans, messages and steps."""
    wanted = [
        debit
        for debit in failed
        if debit.payment["instalment_id"] is not None
        and (debit.payment["original_payment_id"] or retrying.needs_recovery(debit.code, technical=debit.technical))
    ]
    if not wanted:
        return
    desk = Desk(work)
    await desk.load(debit.payment["client_id"] for debit in wanted)
    await desk.load_instalments(debit.payment["instalment_id"] for debit in wanted)
    known = await policies(work)
    organisations = {company.id: company for company in await companies(work)}
    facts = await _facts(work, [debit.payment["id"] for debit in wanted])
    for debit in wanted:
        await _take(desk, debit, facts[debit.payment["id"]], known, organisations.get(debit.payment["company_id"]))
    await desk.store()


async def _facts(work: UnitOfWork, payment_ids: list[UUID]) -> dict[UUID, Row]:
    """What of client, contract, schedule and mandate matters, per payment."""
    same_client = (client_view.c.organisation_id == payment.c.organisation_id) & (
        client_view.c.client_id == payment.c.client_id
    )
    same_contract = (contract_view.c.organisation_id == payment.c.organisation_id) & (
        contract_view.c.contract_id == payment.c.contract_id
    )
    rows = await work.fetch(
        select(
            payment.c.id,
            client_view.c.kind,
            client_view.c.blocked_scope,
            client_view.c.deceased,
            client_view.c.insolvent,
            contract_view.c.status.label("contract_status"),
            schedule.c.product_code,
            schedule.c.source_channel,
            mandate.c.status.label("mandate_status"),
        )
        .select_from(
            payment.outerjoin(client_view, same_client)
            .outerjoin(contract_view, same_contract)
            .outerjoin(schedule, schedule.c.id == payment.c.schedule_id)
            .outerjoin(mandate, mandate.c.id == payment.c.mandate_id)
        )
        .where(payment.c.organisation_id == work.organisation_id, among(payment.c.id, payment_ids))
    )
    return {row["id"]: dict(row) for row in rows}


def debtor_of(facts: Row, item: Row, *, new_instrument: bool = False) -> Debtor:
    """What the rules of eligibility look at."""
    return Debtor(
        outstanding=item["outstanding"],
        client_blocked=bool(facts["deceased"]) or facts["blocked_scope"] in ("COLLECTION", "ALL"),
        contract_ended=facts["contract_status"] in _ENDED,
        mandate_usable=facts["mandate_status"] == MandateStatus.ACTIVE,
        new_instrument=new_instrument,
        insolvent=bool(facts["insolvent"]),
        disputed=item["status"] in (RecoveryItemStatus.DISPUTED, RecoveryItemStatus.UPHELD),
    )


async def _take(desk: Desk, debit: FailedDebit, facts: Row, known: Policies, company: Company | None) -> None:
    zone = company.zone if company is not None else PARIS
    context = context_of(debit.payment, facts)
    case, item = await _case_and_item(desk, debit, facts, known, context, zone)
    if retrying.counts_for_ladder(debit.code):
        desk.change(case, rejection_count=case["rejection_count"] + 1)
    await charging.charge_failure(desk, case, item, debit.payment, debit.code, facts["product_code"])
    following.recount(desk, case)
    debtor = debtor_of(facts, item)
    attempt = next((row for row in desk.attempts.values() if row["payment_id"] == debit.payment["id"]), None)
    if attempt is not None and attempt["status"] in (RetryAttemptStatus.SUBMITTED, RetryAttemptStatus.SUCCEEDED):
        _fail_attempt(desk, attempt, debit, debtor, zone)
    elif not any(plan["item_id"] == item["id"] and plan["status"] in LIVE_PLANS for plan in desk.plans_of(case)):
        terms = known.retrying(context, DunningTerms.model_validate(case["terms"]))
        lead = company.profile.lead_target_days if company is not None else BankProfile().lead_target_days
        planning.make(desk, case, item, debit.payment, terms, debtor, lead, zone)
    following.recount(desk, case)
    reason = _PAUSES.get(debit.code) or _forbidden(facts)
    if reason is not None:
        stopping.stop(desk, case["client_id"], reason)
        title = f"Debit failed with {debit.code}: stop and review"
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH)
        return
    if case["pause_reason"] == CasePauseReason.DISPUTE and following.asks_for_something(desk, case):
        climbing.resume(desk, case)
    await climbing.climb(desk, case, zone)
    _write(desk, case, debit, zone)


def _forbidden(facts: Row) -> CasePauseReason | None:
    """What forbids to recover anything from the client, whatever the bank's reason."""
    if facts["deceased"]:
        return CasePauseReason.DECEASED
    return CasePauseReason.INSOLVENCY if facts["insolvent"] else None


def _fail_attempt(desk: Desk, attempt: Row, debit: FailedDebit, debtor: Debtor, zone: ZoneInfo) -> None:
    plan = desk.plans[attempt["plan_id"]]
    if plan["status"] in (RetryPlanStatus.AWAITING_OUTCOME, RetryPlanStatus.SUCCEEDED):
        planning.fail(desk, plan, attempt, debit.code, debtor, zone)
    else:  # the plan was stopped while the debit was on its way
        desk.change(attempt, status=RetryAttemptStatus.FAILED, new_reason_code=debit.code)


async def _case_and_item(
    desk: Desk, debit: FailedDebit, facts: Row, known: Policies, context: dict[str, Any], zone: ZoneInfo
) -> tuple[Row, Row]:
    due = desk.instalments[debit.payment["instalment_id"]]
    outstanding = due["amount"] - due["paid_amount"]
    item = next((row for row in desk.items.values() if row["instalment_id"] == due["id"]), None)
    case = _case_of(desk, debit, item)
    if case is None:
        case = await _open(desk, debit, facts, known, context, zone)
    elif case["status"] == RecoveryCaseStatus.CLOSED:
        desk.change(
            case,
            status=RECOVERY_CASE.after("reopen", RecoveryCaseStatus(case["status"])),
            episode=case["episode"] + 1,
            close_reason=None,
            closed_on=None,
            outstanding=outstanding,
        )
        desk.state(case, RecoveryCaseReopened(**desk.case_ref(case)))
    if item is None:
        item = desk.add(
            recovery_item,
            {
                "id": new_id(),
                "case_id": case["id"],
                "instalment_id": due["id"],
                "invoice_id": due["invoice_id"],
                "payment_id": debit.payment["original_payment_id"] or debit.payment["id"],
                "due_date": due["due_date"],
                "principal": due["amount"],
                "outstanding": outstanding,
                "status": RecoveryItemStatus.OPEN,
                "last_reason_code": debit.code,
                "dispute_chased": False,
            },
        )
    else:
        desk.change(
            item,
            case_id=case["id"],
            outstanding=outstanding,
            status=RECOVERY_ITEM.after("fall due", RecoveryItemStatus(item["status"])),
            last_reason_code=debit.code,
        )
    return case, item


def _case_of(desk: Desk, debit: FailedDebit, item: Row | None) -> Row | None:
    """The open case of the contract; else the one that this very money had closed, while it may be reopened."""
    key = (debit.payment["company_id"], debit.payment["client_id"], debit.payment["contract_id"])
    for case in desk.open_cases():
        if (case["company_id"], case["client_id"], case["contract_id"]) == key:
            return case
    if item is None:
        return None
    closed = desk.cases[item["case_id"]]
    window = DunningTerms.model_validate(closed["terms"]).reopen_window_days
    recent = closed["closed_on"] >= local_date(desk.work.now) - timedelta(days=window)
    return closed if recent else None


async def _open(
    desk: Desk, debit: FailedDebit, facts: Row, known: Policies, context: dict[str, Any], zone: ZoneInfo
) -> Row:
    policy_id, terms = known.ladder(context)
    today = local_date(desk.work.now, zone)
    due = desk.instalments[debit.payment["instalment_id"]]
    number = await desk.work.next_number(case_number_block)
    has_service = debit.payment["contract_id"] is not None
    case = desk.add(
        recovery_case,
        {
            "id": new_id(),
            "number": f"REC-{today:%Y}-{number:06}",
            "company_id": debit.payment["company_id"],
            "client_id": debit.payment["client_id"],
            "contract_id": debit.payment["contract_id"],
            "customer_type": customer_type(facts["kind"]),
            "status": RecoveryCaseStatus.OPEN,
            "level": 0,
            "service_state": ServiceState.ACTIVE if has_service else ServiceState.NOT_APPLICABLE,
            "episode": 1,
            "opened_on": today,
            "rejection_count": 0,
            "retries_exhausted": False,
            "risk_flag": False,
            "policy_id": policy_id,
            "terms": terms.model_dump(mode="json"),
            "due_steps": [],
            "outstanding": due["amount"] - due["paid_amount"],
            "currency": due["currency"],
        },
    )
    desk.state(case, RecoveryCaseOpened(**desk.case_ref(case)))
    return case


def _write(desk: Desk, case: Row, debit: FailedDebit, zone: ZoneInfo) -> None:
    """Tell the debtor, once per failure; a debtor who chose to refuse is called by a person as well."""
    key = failure_message_key(case["id"], debit.payment["id"])
    writing.apply_rules(desk, case, ReminderTrigger.ON_REJECTION, key, zone)
    reason = reason_of(debit.code)
    if reason.category is ReasonCategory.DISPUTE and reason.advice is RetryAdvice.MANUAL:
        title = f"Debit refused with {debit.code}: call the client"
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.MEDIUM)
