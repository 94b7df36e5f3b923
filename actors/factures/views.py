"""Rows of factures as the messages show them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.factures.rules.amounts import VatAmount, VatKey, percent_of
from messages.factures import (
    AccountNet,
    CreditedOriginal,
    DeductedDeposit,
    DocumentKind,
    Invoice,
    InvoiceLine,
    InvoiceSummary,
    InvoicingSettings,
    IssuedLine,
    Settlement,
)
from messages.shared import PartyKind, VatTotal
from messages.values.banking import mask_iban
from messages.values.money import Money
from runtime.unit_of_work import Row
from storage.factures.tables import invoice

EMPTY: dict[str, Any] = {column.key: None for column in invoice.c} | {
    "prenotified": False, "rebill": False, "delivery_failed": False, "overdue": False,
    "lines": None, "breakdown": None, "settlements": None, "deposits": (), "transmission_status": "NONE", "internal_only": False,
}  # fmt: skip
"""A document of which only the columns that were inserted are known."""


def reference_of(row: Row) -> dict[str, Any]:
    """The fields of InvoiceRef, from which facts are made."""
    return {
        "invoice_id": row["id"],
        "type_code": DocumentKind(row["kind"]).type_code,
        **{name: row[name] for name in _SAME_NAMES},
        **{name: Money(amount=row[name]) for name in ("net", "vat", "gross", "due", "outstanding")},
    }


_SAME_NAMES = (
    "number", "kind", "company_id", "client_id", "contract_id", "sales_rep_id", "origin", "status", "settlement_status",
    "issue_date", "due_date",
)  # fmt: skip


def invoice_of(row: Row) -> Invoice:
    """The document in full, as requests answer it."""
    lines = row["lines"] or ()
    return Invoice.model_validate(
        {
            **row,
            **reference_of(row),
            "payment_terms_text": None,
            "delivery_channel": row["channel"],
            "lines": [line_of(line) for line in lines],
            "vat_totals": vat_totals(row),
            "settlements": [
                Settlement.model_validate({**found, "amount": Decimal(found["amount"])})
                for found in row["settlements"] or ()
            ],
            "preceding": preceding_ids(row),
            "discount_total": row["allowance_total"],
            "deposits": deposits_of(row),
        }
    )


def preceding_of(row: Row) -> list[tuple[str, date]]:
    """Number and date of the earlier documents a document names (BG-3): what it corrects, or deposits it deducts."""
    found = [(row["preceding_number"], row["preceding_date"])] if row["preceding_number"] else []
    return found + [(item["number"], date.fromisoformat(item["issue_date"])) for item in row["deposits"]]


def preceding_ids(row: Row) -> list[UUID]:
    """The ids of the same documents."""
    found = [row["preceding_id"]] if row["preceding_id"] else []
    return found + [UUID(item["invoice_id"]) for item in row["deposits"]]


def deposits_of(row: Row) -> list[DeductedDeposit]:
    """The deposits that a final invoice deducts."""
    return [
        DeductedDeposit.model_validate(item | {name: Decimal(item[name]) for name in ("net", "vat", "gross")})
        for item in row["deposits"]
    ]


def line_of(line: Row) -> InvoiceLine:
    """A line as requests answer it."""
    discount = sum((Decimal(item["amount"]) for item in line["allowances"]), Decimal("0.00"))
    exact = {name: Decimal(line[name]) for name in ("quantity", "unit_price", "net", "vat_rate")}
    return InvoiceLine.model_validate({**line, **exact, "discount": discount})


def summary_of(row: Row) -> InvoiceSummary:
    """The document in a list."""
    return InvoiceSummary.model_validate(dict(row))


def breakdown_of(row: Row) -> tuple[VatAmount, ...]:
    """The VAT breakdown of a stored document."""
    return tuple(
        VatAmount(
            VatKey(found["category"], Decimal(found["rate"]), found["exemption_code"]),
            Decimal(found["base"]),
            Decimal(found["amount"]),
        )
        for found in row["breakdown"] or ()
    )


def vat_totals(row: Row) -> list[VatTotal]:
    """The VAT breakdown of a stored document as messages carry it."""
    return vat_totals_of(breakdown_of(row))


def vat_totals_of(breakdown: Sequence[VatAmount]) -> list[VatTotal]:
    """A VAT breakdown as messages carry it."""
    return [
        VatTotal(
            category=found.key.category,
            rate=found.key.rate,
            base=Money(amount=found.base),
            amount=Money(amount=found.amount),
            exemption_code=found.key.exemption_code,
        )
        for found in breakdown
    ]


def facts_of(row: Row, pdf_sha256: str) -> dict[str, Any]:
    """The fields of InvoiceFacts of an issued document."""
    lines = [_issued_line(line, row["contract_id"]) for line in row["lines"]]
    accounts: dict[str, Decimal] = {}
    for line in lines:
        accounts[line.revenue_account] = accounts.get(line.revenue_account, Decimal("0.00")) + line.net.amount
    return {
        "document_id": row["document_id"],
        "sha256": pdf_sha256,
        "lines": lines,
        "lines_by_account": [
            AccountNet(revenue_account=account, net=Money(amount=net)) for account, net in sorted(accounts.items())
        ],
        "vat_totals": vat_totals(row),
        "preceding": preceding_ids(row),
        "prepaid": Money(amount=row["prepaid"]),
        "deposits": deposits_of(row),
        "issue_mode": row["channel"],
        "delivery_channel": row["channel"],
        "buyer_kind": PartyKind(row["buyer"]["kind"]),
        **{name: row[name] for name in _FACTS},
    }


_FACTS = (
    "billing_instalment_ids", "adjustment_ids", "period_start", "period_end", "payment_method", "planned_debit_date",
    "prenotified", "payment_terms_code", "mandate_reference", "fiscal_year_end", "process_code", "seal_hash",
)  # fmt: skip


def _issued_line(line: Row, contract_id: UUID | None) -> IssuedLine:
    net, rate = Decimal(line["net"]), Decimal(line["vat_rate"])
    vat = percent_of(net, rate)
    return IssuedLine(
        line_no=line["line_no"],
        product_id=line["product_id"],
        contract_id=contract_id,
        contract_line_id=line["contract_line_id"],
        billing_instalment_id=line["billing_instalment_id"],
        name=line["name"],
        quantity=Decimal(line["quantity"]),
        net=Money(amount=net),
        vat_category=line["vat_category"],
        vat_rate=rate,
        vat=Money(amount=vat),
        gross=Money(amount=net + vat),
        recurring=line["recurring"],
        revenue_account=line["revenue_account"],
    )


def credit_facts_of(row: Row) -> dict[str, Any]:
    """The fields of CreditFacts of an issued credit note."""
    original = CreditedOriginal(
        invoice_id=row["preceding_id"],
        net=Money(amount=row["net"]),
        vat=Money(amount=row["vat"]),
        gross=Money(amount=row["gross"]),
    )
    return {
        "credit_note_id": row["id"],
        "originals": [original],
        **{name: row[name] for name in ("scope", "reason_code", "rebill", "refund_wish", "internal_only")},
    }


def settings_of(row: Row) -> InvoicingSettings:
    """Settings without the whole IBAN."""
    return InvoicingSettings.model_validate({**row, "iban_masked": mask_iban(row["iban"]) if row["iban"] else None})
