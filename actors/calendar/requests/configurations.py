"""Requests about debit configurations, lots and cut-offs."""

from typing import Any

from sqlalchemy import select, update

from actors.calendar import views
from actors.calendar.audit import record_change
from actors.calendar.book import refresh_open_days
from actors.calendar.rows import changed_row, new_row
from actors.calendar.rules import configuration as rules
from actors.calendar.situation import Scope, completed, load_situation, lots_of
from messages.calendar.codes import (
    CONFIG_EXISTS,
    CONFIG_NOT_FOUND,
    CUTOFF_NOT_FOUND,
    HOLIDAY_ZONE_NOT_FOUND,
    SYSTEM_CONFIG_REQUIRED,
)
from messages.calendar.configurations import (
    ConfigurationResolution,
    CreateDebitConfiguration,
    CutoffPolicies,
    DebitConfiguration,
    DebitConfigurationChanged,
    DebitConfigurationPage,
    DebitLots,
    DebitPreference,
    DeleteDebitConfiguration,
    GetDebitConfiguration,
    ListCutoffPolicies,
    ListDebitConfigurations,
    ListDebitLots,
    ResolveDebitConfiguration,
    UpdateDebitConfiguration,
)
from messages.calendar.terms import ConfigurationKind, ConfigurationLevel, DebitDateMode
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import cutoff_policy, debit_configuration, holiday_zone

_PREFERENCE = tuple(DebitPreference.model_fields)


async def create_debit_configuration(request: CreateDebitConfiguration, work: UnitOfWork) -> DebitConfiguration:
    """Set the preference of a level."""
    known = await work.fetch_one(active_configuration(request.level, request.scope_id, work))
    if known is not None:
        raise Refused(
            CONFIG_EXISTS,
            f"this {request.level.value} has a configuration already; update it instead",
            details={"configuration_id": str(known["id"])},
        )
    preference = request.preference.model_dump()
    await check_preference(preference, request.level, work, shorter_agreed=request.shorter_notice_agreed)
    row = {
        **new_row(new_id(), work),
        **preference,
        "level": request.level,
        "scope_id": request.scope_id,
        "is_active": True,
    }
    await work.insert(debit_configuration, **row)
    say_changed(None, row, 1, work)
    return views.configuration_of(row)


async def update_debit_configuration(request: UpdateDebitConfiguration, work: UnitOfWork) -> DebitConfiguration:
    """Change the fields that were sent; the choice of the day is one: mode, lot and day are replaced together."""
    row = await _load_active(request, work)
    work.check_version(request.expected_version, row["version"])
    changed = request.preference.model_dump(exclude_unset=True)
    if "mode" in changed:
        changed = {"lot_code": None, "fixed_day": None} | changed
    after = {**row, **changed, **changed_row(row["version"] + 1, work)}
    await check_preference(
        after, ConfigurationLevel(row["level"]), work, shorter_agreed=request.shorter_notice_agreed, sent=changed
    )
    if all(row[name] == after[name] for name in _PREFERENCE):
        return views.configuration_of(row)
    await _store(row, changed, after["version"], work)
    say_changed(row, after, after["version"], work)
    if "cutoff_policy_id" in changed:
        await refresh_open_days(work)
    return views.configuration_of(after)


async def delete_debit_configuration(request: DeleteDebitConfiguration, work: UnitOfWork) -> DebitConfiguration:
    """Let the level inherit everything."""
    row = await _load_active(request, work)
    work.check_version(request.expected_version, row["version"])
    if row["level"] == ConfigurationLevel.SYSTEM:
        raise Refused(SYSTEM_CONFIG_REQUIRED, "every date ends at the SYSTEM configuration; change it instead")
    version = row["version"] + 1
    await _store(row, {"is_active": False}, version, work)
    say_changed(row, None, version, work)
    return views.configuration_of({**row, "is_active": False, "version": version})


async def get_debit_configuration(request: GetDebitConfiguration, work: UnitOfWork) -> DebitConfiguration:
    """One configuration."""
    if request.level is not None:
        statement = active_configuration(request.level, request.scope_id, work)
    else:
        statement = _all(work).where(debit_configuration.c.id == request.configuration_id)
    return views.configuration_of(await work.load(statement, "configuration", code=CONFIG_NOT_FOUND))


