"""What a bank's answer does to a payment, its instalment and its invoice. No money is counted twice, whatever the order.

The three states are changed in place: one bank file may name several payments of one instalment or invoice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from actors.payments.rules.machines import INSTALMENT, PAYMENT
from messages.payments import InstalmentStatus, PaymentStatus

NOTHING = Decimal("0.00")
SETTLED = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED})


@dataclass(slots=True)
class PaymentState:
    """The amounts of a payment. `instalment_amount` is what of it pays its instalment."""

    amount: Decimal
    status: PaymentStatus
    allocated: Decimal = NOTHING
    instalment_amount: Decimal = NOTHING
    refunded: Decimal = NOTHING
    charged_back: Decimal = NOTHING

    @property
    def unallocated(self) -> Decimal:
        """What of the receipt settles no invoice yet."""
        if self.status not in SETTLED:
            return NOTHING
        return max(NOTHING, self.amount - self.refunded - self.charged_back) - self.allocated

    @property
    def over_refund(self) -> Decimal:
        """What went back to the payer twice."""
        return max(NOTHING, self.refunded + self.charged_back - self.amount)


@dataclass(slots=True)
class InstalmentState:
    """The amounts of an instalment."""

    amount: Decimal
    status: InstalmentStatus
    paid: Decimal = NOTHING

    @property
    def open(self) -> Decimal:
        """What is still to be collected."""
        return NOTHING if self.status is InstalmentStatus.CANCELLED else self.amount - self.paid


@dataclass(slots=True)
class InvoiceState:
    """The amounts of an invoice: due at issue, credited since, settled by payments."""

    due: Decimal
    credited: Decimal = NOTHING
    allocated: Decimal = NOTHING

    @property
    def open(self) -> Decimal:
        """What is still to be settled."""
        return max(NOTHING, self.due - self.credited - self.allocated)


def settle(payment: PaymentState, instalment: InstalmentState | None, invoice: InvoiceState | None) -> Decimal:
    """The money is there: pay the instalment, settle its invoice; the amount allocated to the invoice."""
    payment.status = PAYMENT.after("settle", payment.status)
    if instalment is not None:
        payment.instalment_amount = pay_instalment(instalment, payment.amount)
    return allocate_to(payment, invoice) if invoice is not None else NOTHING


def pay_instalment(instalment: InstalmentState, amount: Decimal) -> Decimal:
    """Put money on an instalment, never more than is open; the amount taken."""
    taken = min(amount, instalment.open)
    if taken > 0:
        instalment.paid += taken
        in_full = instalment.paid == instalment.amount
        instalment.status = InstalmentStatus.PAID if in_full else _partly_paid(instalment.status)
    return taken


def allocate_to(payment: PaymentState, invoice: InvoiceState, at_most: Decimal | None = None) -> Decimal:
    """Settle an invoice with what is left of a receipt, never more than is open; the amount allocated."""
    amount = min(payment.unallocated, invoice.open)
    if at_most is not None:
        amount = min(amount, at_most)
    payment.allocated += amount
    invoice.allocated += amount
    return amount


def reject(payment: PaymentState, instalment: InstalmentState | None, *, technical: bool = False) -> None:
    """Refused before money moved: the instalment failed, or is due again when our own file was at fault."""
    payment.status = PAYMENT.after("reject", payment.status)
    if instalment is not None and instalment.status is InstalmentStatus.IN_COLLECTION:
        if technical:
            release(instalment)
        else:
            instalment.status = INSTALMENT.after("fail", instalment.status)


def take_back(
    payment: PaymentState,
    instalment: InstalmentState | None,
    allocated: list[tuple[InvoiceState, Decimal]],
    others: Sequence[tuple[InstalmentState, Decimal]] = (),
) -> None:
    """Money taken back after settlement: invoices are open again, the instalment failed.

    `others` are further instalments that the payment paid with their invoices, each with its share.
    """
    payment.status = PAYMENT.after("return", payment.status)
    payment.charged_back = payment.amount
    for invoice, amount in allocated:
        invoice.allocated -= amount
        payment.allocated -= amount
    if instalment is not None and payment.instalment_amount > 0:
        instalment.paid -= payment.instalment_amount
        if instalment.status is not InstalmentStatus.IN_COLLECTION:
            instalment.status = INSTALMENT.after("fail", instalment.status)
    payment.instalment_amount = NOTHING
    for other, amount in others:
        other.paid -= min(amount, other.paid)
        if other.status is not InstalmentStatus.IN_COLLECTION:
            other.status = INSTALMENT.after("fail", other.status)


def take_off(payment: PaymentState, amount: Decimal, invoice: InvoiceState, instalment: InstalmentState | None) -> None:
    """A receipt no longer settles an invoice: it is open again, and its instalment waits for a decision, not a debit."""
    payment.allocated -= amount
    invoice.allocated -= amount
    if instalment is not None and instalment.paid > 0:
        instalment.paid -= min(amount, instalment.paid)
        if instalment.status is not InstalmentStatus.IN_COLLECTION:
            instalment.status = INSTALMENT.after("fail", instalment.status)


def reinstate(payment: PaymentState, instalment: InstalmentState | None, invoice: InvoiceState | None) -> Decimal:
    """Money that was taken back is there again; the amount allocated to the invoice."""
    payment.status = PAYMENT.after("reinstate", payment.status)
    if payment.refunded > 0:
        trigger = "refund all" if payment.refunded == payment.amount else "refund part"
        payment.status = PAYMENT.after(trigger, payment.status)
    payment.charged_back = NOTHING
    if instalment is not None:
        payment.instalment_amount = pay_instalment(instalment, payment.amount - payment.refunded)
    return allocate_to(payment, invoice) if invoice is not None else NOTHING


def withdraw(payment: PaymentState, instalment: InstalmentState | None, trigger: str = "cancel") -> None:
    """Taken out before money moved: the instalment is due again."""
    payment.status = PAYMENT.after(trigger, payment.status)
    if instalment is not None and instalment.status is InstalmentStatus.IN_COLLECTION:
        release(instalment)


def release(instalment: InstalmentState) -> None:
    """Give an instalment back to the next emission."""
    instalment.status = InstalmentStatus.PARTIALLY_PAID if instalment.paid > 0 else InstalmentStatus.PLANNED


def _partly_paid(status: InstalmentStatus) -> InstalmentStatus:
    return status if status is InstalmentStatus.IN_COLLECTION else InstalmentStatus.PARTIALLY_PAID


def percent_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """A share in per cent with two decimals; of nothing there is none."""
    return (part * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP) if whole else None
