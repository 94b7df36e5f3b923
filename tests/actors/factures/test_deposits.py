"""factures: deposits and final invoices, discounts and charges of the whole document, and what is paid at the counter."""

import base64
import io
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pikepdf
import pypdf
import pytest
from PIL import Image

from actors.factures.facturx.layout import contrast_with_white
from actors.factures.rules import amounts
from actors.factures.rules.amounts import VatKey
from messages.factures import (
    CalculateTotals,
    CorrectionReason,
    CreateCreditNote,
    CreateDepositInvoice,
    CreateFinalInvoice,
    CreateInvoice,
    DocumentCharge,
    DocumentDiscount,
    FileFormat,
    GetInvoiceDocument,
    GetInvoicingSettings,
    Invoice,
    InvoiceLineDraft,
    IssueInvoice,
    ListInvoices,
    LogoPosition,
    MarkInvoicePaid,
    PaymentMethod,
    PreviewNextNumber,
    ReplaceInvoiceLines,
    TaxCalculation,
    UpdateInvoice,
    UpdateInvoicingSettings,
    UploadLogo,
    VerifySeals,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.factures.builders import TODAY, amounts_of, business, decoded, ready
from tests.harness import Running, Tenant


def line(price: str, rate: str = "20.00", name: str = "Installation") -> InvoiceLineDraft:
    return InvoiceLineDraft(name=name, quantity=Decimal(1), unit_price=Decimal(price), vat_rate=Decimal(rate))


async def issue(tenant: Tenant, draft: Invoice, *overridden: str) -> Invoice:
    order = IssueInvoice(invoice_id=draft.invoice_id, expected_version=draft.version, override_warnings=overridden)
    return await tenant.client.call(order, key=str(new_id()))


async def refused(call: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        await call
    return refusal.value


async def deposit(tenant: Tenant, client_id: UUID, *, paid: bool = True) -> Invoice:
    """The issued deposit of acceptance case 8."""
    order = CreateDepositInvoice(
        company_id=tenant.company_id, client_id=client_id, label="l'installation", base_lines=(line("1000.00"),),
        percent=Decimal("30.00"),
    )  # fmt: skip
    invoice = await issue(tenant, await tenant.client.call(order))
    if paid:
        money = MarkInvoicePaid(invoice_id=invoice.invoice_id, on_date=TODAY, method=PaymentMethod.CARD)
        invoice = await tenant.client.call(money, key=str(new_id()))
    return invoice


def final(tenant: Tenant, client_id: UUID, *deposits: Invoice, price: str = "1000.00") -> CreateFinalInvoice:
    return CreateFinalInvoice(
        company_id=tenant.company_id, client_id=client_id, lines=(line(price),),
        deposit_ids=tuple(found.invoice_id for found in deposits),
    )  # fmt: skip


async def text_of(tenant: Tenant, invoice: Invoice) -> str:
    file = await tenant.client.call(GetInvoiceDocument(invoice_id=invoice.invoice_id))
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(decoded(file.content_base64))).pages)


async def xml_of(tenant: Tenant, invoice: Invoice) -> str:
    order = GetInvoiceDocument(invoice_id=invoice.invoice_id, format=FileFormat.CII_XML)
    return decoded((await tenant.client.call(order)).content_base64).decode()


