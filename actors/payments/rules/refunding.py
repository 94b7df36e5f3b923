"""Giving money back: how much, who must agree, and what it does to the payment and what it settled."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from actors.payments.rules.dates import refund_claim_deadline
from actors.payments.rules.machines import PAYMENT
from actors.payments.rules.outcomes import NOTHING, InvoiceState, PaymentState
from messages.payments import PaymentStatus
from messages.payments.refunds import RefundStatus
from messages.transitions import StateMachine

FOUR_EYES_ABOVE = Decimal("150.00")
REFUNDABLE = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})
RESERVED = (RefundStatus.PENDING_APPROVAL, RefundStatus.PENDING, RefundStatus.SUBMITTED)
"""Refunds that are not decided by the money yet: what they ask for cannot be asked for twice."""

REFUND = StateMachine(
    "refund",
    {
        ("approve", RefundStatus.PENDING_APPROVAL): RefundStatus.PENDING,
        ("refuse", RefundStatus.PENDING_APPROVAL): RefundStatus.CANCELLED,
        ("cancel", RefundStatus.PENDING_APPROVAL): RefundStatus.CANCELLED,
        ("submit", RefundStatus.PENDING): RefundStatus.SUBMITTED,
        ("succeed", RefundStatus.PENDING): RefundStatus.SUCCEEDED,
        ("succeed", RefundStatus.SUBMITTED): RefundStatus.SUCCEEDED,
        ("fail", RefundStatus.PENDING): RefundStatus.FAILED,
        ("fail", RefundStatus.SUBMITTED): RefundStatus.FAILED,
    },
)


def refundable(payment: PaymentState, reserved: Decimal = NOTHING) -> Decimal:
    """What can still be given back, less what is asked for already."""
    return max(NOTHING, payment.amount - payment.refunded - payment.charged_back - reserved)


def needs_second_person(amount: Decimal) -> bool:
    """Whether somebody else must approve."""
    return amount > FOUR_EYES_ABOVE


def may_be_claimed_twice(method: str, settled_on: date | None, today: date) -> bool:
    """Whether the debtor can still claim the debit at his bank, for 8 weeks (SEPA rulebook)."""
    return method == "SEPA_CORE" and settled_on is not None and today <= refund_claim_deadline(settled_on)


def give_back(
    payment: PaymentState, amount: Decimal, allocated: Sequence[tuple[InvoiceState, Decimal]]
) -> list[Decimal]:
    """Book a refund; what it takes from each allocation, newest first, so that they never exceed what is left.

    The instalment stays paid: the client met his obligation, and the company chose to give money back.
    """
    payment.refunded += amount
    left = payment.amount - payment.refunded - payment.charged_back
    payment.status = PAYMENT.after("refund part" if left > 0 else "refund all", payment.status)
    excess = max(NOTHING, payment.allocated - max(NOTHING, left))
    taken = []
    for invoice, share in allocated:
        part = min(share, excess)
        invoice.allocated -= part
        payment.allocated -= part
        excess -= part
        taken.append(part)
    return taken
