"""Legal delays after a signature: withdrawal and first payment, in the consumer's civil days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.contrats import ContractClientKind, SalesChannel
from messages.contrats.terms import WithdrawalExemption, WithdrawalTrigger
from messages.values.business_days import FRANCE, business_day_on_or_after
from messages.values.due_dates import add_months
from messages.values.instants import local_date

WITHDRAWAL_DAYS = 14
REFUND_DAYS = 14


@dataclass(frozen=True, slots=True)
class Delays:
    """What the law attaches to one signature."""

    concluded_on: date
    withdrawal_applicable: bool
    withdrawal_ends_on: date | None
    withdrawal_lapses_at: datetime | None
    first_payment_not_before: date | None


def delays_of(
    signed_at: datetime,
    zone: ZoneInfo,
    client_kind: str,
    channel: str,
    holiday_zone: str | None,
    *,
    exemption: str | None = None,
    trigger: str = WithdrawalTrigger.CONCLUSION,
    delivered_on: date | None = None,
    informed: bool = True,
    information_given_on: date | None = None,
) -> Delays:
    """The delays of a contract signed at that instant; `informed`: the signed file held the withdrawal form.

    A right that runs from the delivery of goods has no end until they are delivered.
    """
    concluded_on = local_date(signed_at, zone)
    if not withdrawal_applies(client_kind, channel):
        return Delays(concluded_on, False, None, None, None)
    may_pay_at_once = channel != SalesChannel.OFF_PREMISES or exemption == WithdrawalExemption.URGENT_REPAIR
    first_payment = None if may_pay_at_once else first_payment_day(concluded_on)
    if exemption is not None:
        return Delays(concluded_on, False, None, None, first_payment)
    if trigger == WithdrawalTrigger.DELIVERY and delivered_on is None:
        return Delays(concluded_on, True, None, None, first_payment)
    begins_on = (
        concluded_on if trigger == WithdrawalTrigger.CONCLUSION else max(concluded_on, delivered_on or concluded_on)
    )
    ends_on = withdrawal_end(begins_on, holiday_zone)
    if not informed:
        ends_on = extended_withdrawal_end(ends_on, holiday_zone, information_given_on)
    lapses_at = datetime.combine(ends_on + timedelta(days=1), time(), zone).astimezone(UTC)
    return Delays(concluded_on, True, ends_on, lapses_at, first_payment)


def withdrawal_applies(client_kind: str, channel: str) -> bool:
    """Consumers may leave contracts made at a distance or off premises; so may small businesses, off premises.

    Source: Code de la consommation, art. L221-18 and L221-3.
    """
    if client_kind == ContractClientKind.SMALL_BUSINESS_OFF_PREMISES:
        return channel == SalesChannel.OFF_PREMISES
    return client_kind == ContractClientKind.CONSUMER and channel in (SalesChannel.DISTANCE, SalesChannel.OFF_PREMISES)


def withdrawal_end(begins_on: date, holiday_zone: str | None) -> date:
    """The last day to withdraw: fourteen days after the day of conclusion or delivery, moved to a working day.

    Source: Code de la consommation, art. L221-18 and L221-19; Regulation 1182/71, art. 3.
    """
    return business_day_on_or_after(begins_on + timedelta(days=WITHDRAWAL_DAYS), holiday_zone or FRANCE)


def extended_withdrawal_end(initial_end: date, holiday_zone: str | None, information_given_on: date | None) -> date:
    """The end when the client was not told of his right: a year later, or fourteen days after he is told.

    Source: Code de la consommation, art. L221-20.
    """
    extended = business_day_on_or_after(add_months(initial_end, 12), holiday_zone or FRANCE)
    if information_given_on is None:
        return extended
    told = business_day_on_or_after(information_given_on + timedelta(days=WITHDRAWAL_DAYS), holiday_zone or FRANCE)
    return min(max(told, initial_end), extended)


def first_payment_day(concluded_on: date) -> date:
    """Off premises nothing is paid before seven days are over (Code de la consommation, art. L221-10)."""
    return concluded_on + timedelta(days=8)


def refund_deadline(received_on: date) -> date:
    """Everything is refunded within fourteen days of the withdrawal (Code de la consommation, art. L221-24)."""
    return received_on + timedelta(days=REFUND_DAYS)
