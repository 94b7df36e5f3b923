"""factures: the official rules of Factur-X and of the French reform judge every XML."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.factures.facturx import renderer, schematron
from actors.factures.facturx.sheet import (
    Preceding,
    Sheet,
    SheetAllowance,
    SheetCharge,
    SheetDeposit,
    SheetLine,
    SheetNote,
)
from actors.factures.facturx.xml import cii_xml
from actors.factures.rules import checks
from actors.factures.rules.amounts import VatKey, line_net, totals_of
from messages.factures import CREDIT_TYPE_CODES, Profile
from tests.actors.factures.builders import sheet, sheet_line
from tests.actors.factures.pdf_rules import check_facturx_pdf

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PRECEDING = (Preceding("FA2026-000100", date(2026, 2, 1)),)


def broken_rules(document: Sheet, *changes: tuple[str, str]) -> set[str]:
    """The rules that the XML breaks after the changes, by their identifiers without the business term."""
    xml = cii_xml(document).decode()
    for before, after in changes:
        assert before in xml, f"{before} is not in the XML, the change would prove nothing"
        xml = xml.replace(before, after)
    found = schematron.findings(xml.encode(), document.profile, french=document.through_platform)
    return {rule.partition("_")[0].removesuffix("-LEGALID") for rule, _ in found}


VAT_20 = "<ram:CalculatedAmount>5.60<"


CASE_15: list[tuple[list[tuple[str, str]], set[str]]] = [
    ([(VAT_20, "<ram:CalculatedAmount>5.61<")], {"BR-CO-14"}),
    ([(VAT_20, "<ram:CalculatedAmount>6.70<")], {"BR-CO-17", "BR-S-09"}),
    ([("<ram:LineTotalAmount>24.99<", "<ram:LineTotalAmount>25.99<")], {"BR-S-08", "BR-CO-10"}),
    ([('unitCode="C62"', 'unitCode="PIECE"')], {"FX-SCH-A-000613"}),
    ([("<ram:TypeCode>380<", "<ram:TypeCode>751<")], {"BR-FR-04"}),
    ([("FA2026-000123", "FA 2026 1")], {"BR-FR-02"}),
    ([(">552100554<", ">55210055<")], {"BR-FR-11", "BR-FR-32"}),
    ([("<ram:RateApplicablePercent>20.00<", "<ram:RateApplicablePercent>19.00<")], {"BR-FR-16"}),
    ([("<ram:RateApplicablePercent>20.00<", "<ram:RateApplicablePercent>20.000<")], {"BR-FR-16"}),
    ([(">2.5</ram:BilledQuantity>", ">2.50001</ram:BilledQuantity>")], {"BR-FR-DEC-02"}),
    ([("<ram:ChargeAmount>5.99<", "<ram:ChargeAmount>-10.00<")], {"BR-27", "BR-FR-DEC-03"}),
    ([("20260331", "20260228")], {"BR-FR-CO-07"}),
    ([("<ram:SubjectCode>PMD<", "<ram:SubjectCode>PMT<")], {"BR-FR-06"}),
    ([('currencyID="EUR"', 'currencyID="USD"'), (">EUR<", ">USD<")], {"BR-FR-CO-12"}),
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    CASE_15,
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else None,
)
def test_case_15_the_official_rules_find(changes: list[tuple[str, str]], expected: set[str]) -> None:
    assert expected <= broken_rules(sheet(), *changes)


def test_the_lightened_rules_find_what_the_published_ones_find(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [cii_xml(sheet()), cii_xml(sheet(type_code="381", payment=None))]
    for changes, _ in CASE_15:
        xml = cii_xml(sheet())
        for before, after in changes:
            xml = xml.replace(before.encode(), after.encode())
        documents.append(xml)
    light = [schematron.findings(xml, Profile.EN16931, french=True) for xml in documents]
    schematron._compiled.cache_clear()
    monkeypatch.setattr(schematron, "lightened", lambda rules: rules)
    assert [schematron.findings(xml, Profile.EN16931, french=True) for xml in documents] == light
    schematron._compiled.cache_clear()
    assert light[0] == []
    assert all(light[1:])


def test_case_15_a_reversed_period_of_the_document_or_of_a_line() -> None:
    backwards = (date(2026, 3, 31), date(2026, 3, 1))
    assert "BR-29" in broken_rules(sheet(period=backwards))
    line = replace(sheet_line(1, "Abonnement", "1", "10.00", "20", None), period=backwards)
    assert "BR-30" in broken_rules(sheet((line,), ()))


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("type_code", ["380", "381", "384", "386", "503"])
def test_every_profile_of_case_1_passes_all_rules_and_is_named_in_the_pdf(profile: Profile, type_code: str) -> None:
    is_credit_note = type_code in CREDIT_TYPE_CODES
    document = sheet(
        type_code=type_code,
        profile=profile,
        preceding=() if type_code in ("380", "386") else PRECEDING,
        payment=None if is_credit_note else sheet().payment,
    )
    made = renderer.render(document, AT)
    assert made.errors == ()
    assert f"<fx:ConformanceLevel>{profile.conformance_level}<".encode() in made.pdf
    relation = b"/Alternative" if profile.carries(Profile.BASIC) else b"/Data"
    assert relation in made.pdf
    assert profile.urn.encode() in made.xml


def test_a_credit_note_without_its_invoice_breaks_the_french_rule() -> None:
    assert "BR-FR-CO-05" in broken_rules(sheet(type_code="381", payment=None))


def test_a_profile_without_lines_never_goes_to_a_platform() -> None:
    small = sheet(profile=Profile.BASIC_WL)
    assert "PROFILE_PLATFORM" in {found.rule for found in checks.findings(small)}
    assert "PROFILE_PLATFORM" not in {found.rule for found in checks.findings(replace(small, through_platform=False))}


def test_a_sale_to_a_consumer_passes_without_the_french_rules() -> None:
    buyer = replace(sheet().buyer, kind="CONSUMER", siren=None, siret=None, vat_number=None, email="zoe@example.fr")
    document = sheet(buyer=buyer, notes=(SheetNote("BAR", "B2C"),), through_platform=False)
    assert renderer.check(document) == []


def test_case_9_an_invoice_already_paid_owes_nothing() -> None:
    gross = sheet().totals.gross
    assert renderer.check(sheet(prepaid=gross, due=Decimal("0.00"), process_code="S2")) == []


cents = st.integers(1, 200_000).map(lambda value: Decimal(value) / 100)
rates = st.sampled_from([Decimal(rate) for rate in ("0.9", "1.05", "1.75", "2.1", "5.5", "8.5", "10", "13", "20")])


@st.composite
def lines(draw: st.DrawFn, number: int) -> SheetLine:
    """A line with half cents, odd quantities, a discount below its price, and sometimes a period."""
    quantity = Decimal(draw(st.integers(1, 999_999))) / 10_000
    price = Decimal(draw(st.integers(0, 9_999_999))) / 10 ** draw(st.integers(2, 6))
    full = line_net(quantity, price)
    part = draw(st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("0.333"), Decimal(1)]))
    allowances = (SheetAllowance((full * part).quantize(Decimal("0.01"), "ROUND_DOWN"), "Remise"),) if part else ()
    return SheetLine(
        line_no=number,
        name=draw(st.sampled_from(["Abonnement", "Łódź & <Ünïts>", "Heure d'assistance", "x" * 255])),
        quantity=quantity,
        unit_code=draw(st.sampled_from(["C62", "HUR", "MON", "LS", "KWH", "E34"])),
        unit_price=price,
        net=line_net(quantity, price, [item.amount for item in allowances]),
        key=VatKey("S", draw(rates)),
        description=draw(st.none() | st.just("deux\nlignes")),
        allowances=allowances,
        period=draw(st.none() | st.just((date(2026, 3, 1), date(2026, 3, 31)))),
    )


@st.composite
def documents(draw: st.DrawFn) -> Sheet:
    """Any document this actor may make: every profile, several rates, discounts, money already paid, credit notes."""
    made = tuple(draw(lines(number)) for number in range(1, draw(st.integers(1, 6)) + 1))
    seller = sheet().seller
    if draw(st.integers(0, 4)) == 0:  # a company that bears no VAT
        made = tuple(replace(line, key=VatKey("E", Decimal(0), "VATEX-FR-FRANCHISE")) for line in made)
        seller = replace(seller, vat_number=None, tax_id=seller.siren)
    bases: dict[VatKey, Decimal] = {}
    for line in made:
        bases[line.key] = bases.get(line.key, Decimal(0)) + line.net
    discounts = tuple(
        SheetAllowance(base, "Geste commercial", key)
        for key, base in bases.items()
        if base > 0 and draw(st.integers(0, 4)) == 0
    )
    charges = tuple(SheetCharge(draw(cents), "Port", key) for key in bases if draw(st.integers(0, 4)) == 0)
    is_credit_note = draw(st.booleans()) and not discounts and not charges
    totals = totals_of(
        [(line.key, line.net) for line in made],
        [(item.key, item.amount) for item in discounts if item.key is not None],
        [(item.key, item.amount) for item in charges],
    )
    document = sheet(
        made,
        discounts,
        charges=charges,
        totals=totals,
        due=totals.gross,
        seller=seller,
        profile=draw(st.sampled_from(Profile)),
        type_code="381" if is_credit_note else "380",
        preceding=PRECEDING if is_credit_note else (),
        payment=None if is_credit_note else sheet().payment,
        period=draw(st.none() | st.just((date(2026, 3, 1), date(2026, 3, 31)))),
        contract_reference=draw(st.none() | st.just("CTR-2026-000001")),
        purchase_order_ref=draw(st.none() | st.just("PO 4711")),
        buyer_reference=draw(st.none() | st.just("Service & Achats")),
        terms_text=draw(st.none() | st.just("30 jours")),
    )
    if document.profile.carries(Profile.BASIC_WL) and not is_credit_note and draw(st.booleans()):
        prepaid = min(draw(cents), document.totals.gross)
        deposit = SheetDeposit("FA2026-000099", date(2026, 2, 1), prepaid, Decimal("0.00"), prepaid)
        after_deposit = (
            {"deposits": (deposit,), "preceding": PRECEDING, "process_code": "S4"} if draw(st.booleans()) else {}
        )
        document = replace(document, prepaid=prepaid, due=document.totals.gross - prepaid, **after_deposit)
    return document


def judge(document: Sheet) -> None:
    """What the native rules let pass, the official rules let pass, and it makes a file that obeys its own."""
    lineless = {"PROFILE_PLATFORM"}
    assert {found.rule for found in checks.findings(document)} <= lineless
    made = renderer.render(document, AT)
    assert made.errors == ()
    check_facturx_pdf(made, document.profile)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_whatever_the_native_rules_let_pass_the_official_rules_let_pass(document: Sheet) -> None:
    judge(document)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_three_thousand_random_documents_obey_every_rule(document: Sheet) -> None:
    judge(document)
