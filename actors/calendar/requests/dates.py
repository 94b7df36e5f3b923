"""Requests about dates: when a debit is planned, and whether money can move on a day."""

from dataclasses import replace
from datetime import date

from actors.calendar.rules import planning
from actors.calendar.rules.days import EligibleDays, target_closure
from actors.calendar.rules.planning import Need, Plan, Setting
from actors.calendar.situation import Scope, Situation, completed, load_situation
from messages.calendar.dates import (
    CalculatePlannedDate,
    CalculatePlannedDatesBatch,
    CheckDateEligibility,
    DateEligibility,
    PlannedDate,
    PlannedDateInput,
    PlannedDateResult,
    PlannedDates,
)
from messages.calendar.terms import ConfigurationLevel, DebitDateMode
from messages.problem import Refused
from messages.values.business_days import is_weekend
from messages.values.due_dates import add_months
from runtime.unit_of_work import UnitOfWork


async def calculate_planned_date(request: CalculatePlannedDate, work: UnitOfWork) -> PlannedDate:
    """The planned date of a month, or the next one on or after a reference date."""
    scope = await completed(Scope(request.contract_id, request.client_id, request.company_id), work)
    situation = await load_situation(work, [scope])
    setting = situation.setting(scope, request.rail)
    as_of = work.now if request.check_feasibility else None
    if request.reference_date is None:
        month = date(request.target_year or 0, request.target_month or 0, 1)
    else:
        month = request.reference_date.replace(day=1)
    need = Need(month, request.prenotified, request.not_before, situation.override_for(scope, month))
    found = planning.plan(need, setting, as_of)
    if request.reference_date is not None and found.planned < request.reference_date:
        later = add_months(month, 1)
        need = Need(later, request.prenotified, request.not_before, situation.override_for(scope, later))
        found = planning.plan(need, setting, as_of)
    return _planned_date(found, _applied(setting, need), with_trace=request.include_resolution_trace)


async def calculate_planned_dates_batch(request: CalculatePlannedDatesBatch, work: UnitOfWork) -> PlannedDates:
    """Many dates at once; every input gets its own result."""
    scopes = [_scope_of(wanted) for wanted in request.inputs]
    situation = await load_situation(work, scopes)
    as_of = work.now if request.check_feasibility else None
    plans: dict[tuple[object, ...], Plan] = {}
    results = []
    for wanted, scope in zip(request.inputs, scopes, strict=True):
        try:
            setting = situation.setting(scope, wanted.rail)
            month = date(wanted.target_year, wanted.target_month, 1)
            override = situation.override_for(scope, month)
            need = Need(month, wanted.prenotified, wanted.not_before, override)
            key = (id(setting), need)  # settings live as long as the situation
            if key not in plans:
                plans[key] = planning.plan(need, setting, as_of)
            results.append(_result(wanted, plans[key], _applied(setting, need)))
        except Refused as refused:
            results.append(
                PlannedDateResult(
                    key=wanted.key, success=False, error_code=refused.code.code, error_message=refused.detail
                )
            )
    good = sum(result.success for result in results)
    return PlannedDates(results=tuple(results), total=len(results), success_count=good, error_count=len(results) - good)


async def check_date_eligibility(request: CheckDateEligibility, work: UnitOfWork) -> DateEligibility:
    """Whether a debit can settle on a date, and the nearest dates around it."""
    _, zone = (await load_situation(work)).zone_named(request.holiday_zone_id)
    days = EligibleDays(zone, request.rail)
    name, target = zone.closure(request.date), target_closure(request.date)
    weekend = is_weekend(request.date)
    reasons = [
        reason
        for reason, holds in (
            ("weekend", weekend),
            (f"target:{target}", target is not None),
            (f"holiday:{name}", name is not None),
        )
        if holds
    ]
    return DateEligibility(
        date=request.date,
        is_eligible=days.is_eligible(request.date),
        is_weekend=weekend,
        is_holiday=name is not None,
        is_target_closed=weekend or target is not None,
        holiday_name=name or target,
        reasons=tuple(reasons),
        next_eligible_date=days.after(request.date),
        previous_eligible_date=days.before(request.date),
    )


def own_date(situation: Situation, scope: Scope, setting: Setting, month: date) -> date | None:
    """What calendar itself would plan for a month, deadlines aside; None when no rule gives a date."""
    try:
        first = month.replace(day=1)
        return planning.plan(Need(first, override=situation.override_for(scope, first)), setting, None).planned
    except Refused:
        return None


def _applied(setting: Setting, need: Need) -> Setting:
    """The rules as they were applied: a date chosen by hand names itself as their source."""
    if need.override is None:
        return setting
    changed = {"applied_level": ConfigurationLevel.OVERRIDE, "applied_config_id": need.override.id}
    return replace(setting, configuration=setting.configuration.model_copy(update=changed))


def _scope_of(wanted: PlannedDateInput) -> Scope:
    return Scope(wanted.contract_id, wanted.client_id, wanted.company_id)


def _lot_code(setting: Setting) -> str | None:
    configuration = setting.configuration
    return configuration.lot_code if configuration.mode is DebitDateMode.BATCH else None


def _planned_date(found: Plan, setting: Setting, *, with_trace: bool) -> PlannedDate:
    around = setting.timeline(found.planned)
    return PlannedDate(
        planned_debit_date=found.planned,
        original_target_date=found.target,
        was_shifted=found.planned != found.target,
        shift_reason=found.reason,
        lot_code=_lot_code(setting),
        resolved_config=setting.configuration,
        submit_by=around.submit_by,
        freeze_at=around.freeze_at,
        prenotify_by=around.prenotify_by,
        prenotify_on=around.prenotify_on,
        feasible=found.feasible,
        trace=tuple(found.trace) if with_trace else (),
    )


def _result(wanted: PlannedDateInput, found: Plan, setting: Setting) -> PlannedDateResult:
    around = setting.timeline(found.planned)
    return PlannedDateResult(
        key=wanted.key,
        success=True,
        planned_debit_date=found.planned,
        original_target_date=found.target,
        was_shifted=found.planned != found.target,
        shift_reason=found.reason,
        lot_code=_lot_code(setting),
        submit_by=around.submit_by,
        prenotify_by=around.prenotify_by,
        resolved_config=setting.configuration,
    )