async def test_case_8_a_final_invoice_deducts_its_paid_deposit(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    paid = await deposit(tenant, client_id)
    assert (paid.type_code, amounts_of(paid), paid.number) == ("386", ("300.00", "60.00", "360.00"), "FA2026-000001")
    assert paid.lines[0].name == "Acompte 30 % sur l'installation"
    done = await issue(tenant, await tenant.client.call(final(tenant, client_id, paid)))
    assert (done.type_code, done.process_code, amounts_of(done)) == ("380", "S4", ("1000.00", "200.00", "1200.00"))
    assert (done.prepaid, done.due.amount, done.preceding) == (Decimal("360.00"), Decimal("840.00"), (paid.invoice_id,))
    xml, text = await xml_of(tenant, done), await text_of(tenant, done)
    assert "<ram:TotalPrepaidAmount>360.00<" in xml and f"<ram:IssuerAssignedID>{paid.number}<" in xml
    assert all(part in text for part in ("Acomptes réglés", str(paid.number), "840,00"))
    assert (await tenant.client.call(VerifySeals(company_id=tenant.company_id))).checked == 2
    await running.settled()
    issued = [body for _, body in await running.events("invoice.issued", tenant.id)]
    assert issued[-1]["prepaid"]["amount"] == "360.00"
    assert issued[-1]["deposits"][0] | {"issue_date": None} == {
        "invoice_id": str(paid.invoice_id), "number": paid.number, "issue_date": None,
        "net": "300.00", "vat": "60.00", "gross": "360.00",
    }  # fmt: skip


async def test_a_deposit_is_deducted_once_and_freed_with_its_final_invoice(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    paid = await deposit(tenant, client_id)
    first = await issue(tenant, await tenant.client.call(final(tenant, client_id, paid)))
    again = final(tenant, client_id, paid)
    assert (await refused(tenant.client.call(again))).code.code == "DEPOSIT_ALREADY_DEDUCTED"
    back = CreateCreditNote(invoice_id=paid.invoice_id, reason_code=CorrectionReason.OTHER, reason_text="Annulation")
    assert (await refused(tenant.client.call(back, key=str(new_id())))).code.code == "DEPOSIT_ALREADY_DEDUCTED"
    whole = CreateCreditNote(invoice_id=first.invoice_id, reason_code=CorrectionReason.OTHER, reason_text="Annulation")
    await tenant.client.call(whole, key=str(new_id()))
    assert (await tenant.client.call(again)).due.amount == Decimal("840.00")


async def test_an_unpaid_deposit_is_not_deducted_and_asks_for_a_second_look(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    draft = await tenant.client.call(final(tenant, client_id, await deposit(tenant, client_id, paid=False)))
    assert (draft.prepaid, draft.due.amount) == (Decimal("0.00"), Decimal("1200.00"))
    refusal = await refused(issue(tenant, draft))
    assert refusal.details["rules"] == ["DEPOSIT_NOT_PAID"]
    assert (await issue(tenant, draft, "DEPOSIT_NOT_PAID")).number == "FA2026-000002"


async def test_deposits_larger_than_the_whole_are_refused(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    small = final(tenant, client_id, await deposit(tenant, client_id), price="100.00")
    assert (await refused(tenant.client.call(small))).code.code == "DEPOSIT_EXCEEDS_TOTAL"


async def test_a_credited_deposit_is_a_503_and_no_longer_deducted(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    paid = await deposit(tenant, client_id)
    order = CreateCreditNote(invoice_id=paid.invoice_id, reason_code=CorrectionReason.OTHER, reason_text="Annulation")
    note = await tenant.client.call(order, key=str(new_id()))
    assert (note.type_code, note.number, note.gross) == ("503", "AV2026-000001", paid.gross)
    assert (await refused(tenant.client.call(final(tenant, client_id, paid)))).code.code == "NOT_ISSUED"
    stranger = final(other_tenant, await business(running, other_tenant), paid)
    assert (await refused(other_tenant.client.call(stranger))).code.code == "INVOICE_NOT_FOUND"


def test_case_5_a_global_discount_is_spread_by_the_nets() -> None:
    keys = [VatKey("S", Decimal(rate)) for rate in ("20", "10", "5.5")]

    def shares(*bases: str) -> list[str]:
        found = amounts.spread(Decimal("10.00"), list(zip(keys, map(Decimal, bases), strict=True)))
        return [str(share) for _, share in found]

    assert shares("50.00", "30.00", "20.00") == ["5.00", "3.00", "2.00"]
    assert shares("33.33", "33.33", "33.34") == ["3.33", "3.33", "3.34"]


async def test_a_spread_discount_follows_the_lines_and_a_charge_is_added(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    lines = (line("50.00"), line("30.00", "10.00"), line("20.00", "5.50"))
    discount, charge = DocumentDiscount(amount=Decimal("10.00"), reason="Fidélité"), DocumentCharge(
        amount=Decimal("8.00"), vat_rate=Decimal("20.00"), reason="Port"
    )  # fmt: skip
    client_id = await business(running, tenant)
    order = CreateInvoice(
        company_id=tenant.company_id, client_id=client_id, lines=lines, discounts=(discount,), charges=(charge,)
    )
    draft = await tenant.client.call(order)
    assert (draft.discount_total, draft.charge_total, draft.net.amount) == (Decimal(10), Decimal(8), Decimal("98.00"))
    assert [str(found.base.amount) for found in draft.vat_totals] == ["18.00", "27.00", "53.00"]
    figures = await tenant.client.call(CalculateTotals(lines=lines, discounts=(discount,), charges=(charge,)))
    assert (figures.net, figures.gross) == (draft.net.amount, draft.gross.amount)
    inclusive = CalculateTotals(lines=lines, discounts=(discount,), tax_calculation=TaxCalculation.GROSS_BASED)
    shown = await tenant.client.call(inclusive)
    assert (shown.gross, shown.net + shown.vat) == (Decimal("90.00"), Decimal("90.00"))
    elsewhere = DocumentDiscount(amount=Decimal("1.00"), vat_rate=Decimal("2.10"), reason="Ailleurs")
    with pytest.raises(Refused, match="rate without line"):
        await tenant.client.call(inclusive.model_copy(update={"discounts": (elsewhere,)}))
    same = await tenant.client.call(
        ReplaceInvoiceLines(invoice_id=draft.invoice_id, expected_version=1, lines=(line("100.00"),))
    )
    assert (same.discount_total, same.net.amount) == (Decimal("10.00"), Decimal("98.00"))
    less = await tenant.client.call(UpdateInvoice(invoice_id=draft.invoice_id, expected_version=2, discounts=()))
    assert less.net.amount == Decimal("108.00")
    done = await issue(tenant, less)
    xml = await xml_of(tenant, done)
    assert "<ram:ChargeTotalAmount>8.00<" in xml and "<udt:Indicator>true<" in xml


async def test_case_9_what_is_paid_at_the_counter_is_paid_at_issue(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    order = CreateInvoice(
        company_id=tenant.company_id, client_id=client_id, lines=(line("100.00"),), paid_on=date(2026, 2, 27),
        payment_method=PaymentMethod.CARD,
    )  # fmt: skip
    done = await issue(tenant, await tenant.client.call(order))
    assert (done.process_code, done.settlement_status.value, f"{done.due.amount}") == ("S2", "PAID", "0.00")
    assert (done.prepaid, done.due_date) == (Decimal("120.00"), date(2026, 2, 27))
    assert "Facture acquittée le 27/02/2026" in await text_of(tenant, done)


async def test_lists_filter_and_add_up(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    paid = await deposit(tenant, client_id)
    done = await issue(tenant, await tenant.client.call(final(tenant, client_id, paid)))
    note = CreateCreditNote(invoice_id=done.invoice_id, reason_code=CorrectionReason.OTHER, reason_text="Annulation")
    await tenant.client.call(note, key=str(new_id()))
    whole = await tenant.client.call(ListInvoices(with_sums=True, limit=1))
    assert whole.sums is not None and whole.next_cursor is not None
    assert (whole.sums.count, whole.sums.gross, whole.sums.outstanding) == (3, Decimal("360.00"), Decimal("0.00"))

    async def numbers(**filters: Any) -> list[str | None]:
        return [found.number for found in (await tenant.client.call(ListInvoices(**filters))).items]

    assert await numbers(kind_in=("CREDIT_NOTE",)) == ["AV2026-000001"]
    assert await numbers(settlement_in=("PAID",), status_in=("ISSUED",)) == [paid.number]
    assert await numbers(gross_from="1000.00", kind_in=("INVOICE",)) == [done.number]
    assert await numbers(due_from=date(2027, 1, 1)) == []
    stranger = await other_tenant.client.call(ListInvoices(with_sums=True))
    assert stranger.sums is not None and stranger.sums.count == 0


async def test_the_next_number_is_shown_and_not_taken(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    order = PreviewNextNumber(company_id=tenant.company_id, on=TODAY)
    assert [(await tenant.client.call(order)).number for _ in range(2)] == ["FA2026-000001"] * 2
    await deposit(tenant, await business(running, tenant))
    assert (await tenant.client.call(order)).number == "FA2026-000002"


async def test_case_25_a_logo_is_flattened_and_printed(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await ready(tenant)
    target = io.BytesIO()
    Image.new("RGBA", (900, 300), (200, 0, 0, 128)).save(target, "PNG")
    content = base64.b64encode(target.getvalue()).decode()
    upload = UploadLogo(company_id=tenant.company_id, content_base64=content, position=LogoPosition.RIGHT)
    saved = await tenant.client.call(upload)
    assert saved.logo_sha256 is not None and saved.logo_position == "RIGHT"
    assert (await refused(other_tenant.client.call(upload))).code.code == "INVOICING_SETTINGS_NOT_FOUND"
    nothing = UploadLogo(company_id=tenant.company_id, content_base64=base64.b64encode(b"no picture").decode())
    assert (await refused(tenant.client.call(nothing))).code.code == "LOGO_NOT_READABLE"
    style = {"primary_color": "#FFEE00", "header_text": "Depuis 1987"}
    style |= {"bank_name": "Banque du Rhône", "display_phone": "04 72 00 00 00", "display_website": "dup.example"}
    newest = await tenant.client.call(UpdateInvoicingSettings(company_id=tenant.company_id, **style))
    earlier = GetInvoicingSettings(company_id=tenant.company_id, settings_version=newest.settings_version - 1)
    assert (await tenant.client.call(earlier)).primary_color == "#1E3A5F"
    paid = await deposit(tenant, await business(running, tenant))
    file = await tenant.client.call(GetInvoiceDocument(invoice_id=paid.invoice_id))
    with pikepdf.open(io.BytesIO(decoded(file.content_base64))) as document:
        (picture,) = document.pages[0].get_images().values()
        assert picture.ColorSpace != "/DeviceCMYK" and "/SMask" not in picture
    text = await text_of(tenant, paid)
    assert all(said in text for said in ("Depuis 1987", "Banque du Rhône", "04 72 00 00 00", "dup.example"))


def test_headings_stay_readable_on_a_bright_colour() -> None:
    assert contrast_with_white("#1E3A5F") > 4.5 > contrast_with_white("#FFEE00")
