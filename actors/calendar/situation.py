"""What planning depends on, loaded once per request: configurations, zones with their closures, lots, cut-offs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from actors.calendar import views
from actors.calendar.rows import among
from actors.calendar.rules.configuration import Lot, resolve
from actors.calendar.rules.days import EligibleDays, Zone
from actors.calendar.rules.deadlines import DEFAULT_CUTOFFS, Cutoff
from actors.calendar.rules.planning import Override, Setting
from actors.calendar.settings import settings_of
from messages.calendar.codes import HOLIDAY_ZONE_NOT_FOUND
from messages.calendar.configurations import DebitConfiguration, ResolvedConfiguration
from messages.calendar.settings import CalendarSettings
from messages.calendar.terms import ConfigurationLevel, Rail
from messages.problem import Refused
from messages.values.business_days import TARGET
from messages.values.instants import PARIS
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import (
    company_copy,
    contract_copy,
    cutoff_policy,
    debit_configuration,
    debit_date_override,
    debit_lot,
    holiday,
    holiday_zone,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom a date is planned; what is None is not looked at."""

    contract_id: UUID | None = None
    client_id: UUID | None = None
    company_id: UUID | None = None

    def levels(self) -> list[tuple[ConfigurationLevel, UUID | None]]:
        """The levels that apply."""
        found: list[tuple[ConfigurationLevel, UUID | None]] = [(ConfigurationLevel.SYSTEM, None)]
        for level, id_ in (
            (ConfigurationLevel.COMPANY, self.company_id),
            (ConfigurationLevel.CLIENT, self.client_id),
            (ConfigurationLevel.CONTRACT, self.contract_id),
        ):
            if id_ is not None:
                found.append((level, id_))
        return found


@dataclass(slots=True)
class Situation:
    """Everything that decides dates, as it is now."""

    configurations: dict[tuple[ConfigurationLevel, UUID | None], DebitConfiguration]
    zones: dict[UUID, Zone]
    lots: dict[UUID | None, tuple[Lot, ...]]
    overrides: dict[tuple[ConfigurationLevel, UUID, int, int], Override]
    cutoffs: dict[UUID, Cutoff]
    timezones: dict[UUID, ZoneInfo]
    choices: CalendarSettings = field(default_factory=CalendarSettings)
    _settings: dict[tuple[object, ...], Setting] = field(default_factory=dict)

    def candidates(self, scope: Scope) -> list[DebitConfiguration]:
        """The configurations that apply to a scope."""
        return [self.configurations[key] for key in scope.levels() if key in self.configurations]

    def lots_for(self, company_id: UUID | None) -> tuple[Lot, ...]:
        """A company's own lots if it has any, else those of the organisation."""
        return self.lots.get(company_id) or self.lots.get(None, ())

    def changed(self, **parts: Any) -> "Situation":
        """The same situation with other rules: what they would do."""
        return replace(self, _settings={}, **parts)

    def override_for(self, scope: Scope, month: date) -> Override | None:
        """The date chosen by hand for a month, of the most specific level."""
        for level, id_ in reversed(scope.levels()):
            if id_ is not None and (level, id_, month.year, month.month) in self.overrides:
                return self.overrides[level, id_, month.year, month.month]
        return None

    def resolved(self, scope: Scope) -> ResolvedConfiguration:
        """What holds for a scope."""
        codes = {id_: zone.code for id_, zone in self.zones.items()}
        return resolve(self.candidates(scope), codes, [level for level, _ in scope.levels()])

    def setting(self, scope: Scope, rail: Rail) -> Setting:
        """The rules to plan by; scopes with the same configurations share one."""
        candidates = self.candidates(scope)
        zone = self.timezones.get(scope.company_id, PARIS) if scope.company_id else PARIS
        own_lots = scope.company_id if scope.company_id in self.lots else None
        key = (rail, zone.key, own_lots, *(found.configuration_id for found in candidates))
        if key not in self._settings:
            configuration = self.resolved(scope)
            weekends_closed = rail is not Rail.CARD or not self.choices.cards_settle_on_weekends
            days = EligibleDays(self.zones[configuration.holiday_zone_id], rail, weekends_are_closed=weekends_closed)
            cutoff, margin = self._cutoff(configuration, rail), self.choices.prenotification_margin_days
            self._settings[key] = Setting(configuration, days, cutoff, self.lots_for(scope.company_id), zone, margin)
        return self._settings[key]

    def zone_named(self, zone_id: UUID | None) -> tuple[UUID, Zone]:
        """The zone of that id, else the one of the SYSTEM configuration."""
        found = zone_id or self.resolved(Scope()).holiday_zone_id
        if found not in self.zones:
            raise Refused(HOLIDAY_ZONE_NOT_FOUND, f"holiday zone {found} does not exist; check the id")
        return found, self.zones[found]

    def _cutoff(self, configuration: ResolvedConfiguration, rail: Rail) -> Cutoff:
        """The policy of the configuration if it is for this rail, else the one of the rail."""
        named = self.cutoffs.get(configuration.cutoff_policy_id) if configuration.cutoff_policy_id else None
        if named is not None and named.rail is rail:
            return named
        return next((found for found in self.cutoffs.values() if found.rail is rail), DEFAULT_CUTOFFS[rail])


