"""What calendar does when time passes: days are frozen, checked and settled; closed days to come are announced."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update

from actors.calendar.forecast import rebuild_forecast
from actors.calendar.rows import among
from actors.calendar.rules import book as rules
from actors.calendar.rules.csv_lives import CSV_IMPORT
from actors.calendar.rules.days import target_days_from, year_of
from actors.calendar.rules.deadlines import last_settlement_answered, return_until
from actors.calendar.situation import load_situation
from actors.calendar.volumes import watch_thresholds_of
from messages.calendar.book import (
    DebitCalendarCutoffMissed,
    DebitCalendarCutoffReached,
    DebitCalendarSettlementOverdue,
    MissedDebit,
)
from messages.calendar.csv_files import CsvImportStatus
from messages.calendar.dates import HolidayChanged
from messages.calendar.terms import (
    DebitDayStatus,
    DebitOrigin,
    HolidayChange,
    HolidayOrigin,
    PlannedDebitStatus,
    Rail,
)
from messages.shared import total_of
from messages.values.due_dates import add_months
from messages.values.identifiers import derived_id
from messages.values.instants import local_date
from messages.values.money import Money
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import announced_holiday, csv_import, debit_day, holiday_zone, planned_debit

_DAYS_AT_ONCE = 50
_MISSED_AT_ONCE = 2000
_SETTLED_AFTER = 5
_ANNOUNCED_MONTHS = 24
_OVERDUE_AT_ONCE = 200


async def freeze_debit_days(moment: Moment, work: UnitOfWork) -> object:
    """At its freeze a day is counted once and for all. Past the bank's cut-off nothing can be promised any more."""
    rows = await _days(work, debit_day.c.status == DebitDayStatus.OPEN, debit_day.c.freeze_at <= moment.as_of)
    for row in rows:
        entries = await _counted(row, rules.COUNTED_AT_CUTOFF, work)
        if not entries:
            await _store(row, {"status": _after("empty", row)}, work)
        elif row["submit_by"] <= moment.as_of:
            await _store(row, {"status": _after("freeze", row), "cut_off_at": work.now}, work)
        else:
            await _freeze(row, entries, work)
    return MORE if len(rows) == _DAYS_AT_ONCE else None


async def recount_debit_days(moment: Moment, work: UnitOfWork) -> object:
    """An entry that came or went after the freeze changes the totals, as long as the bank still takes files."""
    rows = await _days(
        work,
        debit_day.c.recount,
        debit_day.c.status == DebitDayStatus.CUT_OFF,
        debit_day.c.submit_by > moment.as_of,
    )
    for row in rows:
        entries = await _counted(row, rules.COUNTED_AGAIN, work)
        if _checksum(entries) == row["checksum"]:
            await _store(row, {"recount": False}, work)
        else:
            await _freeze(row, entries, work)
    return MORE if len(rows) == _DAYS_AT_ONCE else None


async def check_cutoffs(moment: Moment, work: UnitOfWork) -> object:
    """At the bank's cut-off: which counted debits are in no bank file."""
    rows = await _days(
        work,
        debit_day.c.status == DebitDayStatus.CUT_OFF,
        ~debit_day.c.checked,
        debit_day.c.submit_by <= moment.as_of,
    )
    for row in rows:
        missing = await _counted(row, (PlannedDebitStatus.PLANNED,), work)
        for part, start in enumerate(range(0, len(missing), _MISSED_AT_ONCE), 1):
            event = DebitCalendarCutoffMissed(
                debit_day_id=row["id"],
                company_id=row["company_id"],
                rail=Rail(row["rail"]),
                collection_date=row["collection_date"],
                missing=tuple(_missed(entry) for entry in missing[start : start + _MISSED_AT_ONCE]),
            )
            work.emit(event, version=row["seq"] + part)
        await _store(row, {"checked": True}, work)
    return MORE if len(rows) == _DAYS_AT_ONCE else None


