"""From stored rows and projections to the sheet of a document, as it will be frozen."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from stdnum.fr import siren as fr_siren

from actors.factures import views
from actors.factures.drafting import Parties
from actors.factures.facturx.layout import money
from actors.factures.facturx.sheet import (
    Preceding,
    Sheet,
    SheetAllowance,
    SheetCharge,
    SheetDeposit,
    SheetLine,
    SheetNote,
    SheetParty,
    SheetPayment,
    SheetStyle,
)
from actors.factures.preferences import PaymentTerm
from actors.factures.rules import mentions, vat
from actors.factures.rules.amounts import Totals, VatKey
from actors.factures.rules.late_interest import Rates, late_interest_rate
from messages.clients import ClientSnapshot
from messages.factures import (
    PLATFORM_PROCESSING,
    DocumentKind,
    InvoiceOrigin,
    Nature,
    PaymentMethod,
    Processing,
    Profile,
)
from messages.identity import CompanySnapshot
from messages.shared import PartyKind
from runtime.unit_of_work import Row

PROVISIONAL = "FA2000-000000"
"""Stands for the number while a draft is checked."""

PAYMENT_LABELS = {
    PaymentMethod.TRANSFER: "Virement",
    PaymentMethod.SEPA_DIRECT_DEBIT: "Prélèvement SEPA",
    PaymentMethod.CARD: "Carte bancaire",
    PaymentMethod.CHEQUE: "Chèque",
    PaymentMethod.CASH: "Espèces",
    PaymentMethod.COMPENSATION: "Compensation",
    PaymentMethod.OTHER: "Autre",
}
_SEPA_NOTICE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a direct debit prints."""

    reference: str
    creditor_id: str


@dataclass(frozen=True, slots=True)
class Printing:
    """What every document of a company prints: its logo, and rates of late interest that a person entered."""

    logo: bytes | None
    ecb_rates: Rates


def sheet_of(
    row: Row, parties: Parties, mandate: Mandate | None, printing: Printing, *, number: str, issue_date: date
) -> Sheet:
    """The sheet of a stored draft under that number and date."""
    kind = DocumentKind(row["kind"])
    is_credit_note = kind.gives_back
    seller, buyer = seller_of(parties.company, parties.settings), buyer_of(parties.client)
    nature = Nature(row["nature"])
    return Sheet(
        number=number,
        type_code=kind.type_code,
        issue_date=issue_date,
        due_date=issue_date if is_credit_note else row["paid_on"] or due_date_of(row, issue_date),
        currency="EUR",
        process_code=row["process_code"],
        nature=nature.value,
        vat_due_code=vat.due_code(
            nature,
            on_debits=parties.settings["vat_on_debits"],
            is_deposit=kind in (DocumentKind.DEPOSIT_INVOICE, DocumentKind.DEPOSIT_CREDIT_NOTE),
        ),
        seller=seller,
        buyer=buyer,
        lines=tuple(_line(line) for line in row["lines"]),
        allowances=tuple(_allowance(item) for item in row["allowances"]),
        totals=_totals(row),
        due=row["due"],
        notes=_notes(row, parties, seller, buyer, late_interest_rate(issue_date, printing.ecb_rates)),
        payment=None if is_credit_note else _payment(row, parties.settings, mandate, issue_date),
        terms_text=parties.settings["payment_terms_text"],
        delivery_date=row["delivery_date"],
        period=(row["period_start"], row["period_end"]) if row["period_start"] else None,
        contract_reference=row["contract_reference"],
        purchase_order_ref=row["purchase_order_ref"],
        buyer_reference=row["buyer_reference"],
        preceding=tuple(Preceding(earlier, on) for earlier, on in views.preceding_of(row)),
        reason_text=row["reason_text"],
        footer_text=parties.settings["footer_text"],
        prepaid=row["prepaid"],
        charges=tuple(_charge(item) for item in row["charges"]),
        deposits=tuple(_deposit(item) for item in row["deposits"]),
        paid_on=row["paid_on"],
        style=style_of(parties.settings, printing.logo),
        profile=Profile(parties.settings["default_profile"]),
        through_platform=row["processing"] in PLATFORM_PROCESSING,
    )


def _notes(row: Row, parties: Parties, seller: SheetParty, buyer: SheetParty, rate: Decimal) -> tuple[SheetNote, ...]:
    """The mentions of the law, what a person wrote, and why VAT is not charged."""
    nature = Nature(row["nature"])
    found = mentions.mentions(
        mentions.MentionFacts(
            buyer_kind=PartyKind(buyer.kind),
            nature=nature,
            processing=Processing(row["processing"]),
            vat_on_debits=parties.settings["vat_on_debits"],
            is_credit_note=DocumentKind(row["kind"]).gives_back,
            legal_form_line=seller.legal_form_line,
            rcs_line=seller.rcs_line,
            mediator_name=parties.settings["mediator_name"],
            mediator_url=parties.settings["mediator_url"],
            extra=parties.settings["legal_mentions_extra"],
            late_interest=rate,
        )
    )
    free = [SheetNote(None, row["notes"])] if row["notes"] else []
    exemptions = {item.key.exemption_code or "" for item in views.breakdown_of(row)}
    free += [SheetNote(None, vat.EXEMPTION_TEXTS[code]) for code in sorted(exemptions & vat.EXEMPTION_TEXTS.keys())]
    return tuple(SheetNote(item.code, item.text, item.printed) for item in found) + tuple(free)


