from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from messages.values.instants import PARIS, Instant, format_instant, local_date, parse_instant
from tests.messages.values.validation import code_of_refusal

NAIVE = datetime(2026, 3, 2, 9, 15)  # noqa: DTZ001 - refused on purpose
EARLIEST = datetime(1900, 1, 2)  # noqa: DTZ001 - hypothesis adds the zone
LATEST = datetime(9990, 1, 1)  # noqa: DTZ001


class Fact(BaseModel):
    at: Instant


def test_an_instant_travels_with_six_decimals_and_z() -> None:
    fact = Fact(at=datetime(2026, 3, 2, 10, 15, tzinfo=PARIS))
    assert fact.model_dump_json() == '{"at":"2026-03-02T09:15:00.000000Z"}'
    assert fact.at == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert fact.at.tzinfo is UTC
    assert fact.model_dump() == {"at": fact.at}
    assert Fact.model_validate_json(fact.model_dump_json()) == fact


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T09:15:00Z", datetime(2026, 3, 2, 9, 15, tzinfo=UTC)),
        ("2026-03-02t09:15:00.25z", datetime(2026, 3, 2, 9, 15, 0, 250000, tzinfo=UTC)),
        ("2026-03-02T10:15:00+01:00", datetime(2026, 3, 2, 9, 15, tzinfo=UTC)),
        ("2026-03-02T09:15:00.123456789Z", datetime(2026, 3, 2, 9, 15, 0, 123456, tzinfo=UTC)),
    ],
)
def test_rfc_3339_is_read_and_finer_than_microseconds_is_cut(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant.astimezone(UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T09:15:00",
        "2026-03-02",
        "2026-02-30T09:15:00Z",
        "20260302T091500Z",
        "0001-01-01T00:00:00+02:00",
        "",
        1772442900,
        1772442900.5,
        NAIVE,
        date(2026, 3, 2),
        None,
    ],
)
def test_what_is_not_an_instant_with_a_zone_is_refused(value: object) -> None:
    assert code_of_refusal(Instant, value) == "INSTANT_INVALID"


def test_the_refusal_shows_how_to_write_an_instant() -> None:
    with pytest.raises(ValidationError, match=r"write 2026-03-02T09:15:00\.000000Z"):
        Fact.model_validate_json('{"at":"2026-03-02T09:15:00"}')


@given(st.datetimes(timezones=st.timezones(), min_value=EARLIEST, max_value=LATEST))
def test_every_instant_survives_its_text(instant: datetime) -> None:
    text = format_instant(instant)
    assert len(text) == 27
    assert parse_instant(text) == instant.astimezone(UTC)
    assert format_instant(parse_instant(text)) == text


def test_the_civil_date_is_that_of_the_zone() -> None:
    late_evening = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert local_date(late_evening) == date(2026, 4, 1)
    assert local_date(late_evening, ZoneInfo("UTC")) == date(2026, 3, 31)
    assert local_date(late_evening.astimezone(timezone(timedelta(hours=-5)))) == date(2026, 4, 1)