async def settle_debit_days(moment: Moment, work: UnitOfWork) -> object:
    """Five TARGET days after the collection the returns of the scheme are over."""
    last = target_days_from(local_date(moment.as_of), -_SETTLED_AFTER)
    rows = await _days(work, debit_day.c.status == DebitDayStatus.CUT_OFF, debit_day.c.collection_date < last)
    for row in rows:
        await _store(row, {"status": _after("settle", row), "recount": False}, work)
    return MORE if len(rows) == _DAYS_AT_ONCE else None


async def watch_thresholds(moment: Moment, work: UnitOfWork) -> None:
    """Days from today on that went over a limit, or came back under it."""
    await watch_thresholds_of(work, local_date(moment.as_of))


async def expire_imports(moment: Moment, work: UnitOfWork) -> None:
    """Files that nobody confirmed in time are forgotten; what was found in them stays."""
    for status in (CsvImportStatus.VALIDATED, CsvImportStatus.INVALID):
        await work.execute(
            update(csv_import)
            .where(
                csv_import.c.organisation_id == work.organisation_id,
                csv_import.c.content.is_not(None),
                csv_import.c.expires_at <= moment.as_of,
                csv_import.c.status == status,
            )
            .values(status=CSV_IMPORT.after("expire", status), content=None, version=csv_import.c.version + 1)
        )


async def forecast_volumes(moment: Moment, work: UnitOfWork) -> None:
    """What is expected of the next thirteen months."""
    await rebuild_forecast(work, local_date(moment.as_of))


async def watch_unanswered_debits(moment: Moment, work: UnitOfWork) -> object:
    """Submitted debits whose returns are over and of which the bank said nothing: stated once, and listed as overdue."""
    today = local_date(moment.as_of)
    waiting = select(planned_debit).where(
        planned_debit.c.organisation_id == work.organisation_id,
        planned_debit.c.status == PlannedDebitStatus.PROCESSING,
        planned_debit.c.overdue_since.is_(None),
    )
    stated = 0
    for rail in Rail:
        last = last_settlement_answered(rail, today)
        if last is None:
            continue
        due = waiting.where(planned_debit.c.rail == rail, planned_debit.c.planned_debit_date <= last)
        rows = await work.fetch(
            due.order_by(planned_debit.c.planned_debit_date).limit(_OVERDUE_AT_ONCE).with_for_update()
        )
        for row in rows:
            await _state_overdue(row, today, work)
        stated = max(stated, len(rows))
    return MORE if stated == _OVERDUE_AT_ONCE else None


async def announce_holidays(moment: Moment, work: UnitOfWork) -> None:
    """Tell the other actors of the computed closed days of the next two years, each once."""
    today = local_date(moment.as_of)
    horizon = add_months(today, _ANNOUNCED_MONTHS)
    situation = await load_situation(work)
    zones = await work.fetch(select(holiday_zone).where(holiday_zone.c.organisation_id == work.organisation_id))
    known = await work.fetch(
        select(announced_holiday.c.holiday_zone_id, announced_holiday.c.date).where(
            announced_holiday.c.organisation_id == work.organisation_id, announced_holiday.c.date >= today
        )
    )
    announced = {(row["holiday_zone_id"], row["date"]) for row in known}
    for row in zones:
        zone = situation.zones.get(row["id"])
        for listed in [day for year in range(today.year, horizon.year + 1) if zone for day in year_of(zone, year)]:
            is_new = (row["id"], listed.date) not in announced and today <= listed.date <= horizon
            if listed.origin is HolidayOrigin.COMPUTED and is_new:
                await _announce(row, listed.date, listed.entry.name, work)


# -- steps -------------------------------------------------------------------------------------------------------


async def _days(work: UnitOfWork, *conditions: Any) -> list[Row]:
    return await work.fetch(
        select(debit_day)
        .where(debit_day.c.organisation_id == work.organisation_id, *conditions)
        .order_by(debit_day.c.freeze_at, debit_day.c.id)
        .limit(_DAYS_AT_ONCE)
        .with_for_update()
    )


