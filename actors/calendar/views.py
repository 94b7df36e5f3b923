"""Rows of calendar as messages and rules show them."""

from datetime import timedelta
from typing import Any

from actors.calendar.rules.configuration import Lot
from actors.calendar.rules.days import Entry
from actors.calendar.rules.deadlines import Cutoff
from messages.calendar.book import DebitDay, PlannedDebit
from messages.calendar.configurations import CutoffPolicy, DebitConfiguration, DebitLot
from messages.calendar.dates import Holiday, HolidayZone
from messages.calendar.overrides import DebitDateOverride
from messages.calendar.terms import HolidayEffect, HolidayType, Rail
from messages.calendar.volumes import VolumeThreshold
from messages.values.money import Money
from runtime.unit_of_work import Row


def configuration_of(row: Row) -> DebitConfiguration:
    """A debit configuration."""
    return DebitConfiguration.model_validate({**row, "configuration_id": row["id"]})


def lot_of(row: Row) -> DebitLot:
    """A lot as requests answer it."""
    return DebitLot.model_validate({**row, "lot_id": row["id"]})


def lot_rule_of(row: Row) -> Lot:
    """A lot as the rules read it."""
    return Lot(row["code"], row["start_day"], row["end_day"])


def cutoff_of(row: Row) -> CutoffPolicy:
    """A cut-off policy as requests answer it."""
    return CutoffPolicy.model_validate(
        {**row, "cutoff_policy_id": row["id"], "cutoff_time": f"{row['cutoff_time']:%H:%M}"}
    )


def cutoff_rule_of(row: Row) -> Cutoff:
    """A cut-off policy as the rules read it."""
    return Cutoff(
        rail=Rail(row["rail"]),
        at=row["cutoff_time"],
        timezone=row["timezone"],
        days_before=row["days_before_value_date"],
        margin=timedelta(minutes=row["freeze_margin_minutes"]),
    )


def zone_of(row: Row) -> HolidayZone:
    """A holiday zone."""
    return HolidayZone.model_validate({**row, "holiday_zone_id": row["id"]})


def holiday_of(row: Row) -> Holiday:
    """An entered day."""
    return Holiday.model_validate({**row, "holiday_id": row["id"]})


def entry_of(row: Row) -> Entry:
    """An entered day as the rules read it."""
    return Entry(row["name"], HolidayEffect(row["effect"]), HolidayType(row["holiday_type"]))


def threshold_of(row: Row) -> VolumeThreshold:
    """A threshold."""
    limit = row["max_amount"]
    amount = Money(amount=limit, currency=row["currency"]) if limit is not None else None
    return VolumeThreshold.model_validate({**row, "threshold_id": row["id"], "max_amount": amount})


def override_of(row: Row) -> DebitDateOverride:
    """A date chosen by hand."""
    return DebitDateOverride.model_validate({**row, "override_id": row["id"]})


def planned_debit_of(row: Row) -> PlannedDebit:
    """An entry of the book."""
    amount = Money(amount=row["amount"], currency=row["currency"])
    return PlannedDebit.model_validate({**row, "planned_debit_id": row["id"], "amount": amount})


def debit_day_of(row: Row) -> DebitDay:
    """A debit day with its totals of this moment."""
    fields: dict[str, Any] = dict(row)
    currency = row["currency"] or "EUR"
    fields |= {
        "debit_day_id": row["id"],
        "total": Money(amount=row["total"], currency=currency),
        "batched_total": Money(amount=row["batched_total"], currency=currency),
    }
    return DebitDay.model_validate(fields)
