"""What becomes of mandates that a payment provider keeps, beyond what happens to our own."""

from messages.base import Event
from messages.payments.snapshots import MandateSnapshot


class MandateSuspended(MandateSnapshot, Event, aggregate="mandate"):
    """The payer told his bank to let nothing pass for now."""


class MandateFailed(MandateSnapshot, Event, aggregate="mandate"):
    """The payer's bank does not take debits under the mandate."""


class MandateConsumed(MandateSnapshot, Event, aggregate="mandate"):
    """The one debit that the mandate allowed was made."""
