"""Orders messages to debtors from engagement when their hour has come, and takes its answers."""

from collections.abc import Mapping
from uuid import UUID

import structlog
from sqlalchemy import select

from actors.payments.company import Company, companies
from actors.payments.portal.links import LinkOrder, make_link
from actors.payments.recovery import climbing, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.people import ask_people
from actors.payments.rules.contact import next_allowed
from actors.payments.rules.recovery_machines import REMINDER
from messages.engagement import EmailBounced, EmailFailed, EmailSent, SmsFailed, SmsSent
from messages.payments import (
    RecoveryCaseStatus,
    ReminderChannel,
    ReminderFailed,
    ReminderRequested,
    ReminderSent,
    ReminderStatus,
    RetryAttemptStatus,
    StaffAction,
    TaskPriority,
)
from messages.payments.portal_vocabulary import PortalPurpose
from messages.problem import Refused
from messages.values.instants import PARIS
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.means import mandate
from storage.payments.tables.recovery import recovery_case, reminder

log = structlog.get_logger()

_PAGE = 200
_OTHER = {ReminderChannel.EMAIL: ReminderChannel.SMS, ReminderChannel.SMS: ReminderChannel.EMAIL}
_FALLBACK = "|fallback"


async def send_due(moment: Moment, work: UnitOfWork) -> object:
    """Messages whose hour has come are ordered from engagement; one that comes too late for today waits for tomorrow."""
    rows = await work.fetch(
        select(reminder.c.client_id)
        .join(recovery_case, recovery_case.c.id == reminder.c.case_id)
        .where(
            reminder.c.organisation_id == work.organisation_id,
            reminder.c.status == ReminderStatus.PENDING,
            reminder.c.planned_at <= moment.as_of,
        )
        .order_by(reminder.c.planned_at, reminder.c.id)
        .limit(_PAGE)
    )
    if not rows:
        return None
    desk = Desk(work)
    await desk.load(row["client_id"] for row in rows)
    organisations = {company.id: company for company in await companies(work)}
    references = await _mandate_references(desk)
    for row in sorted(desk.reminders.values(), key=lambda row: (row["planned_at"], row["id"])):
        if row["status"] == ReminderStatus.PENDING and row["planned_at"] <= moment.as_of:
            await _send(desk, row, organisations.get(row["company_id"]), references)
    await desk.store()
    return MORE if len(rows) == _PAGE else None


async def _mandate_references(desk: Desk) -> dict[UUID, str]:
    ids = sorted({plan["mandate_id"] for plan in desk.plans.values() if plan["mandate_id"] is not None})
    rows = await desk.work.fetch(
        select(mandate.c.id, mandate.c.rum).where(
            mandate.c.organisation_id == desk.work.organisation_id, among(mandate.c.id, ids)
        )
    )
    return {row["id"]: row["rum"] for row in rows}


async def _send(desk: Desk, row: Row, company: Company | None, references: Mapping[UUID, str]) -> None:
    """Everything a message says is looked up now: between planning and sending the amount may have changed."""
    case, now = desk.cases[row["case_id"]], desk.work.now
    thanks = row["key"].startswith(f"{case['id']}|received|")
    if case["status"] == RecoveryCaseStatus.CLOSED and not thanks:
        writing.skip_message(desk, row, "SETTLED")
        return
    channel, zone = ReminderChannel(row["channel"]), company.zone if company else PARIS
    at = next_allowed(now, channel, writing.sent_to(desk, row["client_id"]), desk.contact_hours(case), zone)
    if at is None:
        writing.skip_message(desk, row, "RATE_LIMITED")
        return
    if at > now:
        desk.change(row, planned_at=at)
        return
    variables = _variables(desk, case, company, references)
    if thanks:
        variables["amount"] = f"{sum(item['principal'] for item in desk.items_of(case)):.2f}"
    status = REMINDER.after("request", ReminderStatus(row["status"]))
    desk.change(row, status=status, requested_at=now, variables=variables)
    address = None if thanks else await _payment_url(desk, case, company, f"reminder|{row['id']}")
    fact = ReminderRequested.model_validate({**row, **writing.reminder_ref(row), "payment_url": address})
    desk.state(row, fact)


