"""Requests about dates chosen by hand, and about open days."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from actors.calendar import views
from actors.calendar.audit import record_change
from actors.calendar.rows import new_row
from actors.calendar.rules.days import EligibleDays
from actors.calendar.rules.deadlines import prenotify_by, timeline
from actors.calendar.rules.planning import Setting
from actors.calendar.situation import Scope, Situation, load_situation
from messages.calendar.codes import (
    CUTOFF_NOT_FOUND,
    DEADLINE_PASSED,
    DEBIT_FROZEN,
    INVALID_DATE,
    NOT_ELIGIBLE,
    OVERRIDE_NOT_FOUND,
    PRENOTIFICATION_TOO_SHORT,
)
from messages.calendar.configurations import DebitConfigurationChanged
from messages.calendar.overrides import (
    AddBusinessDays,
    DebitDateOverride,
    DebitDateOverridePage,
    DebitTimeline,
    DeleteDebitDateOverride,
    Direction,
    FirstEligibleDate,
    GetDebitTimeline,
    ListDebitDateOverrides,
    OpenDay,
    SetDebitDateOverride,
)
from messages.calendar.terms import ConfigurationKind, ConfigurationLevel, PlannedDebitStatus, Rail
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import contract_copy, debit_date_override, planned_debit

_SCOPES = {
    ConfigurationLevel.CONTRACT: planned_debit.c.contract_id,
    ConfigurationLevel.CLIENT: planned_debit.c.client_id,
    ConfigurationLevel.COMPANY: planned_debit.c.company_id,
}


async def set_debit_date_override(request: SetDebitDateOverride, work: UnitOfWork) -> DebitDateOverride:
    """Choose the date of one month; payments moves the debit."""
    await refuse_impossible(request, work)
    before = await work.fetch_one(_of_month(request, work).with_for_update())
    if before is not None and (before["debit_date"], before["reason"]) == (request.debit_date, request.reason):
        return views.override_of(before)
    row = {
        **new_row(new_id(), work),
        "level": request.level,
        "scope_id": request.scope_id,
        "target_year": request.year,
        "target_month": request.month,
        "debit_date": request.debit_date,
        "reason": request.reason,
    }
    statement = insert(debit_date_override).values(**row)
    stored = await work.load(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "level", "scope_id", "target_year", "target_month"],
            set_={
                "debit_date": statement.excluded.debit_date,
                "reason": statement.excluded.reason,
                "version": debit_date_override.c.version + 1,
                "updated_at": work.now,
                "updated_by": work.caller.principal,
            },
        ).returning(debit_date_override),
        "override",
    )
    _say_changed(before, stored, stored["version"], work)
    return views.override_of(stored)


async def refuse_impossible(request: SetDebitDateOverride, work: UnitOfWork) -> None:
    """Refuse a date that is closed or too late, and a month whose debit is frozen."""
    if request.level not in _SCOPES:
        raise Refused.field("level", "level", "a date is chosen for a CONTRACT, a CLIENT or a COMPANY; name one")
    await _refuse_frozen(request.level, request.scope_id, f"{request.year}-{request.month:02d}", work)
    scope = await _scope_of(request, work)
    _check(request, (await load_situation(work, [scope])).setting(scope, Rail.SEPA_CORE), work)


async def delete_debit_date_override(request: DeleteDebitDateOverride, work: UnitOfWork) -> DebitDateOverride:
    """Let the month follow the configuration again."""
    statement = _all(work).where(debit_date_override.c.id == request.override_id).with_for_update()
    row = await work.load(statement, "override", code=OVERRIDE_NOT_FOUND)
    period = f"{row['target_year']}-{row['target_month']:02d}"
    await _refuse_frozen(ConfigurationLevel(row["level"]), row["scope_id"], period, work)
    await work.execute(delete(debit_date_override).where(debit_date_override.c.id == row["id"]))
    _say_changed(row, None, row["version"] + 1, work)
    return views.override_of(row)


async def list_debit_date_overrides(request: ListDebitDateOverrides, work: UnitOfWork) -> DebitDateOverridePage:
    """A page of overrides by date."""
    statement = _all(work)
    if request.level is not None:
        statement = statement.where(debit_date_override.c.level == request.level)
    if request.scope_id is not None:
        statement = statement.where(debit_date_override.c.scope_id == request.scope_id)
    if request.from_date is not None:
        statement = statement.where(debit_date_override.c.debit_date >= request.from_date)
    order = (debit_date_override.c.debit_date, debit_date_override.c.id)
    return await page(work, request, statement, order=order, reply=DebitDateOverridePage, item=views.override_of)


async def add_business_days(request: AddBusinessDays, work: UnitOfWork) -> OpenDay:
    """Count open days from a date."""
    days = await _open_days(request.holiday_zone_id, request.rail, work)
    day = request.date if request.n else days.on_or_after(request.date)
    for _ in range(abs(request.n)):
        day = days.after(day) if request.n > 0 else days.before(day)
    return OpenDay(date=day)


async def first_eligible_date(request: FirstEligibleDate, work: UnitOfWork) -> OpenDay:
    """The nearest open day in a direction, the date itself included."""
    days = await _open_days(request.holiday_zone_id, request.rail, work)
    if days.is_eligible(request.date):
        return OpenDay(date=request.date)
    forward = request.direction is Direction.FORWARD
    return OpenDay(date=days.after(request.date) if forward else days.before(request.date))


async def get_debit_timeline(request: GetDebitTimeline, work: UnitOfWork) -> DebitTimeline:
    """The dates around a settlement."""
    situation = await load_situation(work)
    setting = situation.setting(Scope(), request.rail)
    why = setting.days.why_closed(request.settlement_date)
    if why is not None:
        text = f"nothing settles on {request.settlement_date} ({why}); give an open day"
        raise Refused.field("settlement_date", "eligible", text, INVALID_DATE)
    cutoff = _named_cutoff(request, situation, setting)
    around = timeline(request.settlement_date, cutoff, setting.configuration.prenotification_days)
    return DebitTimeline(
        settlement_on=request.settlement_date,
        earliest_submission_on=around.earliest_submission_on,
        prenotify_by=around.prenotify_by,
        prenotify_on=around.prenotify_on,
        freeze_at=around.freeze_at,
        submit_by=around.submit_by,
        return_until=around.return_until,
        refund_until=around.refund_until,
        unauthorised_until=around.unauthorised_until,
    )


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(debit_date_override).where(debit_date_override.c.organisation_id == work.organisation_id)


def _of_month(request: SetDebitDateOverride, work: UnitOfWork) -> Any:
    return _all(work).where(
        debit_date_override.c.level == request.level,
        debit_date_override.c.scope_id == request.scope_id,
        debit_date_override.c.target_year == request.year,
        debit_date_override.c.target_month == request.month,
    )


async def _refuse_frozen(level: ConfigurationLevel, scope_id: UUID, period: str, work: UnitOfWork) -> None:
    """A debit that is frozen or in a bank file does not move any more."""
    waiting = planned_debit.c.status == PlannedDebitStatus.PLANNED
    under_way = planned_debit.c.status.in_((PlannedDebitStatus.CONFIRMED, PlannedDebitStatus.PROCESSING))
    frozen = await work.fetch_one(
        select(planned_debit.c.id, planned_debit.c.planned_debit_date)
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            _SCOPES[level] == scope_id,
            planned_debit.c.period == period,
            or_(under_way, waiting & (planned_debit.c.freeze_at <= work.now)),
        )
        .limit(1)
    )
    if frozen is not None:
        raise Refused(
            DEBIT_FROZEN,
            f"the debit of {frozen['planned_debit_date']} is frozen or in a bank file; choose a later month",
            details={"planned_debit_id": str(frozen["id"])},
        )


async def _scope_of(request: SetDebitDateOverride, work: UnitOfWork) -> Scope:
    if request.level is ConfigurationLevel.COMPANY:
        return Scope(company_id=request.scope_id)
    if request.level is ConfigurationLevel.CLIENT:
        return Scope(client_id=request.scope_id)
    known = await work.fetch_one(
        select(contract_copy).where(
            contract_copy.c.organisation_id == work.organisation_id, contract_copy.c.contract_id == request.scope_id
        )
    )
    if known is None:
        return Scope(contract_id=request.scope_id)
    return Scope(request.scope_id, known["client_id"], known["company_id"])


def _check(request: SetDebitDateOverride, setting: Setting, work: UnitOfWork) -> None:
    day = request.debit_date
    why = setting.days.why_closed(day)
    if why is not None:
        text = f"nothing settles on {day} ({why}); the next open day is {setting.days.after(day)}"
        raise Refused.field("debit_date", "eligible", text, NOT_ELIGIBLE)
    if work.now > setting.cutoff.submit_by(day):
        text = f"{day} can no longer be submitted to the bank in time; choose a later day"
        raise Refused.field("debit_date", "deadline", text, DEADLINE_PASSED)
    notice = prenotify_by(day, setting.configuration.prenotification_days)
    if not request.prenotified and local_date(work.now, setting.timezone) > notice:
        text = f"{day} had to be announced by {notice}; choose a later day, or say prenotified=true"
        raise Refused.field("debit_date", "notice", text, PRENOTIFICATION_TOO_SHORT)


async def _open_days(zone_id: UUID | None, rail: Rail, work: UnitOfWork) -> EligibleDays:
    _, zone = (await load_situation(work)).zone_named(zone_id)
    return EligibleDays(zone, rail)


def _named_cutoff(request: GetDebitTimeline, situation: Situation, setting: Setting) -> Any:
    if request.cutoff_policy_id is None:
        return setting.cutoff
    found = situation.cutoffs.get(request.cutoff_policy_id)
    if found is None or found.rail is not request.rail:
        text = f"no policy {request.cutoff_policy_id} for {request.rail.value}; check it"
        raise Refused.field("cutoff_policy_id", "unknown", text, CUTOFF_NOT_FOUND)
    return found


def _facts(row: Row | None) -> dict[str, Any] | None:
    day: date | None = row["debit_date"] if row is not None else None
    return {"debit_date": day.isoformat(), "reason": row["reason"]} if row is not None and day is not None else None


def _say_changed(before: Row | None, after: Row | None, version: int, work: UnitOfWork) -> None:
    row = after if after is not None else before
    assert row is not None
    event = DebitConfigurationChanged(
        configuration_id=row["id"],
        kind=ConfigurationKind.OVERRIDE,
        level=ConfigurationLevel(row["level"]),
        scope_id=row["scope_id"],
        period=f"{row['target_year']}-{row['target_month']:02d}",
        before=_facts(before),
        after=_facts(after),
    )
    work.emit(event, version=version)
    record_change("debit_date_override", row["id"], event.before, event.after, work)
