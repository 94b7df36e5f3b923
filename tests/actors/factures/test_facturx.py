"""factures: the XML satisfies its schema, the PDF carries it and says the same."""

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import facturx
import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from lxml import etree

from actors.factures.facturx import renderer
from actors.factures.facturx.layout import layout, money, rate, unit_price
from actors.factures.facturx.sheet import Preceding, SheetLine, SheetNote, SheetPayment
from actors.factures.facturx.xml import cii_xml
from actors.factures.rules import checks
from actors.factures.rules.amounts import VatKey, line_net
from tests.actors.factures.builders import IBAN, sheet, sheet_line
from tests.actors.factures.pdf_rules import check_facturx_pdf

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"


def test_case_1_the_document_breaks_no_rule_and_satisfies_the_schema() -> None:
    document = sheet()
    assert checks.findings(document) == []
    assert renderer.schema_errors(cii_xml(document)) == []
    assert facturx.xml_check_xsd(cii_xml(document), flavor="factur-x", level="en16931")


LINES = some.lists(
    some.builds(
        lambda name, quantity, price, rate_: SheetLine(
            1, name, quantity, "C62", price, line_net(quantity, price), VatKey("S", rate_)
        ),
        some.text(
            some.characters(blacklist_categories=["Cc", "Cs", "Co", "Cn"], max_codepoint=0xFFFD),
            min_size=1,
            max_size=40,
        ),
        some.decimals(min_value="0.0001", max_value="99999", places=4),
        some.decimals(min_value="0.000001", max_value="9999", places=6),
        some.sampled_from([Decimal(value) for value in ("20", "10", "5.5", "2.1", "8.5")]),
    ),
    min_size=1,
    max_size=12,
)


@given(LINES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_lines_make_consistent_totals_and_a_valid_xml(lines: list[SheetLine]) -> None:
    numbered = tuple(
        SheetLine(number, line.name, line.quantity, line.unit_code, line.unit_price, line.net, line.key)
        for number, line in enumerate(lines, 1)
    )
    document = sheet(numbered, ())
    xml = cii_xml(document)
    assert [found for found in checks.findings(document) if found.rule == "TOTALS"] == []
    assert renderer.schema_errors(xml) == []
    tree = etree.fromstring(xml)
    nets = [Decimal(found.text or "") for found in tree.iter(f"{RAM}LineTotalAmount")]
    assert sum(nets[:-1]) == nets[-1] == document.totals.line_total
    assert Decimal(tree.find(f".//{RAM}GrandTotalAmount").text) == document.totals.gross  # type: ignore[union-attr,arg-type]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"due_date": None}, "DUE_DATE"),
        ({"due_date": date(2026, 2, 1)}, "DUE_BEFORE_ISSUE"),
        ({"payment": SheetPayment("59", "Prélèvement")}, "DIRECT_DEBIT_MANDATE"),
        ({"payment": SheetPayment("30", "Virement")}, "TRANSFER_IBAN"),
        ({"number": "FA 2026 1"}, "NUMBER_FORMAT"),
        ({"type_code": "381", "payment": None}, "BR-FR-CO-05"),
        ({"period": (date(2026, 3, 31), date(2026, 3, 1))}, "PERIOD_REVERSED"),
        ({"delivery_date": None}, "SUPPLY_DATE"),
        ({"due": Decimal("183.31")}, "TOTALS"),
        ({"notes": (SheetNote("PMT", "a"), SheetNote("PMT", "b"))}, "BR-FR-06"),
    ],
)
def test_cases_15_and_17_native_rules_refuse_what_the_law_forbids(changes: dict[str, Any], rule: str) -> None:
    assert rule in {found.rule for found in checks.findings(sheet(**changes))}


def test_case_15_a_line_with_five_decimals_or_a_negative_price_is_refused() -> None:
    fine = sheet_line(1, "a", "1.00001", "10", "20", None)
    negative = sheet_line(2, "b", "1", "-20", "20", None)
    rules = {found.rule for found in checks.findings(sheet((fine, negative), ()))}
    assert {"LINE_DECIMALS", "LINE_PRICE", "NEGATIVE_INVOICE"} <= rules