def style_of(settings: Row, logo: bytes | None) -> SheetStyle:
    """How the company's documents look."""
    return SheetStyle(
        settings["primary_color"], settings["secondary_color"], settings["header_text"], logo, settings["logo_position"]
    )


def _totals(row: Row) -> Totals:
    return Totals(
        row["line_total"],
        row["allowance_total"],
        row["net"],
        row["vat"],
        row["gross"],
        views.breakdown_of(row),
        row["charge_total"],
    )


def due_date_of(row: Row, issue_date: date) -> date:
    """Counted from the issue where a person wrote the draft; the date of the order it follows otherwise."""
    ordered: date | None = row["due_date"]
    if row["origin"] in _COUNTED_FROM_ISSUE or ordered is None:
        return PaymentTerm.of(row).due_on(issue_date)
    return max(ordered, issue_date)


_COUNTED_FROM_ISSUE = frozenset({InvoiceOrigin.MANUAL, InvoiceOrigin.DEPOSIT})


def seller_of(company: CompanySnapshot, settings: Row) -> SheetParty:
    """The issuing company, reached as its settings say. Of the normal regime, its VAT number follows from its SIREN."""
    exempt = company.vat_regime.value == "FRANCHISE_EXEMPT"
    number = company.vat_number or f"FR{fr_siren.to_tva(company.siren).replace(' ', '')}"
    capital = f" au capital de {money(company.share_capital.amount)}" if company.share_capital else ""
    return SheetParty(
        name=company.legal_name,
        kind=PartyKind.BUSINESS.value,
        address=company.address,
        trade_name=company.trade_name,
        legal_form_line=f"{company.legal_form}{capital}" if company.legal_form else None,
        siren=company.siren,
        siret=company.siret_hq,
        vat_number=None if exempt else number,
        tax_id=company.siren if exempt else None,
        rcs_line=f"RCS {company.rcs_city} {company.siren}" if company.rcs_city else None,
        email=settings["display_email"] or company.email,
        phone=settings["display_phone"] or company.phone,
        website=settings["display_website"] or company.website,
    )


def buyer_of(client: ClientSnapshot) -> SheetParty:
    """The client; identifiers of a business only."""
    is_consumer = client.kind.value == PartyKind.CONSUMER.value
    return SheetParty(
        name=client.legal_name or client.display_name,
        kind=client.kind.value,
        address=client.billing_address,
        siren=None if is_consumer else client.siren,
        siret=None if is_consumer else client.siret,
        vat_number=None if is_consumer else client.vat_number,
        email=client.primary_email,
    )


def _line(line: dict[str, Any]) -> SheetLine:
    return SheetLine(
        line_no=line["line_no"],
        name=line["name"],
        description=line["description"],
        quantity=Decimal(line["quantity"]),
        unit_code=line["unit_code"],
        unit_price=Decimal(line["unit_price"]),
        net=Decimal(line["net"]),
        key=VatKey(line["vat_category"], Decimal(line["vat_rate"]), line["exemption_code"]),
        allowances=tuple(SheetAllowance(Decimal(item["amount"]), item["reason"]) for item in line["allowances"]),
        period=(_day(line["period_start"]), _day(line["period_end"])) if line["period_start"] else None,
        sku=line["sku"],
    )


def _allowance(item: dict[str, Any]) -> SheetAllowance:
    key = VatKey(item["category"], Decimal(item["rate"]), item["exemption_code"])
    return SheetAllowance(Decimal(item["amount"]), item["reason"], key)


def _charge(item: dict[str, Any]) -> SheetCharge:
    key = VatKey(item["category"], Decimal(item["rate"]), item["exemption_code"])
    return SheetCharge(Decimal(item["amount"]), item["reason"], key)


def _deposit(item: dict[str, Any]) -> SheetDeposit:
    figures = (Decimal(item[name]) for name in ("net", "vat", "gross"))
    return SheetDeposit(item["number"], date.fromisoformat(item["issue_date"]), *figures)


def _day(text: str | date) -> date:
    return text if isinstance(text, date) else date.fromisoformat(text)


def _payment(row: Row, settings: Row, mandate: Mandate | None, issue_date: date) -> SheetPayment:
    method = PaymentMethod(row["payment_method"])
    label, debit_date = PAYMENT_LABELS[method], row["planned_debit_date"]
    if method is PaymentMethod.TRANSFER:
        account = {name: settings[name] for name in ("iban", "bic", "account_name", "bank_name")}
        return SheetPayment(method.code, label, **account)
    if method is PaymentMethod.SEPA_DIRECT_DEBIT:
        return SheetPayment(
            method.code,
            label,
            mandate_reference=mandate.reference if mandate else None,
            creditor_id=mandate.creditor_id if mandate else None,
            debit_date=debit_date,
            prenotified=debit_date is not None and issue_date <= debit_date - _SEPA_NOTICE,
        )
    return SheetPayment(method.code, label)
