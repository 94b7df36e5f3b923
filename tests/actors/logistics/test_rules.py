"""logistics: the pure rules of addresses, sheets, postage and dates."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.logistics.rules import addresses, letters
from messages.logistics import Envelope, LetterStatus, Postage
from messages.problem import Refused
from messages.shared import LetterKind
from messages.values.addresses import Address


def test_case_1_lines_are_upper_case_without_accents() -> None:
    assert addresses.normalised("M. Élodie Lefèvre") == "M ELODIE LEFEVRE"
    assert addresses.normalised("12 bis, rue de l'Église") == "12 BIS RUE DE L EGLISE"
    assert addresses.normalised("Résidence « Les Œillets » – Bât. B") == "RESIDENCE LES OEILLETS BAT B"
    assert addresses.normalised("Saint-Étienne-du-Rouvray") == "SAINT ETIENNE DU ROUVRAY"
    lines = addresses.lines_of(
        None, "M. Élodie Lefèvre", Address(street="12 bis, rue de l'Église", postal_code="69003", city="Lyon")
    )
    assert (lines.line2, lines.line4, lines.line6) == ("M ELODIE LEFEVRE", "12 BIS RUE DE L EGLISE", "69003 LYON")


def test_case_2_a_long_complement_goes_on_in_the_next_free_line() -> None:
    complement = "APPARTEMENT 1204 RESIDENCE UNIVERSITAIRE DU GRAND PARC"
    address = Address(complement=complement, street="1 rue A", postal_code="69003", city="Lyon")
    lines = addresses.lines_of(None, "X", address)
    assert (lines.line3, lines.line4, lines.line5) == (
        "APPARTEMENT 1204 RESIDENCE",
        "1 RUE A",
        "UNIVERSITAIRE DU GRAND PARC",
    )
    with pytest.raises(Refused) as refusal:
        addresses.lines_of(None, "X", address.model_copy(update={"locality": "BP 12"}))
    assert refusal.value.code.code == "ADDRESS_LINE_TOO_LONG"


@pytest.mark.parametrize(("code", "country"), [("20000", "FR"), ("97400", "FR"), ("98000", "MC")])
def test_case_3_postal_codes(code: str, country: str) -> None:
    assert addresses.country_of(Address(street="1 rue A", postal_code=code, city="X")) == country


@pytest.mark.parametrize("code", ["00100", "96000"])
def test_case_3_impossible_postal_codes(code: str) -> None:
    with pytest.raises(Refused) as refusal:
        addresses.country_of(Address(street="1 rue A", postal_code=code, city="X"))
    assert refusal.value.code.code == "ADDRESS_INVALID"


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=120), st.text(min_size=1, max_size=80))
def test_no_line_is_ever_longer_than_an_envelope(complement: str, name: str) -> None:
    address = Address.model_construct(
        complement=complement, street="1 rue A", postal_code="69003", city="Lyon", country_code="FR"
    )
    try:
        lines = addresses.lines_of(None, name, address)
    except Refused:
        return
    assert all(len(getattr(lines, f"line{number}")) <= 38 for number in range(1, 7))


def test_case_4_sheets_envelopes_and_weights() -> None:
    assert letters.sheets_of([3, 2], duplex=True) == 3
    assert letters.envelope_for(LetterKind.SIMPLE, 3) == (Envelope.DL, 20)
    assert letters.envelope_for(LetterKind.SIMPLE, letters.sheets_of([11], duplex=True)) == (Envelope.C4, 55)
    assert letters.envelope_for(LetterKind.SIMPLE, 5, address_sheet=True)[0] is Envelope.C4
    assert letters.envelope_for(LetterKind.SIMPLE, letters.sheets_of([10], duplex=True)) == (Envelope.DL, 30)
    assert letters.envelope_for(LetterKind.SIMPLE, 45) == (Envelope.C4, 250)
    for kind, sheets in ((LetterKind.REGISTERED, 45), (LetterKind.SIMPLE, 46)):
        with pytest.raises(Refused) as refusal:
            letters.envelope_for(kind, sheets)
        assert refusal.value.code.code == "TOO_MANY_SHEETS"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_case_5_production_and_delivery_days() -> None:
    produced = letters.production_day(_instant("2026-04-30T18:10+02:00"))
    assert produced == date(2026, 5, 4)
    assert letters.estimated_delivery(produced, Postage.URGENT, "FR") == date(2026, 5, 6)
    assert letters.estimated_delivery(produced, Postage.FAST, "FR") == date(2026, 5, 7)
    assert letters.estimated_delivery(produced, Postage.ECONOMIC, "FR") == date(2026, 5, 9)
    same_day = letters.production_day(_instant("2026-04-30T16:00+02:00"))
    assert (same_day, letters.estimated_delivery(same_day, Postage.FAST, "FR")) == (date(2026, 4, 30), date(2026, 5, 5))
    late_friday = letters.production_day(_instant("2026-05-22T18:00+02:00"))
    assert (late_friday, letters.estimated_delivery(late_friday, Postage.FAST, "FR")) == (
        date(2026, 5, 26),
        date(2026, 5, 29),
    )
    christmas = letters.production_day(_instant("2026-12-24T10:00+01:00"))
    assert letters.estimated_delivery(christmas, Postage.FAST, "FR") == date(2026, 12, 29)


def test_registered_letters_are_not_economic_and_stay_near() -> None:
    assert letters.postage_for(LetterKind.SIMPLE, None, "BE") is Postage.ECONOMIC
    assert letters.postage_for(LetterKind.REGISTERED_AR, None, "FR") is Postage.FAST
    for wanted, country, code in ((Postage.ECONOMIC, "FR", "POSTAGE_NOT_ALLOWED"), (None, "BE", "COUNTRY_NOT_ALLOWED")):
        with pytest.raises(Refused) as refusal:
            letters.postage_for(LetterKind.REGISTERED, wanted, country)
        assert refusal.value.code.code == code


@given(st.sampled_from(list(LetterStatus)), st.sampled_from(["PENDING", "ACCEPTED", "PREPARING", "PROCESSED", "???"]))
def test_the_providers_word_never_moves_a_letter_back(status: LetterStatus, word: str) -> None:
    found = letters.next_status(status, word)
    if found is not None:
        assert letters._RANK[found] > letters._RANK[status]


def test_case_10_processed_is_posted_and_never_delivered() -> None:
    assert letters.next_status(LetterStatus.ACCEPTED, "PROCESSED") is LetterStatus.POSTED
