"""Drafts: from what is owed to lines, VAT and totals, stored and announced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.factures import views
from actors.factures.defaults import Defaults, defaults_of
from actors.factures.preferences import PaymentTerm
from actors.factures.rules import amounts, vat
from actors.factures.rules.amounts import Totals, VatKey
from actors.factures.rules.booking import Article, default_account
from messages.clients import ClientSnapshot
from messages.factures import (
    CLIENT_BLOCKED,
    CLIENT_UNKNOWN,
    COMPANY_ARCHIVED,
    COMPANY_UNKNOWN,
    DEPOSIT_EXCEEDS_TOTAL,
    INVOICE_NOT_COMPLIANT,
    Channel,
    DocumentKind,
    InvoiceCreated,
    InvoiceOrigin,
    InvoiceStatus,
    Nature,
    PaymentMethod,
    Processing,
    SettlementStatus,
)
from messages.identity import CompanySnapshot
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.vat_zones import VatZone, vat_zone_of
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import invoice, invoice_line, vat_breakdown

ZERO = Decimal("0.00")


Discount = tuple[Decimal, Decimal | None, str]
"""Amount, product rate (None: spread over all), reason."""
Charge = tuple[Decimal, Decimal, str]
"""Amount, product rate, reason."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line before its VAT is known; `key` only where it is taken from an earlier document."""

    name: str
    quantity: Decimal
    unit_price: Decimal
    product_rate: Decimal
    unit_code: str = "C62"
    description: str | None = None
    allowances: tuple[tuple[Decimal, str], ...] = ()
    nature: Nature = Nature.SERVICES
    product_id: UUID | None = None
    article: Article | None = None
    """Of a line taken from an earlier document; else the product's of today."""
    contract_line_id: UUID | None = None
    billing_instalment_id: UUID | None = None
    period: tuple[date, date] | None = None
    prorata: tuple[int, int] | None = None
    revenue_account: str | None = None
    recurring: bool = False
    key: VatKey | None = None


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """What a draft is made of."""

    company_id: UUID
    client_id: UUID
    lines: tuple[DraftLine, ...]
    payment_method: PaymentMethod
    origin: InvoiceOrigin = InvoiceOrigin.MANUAL
    kind: DocumentKind = DocumentKind.INVOICE
    id: UUID | None = None
    auto_issue: bool = False
    discounts: tuple[Discount, ...] = ()
    charges: tuple[Charge, ...] = ()
    deposits: tuple[dict[str, Any], ...] = ()
    prepaid: Decimal = ZERO
    paid_on: date | None = None
    delivery_date: date | None = None
    period: tuple[date, date] | None = None
    due_date: date | None = None
    term: PaymentTerm | None = None
    """Left out: the client's."""
    channel: Channel | None = None
    """Left out: the client's."""
    extra: dict[str, Any] = field(default_factory=dict)
    totals: Totals | None = None


@dataclass(frozen=True, slots=True)
class Parties:
    """Seller with its settings, and buyer."""

    company: CompanySnapshot
    settings: Row
    client: ClientSnapshot

    @property
    def zone(self) -> VatZone:
        """Where the buyer is for VAT; mainland France until an address says otherwise."""
        address = self.client.billing_address
        return vat_zone_of(address.country_code, address.postal_code) if address else VatZone.FR_METRO


async def load_parties(company_id: UUID, client_id: UUID, work: UnitOfWork, *, even_blocked: bool = False) -> Parties:
    """Both parties of a document; refused when one is unknown, or may not sell or be invoiced.

    `even_blocked` is for documents that give money back: a block, a death and an archive forbid to charge, not to credit.
    """
    company = await work.fetch_one(queries.COMPANY, organisation_id=work.organisation_id, company_id=company_id)
    if company is None or not work.caller.sees_company(company_id):
        raise Refused.field("company_id", "unknown", "the company is not known here; check company_id", COMPANY_UNKNOWN)
    found = await work.fetch_one(queries.CLIENTS, organisation_id=work.organisation_id, ids=[client_id])
    if found is None:
        raise Refused.field("client_id", "unknown", "the client is not known here; check client_id", CLIENT_UNKNOWN)
    client = ClientSnapshot.model_validate(found["snapshot"])
    if may_not_be_charged(client) and not even_blocked:
        raise Refused(CLIENT_BLOCKED, "the client is blocked or deceased; unblock him before invoicing")
    seller = CompanySnapshot.model_validate(company["snapshot"])
    if sells_nothing(seller) and not even_blocked:
        raise Refused(COMPANY_ARCHIVED, "the company is archived and sells nothing any more; choose another")
    return Parties(seller, company, client)