async def _counted(row: Row, statuses: Collection[PlannedDebitStatus], work: UnitOfWork) -> list[Row]:
    """The announced debits of a day that nothing holds back."""
    return await work.fetch(
        select(
            planned_debit.c.id,
            planned_debit.c.instalment_id,
            planned_debit.c.attempt,
            planned_debit.c.amount,
            planned_debit.c.currency,
        )
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            planned_debit.c.company_id == row["company_id"],
            planned_debit.c.rail == row["rail"],
            planned_debit.c.planned_debit_date == row["collection_date"],
            planned_debit.c.planned_by != DebitOrigin.RETRY,
            planned_debit.c.blocked_reason.is_(None),
            among(planned_debit.c.status, statuses),
        )
        .order_by(planned_debit.c.id)
    )


async def _freeze(row: Row, entries: Sequence[Row], work: UnitOfWork) -> None:
    """Store the control totals and state them."""
    currency = entries[0]["currency"] if entries else "EUR"
    total = total_of([Money(amount=entry["amount"], currency=entry["currency"]) for entry in entries], currency)
    seq, checksum = row["seq"] + 1, _checksum(entries)
    columns = {
        "status": _after("freeze", row),
        "seq": seq,
        "cut_off_at": work.now,
        "checksum": checksum,
        "frozen_count": len(entries),
        "frozen_total": total.amount,
        "recount": False,
    }
    await _store(row, columns, work)
    event = DebitCalendarCutoffReached(
        debit_day_id=row["id"],
        company_id=row["company_id"],
        rail=Rail(row["rail"]),
        collection_date=row["collection_date"],
        seq=seq,
        count=len(entries),
        total=total,
        checksum=checksum,
        submit_by=row["submit_by"],
    )
    work.emit(event, version=seq)


async def _state_overdue(row: Row, today: date, work: UnitOfWork) -> None:
    await work.execute(update(planned_debit).where(planned_debit.c.id == row["id"]).values(overdue_since=today))
    fields = {
        name: row[name] for name in ("instalment_id", "attempt", "company_id", "payment_id", "planned_debit_date")
    }
    event = DebitCalendarSettlementOverdue(
        planned_debit_id=row["id"],
        **fields,
        return_until=return_until(Rail(row["rail"]), row["planned_debit_date"]) or today,
        amount=Money(amount=row["amount"], currency=row["currency"]),
    )
    work.emit(event, version=row["source_version"] + 1)


def _after(trigger: str, row: Row) -> DebitDayStatus:
    return rules.DEBIT_DAY.after(trigger, DebitDayStatus(row["status"]))


def _checksum(entries: Sequence[Row]) -> str:
    return rules.checksum((entry["id"], entry["amount"], entry["currency"]) for entry in entries)


def _missed(entry: Row) -> MissedDebit:
    amount = Money(amount=entry["amount"], currency=entry["currency"])
    return MissedDebit(instalment_id=entry["instalment_id"], attempt=entry["attempt"], amount=amount)


async def _store(row: Row, columns: dict[str, Any], work: UnitOfWork) -> None:
    await work.execute(update(debit_day).where(debit_day.c.id == row["id"]).values(**columns))


async def _announce(zone: Row, day: Any, name: str, work: UnitOfWork) -> None:
    await work.insert(announced_holiday, organisation_id=work.organisation_id, holiday_zone_id=zone["id"], date=day)
    event = HolidayChanged.model_validate(
        {
            "holiday_id": derived_id("computed_holiday", zone["id"], day),
            "change": HolidayChange.COMPUTED,
            "zone_id": zone["id"],
            "zone_code": zone["code"],
            "country_code": zone["country_code"],
            "region_code": zone["region_code"],
            "date": day,
            "name": name,
            "holiday_type": "PUBLIC",
            "effect": "CLOSED",
            "is_recurring": False,
        }
    )
    work.emit(event, version=1)
