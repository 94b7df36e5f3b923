"""Formal notices as legal staff see and steer them."""

from uuid import UUID

from sqlalchemy import select

from actors.payments.recovery import noticing, shown
from actors.payments.recovery.found import desk_of
from actors.payments.rules.notices import LIVE
from messages.payments import (
    FORMAL_NOTICE_NOT_FOUND,
    NOTICE_RUNNING,
    CancelFormalNotice,
    FormalNotice,
    FormalNoticePage,
    GetFormalNotice,
    IssueFormalNotice,
    ListFormalNotices,
    NoticeStatus,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.recovery import formal_notice


async def issue_formal_notice(request: IssueFormalNotice, work: UnitOfWork) -> FormalNotice:
    """Demand payment; a case has one running notice, and a draft of it is completed."""
    desk, case = await desk_of(work, request.case_id)
    if case["outstanding"] <= 0:
        raise Refused.field("case_id", "owed", "nothing is owed on this case")
    running = desk.notice_of(case, *LIVE)
    if running is not None and running["status"] != NoticeStatus.DRAFT:
        raise Refused(
            NOTICE_RUNNING, f"notice {running['id']} is {running['status']}; wait for its deadline or cancel it"
        )
    row = running or noticing.draft(desk, case)
    await noticing.request(desk, case, row)
    await desk.store()
    return shown.notice_of(row)


async def cancel_formal_notice(request: CancelFormalNotice, work: UnitOfWork) -> FormalNotice:
    """Stop a notice that is not posted; what is with the post takes its way."""
    row = await _load(request.notice_id, work)
    desk, _ = await desk_of(work, row["case_id"])
    found = desk.notices[request.notice_id]
    noticing.cancel(desk, found, request.reason)
    await desk.store()
    return shown.notice_of(found)


async def get_formal_notice(request: GetFormalNotice, work: UnitOfWork) -> FormalNotice:
    """One notice."""
    return shown.notice_of(await _load(request.notice_id, work))


async def list_formal_notices(request: ListFormalNotices, work: UnitOfWork) -> FormalNoticePage:
    """A page of notices, newest first."""
    statement = select(formal_notice).where(formal_notice.c.organisation_id == work.organisation_id)
    for name in ("case_id", "client_id"):
        if getattr(request, name) is not None:
            statement = statement.where(formal_notice.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(formal_notice.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(formal_notice.c.created_at, formal_notice.c.id),
        descending=True,
        reply=FormalNoticePage,
        item=shown.notice_of,
    )


async def _load(notice_id: UUID, work: UnitOfWork) -> Row:
    statement = select(formal_notice).where(
        formal_notice.c.organisation_id == work.organisation_id, formal_notice.c.id == notice_id
    )
    return await work.load(statement, "formal notice", code=FORMAL_NOTICE_NOT_FOUND)
