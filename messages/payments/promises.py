"""Promises of debtors to pay by a day: recovery waits for them, and remembers the broken ones."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Event, Reply, Request
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.text import Label


class PromiseVia(StrEnum):
    """How the debtor promised."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"
    AGENT = "AGENT"


class PromiseStatus(StrEnum):
    """The life of a promise. PARTIALLY_KEPT: something came, not all."""

    PENDING = "PENDING"
    KEPT = "KEPT"
    PARTIALLY_KEPT = "PARTIALLY_KEPT"
    BROKEN = "BROKEN"
    CANCELLED = "CANCELLED"


class PromiseRef(Reply):
    """What was promised."""

    promise_id: UUID
    case_id: UUID
    client_id: UUID
    amount: Money
    promised_on: date


class PaymentPromise(PromiseRef):
    """A promise and what became of it; recovery waits until `waits_until`, two TARGET days after the day."""

    made_via: PromiseVia
    status: PromiseStatus
    waits_until: date
    created_at: Instant
    version: int


class PaymentPromisePage(Page[PaymentPromise]):
    """Promises, newest first."""


_READ, _WRITE = "payments:recovery:read", "payments:recovery:write"


class RecordPaymentPromise(Request[PaymentPromise], permission=_WRITE):
    """Wait for a debtor who promised to pay within 30 days; twice per case and episode at most."""

    case_id: UUID
    amount: Annotated[Decimal, Field(gt=0, decimal_places=2)]
    promised_on: date
    made_via: PromiseVia = PromiseVia.PHONE


class CancelPaymentPromise(Request[PaymentPromise], permission=_WRITE):
    """Do not wait any longer."""

    promise_id: UUID
    reason: Label


class ListPaymentPromises(PageRequest, Request[PaymentPromisePage], query=True, permission=_READ):
    """Promises by case, client and state."""

    case_id: UUID | None = None
    client_id: UUID | None = None
    status: tuple[PromiseStatus, ...] = ()


class PaymentPromiseRecorded(PromiseRef, Event, aggregate="payment_promise", aggregate_id="promise_id"):
    """A debtor promised to pay; the case waits."""


class PaymentPromiseKept(PromiseRef, Event, aggregate="payment_promise", aggregate_id="promise_id"):
    """What was promised came."""


class PaymentPromiseBroken(PromiseRef, Event, aggregate="payment_promise", aggregate_id="promise_id"):
    """The day passed and nothing came; the case goes on."""
