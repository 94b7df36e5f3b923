"""Requests about activities and timelines."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from actors.activites import recording, views
from actors.activites.requests.links import check_links
from messages.activites import (
    ACTIVITY_NOT_FOUND,
    TYPE_INACTIVE,
    Activity,
    ActivityPage,
    ActivitySource,
    ActivityTypePage,
    CreateActivity,
    GetActivity,
    ListActivities,
    ListActivityTypes,
    ListTimeline,
    TimelinePage,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.activites.tables import activity, activity_type, timeline_entry

_MAY_LIE_AHEAD = ("MEETING", "VISIT")
_CLOCKS_DIFFER = timedelta(minutes=5)


async def list_activity_types(request: ListActivityTypes, work: UnitOfWork) -> ActivityTypePage:
    """The kinds of activity, in their order."""
    statement = select(activity_type).where(activity_type.c.organisation_id == work.organisation_id)
    if request.active is not None:
        statement = statement.where(activity_type.c.active == request.active)
    return await page(
        work,
        request,
        statement,
        order=(activity_type.c.position, activity_type.c.id),
        reply=ActivityTypePage,
        item=views.activity_type_of,
    )


async def create_activity(request: CreateActivity, work: UnitOfWork) -> Activity:
    """Record what a person did."""
    kind = await _type(request.type_code, work)
    occurred_at = request.occurred_at or work.now
    if occurred_at > work.now + _CLOCKS_DIFFER and kind["code"] not in _MAY_LIE_AHEAD:
        raise Refused.field("occurred_at", "future", "occurred_at lies ahead; only meetings and visits may be planned")
    if request.follow_up_due_at is not None and request.follow_up_due_at < occurred_at:
        raise Refused.field(
            "follow_up_due_at", "order", "follow_up_due_at lies before occurred_at; give a later instant"
        )
    links: dict[str, Any] = await check_links(request.client_id, request.contract_id, request.invoice_id, work)
    row = await recording.record(
        recording.Deed(
            type_code=kind["code"],
            occurred_at=occurred_at,
            subject=request.subject,
            comment=request.comment,
            direction=request.direction or kind["direction_default"] or "INTERNAL",
            outcome=request.outcome,
            source=ActivitySource.MANUAL,
            follow_up_due_at=request.follow_up_due_at,
            **links,
        ),
        counts_as_contact=kind["counts_as_contact"],
        work=work,
    )
    assert row is not None  # only automatic activities have a source_ref that may repeat
    return views.activity_of(row)


async def get_activity(request: GetActivity, work: UnitOfWork) -> Activity:
    """One activity."""
    statement = select(activity).where(
        activity.c.organisation_id == work.organisation_id, activity.c.id == request.activity_id
    )
    return views.activity_of(await work.load(statement, "activity", code=ACTIVITY_NOT_FOUND))


async def list_activities(request: ListActivities, work: UnitOfWork) -> ActivityPage:
    """A page of activities."""
    statement = select(activity).where(activity.c.organisation_id == work.organisation_id)
    for name in ("client_id", "contract_id", "invoice_id", "type_code", "author_id"):
        if getattr(request, name) is not None:
            statement = statement.where(activity.c[name] == getattr(request, name))
    if request.from_instant is not None:
        statement = statement.where(activity.c.occurred_at >= request.from_instant)
    if request.to_instant is not None:
        statement = statement.where(activity.c.occurred_at < request.to_instant)
    return await page(
        work,
        request,
        statement,
        order=(activity.c.occurred_at, activity.c.id),
        descending=True,
        reply=ActivityPage,
        item=views.activity_of,
    )


async def list_timeline(request: ListTimeline, work: UnitOfWork) -> TimelinePage:
    """A page of the timeline of a client, contract or invoice."""
    column = timeline_entry.c[f"{request.subject_type.lower()}_id"]
    statement = select(timeline_entry).where(
        timeline_entry.c.organisation_id == work.organisation_id, column == request.subject_id
    )
    if request.kinds:
        statement = statement.where(timeline_entry.c.kind.in_(request.kinds))
    return await page(
        work,
        request,
        statement,
        order=(timeline_entry.c.at, timeline_entry.c.id),
        descending=True,
        reply=TimelinePage,
        item=views.entry_of,
    )


async def _type(code: str, work: UnitOfWork) -> Row:
    statement = select(activity_type).where(
        activity_type.c.organisation_id == work.organisation_id, activity_type.c.code == code
    )
    row = await work.fetch_one(statement)
    if row is None:
        raise Refused.field("type_code", "unknown", f"there is no activity type {code}; see list_activity_types")
    if not row["active"]:
        raise Refused.field(
            "type_code", "inactive", f"activity type {code} is out of use; choose another", TYPE_INACTIVE
        )
    return row