def sells_nothing(company: CompanySnapshot) -> bool:
    """Whether the company is archived."""
    return company.status == "ARCHIVED"


def may_not_be_charged(client: ClientSnapshot) -> bool:
    """Whether a block or a death forbids to invoice the client."""
    return bool(client.flags.blocked_scope) or client.flags.deceased


async def save_draft(order: DraftOrder, parties: Parties, work: UnitOfWork) -> Row:
    """Compute, store and announce a draft; its row as stored."""
    complete = order.term and order.channel and not _ask_products(order.lines)
    defaults = Defaults() if complete else await _defaults(order.lines, parties, work)
    lines = _line_rows(order.lines, defaults, parties)
    order = replace(order, term=order.term or defaults.term, channel=order.channel or defaults.channel)
    row = _invoice_row(order, lines, parties, work)
    totals = order.totals or totals_of(lines, row["allowances"], row["charges"])
    row |= totals_columns(totals, totals.gross if order.paid_on else order.prepaid)
    await work.insert(invoice, **row)
    await store_parts(row["id"], lines, totals, work)
    stored = {**views.EMPTY, **row, "version": 1}
    work.emit(InvoiceCreated(**views.reference_of(stored), draft_ref=row["draft_ref"]), version=1)
    work.record("invoice", row["id"], after={"status": row["status"], "kind": row["kind"], "gross": f"{totals.gross}"})
    return stored


async def store_parts(invoice_id: UUID, lines: list[dict[str, Any]], totals: Totals, work: UnitOfWork) -> None:
    """Insert lines and VAT breakdown of a draft."""
    common = {"invoice_id": invoice_id, "organisation_id": work.organisation_id}
    await work.insert_rows(invoice_line, [common | line for line in lines])
    await store_breakdown(invoice_id, totals, work)


async def store_breakdown(invoice_id: UUID, totals: Totals, work: UnitOfWork) -> None:
    """Insert the VAT breakdown of a draft."""
    common = {"invoice_id": invoice_id, "organisation_id": work.organisation_id}
    rows = [
        common
        | {"position": position, "category": row.key.category, "rate": row.key.rate, "base": row.base}
        | {"amount": row.amount, "exemption_code": row.key.exemption_code}
        for position, row in enumerate(totals.breakdown)
    ]
    await work.insert_rows(vat_breakdown, rows)


async def line_rows(lines: tuple[DraftLine, ...], parties: Parties, work: UnitOfWork) -> list[dict[str, Any]]:
    """The columns of lines, with the VAT found for the buyer and what their products say."""
    defaults = await _defaults(lines, parties, work) if _ask_products(lines) else Defaults()
    return _line_rows(lines, defaults, parties)


def _line_rows(lines: tuple[DraftLine, ...], defaults: Defaults, parties: Parties) -> list[dict[str, Any]]:
    return [_line_row(number, line, defaults, parties) for number, line in enumerate(lines, 1)]


def _ask_products(lines: tuple[DraftLine, ...]) -> bool:
    return any(line.revenue_account is None or (line.product_id and not line.article) for line in lines)


async def _defaults(lines: tuple[DraftLine, ...], parties: Parties, work: UnitOfWork) -> Defaults:
    return await defaults_of(parties.client, parties.company.company_id, [line.product_id for line in lines], work)