async def _payment_url(desk: Desk, case: Row, company: Company | None, key: str) -> str | None:
    """Where the debt can be paid at once, for companies with a portal; a message without a link is better than none."""
    if company is None or company.settings.portal_base_url is None or case["outstanding"] <= 0:
        return None
    items = [item for item in desk.items_of(case) if item["outstanding"] > 0]
    order = LinkOrder(
        key=key,
        company_id=case["company_id"],
        client_id=case["client_id"],
        contract_id=case["contract_id"],
        purpose=PortalPurpose.DUNNING_LINK,
        instalment_ids=tuple(item["instalment_id"] for item in items),
    )
    try:
        return (await make_link(desk.work, order)).url
    except Refused as refused:
        log.warning("reminder.without_link", case=str(case["id"]), reason=refused.code.code)
        return None


def _variables(desk: Desk, case: Row, company: Company | None, references: Mapping[UUID, str]) -> dict[str, str]:
    """Amount, date, creditor and mandate of the next debit stand in every message: it is that debit's pre-notification."""
    upcoming = [
        (attempt["planned_collection_date"], attempt["mandate_id"])
        for plan in desk.plans_of(case)
        for attempt in desk.attempts_of(plan)
        if attempt["status"] == RetryAttemptStatus.SCHEDULED
    ]
    codes = [item["last_reason_code"] for item in desk.items_of(case)]
    day, mandate_id = min(upcoming, key=lambda found: found[0], default=(None, None))
    return {
        "case_number": case["number"],
        "amount": f"{case['outstanding']:.2f}",
        "currency": case["currency"],
        "reason_code": codes[-1] if codes else "",
        "next_collection_date": day.isoformat() if day else "",
        "rum": references.get(mandate_id, "") if mandate_id else "",
        "creditor_identifier": company.creditor_identifier if company else "",
        "creditor_name": company.name if company else "",
    }


# -- what engagement answers ---------------------------------------------------------------------------------------


async def take_answer(event: EmailSent | EmailBounced | EmailFailed | SmsSent | SmsFailed, work: UnitOfWork) -> None:
    """A reminder left, or did not reach the debtor: then he is written to another way, in the end called by a person."""
    if event.reference is None or event.reference.type != "reminder":
        return
    client_id = await work.fetch_value(
        select(reminder.c.client_id).where(
            reminder.c.organisation_id == work.organisation_id, reminder.c.id == event.reference.id
        )
    )
    if client_id is None:
        return
    desk = Desk(work)
    await desk.load([client_id])
    row = desk.reminders.get(event.reference.id)
    if row is None:  # older than what still matters to caps and steps
        return
    match event:
        case EmailSent() | SmsSent():
            await _left(desk, row)
        case EmailBounced():
            _lost(desk, row, "bounce", event.bounce_type)
        case _:
            _lost(desk, row, "fail", event.error_code)
    await desk.store()


async def _left(desk: Desk, row: Row) -> None:
    status = ReminderStatus(row["status"])
    if not REMINDER.allows("confirm", status):
        return
    desk.change(row, status=REMINDER.after("confirm", status), sent_at=desk.work.now)
    desk.state(row, ReminderSent(**writing.reminder_ref(row), sent_at=desk.work.now))
    case = desk.cases[row["case_id"]]
    if row["step_code"] is not None and case["status"] == RecoveryCaseStatus.OPEN:
        await climbing.climb(desk, case, PARIS)  # a step may wait for this very warning


def _lost(desk: Desk, row: Row, trigger: str, code: str) -> None:
    status = ReminderStatus(row["status"])
    if not REMINDER.allows(trigger, status):
        return
    desk.change(row, status=REMINDER.after(trigger, status), sent_at=None, error_code=code)
    desk.state(row, ReminderFailed(**writing.reminder_ref(row), error_code=code))
    case = desk.cases[row["case_id"]]
    if case["status"] != RecoveryCaseStatus.OPEN:
        return
    other, zone = _OTHER[ReminderChannel(row["channel"])], PARIS
    if not row["key"].endswith(_FALLBACK) and not _is_said(desk, row, other):
        key = row["key"] + _FALLBACK
        writing.plan_message(desk, case, other, row["template_key"], key, zone, row["step_code"])
    elif not _is_said(desk, row, other):
        title = f"Debtor out of reach by mail and phone ({code}): find another way"
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.MEDIUM, row["step_code"])


def _is_said(desk: Desk, row: Row, channel: ReminderChannel) -> bool:
    """Whether the same step reaches the debtor, or may still reach him, the other way."""
    alive = (ReminderStatus.PENDING, ReminderStatus.REQUESTED, ReminderStatus.SENT)
    return row["step_code"] is not None and any(
        other["case_id"] == row["case_id"]
        and other["step_code"] == row["step_code"]
        and other["channel"] == channel
        and other["status"] in alive
        for other in desk.reminders.values()
    )