async def list_debit_configurations(request: ListDebitConfigurations, work: UnitOfWork) -> DebitConfigurationPage:
    """A page of configurations, newest first."""
    statement = _all(work)
    for column, value in (
        (debit_configuration.c.level, request.level),
        (debit_configuration.c.scope_id, request.scope_id),
        (debit_configuration.c.mode, request.mode),
        (debit_configuration.c.lot_code, request.lot_code),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if not request.include_inactive:
        statement = statement.where(debit_configuration.c.is_active)
    return await page(
        work,
        request,
        statement,
        order=(debit_configuration.c.created_at, debit_configuration.c.id),
        descending=True,
        reply=DebitConfigurationPage,
        item=views.configuration_of,
    )


async def resolve_debit_configuration(request: ResolveDebitConfiguration, work: UnitOfWork) -> ConfigurationResolution:
    """What holds for a scope, and why."""
    scope = await completed(Scope(request.contract_id, request.client_id, request.company_id), work)
    situation = await load_situation(work, [scope])
    candidates = sorted(situation.candidates(scope), key=lambda found: rules.LEVELS.index(found.level))
    return ConfigurationResolution(
        resolved=situation.resolved(scope), candidates=tuple(candidates) if request.with_trace else ()
    )


async def list_debit_lots(request: ListDebitLots, work: UnitOfWork) -> DebitLots:
    """The lots and the days without one."""
    known = await lots_of(work)
    own = [row for row in known if request.company_id is not None and row["company_id"] == request.company_id]
    rows = own or [row for row in known if row["company_id"] is None]
    gaps = rules.gaps_of([views.lot_rule_of(row) for row in rows])
    return DebitLots(lots=tuple(views.lot_of(row) for row in rows), gaps=gaps)


async def list_cutoff_policies(request: ListCutoffPolicies, work: UnitOfWork) -> CutoffPolicies:
    """The active cut-off policies."""
    statement = select(cutoff_policy).where(
        cutoff_policy.c.organisation_id == work.organisation_id, cutoff_policy.c.is_active
    )
    if request.rail is not None:
        statement = statement.where(cutoff_policy.c.rail == request.rail)
    rows = await work.fetch(statement.order_by(cutoff_policy.c.name))
    return CutoffPolicies(policies=tuple(views.cutoff_of(row) for row in rows))


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(debit_configuration).where(debit_configuration.c.organisation_id == work.organisation_id)


def active_configuration(level: ConfigurationLevel, scope_id: Any, work: UnitOfWork) -> Any:
    """The query for the preference in force of a level and scope."""
    return _all(work).where(
        debit_configuration.c.level == level,
        debit_configuration.c.scope_id.is_not_distinct_from(scope_id),
        debit_configuration.c.is_active,
    )


async def _load_active(request: UpdateDebitConfiguration | DeleteDebitConfiguration, work: UnitOfWork) -> Row:
    statement = _all(work).where(debit_configuration.c.id == request.configuration_id, debit_configuration.c.is_active)
    return await work.load(statement.with_for_update(), "configuration", code=CONFIG_NOT_FOUND)


async def check_preference(
    fields: dict[str, Any],
    level: ConfigurationLevel,
    work: UnitOfWork,
    *,
    shorter_agreed: bool,
    sent: dict[str, Any] | None = None,
) -> None:
    """Refuse what contradicts itself or names what does not exist; notice is judged only when it was sent."""
    lots = {row["code"] for row in await lots_of(work)}
    mode = DebitDateMode(fields["mode"]) if fields["mode"] else None
    rules.check_choice(mode, fields["lot_code"], fields["fixed_day"], lots, level)
    judged = fields if sent is None else sent
    rules.check_notice(judged.get("prenotification_days"), shorter_agreed=shorter_agreed)
    for table, name, code in (
        (holiday_zone, "holiday_zone_id", HOLIDAY_ZONE_NOT_FOUND),
        (cutoff_policy, "cutoff_policy_id", CUTOFF_NOT_FOUND),
    ):
        if fields[name] is None:
            continue
        known = select(table.c.id).where(
            table.c.organisation_id == work.organisation_id, table.c.id == fields[name], table.c.is_active
        )
        if await work.fetch_one(known) is None:
            raise Refused.field(name, "unknown", f"{name} {fields[name]} does not exist; check it", code)


async def _store(row: Row, changed: dict[str, Any], version: int, work: UnitOfWork) -> None:
    await work.execute(
        update(debit_configuration)
        .where(debit_configuration.c.id == row["id"])
        .values(**changed, **changed_row(version, work))
    )


def say_changed(before: Row | None, after: Row | None, version: int, work: UnitOfWork) -> None:
    """State that the preference of a level is another one now."""
    row = after if after is not None else before
    assert row is not None
    event = DebitConfigurationChanged(
        configuration_id=row["id"],
        kind=ConfigurationKind.CONFIGURATION,
        level=ConfigurationLevel(row["level"]),
        scope_id=row["scope_id"],
        before=_preference_of(before),
        after=_preference_of(after),
    )
    work.emit(event, version=version)
    record_change(f"debit_configuration_{row['level'].lower()}", row["id"], event.before, event.after, work)


def _preference_of(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {name: str(row[name]) if name.endswith("_id") and row[name] else row[name] for name in _PREFERENCE}
