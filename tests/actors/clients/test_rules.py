"""The pure rules of clients: status, likeness, balances, names."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.clients.rules.balances import Bill, balance_of
from actors.clients.rules.likeness import Evidence, Portrait, jaro_winkler, level_of, likeness
from actors.clients.rules.naming import search_name
from actors.clients.rules.standing import Facts, category_of
from messages.clients import StatusCategory

D = Decimal
STATUSES = ("DRAFT", "SIGNED", "ACTIVE", "SUSPENDED", "TERMINATED", "EXPIRED", "CANCELLED", "WITHDRAWN")
STANDINGS = ("GOOD", "OVERDUE", "UNPAID", "SUSPENDED", "LITIGATION")


@pytest.mark.parametrize(
    ("contracts", "in_force", "standings", "category"),
    [
        ((), False, (), "PROSPECT"),
        (("SIGNED",), False, ("GOOD",), "PROSPECT"),
        (("WITHDRAWN",), False, (), "PROSPECT"),
        (("ACTIVE",), True, (), "ACTIVE"),
        (("ACTIVE",), True, ("OVERDUE",), "OVERDUE"),
        (("ACTIVE",), True, ("GOOD", "LITIGATION"), "OVERDUE"),
        (("ACTIVE",), True, ("SUSPENDED",), "SUSPENDED"),
        (("SUSPENDED",), True, ("GOOD",), "SUSPENDED"),
        (("ACTIVE", "SUSPENDED"), True, ("GOOD",), "ACTIVE"),
        (("TERMINATED",), True, ("UNPAID",), "INACTIVE"),
        (("WITHDRAWN",), True, (), "INACTIVE"),
        (("TERMINATED", "SIGNED"), True, (), "INACTIVE"),
    ],
)
def test_case_13_the_status_follows_contracts_and_standing(
    contracts: tuple[str, ...], in_force: bool, standings: tuple[str, ...], category: str
) -> None:
    assert category_of(Facts(contracts, in_force, standings)) == category


def test_a_late_bill_counts_until_payments_has_judged() -> None:
    assert category_of(Facts(("ACTIVE",), True, (), late_without_standing=True)) is StatusCategory.OVERDUE
    assert category_of(Facts(("ACTIVE",), True, ("GOOD",), late_without_standing=True)) is StatusCategory.ACTIVE


@given(st.lists(st.sampled_from(STATUSES)), st.lists(st.sampled_from(STANDINGS)), st.booleans())
def test_a_client_is_active_or_overdue_only_with_an_active_contract(
    contracts: list[str], standings: list[str], late: bool
) -> None:
    in_force = any(status in ("ACTIVE", "SUSPENDED", "TERMINATED", "EXPIRED") for status in contracts)
    found = category_of(Facts(contracts, in_force, standings, late))
    assert (found in (StatusCategory.ACTIVE, StatusCategory.OVERDUE)) <= ("ACTIVE" in contracts)
    assert (found is StatusCategory.PROSPECT) == (not in_force)
    assert category_of(Facts(contracts[::-1], in_force, standings[::-1], late)) is found


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ("DUPONT", "DUPOND", 0.9333),
        ("LEFEBVRE", "LEFEVRE", 0.9750),
        ("BERNARD", "BENARD", 0.9175),
        ("DUPONT", "DURAND", 0.6667),
        ("JEAN", "JEANNE", 0.9333),
        ("JEAN", "MARIE", 0.4833),
    ],
)
def test_jaro_winkler_is_winklers_own(one: str, other: str, similarity: float) -> None:
    assert jaro_winkler(one, other) == pytest.approx(similarity, abs=0.00005)
    assert jaro_winkler(other, one) == pytest.approx(similarity, abs=0.00005)


@given(st.text("ABCDE", max_size=8), st.text("ABCDE", max_size=8))
def test_likeness_of_names_is_between_nothing_and_the_same(one: str, other: str) -> None:
    assert 0 <= jaro_winkler(one, other) <= 1
    assert jaro_winkler(one, one) == 1


def person(**changes: object) -> Portrait:
    fields: dict[str, object] = {"business": False, "family_name": "DUPONT", "given_name": "JEAN"}
    return Portrait(**(fields | changes))  # type: ignore[arg-type]


KNOWN = person(
    phones=frozenset({"+33612345678"}),
    emails=frozenset({"jean.dupont@example.com"}),
    birth_hash="1990-01-15",
    addresses=frozenset({("75011", "12 rue de la roquette")}),
)
SAME_HOME = {"phones": KNOWN.phones, "addresses": KNOWN.addresses}


@pytest.mark.parametrize(
    ("new", "score", "level"),
    [
        (person(phones=KNOWN.phones), 70, "PROBABLE"),
        (person(given_name="MARIE", **SAME_HOME), 45, "POSSIBLE"),
        (person(given_name="MARIE", birth_hash="1992-03-02", **SAME_HOME), 15, None),
        (person(family_name="DUPOND", emails=KNOWN.emails), 75, "PROBABLE"),
        (person(birth_hash=KNOWN.birth_hash), 75, "PROBABLE"),
        (person(birth_hash=KNOWN.birth_hash, addresses=frozenset({("75011", "1 rue oberkampf")})), 80, "CERTAIN"),
        (person(birth_hash="1962-05-01", **SAME_HOME), 55, "POSSIBLE"),
        (person(given_name="J", phones=KNOWN.phones), 60, "PROBABLE"),
        (person(), 45, "POSSIBLE"),
    ],
)
def test_case_8_persons_are_scored(new: Portrait, score: int, level: str | None) -> None:
    assert likeness(new, KNOWN)[0] == score
    assert level_of(score) == level


def company(**changes: object) -> Portrait:
    fields: dict[str, object] = {"business": True, "name": "DEPANN SUR", "siren": "732829320"}
    return Portrait(**(fields | changes))  # type: ignore[arg-type]


def test_case_9_companies_are_scored() -> None:
    here, there = company(siret="73282932000074"), company(siret="73282932000017")
    score, evidence = likeness(here, there)
    assert (score, Evidence.SAME_LEGAL_UNIT in evidence) == (55, True)
    assert likeness(company(name="AUTRE"), here)[0] == 80
    home = {"phones": frozenset({"+33112345678"}), "addresses": frozenset({("75011", "x")})}
    assert likeness(company(name="A", siren="552100554", **home), company(name="B", **home))[0] == 0
    assert likeness(here, here) == (100, (Evidence.SIRET,))
    assert likeness(company(), KNOWN) == (0, ())


def test_case_14_the_balance_of_three_bills() -> None:
    bills = [
        Bill(D("29.90"), D("10.00"), D("29.90"), date(2026, 1, 31)),
        Bill(D("29.90"), D("0.00"), D("0.00"), date(2026, 2, 28)),
        Bill(D("29.90"), D("0.00"), D("0.00"), date(2026, 3, 31)),
    ]
    found = balance_of(bills, D("0.00"), date(2026, 3, 15))
    assert (found.outstanding, found.unapplied_credit, found.due) == (D("59.80"), D("10.00"), D("49.80"))
    assert (found.overdue, found.oldest_overdue_days) == (D("29.90"), 15)


MONEY = st.decimals(min_value=0, max_value=1000, places=2)


@given(st.lists(st.tuples(MONEY, MONEY, MONEY), max_size=5), MONEY)
def test_what_is_due_is_billed_less_credited_less_paid(rows: list[tuple[D, D, D]], unallocated: D) -> None:
    bills = [Bill(gross, credited, paid, None) for gross, credited, paid in rows]
    found = balance_of(bills, unallocated, date(2026, 1, 1))
    assert found.due == sum((gross - credited - paid for gross, credited, paid in rows), D(0)) - unallocated


def test_case_7_names_are_compared_without_accents_and_legal_forms() -> None:
    assert search_name("Éléonore d'Ormesson", business=False) == "ELEONORE D ORMESSON"
    assert search_name("Société Dépann'Sûr & Fils S.A.R.L.", business=True) == "DEPANN SUR ET FILS"
