"""Requests about cut-off policies."""

from datetime import time
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import func, select, update

from actors.calendar.audit import record_change
from actors.calendar.book import refresh_open_days
from actors.calendar.rows import changed_row, new_row
from messages.calendar.codes import (
    BELOW_SCHEME_MINIMUM,
    CUTOFF_IN_USE,
    CUTOFF_NAME_TAKEN,
    CUTOFF_NOT_FOUND,
    INVALID_TIMEZONE,
)
from messages.calendar.configurations import DebitConfigurationChanged
from messages.calendar.lots import (
    ChangedCutoff,
    CreateCutoffPolicy,
    DeleteCutoffPolicy,
    Done,
    GetCutoffPolicy,
    UpdateCutoffPolicy,
)
from messages.calendar.terms import ConfigurationKind, ConfigurationLevel, Rail
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import cutoff_policy, debit_configuration

_FIELDS = ("name", "rail", "cutoff_time", "timezone", "days_before_value_date", "freeze_margin_minutes", "is_active")


async def create_cutoff_policy(request: CreateCutoffPolicy, work: UnitOfWork) -> ChangedCutoff:
    """Add a policy; it applies where a configuration names it."""
    row = {**new_row(new_id(), work), **_columns(request.model_dump()), "is_active": True}
    _check(row)
    await _refuse_known_name(row, work)
    await work.insert(cutoff_policy, **row)
    _say_changed(None, row, work)
    return _shown(row)


async def update_cutoff_policy(request: UpdateCutoffPolicy, work: UnitOfWork) -> ChangedCutoff:
    """Change what was sent; days that are still open get their new deadlines."""
    row = await _locked(request.cutoff_policy_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = _columns(request.model_dump(exclude={"cutoff_policy_id", "expected_version"}, exclude_none=True))
    changed = {name: value for name, value in sent.items() if row[name] != value}
    after = {**row, **changed, **changed_row(row["version"] + 1, work)}
    _check(after)
    if not changed:
        return _shown(row)
    await _refuse_known_name(after, work)
    await _store(after, work)
    _say_changed(row, after, work)
    await refresh_open_days(work)
    return _shown(after)


async def get_cutoff_policy(request: GetCutoffPolicy, work: UnitOfWork) -> ChangedCutoff:
    """One policy."""
    return _shown(await work.load(_by_id(request.cutoff_policy_id, work), "cut-off policy", code=CUTOFF_NOT_FOUND))


async def delete_cutoff_policy(request: DeleteCutoffPolicy, work: UnitOfWork) -> Done:
    """Stop using a policy."""
    row = await _locked(request.cutoff_policy_id, work)
    named = await work.fetch_value(
        select(debit_configuration.c.id)
        .where(
            debit_configuration.c.organisation_id == work.organisation_id,
            debit_configuration.c.is_active,
            debit_configuration.c.cutoff_policy_id == row["id"],
        )
        .limit(1)
    )
    of_rail = await work.fetch_value(
        select(func.count()).where(
            cutoff_policy.c.organisation_id == work.organisation_id,
            cutoff_policy.c.is_active,
            cutoff_policy.c.rail == row["rail"],
        )
    )
    if named is not None or of_rail == 1:
        why = "a configuration names it" if named is not None else f"it is the last one of {row['rail']}"
        raise Refused(CUTOFF_IN_USE, f"the policy {row['name']} stays: {why}; change that first")
    after = {**row, "is_active": False, **changed_row(row["version"] + 1, work)}
    await _store(after, work)
    _say_changed(row, after, work)
    return Done(id=row["id"])


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _by_id(policy_id: UUID, work: UnitOfWork) -> Any:
    return select(cutoff_policy).where(
        cutoff_policy.c.organisation_id == work.organisation_id,
        cutoff_policy.c.id == policy_id,
        cutoff_policy.c.is_active,
    )


async def _locked(policy_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(_by_id(policy_id, work).with_for_update(), "cut-off policy", code=CUTOFF_NOT_FOUND)


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    if "cutoff_time" in fields:
        fields["cutoff_time"] = time.fromisoformat(fields["cutoff_time"])
    return fields


def _check(row: Row) -> None:
    """SEPA debits reach the bank at least one TARGET day before settlement (EPC scheme rulebooks, since Nov 2016)."""
    if row["rail"] != Rail.CARD and row["days_before_value_date"] < 1:
        text = "the SEPA schemes need at least 1 day before settlement; raise days_before_value_date"
        raise Refused.field("days_before_value_date", "minimum", text, BELOW_SCHEME_MINIMUM)
    if row["timezone"] not in available_timezones():
        text = f"{row['timezone']} is no IANA time zone; write one such as Europe/Paris"
        raise Refused.field("timezone", "unknown", text, INVALID_TIMEZONE)


async def _refuse_known_name(row: Row, work: UnitOfWork) -> None:
    known = await work.fetch_value(
        select(cutoff_policy.c.id).where(
            cutoff_policy.c.organisation_id == work.organisation_id, cutoff_policy.c.name == row["name"]
        )
    )
    if known is not None and known != row["id"]:
        raise Refused(CUTOFF_NAME_TAKEN, f"a policy named {row['name']} exists already; choose another name")


async def _store(after: Row, work: UnitOfWork) -> None:
    names = (*_FIELDS, "version", "updated_at", "updated_by")
    columns = {name: after[name] for name in names}
    await work.execute(update(cutoff_policy).where(cutoff_policy.c.id == after["id"]).values(**columns))


def _shown(row: Row) -> ChangedCutoff:
    time_of_day = f"{row['cutoff_time']:%H:%M}"
    return ChangedCutoff.model_validate({**row, "cutoff_policy_id": row["id"], "cutoff_time": time_of_day})


def _facts(row: Row) -> dict[str, Any]:
    return {name: f"{row[name]:%H:%M}" if name == "cutoff_time" else row[name] for name in _FIELDS}


def _say_changed(before: Row | None, after: Row, work: UnitOfWork) -> None:
    event = DebitConfigurationChanged(
        configuration_id=after["id"],
        kind=ConfigurationKind.CUTOFF,
        level=ConfigurationLevel.SYSTEM,
        before=_facts(before) if before is not None else None,
        after=_facts(after),
    )
    work.emit(event, version=after["version"])
    record_change("cutoff_policy", after["id"], event.before, event.after, work)