async def load_situation(work: UnitOfWork, scopes: Iterable[Scope] = ()) -> Situation:
    """Load what the scopes need: one query per kind of thing, however many scopes there are."""
    wanted: dict[ConfigurationLevel, set[UUID]] = {}
    companies: set[UUID] = set()
    for scope in scopes:
        for level, id_ in scope.levels():
            if id_ is not None:
                wanted.setdefault(level, set()).add(id_)
        if scope.company_id is not None:
            companies.add(scope.company_id)
    configurations = [views.configuration_of(row) for row in await _configurations(wanted, work)]
    cutoffs = await work.fetch(
        select(cutoff_policy)
        .where(cutoff_policy.c.organisation_id == work.organisation_id, cutoff_policy.c.is_active)
        .order_by(cutoff_policy.c.created_at, cutoff_policy.c.id)
    )
    return Situation(
        configurations={(found.level, found.scope_id): found for found in configurations},
        zones=await _zones(work),
        lots=await _lot_sets(work),
        overrides=await _overrides(wanted, work),
        cutoffs={row["id"]: views.cutoff_rule_of(row) for row in cutoffs},
        timezones=await _timezones(companies, work),
        choices=await settings_of(work),
    )


async def lots_of(work: UnitOfWork) -> list[Row]:
    """All active lots, of the organisation and of its companies, in their order."""
    return await work.fetch(
        select(debit_lot)
        .where(debit_lot.c.organisation_id == work.organisation_id, debit_lot.c.is_active)
        .order_by(debit_lot.c.display_order, debit_lot.c.code)
    )


async def completed(scope: Scope, work: UnitOfWork) -> Scope:
    """The scope with the client and company of its contract, where they were not given."""
    if scope.contract_id is None or (scope.client_id is not None and scope.company_id is not None):
        return scope
    row = await work.fetch_one(
        select(contract_copy).where(
            contract_copy.c.organisation_id == work.organisation_id, contract_copy.c.contract_id == scope.contract_id
        )
    )
    if row is None:
        raise Refused.field(
            "client_id", "required", "this contract is not known here yet; give its client_id and company_id too"
        )
    return Scope(scope.contract_id, scope.client_id or row["client_id"], scope.company_id or row["company_id"])


async def _lot_sets(work: UnitOfWork) -> dict[UUID | None, tuple[Lot, ...]]:
    found: dict[UUID | None, tuple[Lot, ...]] = {}
    for row in await lots_of(work):
        found[row["company_id"]] = (*found.get(row["company_id"], ()), views.lot_rule_of(row))
    return found


async def _overrides(
    wanted: dict[ConfigurationLevel, set[UUID]], work: UnitOfWork
) -> dict[tuple[ConfigurationLevel, UUID, int, int], Override]:
    ids = set().union(*wanted.values())
    if not ids:
        return {}
    rows = await work.fetch(
        select(debit_date_override).where(
            debit_date_override.c.organisation_id == work.organisation_id,
            among(debit_date_override.c.scope_id, ids),
        )
    )
    return {
        (ConfigurationLevel(row["level"]), row["scope_id"], row["target_year"], row["target_month"]): Override(
            row["id"], ConfigurationLevel(row["level"]), row["debit_date"]
        )
        for row in rows
    }


async def _configurations(wanted: dict[ConfigurationLevel, set[UUID]], work: UnitOfWork) -> list[Row]:
    table = debit_configuration
    matches = [table.c.level == ConfigurationLevel.SYSTEM]
    matches += [(table.c.level == level) & among(table.c.scope_id, ids) for level, ids in sorted(wanted.items())]
    return await work.fetch(
        select(table).where(table.c.organisation_id == work.organisation_id, table.c.is_active, or_(*matches))
    )


async def _zones(work: UnitOfWork) -> dict[UUID, Zone]:
    zones = await work.fetch(
        select(holiday_zone).where(holiday_zone.c.organisation_id == work.organisation_id, holiday_zone.c.is_active)
    )
    entries = await work.fetch(
        select(holiday).where(holiday.c.organisation_id == work.organisation_id, holiday.c.is_active)
    )
    found = {}
    for zone in zones:
        mine = [row for row in entries if row["holiday_zone_id"] == zone["id"]]
        explicit = {row["date"]: views.entry_of(row) for row in mine if not row["is_recurring"]}
        recurring = {
            (row["recurring_month"], row["recurring_day"]): views.entry_of(row) for row in mine if row["is_recurring"]
        }
        found[zone["id"]] = Zone(zone["code"], explicit, recurring, rules=rules_of_zone(zone))
    return found


def rules_of_zone(zone: Row) -> str:
    """The rule set of a zone: TARGET, or its country with the region."""
    if zone["code"] == TARGET:
        return TARGET
    return f"{zone['country_code']}-{zone['region_code']}" if zone["region_code"] else str(zone["country_code"])


async def _timezones(companies: Collection[UUID], work: UnitOfWork) -> dict[UUID, ZoneInfo]:
    if not companies:
        return {}
    rows = await work.fetch(
        select(company_copy.c.company_id, company_copy.c.timezone).where(
            company_copy.c.organisation_id == work.organisation_id, among(company_copy.c.company_id, companies)
        )
    )
    return {row["company_id"]: ZoneInfo(row["timezone"]) for row in rows}
