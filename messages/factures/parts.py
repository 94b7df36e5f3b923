"""Parts of requests: lines and reductions as an accountant writes them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Part
from messages.factures.values import Nature, VatCategory
from messages.values.money import Amount
from messages.values.numbers import Percent, Quantity, Rate
from messages.values.text import Line, Paragraph

PositiveAmount = Annotated[Amount, Field(gt=0)]


class InvoiceLineDraft(Part):
    """A line as an accountant writes it: net price, quantity, rate; the VAT is found for the buyer."""

    name: Line
    description: Paragraph | None = None
    quantity: Quantity
    unit: Annotated[str, Field(max_length=20)] = "C62"
    unit_price: Rate
    discount_amount: Amount | None = None
    vat_rate: Percent
    nature: Nature = Nature.SERVICES
    product_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None
    revenue_account: Annotated[str, Field(pattern="^[0-9A-Z]{3,20}$")] | None = None


class DocumentDiscount(Part):
    """A reduction of the whole document; without a rate it is spread over the rates by their nets."""

    amount: PositiveAmount
    vat_rate: Percent | None = None
    reason: Line


class DocumentCharge(Part):
    """A cost added to the whole document, such as transport; it belongs to one VAT rate."""

    amount: PositiveAmount
    vat_rate: Percent
    reason: Line


class CreditLine(Part):
    """What is taken back of one line: a quantity at its price, or a net amount; all of the line when neither is given."""

    line_no: Annotated[int, Field(ge=1)]
    quantity: Quantity | None = None
    amount: Amount | None = None


class CreditAmount(Part):
    """What is taken back of one VAT category and rate, net."""

    category: VatCategory
    rate: Percent
    net: Amount