def totals_of(
    lines: Sequence[Mapping[str, Any]], allowances: list[dict[str, Any]], charges: list[dict[str, Any]]
) -> Totals:
    """The totals of line rows, document discounts and charges."""
    return amounts.totals_of(keyed(lines), _keyed_adjustments(allowances), _keyed_adjustments(charges))


def keyed(lines: Sequence[Mapping[str, Any]]) -> list[tuple[VatKey, Decimal]]:
    """The nets of line rows by the VAT they bear; numbers of stored rows come as texts."""
    return [
        (VatKey(line["vat_category"], Decimal(line["vat_rate"]), line["exemption_code"]), Decimal(line["net"]))
        for line in lines
    ]


def totals_columns(totals: Totals, prepaid: Decimal = ZERO) -> dict[str, Any]:
    """The amount columns of a document that is not issued; `prepaid` is what deposits or the counter settled."""
    if prepaid > totals.gross:
        raise Refused(
            DEPOSIT_EXCEEDS_TOTAL,
            f"{prepaid:.2f} is paid already, more than the {totals.gross:.2f} of the document; leave a deposit out",
            details={"prepaid": f"{prepaid:.2f}", "gross": f"{totals.gross:.2f}"},
        )
    return {
        "line_total": totals.line_total,
        "allowance_total": totals.allowance_total,
        "charge_total": totals.charge_total,
        "prepaid": prepaid,
        "net": totals.net,
        "vat": totals.vat,
        "gross": totals.gross,
        "due": totals.gross - prepaid,
        "settled": ZERO,
        "credited": ZERO,
        "outstanding": ZERO,
    }


def found_vat(parties: Parties, product_rate: Decimal) -> VatKey:
    """The VAT of a product rate for this buyer; a case that is not supported is refused, never guessed."""
    try:
        case = vat.vat_case(
            parties.company.vat_regime.value, parties.client.vat_status.value, parties.zone, product_rate
        )
    except vat.VatCaseNotSupported as problem:
        raise Refused(INVOICE_NOT_COMPLIANT, str(problem), details={"rules": ["VAT_CASE_NOT_SUPPORTED"]}) from None
    return VatKey(case.category, case.rate, case.exemption_code)


def discount_rows(
    discounts: Sequence[Discount], lines: Sequence[Mapping[str, Any]], parties: Parties
) -> list[dict[str, Any]]:
    """Document discounts as they are stored: one row per VAT key; one without a rate is spread over the lines' nets."""
    rows = []
    for amount, rate, reason in discounts:
        if rate is not None:
            rows.append(_adjustment_row(found_vat(parties, rate), amount, reason))
        else:
            parts = shares(amount, keyed(lines))
            rows += [_adjustment_row(key, share, reason) | {"spread": True} for key, share in parts]
    return rows


