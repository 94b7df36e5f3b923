"""Formal notices at work: demanded, rendered by documents, posted by logistics, expired or satisfied."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments.recovery.claims import claims_of
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.people import ask_people
from actors.payments.rules.notices import LIVE, NOTICE, RUNNING, deadline_days, deadline_of
from actors.payments.views import money
from messages.documents import DocumentGenerated, DocumentGenerationFailed
from messages.logistics import (
    LetterCancelled,
    LetterDelivered,
    LetterFailed,
    LetterFirstPresented,
    LetterPosted,
    LetterRejected,
    LetterUndelivered,
    UndeliveredReason,
)
from messages.payments import (
    ADDRESS_MISSING,
    CustomerType,
    DunningActionRequested,
    DunningTerms,
    FormalNoticeCancelled,
    FormalNoticeExpired,
    FormalNoticeRequested,
    FormalNoticeSent,
    NoticeItem,
    NoticeKind,
    NoticeMedium,
    NoticeStatus,
    StaffAction,
    TaskPriority,
)
from messages.problem import Refused
from messages.shared import LetterKind, LetterOrder, Party
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.recovery import formal_notice
from storage.payments.tables.views import client_view, invoice_view

_TEMPLATE = "letter.formal_notice"
_NOT_FETCHED = (UndeliveredReason.UNCLAIMED, UndeliveredReason.REFUSED)
_UNPOSTED = (NoticeStatus.DRAFT, NoticeStatus.REQUESTED, NoticeStatus.RENDERED)


async def demand(desk: Desk, case: Row) -> Row:
    """Claim everything a case asks for; without an address the notice waits as a draft and a person is asked for it."""
    row = desk.notice_of(case, *LIVE) or draft(desk, case)
    if row["status"] != NoticeStatus.DRAFT:
        return row
    try:
        await request(desk, case, row)
    except Refused as refusal:
        desk.change(row, error_code=refusal.code.code)
        title = "Formal notice not sent: the client has no postal address"
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH)
    return row


def draft(desk: Desk, case: Row) -> Row:
    """A notice that claims nothing yet."""
    terms = DunningTerms.model_validate(case["terms"])
    return desk.add(
        formal_notice,
        {
            "id": new_id(),
            "company_id": case["company_id"],
            "client_id": case["client_id"],
            "contract_id": case["contract_id"],
            "case_id": case["id"],
            "kind": NoticeKind.STANDARD,
            "medium": NoticeMedium.REGISTERED_POST,
            "status": NoticeStatus.DRAFT,
            "items": [],
            "total": case["outstanding"],
            "currency": case["currency"],
            "deadline_days": deadline_days(terms.notice_deadline_days, CustomerType(case["customer_type"])),
        },
    )


async def request(desk: Desk, case: Row, row: Row) -> None:
    """Order the file with the amounts of this moment; ADDRESS_MISSING. formal_notice.requested."""
    recipient = await _recipient(desk.work, case["client_id"])
    items = await _items(desk, case)
    desk.change(
        row,
        status=NOTICE.after("request", NoticeStatus(row["status"])),
        items=[item.model_dump(mode="json") for item in items],
        total=sum(
            (item.principal.amount + item.interest.amount + item.charges.amount for item in items), Decimal("0.00")
        ),
        recipient=recipient.model_dump(mode="json"),
        error_code=None,
    )
    fact = FormalNoticeRequested(
        **_reference(row),
        case_number=case["number"],
        company_id=row["company_id"],
        contract_id=row["contract_id"],
        kind=row["kind"],
        medium=row["medium"],
        recipient=recipient,
        consumer=case["customer_type"] == CustomerType.B2C,
        items=items,
        total=money(row["total"], row["currency"]),
        template_key=_TEMPLATE,
        locale="fr",
        deadline_days=row["deadline_days"],
    )
    desk.state(row, fact)


async def _recipient(work: UnitOfWork, client_id: UUID) -> Party:
    found = await work.fetch_one(
        select(client_view).where(
            client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == client_id
        )
    )
    if found is None or found["billing_address"] is None:
        raise Refused(ADDRESS_MISSING, "the client has no postal address; add one, then issue the notice again")
    return Party.model_validate(
        {
            "party_id": client_id,
            "kind": found["kind"],
            "display_name": found["display_name"],
            "legal_name": found["display_name"] if found["kind"] != "CONSUMER" else None,
            "address": found["billing_address"],
        }
    )


async def _items(desk: Desk, case: Row) -> tuple[NoticeItem, ...]:
    found = await claims_of(desk, case, desk.work.today())
    ids = sorted({claim.item["invoice_id"] for claim in found if claim.item["invoice_id"] is not None})
    rows = await desk.work.fetch(
        select(invoice_view.c.invoice_id, invoice_view.c.number).where(
            invoice_view.c.organisation_id == desk.work.organisation_id, among(invoice_view.c.invoice_id, ids)
        )
    )
    numbers = {row["invoice_id"]: row["number"] for row in rows}
    return tuple(
        NoticeItem(
            invoice_number=numbers.get(claim.item["invoice_id"]),
            due_date=claim.item["due_date"],
            principal=money(claim.item["outstanding"], case["currency"]),
            interest=money(claim.interest, case["currency"]),
            charges=money(claim.indemnity + claim.fees, case["currency"]),
        )
        for claim in found
    )


def settle(desk: Desk, case: Row) -> None:
    """Nothing is owed any more: what is not posted is cancelled, what is posted has reached its aim."""
    for row in desk.notices.values():
        if row["case_id"] != case["id"]:
            continue
        if row["status"] in _UNPOSTED:
            cancel(desk, row, "SETTLED")
        elif NOTICE.allows("satisfy", NoticeStatus(row["status"])):
            desk.change(row, status=NOTICE.after("satisfy", NoticeStatus(row["status"])), version=row["version"] + 1)


def cancel(desk: Desk, row: Row, reason: str) -> None:
    """Keep a notice from being posted; formal_notice.cancelled."""
    desk.change(row, status=NOTICE.after("cancel", NoticeStatus(row["status"])), error_code=reason)
    desk.state(row, FormalNoticeCancelled(**_reference(row)))


def expire(desk: Desk, today: date) -> None:
    """Deadlines that ended yesterday or before; formal_notice.expired. The ladder goes on from there."""
    for row in desk.notices.values():
        if row["status"] in RUNNING and row["deadline_on"] < today:
            desk.change(row, status=NOTICE.after("expire", NoticeStatus(row["status"])))
            desk.state(row, FormalNoticeExpired(**_reference(row), deadline_on=row["deadline_on"]))


def _reference(row: Row) -> dict[str, Any]:
    return {"notice_id": row["id"], "case_id": row["case_id"], "client_id": row["client_id"]}


# -- what documents and logistics answer ---------------------------------------------------------------------------


async def post_rendered(event: DocumentGenerated, work: UnitOfWork) -> None:
    """The file is there: order the registered letter; dunning_action.requested is the only order to post."""
    desk, case, row = await _find(work, event.notice_id)
    if desk is None or not NOTICE.allows("render", NoticeStatus(row["status"])):
        return
    desk.change(
        row,
        status=NOTICE.after("render", NoticeStatus(row["status"])),
        document_id=event.document_id,
        version=row["version"] + 1,
    )
    recipient = Party.model_validate(row["recipient"])
    work.emit(
        DunningActionRequested(
            action_id=row["id"],
            action=StaffAction.SEND_LETTER,
            case_id=case["id"],
            notice_id=row["id"],
            title=f"Formal notice ({case['number']})",
            priority=TaskPriority.HIGH,
            company_id=case["company_id"],
            client_id=case["client_id"],
            contract_id=case["contract_id"],
            document_id=event.document_id,
            letter=LetterOrder(
                request_id=row["id"],
                kind=LetterKind.REGISTERED_AR,
                purpose="FORMAL_NOTICE",
                recipient=recipient,
                sender_company_id=case["company_id"],
                document_id=event.document_id,
            ),
        ),
        version=1,
    )
    await desk.store()


async def note_unrendered(event: DocumentGenerationFailed, work: UnitOfWork) -> None:
    """The file could not be made: the notice is a draft again, and a person is asked."""
    desk, case, row = await _find(work, event.notice_id)
    if desk is None or not NOTICE.allows("lack", NoticeStatus(row["status"])):
        return
    status = NOTICE.after("lack", NoticeStatus(row["status"]))
    desk.change(row, status=status, error_code=event.error_code, version=row["version"] + 1)
    title = f"Formal notice not rendered ({event.error_code})"
    ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH)
    await desk.store()


async def note_posted(event: LetterPosted, work: UnitOfWork) -> None:
    """The letter is at the post: its deadline runs from that day; formal_notice.sent."""
    desk, _, row = await _find(work, event.request_id)
    if desk is None or not NOTICE.allows("post", NoticeStatus(row["status"])):
        return
    sent_on = local_date(event.posted_at)
    desk.change(
        row,
        status=NOTICE.after("post", NoticeStatus(row["status"])),
        sent_on=sent_on,
        deadline_on=deadline_of(sent_on, row["deadline_days"]),
        letter_id=event.letter_id,
        tracking_number=event.tracking_number,
        error_code=None,
    )
    fact = FormalNoticeSent(**_reference(row), kind=row["kind"], sent_on=row["sent_on"], deadline_on=row["deadline_on"])
    desk.state(row, fact)
    await desk.store()


async def note_presented(event: LetterFirstPresented | LetterDelivered, work: UnitOfWork) -> None:
    """The postman was there, or the debtor signed for it."""
    desk, _, row = await _find(work, event.request_id)
    delivered = isinstance(event, LetterDelivered)
    trigger = "deliver" if delivered else "present"
    if desk is None or not NOTICE.allows(trigger, NoticeStatus(row["status"])):
        return
    day = local_date(event.delivered_at if isinstance(event, LetterDelivered) else event.first_presented_at)
    desk.change(
        row,
        status=NOTICE.after(trigger, NoticeStatus(row["status"])),
        first_presented_on=row["first_presented_on"] or day,
        version=row["version"] + 1,
    )
    await desk.store()


async def note_undelivered(event: LetterUndelivered, work: UnitOfWork) -> None:
    """A debtor who leaves a letter at the post was noticed; one who does not live there was not, and his deadline is void."""
    desk, case, row = await _find(work, event.request_id)
    trigger = "leave unclaimed" if event.reason in _NOT_FETCHED else "return"
    if desk is None or not NOTICE.allows(trigger, NoticeStatus(row["status"])):
        return
    status = NOTICE.after(trigger, NoticeStatus(row["status"]))
    desk.change(row, status=status, version=row["version"] + 1)
    if status is NoticeStatus.UNDELIVERABLE:
        desk.change(row, deadline_on=None, error_code=event.reason)
        title = f"Formal notice undeliverable ({event.reason}): find the address and issue it again"
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH)
    await desk.store()


async def note_unposted(event: LetterFailed | LetterRejected | LetterCancelled, work: UnitOfWork) -> None:
    """The letter did not leave: somebody retries it at logistics, or cancels the notice."""
    desk, case, row = await _find(work, event.request_id)
    if desk is None or row["status"] != NoticeStatus.RENDERED:
        return
    desk.change(row, error_code=event.reason[:200], letter_id=event.letter_id, version=row["version"] + 1)
    title = f"Formal notice not posted ({event.reason[:80]}): correct and retry the letter"
    ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH)
    await desk.store()


async def _find(work: UnitOfWork, notice_id: UUID | None) -> tuple[Any, Row, Row]:
    """The desk with the case of a notice; a desk of None when the answer is to another order."""
    if notice_id is None:
        return None, {}, {}
    client_id = await work.fetch_value(
        select(formal_notice.c.client_id).where(
            formal_notice.c.organisation_id == work.organisation_id, formal_notice.c.id == notice_id
        )
    )
    if client_id is None:
        return None, {}, {}
    desk = Desk(work)
    await desk.load([client_id])
    row = desk.notices[notice_id]
    return desk, desk.cases[row["case_id"]], row
