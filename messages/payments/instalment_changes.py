"""What people change of a single instalment before it is presented."""

from datetime import date
from uuid import UUID

from messages.base import Request
from messages.payments.dues import Instalment
from messages.values.text import Label


class RescheduleInstalment(Request[Instalment], permission="payments:schedule:write"):
    """Move a debit that is not under way to another day; calendar does not move it again.

    A day on which banks do not settle becomes the next one on which they do. The debtor is told of the new date.
    """

    instalment_id: UUID
    debit_on: date
    reason: Label
    expected_version: int | None = None


class SkipInstalment(Request[Instalment], permission="payments:schedule:write"):
    """Never collect an instalment. An invoice that it belongs to stays owed."""

    instalment_id: UUID
    reason: Label
    expected_version: int | None = None


class WaiveBlock(Request[Instalment], permission="payments:schedule:approve"):
    """Let a blocked instalment pass the guard that holds it, at the next emission; the other guards still apply.

    What the law or the mandate forbids is not waived, nor is a lock of the contract or the client.
    """

    instalment_id: UUID
    reason: Label
