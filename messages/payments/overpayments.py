"""payments: money that came twice for one debt."""

from uuid import UUID

from messages.base import Event
from messages.values.money import Money


class OverpaymentDetected(Event, aggregate="overpayment", aggregate_id="payment_id"):
    """A debit brought money for what was paid another way meanwhile; it is the client's until it is refunded or set off."""

    payment_id: UUID
    client_id: UUID
    invoice_id: UUID | None = None
    amount: Money
    refund_id: UUID | None = None
