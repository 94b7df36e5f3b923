"""factures: amounts, VAT, numbers, seals and settlement, to the cent."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actors.factures.rules import numbering, vat
from actors.factures.rules.amounts import (
    VatAmount,
    VatKey,
    credit_totals,
    line_net,
    percent_of,
    price_inclusive,
    remaining,
    share_by_rate,
    totals_of,
)
from actors.factures.rules.late_interest import late_interest_rate
from actors.factures.rules.seals import GENESIS, SealedContent, seal_hash
from actors.factures.rules.settlements import fact_after, standing
from messages.factures import DocumentKind, SettlementStatus
from messages.problem import Refused
from messages.values.money import round_cents
from messages.values.vat_zones import VatZone
from tests.actors.factures.builders import sheet

TWENTY, TEN, FIVE_AND_A_HALF = (VatKey("S", Decimal(rate)) for rate in ("20", "10", "5.5"))
RATES = some.sampled_from([TWENTY, TEN, FIVE_AND_A_HALF, VatKey("S", Decimal("2.1"))])
AMOUNTS = some.decimals(min_value="0.01", max_value="99999.99", places=2)


def test_case_1_lines_rates_and_a_document_discount_add_up() -> None:
    document = sheet()
    totals = document.totals
    assert [str(line.net) for line in document.lines] == ["24.99", "5.99", "21.15", "115.83"]
    assert (totals.line_total, totals.allowance_total, totals.net) == (
        Decimal("167.96"),
        Decimal("3.00"),
        Decimal("164.96"),
    )
    by_rate = {row.key: (str(row.base), str(row.amount)) for row in totals.breakdown}
    assert by_rate == {TWENTY: ("27.98", "5.60"), FIVE_AND_A_HALF: ("21.15", "1.16"), TEN: ("115.83", "11.58")}
    assert (totals.vat, totals.gross, document.due) == (Decimal("18.34"), Decimal("183.30"), Decimal("183.30"))


@pytest.mark.parametrize(
    ("count", "price", "key", "expected"),
    [(10, "0.33", TWENTY, ("3.30", "0.66", "3.96")), (3, "9.99", FIVE_AND_A_HALF, ("29.97", "1.65", "31.62"))],
)
def test_case_2_vat_is_rounded_once_per_rate(count: int, price: str, key: VatKey, expected: tuple[str, ...]) -> None:
    totals = totals_of([(key, Decimal(price))] * count)
    assert (str(totals.net), str(totals.vat), str(totals.gross)) == expected


def test_case_7_three_bundled_services() -> None:
    totals = totals_of([(TWENTY, Decimal("5.90"))] * 3)
    assert (str(totals.net), str(totals.vat), str(totals.gross)) == ("17.70", "3.54", "21.24")


@pytest.mark.parametrize(
    ("price", "expected"),
    [("9.99", ("8.32", "1.67", "9.99")), ("29.99", ("24.99", "5.00", "29.99")), ("29.90", ("24.92", "4.98", "29.90"))],
)
def test_case_3_a_price_with_vat_is_what_the_consumer_pays(price: str, expected: tuple[str, ...]) -> None:
    totals, nets = price_inclusive([(TWENTY, Decimal(price))])
    assert (str(totals.net), str(totals.vat), str(totals.gross)) == expected
    assert [str(net) for net in nets] == [expected[0]]


@given(some.lists(some.tuples(RATES, AMOUNTS), min_size=1, max_size=12))
def test_prices_with_vat_are_never_changed_and_their_nets_add_up(lines: list[tuple[VatKey, Decimal]]) -> None:
    totals, nets = price_inclusive(lines)
    assert totals.gross == sum(amount for _, amount in lines)
    assert totals.net == sum(nets)
    for row in totals.breakdown:
        assert row.base == sum(net for (key, _), net in zip(lines, nets, strict=True) if key == row.key)
        assert abs(row.base * row.key.rate / 100 - row.amount) <= Decimal("0.01")


def test_case_4_ties_are_rounded_away_from_zero() -> None:
    found = [round_cents(Decimal(value)) for value in ("0.125", "1.005", "-0.125")]
    assert [str(value) for value in found] == ["0.13", "1.01", "-0.13"]
    assert line_net(Decimal(3), Decimal("1.005")) == Decimal("3.02")


def test_case_6_a_prorated_line_is_the_full_price_and_an_allowance() -> None:
    net = line_net(Decimal(1), Decimal("39.90"), [Decimal("12.87")])
    totals = totals_of([(TWENTY, net)])
    assert (net, totals.vat, totals.gross) == (Decimal("27.03"), Decimal("5.41"), Decimal("32.44"))


@given(some.lists(some.tuples(RATES, AMOUNTS), min_size=1, max_size=30))
def test_totals_always_agree_with_their_lines(lines: list[tuple[VatKey, Decimal]]) -> None:
    totals = totals_of(lines)
    assert totals.net == sum(net for _, net in lines)
    assert totals.gross == totals.net + totals.vat == sum(row.base + row.amount for row in totals.breakdown)
    for row in totals.breakdown:
        assert row.amount == percent_of(row.base, row.key.rate)


@given(some.lists(some.tuples(RATES, AMOUNTS), min_size=1, max_size=8), some.integers(1, 99))
def test_credit_notes_close_their_invoice_to_the_cent(lines: list[tuple[VatKey, Decimal]], percent: int) -> None:
    original = totals_of(lines)
    first = [(row.key, max(percent_of(row.base, Decimal(percent)), Decimal("0.01"))) for row in original.breakdown]
    notes = [credit_totals(first, original.breakdown, [])]
    rest = remaining(original.breakdown, notes[0].breakdown)
    notes.append(credit_totals(rest, original.breakdown, notes[0].breakdown))
    assert sum(note.net for note in notes) == original.net
    assert sum(note.vat for note in notes) == original.vat
    assert remaining(original.breakdown, [row for note in notes for row in note.breakdown]) == []


def test_case_10_the_second_credit_takes_the_rest_of_the_vat() -> None:
    original = (VatAmount(TWENTY, Decimal("27.98"), Decimal("5.60")),)
    first = credit_totals([(TWENTY, Decimal("10.01"))], original, [])
    second = credit_totals([(TWENTY, Decimal("17.97"))], original, first.breakdown)
    assert first.vat + second.vat == Decimal("5.60")


def test_case_19_a_payment_is_shared_by_rate_and_the_last_one_closes() -> None:
    breakdown = sheet().totals.breakdown
    first = share_by_rate(Decimal(0), Decimal("100.00"), breakdown)
    second = share_by_rate(Decimal("100.00"), Decimal("83.30"), breakdown)
    assert [str(part) for part in first] == ["12.17", "69.51", "18.32"]
    closed = [str(one + other) for one, other in zip(first, second, strict=True)]
    assert closed == ["22.31", "127.41", "33.58"]


@pytest.mark.parametrize(
    ("settled", "credited", "status"),
    [
        ("0", "0", "UNPAID"), ("50", "0", "PARTIALLY_PAID"), ("100", "0", "PAID"), ("110", "0", "OVERPAID"),
        ("0", "100", "CREDITED"), ("40", "60", "PAID"), ("0", "60", "PARTIALLY_PAID"),
    ],
)  # fmt: skip
def test_what_is_left_decides_the_settlement_status(settled: str, credited: str, status: str) -> None:
    found = standing(DocumentKind.INVOICE, Decimal(100), Decimal(settled), Decimal(credited))
    assert found.status == status and found.outstanding >= 0


def test_only_a_change_of_class_is_news_but_a_return_always_is() -> None:
    paid = SettlementStatus.PAID
    assert fact_after(SettlementStatus.UNPAID, paid, Decimal(1)) == "paid"
    assert fact_after(paid, paid, Decimal(1)) is None
    assert fact_after(paid, SettlementStatus.UNPAID, Decimal(-1)) == "payment_reversed"


@pytest.mark.parametrize(
    ("regime", "status", "zone", "rate", "expected"),
    [
        ("NORMAL", "CONSUMER", VatZone.FR_METRO, "20", ("S", "20")),
        ("NORMAL", "CONSUMER", VatZone.FR_DOM, "20", ("S", "8.5")),
        ("NORMAL", "TAXABLE_FR", VatZone.FR_DOM, "5.5", ("S", "2.1")),
        ("FRANCHISE_EXEMPT", "TAXABLE_FR", VatZone.FR_METRO, "20", ("E", "0")),
    ],
)
def test_vat_follows_seller_buyer_and_zone(
    regime: str, status: str, zone: VatZone, rate: str, expected: tuple[str, str]
) -> None:
    case = vat.vat_case(regime, status, zone, Decimal(rate))
    assert (case.category, str(case.rate)) == expected


@pytest.mark.parametrize(
    ("status", "zone", "rate"),
    [
        ("TAXABLE_EU", VatZone.EU, "20"), ("CONSUMER", VatZone.FR_DOM_NO_VAT, "20"),
        ("CONSUMER", VatZone.FR_METRO, "19"), ("CONSUMER", VatZone.FR_METRO, "0"),
    ],
)  # fmt: skip
def test_a_case_that_is_not_supported_is_never_guessed(status: str, zone: VatZone, rate: str) -> None:
    with pytest.raises(vat.VatCaseNotSupported):
        vat.vat_case("NORMAL", status, zone, Decimal(rate))


def test_numbers_follow_their_pattern() -> None:
    assert numbering.formatted("{prefix}{yyyy}-{seq:6}", "FA", date(2026, 9, 1), 123) == "FA2026-000123"
    assert numbering.formatted("{prefix}/{yy}{mm}/{seq:3}", "AV", date(2026, 9, 1), 7) == "AV/2609/007"


@pytest.mark.parametrize("day", [2, 4])
def test_case_12_dates_neither_go_back_nor_lie_ahead(day: int) -> None:
    last = date(2026, 9, 3)
    with pytest.raises(Refused) as refusal:
        numbering.check_chronology(date(2026, 9, day), today=last, last_issue_date=last)
    assert refusal.value.code.code == "CHRONOLOGY_VIOLATION"


def test_late_interest_of_the_first_semester_of_2026() -> None:
    assert late_interest_rate(date(2026, 3, 1)) == Decimal("12.15")
    assert late_interest_rate(date(2031, 3, 1)) == Decimal("12.15")


def sealed(**changes: object) -> SealedContent:
    fields: dict[str, object] = {
        "company_id": UUID("0190a6f0-0000-7000-8000-0000000000f1"),
        "seq": 1,
        "document_id": UUID("0190a6f0-0000-7000-8000-00000000ab01"),
        "number": "FA2026-000123",
        "type_code": "380",
        "issue_date": date(2026, 9, 1),
        "issued_at": datetime(2026, 9, 1, 6, tzinfo=UTC),
        "currency": "EUR",
        "client_id": UUID("0190a6f0-0000-7000-8000-0000000000c1"),
        "net": Decimal("164.96"),
        "vat": Decimal("18.34"),
        "gross": Decimal("183.30"),
        "due": Decimal("183.30"),
        "breakdown": sheet().totals.breakdown,
        "preceding": [],
        "xml_sha256": "aa" * 32,
        "pdf_sha256": "bb" * 32,
    }
    return SealedContent(**(fields | changes))  # type: ignore[arg-type]


def test_case_13_seals_are_those_of_the_specification() -> None:
    first = seal_hash(GENESIS, sealed().canonical())
    assert first == "fac3ef45195b5ef126ff8a9e8101138db034676a3063984426a4e79873aa0142"
    second = sealed(
        seq=2, document_id=UUID("0190a6f0-0000-7000-8000-00000000ab02"), number="AV2026-000001", type_code="381",
        issue_date=date(2026, 9, 3), issued_at=datetime(2026, 9, 3, 6, tzinfo=UTC), preceding=["FA2026-000123"],
        xml_sha256="cc" * 32, pdf_sha256="dd" * 32,
    )  # fmt: skip
    assert seal_hash(first, second.canonical()) == "eea2927eb7c2e394337f3312709ba8bff8f54083f769fa4b302143128d775562"
    changed = sealed(gross=Decimal("183.31")).canonical()
    assert seal_hash(GENESIS, changed) == "c2973a8c60aa82c1a55c37e99cbb353e6fa436d022fb8465608d30f8a8de3c83"