def text_of(pdf: bytes) -> str:
    """The text of a PDF, read through the ToUnicode maps of its fonts."""
    found = []
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for page in document.pages:
            maps = {str(name): _unicode_map(font) for name, font in page.Resources.Font.items()}
            current: dict[int, str] = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    current = maps[str(operands[0])]
                elif str(operator) in {"Tj", "TJ"}:
                    parts = operands[0] if str(operator) == "TJ" else operands
                    codes = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
                    found += [current.get(int.from_bytes(codes[i : i + 2]), "") for i in range(0, len(codes), 2)]
    return "".join(found)


def _unicode_map(font: Any) -> dict[int, str]:
    cmap = font.ToUnicode.read_bytes().decode()
    pairs = re.findall(r"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>", cmap)
    return {int(code, 16): bytes.fromhex(text).decode("utf-16-be") for code, text in pairs}


def test_case_24_the_pdf_says_what_the_xml_says_and_carries_it_unchanged() -> None:
    document = sheet()
    made = renderer.render(document, AT)
    printed = text_of(made.pdf)
    totals = document.totals
    shown = [totals.net, totals.vat, totals.gross, *(line.net for line in document.lines)]
    shown += [amount for row in totals.breakdown for amount in (row.base, row.amount)]
    for amount in shown:
        assert money(amount) in printed
    nature = "Nature de l'opération : prestation de services".replace("'", "’")
    assert "5,5\u00a0%" in printed and "40,00 €" in printed and "552100554" in printed
    assert nature in printed.replace("'", "’")
    name, xml = facturx.get_facturx_xml_from_pdf(made.pdf)
    assert (name, xml) == ("factur-x.xml", made.xml)
    assert renderer.render(document, AT).pdf_sha256 == made.pdf_sha256


def test_case_24_the_pdf_obeys_the_file_rules_of_factur_x() -> None:
    check_facturx_pdf(renderer.render(sheet(), AT), sheet().profile)


def test_case_25_a_long_invoice_breaks_into_numbered_pages() -> None:
    lines = tuple(sheet_line(number, f"Article {number}", "1", "1.00", "20", None) for number in range(1, 201))
    made = renderer.render(sheet(lines, ()), AT)
    assert made.page_count > 3 and len(made.pdf) < 150_000
    printed = text_of(made.pdf)
    assert "Article 200" in printed and f"{made.page_count} / {made.page_count}" in printed
    assert printed.count("Désignation") >= made.page_count - 1  # the last page may hold totals only


def test_case_25_names_of_other_alphabets_print_without_missing_glyphs() -> None:
    line = sheet_line(1, "Łukasz Gaïté ŞAHİN", "1", "1.00", "20", None)
    assert "Łukasz Gaïté ŞAHİN" in text_of(renderer.render(sheet((line,), ()), AT).pdf)


def test_case_16_a_seller_without_vat_gives_the_reason_and_its_siren() -> None:
    key = VatKey("E", Decimal(0), "VATEX-FR-FRANCHISE")
    line = replace(sheet_line(1, "Conseil", "1", "100.00", "20", None), key=key)
    seller = replace(sheet().seller, vat_number=None, tax_id="732829320")
    document = sheet((line,), (), seller=seller)
    assert checks.findings(document) == [] and document.totals.vat == 0
    xml = renderer.render(document, AT).xml.decode()
    assert 'schemeID="FC">732829320<' in xml and "VATEX-FR-FRANCHISE" in xml and 'schemeID="VA">FR44' not in xml
    nameless = replace(seller, tax_id=None)
    assert "SELLER_VAT" in {found.rule for found in checks.findings(sheet((line,), (), seller=nameless))}


def test_a_credit_note_names_the_invoice_it_reduces() -> None:
    note = sheet(type_code="381", number="AV2026-000001", payment=None, preceding=(Preceding("FA1", date(2026, 2, 1)),))
    made = renderer.render(note, AT)
    assert made.errors == () and b"InvoiceReferencedDocument" in made.xml
    assert "À déduire de la facture n° FA1 du 01/02/2026" in text_of(made.pdf)


def test_an_xml_that_its_schema_refuses_makes_no_pdf() -> None:
    broken = sheet(currency="")
    made = renderer.render(broken, AT)
    assert made.errors and made.pdf == b""


def test_numbers_are_written_the_french_way() -> None:
    assert (money(Decimal("1234.5")), rate(Decimal("5.50")), unit_price(Decimal("0.0385"))) == (
        "1\u202f234,50\u00a0€",
        "5,5\u00a0%",
        "0,0385",
    )
    assert layout(sheet())["payment"][2] == f"IBAN {IBAN}"