def spread_again(allowances: list[dict[str, Any]], lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The discounts of a draft whose lines changed: those that were spread are spread over the new nets."""
    rows = [item for item in allowances if not item.get("spread")]
    whole: dict[str, Decimal] = {}
    for item in allowances:
        if item.get("spread"):
            whole[item["reason"]] = whole.get(item["reason"], ZERO) + Decimal(item["amount"])
    for reason, amount in whole.items():
        parts = shares(amount, keyed(lines))
        rows += [_adjustment_row(key, share, reason) | {"spread": True} for key, share in parts]
    return rows


def charge_rows(charges: Sequence[Charge], parties: Parties) -> list[dict[str, Any]]:
    """Document charges as they are stored."""
    return [_adjustment_row(found_vat(parties, rate), amount, reason) for amount, rate, reason in charges]


def shares(amount: Decimal, lines: amounts.Keyed) -> list[tuple[VatKey, Decimal]]:
    """A discount spread over the lines' nets; refused where there is nothing to reduce."""
    try:
        return amounts.spread(amount, lines)
    except ValueError:
        raise Refused.field(
            "discounts", "nothing_to_reduce", "no line bears a net to reduce; leave the discount out"
        ) from None


def _adjustment_row(key: VatKey, amount: Decimal, reason: str) -> dict[str, Any]:
    found = {"amount": f"{amount:.2f}", "reason": reason, "category": key.category, "rate": f"{key.rate:.2f}"}
    return found | {"exemption_code": key.exemption_code}


def _keyed_adjustments(items: list[dict[str, Any]]) -> list[tuple[VatKey, Decimal]]:
    return [
        (VatKey(item["category"], Decimal(item["rate"]), item["exemption_code"]), Decimal(item["amount"]))
        for item in items
    ]


def _line_row(number: int, line: DraftLine, defaults: Defaults, parties: Parties) -> dict[str, Any]:
    key = line.key or found_vat(parties, line.product_rate)
    article = line.article or defaults.articles.get(line.product_id)
    account = line.revenue_account or defaults.account_of(line.product_id)
    return {
        "line_no": number,
        "name": line.name,
        "description": line.description,
        "quantity": line.quantity,
        "unit_code": line.unit_code,
        "unit_price": line.unit_price,
        "allowances": [{"amount": f"{amount:.2f}", "reason": reason} for amount, reason in line.allowances],
        "net": amounts.line_net(line.quantity, line.unit_price, [amount for amount, _ in line.allowances]),
        "vat_category": key.category,
        "vat_rate": key.rate,
        "exemption_code": key.exemption_code,
        "nature": line.nature,
        "product_id": line.product_id,
        "product_version_id": article.version_id if article else None,
        "sku": article.sku if article else None,
        "contract_line_id": line.contract_line_id,
        "billing_instalment_id": line.billing_instalment_id,
        "period_start": line.period[0] if line.period else None,
        "period_end": line.period[1] if line.period else None,
        "prorata_used": line.prorata[0] if line.prorata else None,
        "prorata_total": line.prorata[1] if line.prorata else None,
        "revenue_account": account or default_account(line.nature, recurring=line.recurring),
        "recurring": line.recurring,
    }


def _invoice_row(order: DraftOrder, lines: list[dict[str, Any]], parties: Parties, work: UnitOfWork) -> dict[str, Any]:
    invoice_id = order.id or new_id()
    nature = vat.nature_of(frozenset(line["nature"] for line in lines))
    term = order.term or PaymentTerm()
    due_date = order.paid_on or order.due_date or term.due_on(work.today())
    row: dict[str, Any] = {
        "id": invoice_id,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "company_id": order.company_id,
        "kind": order.kind,
        "draft_ref": f"D-{str(invoice_id)[-8:].upper()}",
        "status": InvoiceStatus.DRAFT,
        "settlement_status": SettlementStatus.NONE,
        "origin": order.origin,
        "auto_issue": order.auto_issue,
        "client_id": order.client_id,
        "channel": order.channel,
        "delivery_date": order.delivery_date,
        "period_start": order.period[0] if order.period else None,
        "period_end": order.period[1] if order.period else None,
        "due_date": due_date,
        **term.columns,
        "payment_method": order.payment_method,
        "nature": nature,
        "process_code": vat.process_code(nature, is_paid=order.paid_on is not None, after_deposit=bool(order.deposits)),
        "processing": processing_of(parties.client),
        "allowances": discount_rows(order.discounts, lines, parties),
        "charges": charge_rows(order.charges, parties),
        "deposits": list(order.deposits),
        "paid_on": order.paid_on,
        "billing_instalment_ids": [],
        "adjustment_ids": [],
    }
    return row | order.extra


def processing_of(client: ClientSnapshot) -> Processing:
    """How the reform sees a sale to this client (spec 6.17)."""
    if client.kind.value == "PUBLIC":
        return Processing.B2G
    match client.vat_status.value:
        case "TAXABLE_FR" | "FRANCHISE_FR":
            return Processing.B2B
        case "TAXABLE_EU" | "TAXABLE_NON_EU":
            return Processing.B2BINT
        case _:
            abroad = client.billing_address is not None and client.billing_address.country_code != "FR"
            return Processing.B2CINT if abroad else Processing.B2C
