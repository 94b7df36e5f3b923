"""Withdrawal and first payment, with the dates of the acceptance cases."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.contrats.rules.legal_delays import delays_of, refund_deadline, withdrawal_end
from messages.contrats import ContractClientKind, SalesChannel
from messages.contrats.terms import WithdrawalExemption
from messages.values.business_days import is_business_day

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("signed_on", "zone", "ends_on"),
    [
        (date(2026, 3, 2), "FR", date(2026, 3, 16)),  # case 1
        (date(2026, 4, 17), "FR", date(2026, 5, 4)),  # case 2: 1 May, then a weekend
        (date(2026, 12, 11), "FR", date(2026, 12, 28)),  # case 3: Christmas
        (date(2026, 3, 20), "FR", date(2026, 4, 3)),  # case 4: Good Friday is a working day here
        (date(2026, 3, 20), "FR-57", date(2026, 4, 7)),  # case 4: but not in Alsace-Moselle
        (date(2026, 6, 30), "FR", date(2026, 7, 15)),  # case 6: 14 July
    ],
)
def test_the_withdrawal_period_ends_on_a_working_day(signed_on: date, zone: str, ends_on: date) -> None:
    assert withdrawal_end(signed_on, zone) == ends_on


@pytest.mark.parametrize(
    ("signed_at", "concluded_on", "ends_on", "lapses_at", "first_payment"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 16),
         datetime(2026, 3, 16, 23, tzinfo=UTC), date(2026, 3, 10)),  # case 1
        (datetime(2026, 4, 17, 9, tzinfo=UTC), date(2026, 4, 17), date(2026, 5, 4),
         datetime(2026, 5, 4, 22, tzinfo=UTC), date(2026, 4, 25)),  # case 2
        (datetime(2026, 3, 31, 22, 30, tzinfo=UTC), date(2026, 4, 1), date(2026, 4, 15),
         datetime(2026, 4, 15, 22, tzinfo=UTC), date(2026, 4, 9)),  # case 5: already 1 April in Paris
    ],
)  # fmt: skip
def test_an_off_premises_sale_has_all_its_delays_in_local_days(
    signed_at: datetime, concluded_on: date, ends_on: date, lapses_at: datetime, first_payment: date
) -> None:
    delays = delays_of(signed_at, PARIS, ContractClientKind.CONSUMER, SalesChannel.OFF_PREMISES, "FR")
    assert delays.concluded_on == concluded_on
    assert (delays.withdrawal_ends_on, delays.withdrawal_lapses_at) == (ends_on, lapses_at)
    assert delays.first_payment_not_before == first_payment


@pytest.mark.parametrize(
    ("kind", "channel", "applies"),
    [
        (ContractClientKind.CONSUMER, SalesChannel.DISTANCE, True),
        (ContractClientKind.CONSUMER, SalesChannel.IN_STORE, False),
        (ContractClientKind.BUSINESS, SalesChannel.DISTANCE, False),
        (ContractClientKind.SMALL_BUSINESS_OFF_PREMISES, SalesChannel.OFF_PREMISES, True),
        (ContractClientKind.SMALL_BUSINESS_OFF_PREMISES, SalesChannel.DISTANCE, False),
    ],
)
def test_who_may_withdraw_depends_on_the_party_and_the_channel(kind: str, channel: str, applies: bool) -> None:
    delays = delays_of(datetime(2026, 3, 2, tzinfo=UTC), PARIS, kind, channel, None)
    assert delays.withdrawal_applicable is applies
    assert (delays.withdrawal_ends_on is not None) is applies


@pytest.mark.parametrize(
    ("exemption", "first_payment"),
    [
        (WithdrawalExemption.PERSONALISED_GOODS, date(2026, 3, 10)),
        (WithdrawalExemption.URGENT_REPAIR, None),
    ],
)
def test_an_exempt_contract_gives_no_right_to_withdraw(exemption: str, first_payment: date | None) -> None:
    kind, channel = ContractClientKind.CONSUMER, SalesChannel.OFF_PREMISES
    delays = delays_of(datetime(2026, 3, 2, tzinfo=UTC), PARIS, kind, channel, None, exemption=exemption)
    assert (delays.withdrawal_applicable, delays.withdrawal_ends_on) == (False, None)
    assert delays.first_payment_not_before == first_payment


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_the_consumer_never_has_less_than_fourteen_days(concluded_on: date) -> None:
    end = withdrawal_end(concluded_on, "FR")
    assert is_business_day(end, "FR")
    assert 14 <= (end - concluded_on).days <= 20


def test_a_withdrawal_is_refunded_within_fourteen_days_case_8() -> None:
    assert refund_deadline(date(2026, 3, 10)) == date(2026, 3, 24)
