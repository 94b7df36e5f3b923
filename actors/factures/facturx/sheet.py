"""Everything a document says, in one value: XML, PDF, checks and seal are made from it and nothing else."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from actors.factures.rules.amounts import Totals, VatKey
from messages.factures.values import Profile
from messages.values.addresses import Address


@dataclass(frozen=True, slots=True)
class SheetParty:
    """Seller or buyer as frozen at issue (BG-4, BG-7)."""

    name: str
    kind: str
    address: Address | None
    trade_name: str | None = None
    legal_form_line: str | None = None
    siren: str | None = None
    siret: str | None = None
    vat_number: str | None = None
    tax_id: str | None = None
    rcs_line: str | None = None
    email: str | None = None
    phone: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True)
class SheetAllowance:
    """A reduction of a line or of the document."""

    amount: Decimal
    reason: str
    key: VatKey | None = None


@dataclass(frozen=True, slots=True)
class SheetCharge:
    """A cost added to the document (BG-21)."""

    amount: Decimal
    reason: str
    key: VatKey


@dataclass(frozen=True, slots=True)
class SheetDeposit:
    """A deposit invoice that a final invoice deducts; its VAT was invoiced there already."""

    number: str
    issue_date: date
    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class SheetStyle:
    """How a company's documents look: colours, a line above the seller, and its logo as PNG."""

    primary_color: str = "#1E3A5F"
    secondary_color: str = "#666666"
    header_text: str | None = None
    logo: bytes | None = None
    logo_position: str = "LEFT"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line (BG-25)."""

    line_no: int
    name: str
    quantity: Decimal
    unit_code: str
    unit_price: Decimal
    net: Decimal
    key: VatKey
    description: str | None = None
    allowances: tuple[SheetAllowance, ...] = ()
    period: tuple[date, date] | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class SheetNote:
    """A coded note (BG-1); `printed` is false where the PDF says it elsewhere."""

    code: str | None
    text: str
    printed: bool = True


@dataclass(frozen=True, slots=True)
class SheetPayment:
    """How the document is paid (BG-16)."""

    code: str
    label: str
    iban: str | None = None
    bic: str | None = None
    account_name: str | None = None
    bank_name: str | None = None
    mandate_reference: str | None = None
    creditor_id: str | None = None
    debit_date: date | None = None
    prenotified: bool = False


@dataclass(frozen=True, slots=True)
class Preceding:
    """An earlier document this one refers to (BG-3)."""

    number: str
    issue_date: date


@dataclass(frozen=True, slots=True)
class Sheet:
    """The document. Only number, issue date and payment reference change between the check and the issue."""

    number: str
    type_code: str
    issue_date: date
    due_date: date | None
    currency: str
    process_code: str
    nature: str
    vat_due_code: str | None
    seller: SheetParty
    buyer: SheetParty
    lines: tuple[SheetLine, ...]
    allowances: tuple[SheetAllowance, ...]
    totals: Totals
    due: Decimal
    notes: tuple[SheetNote, ...]
    payment: SheetPayment | None
    terms_text: str | None
    delivery_date: date | None = None
    period: tuple[date, date] | None = None
    contract_reference: str | None = None
    purchase_order_ref: str | None = None
    buyer_reference: str | None = None
    preceding: tuple[Preceding, ...] = ()
    reason_text: str | None = None
    footer_text: str | None = None
    prepaid: Decimal = Decimal("0.00")
    profile: Profile = Profile.EN16931
    charges: tuple[SheetCharge, ...] = ()
    deposits: tuple[SheetDeposit, ...] = ()
    paid_on: date | None = None
    style: SheetStyle = SheetStyle()
    through_platform: bool = True
    """Whether the document passes an approved platform, so that the French rules hold for its XML."""
