"""payments: what is owed and late, as other actors hear it."""

from datetime import date
from uuid import UUID

from messages.base import Event, Reply
from messages.values.money import Money


class ReceivableRef(Reply):
    """One late item."""

    item_id: UUID
    case_id: UUID | None = None
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    payment_id: UUID | None = None
    instalment_id: UUID | None = None
    due_date: date
    amount: Money


class ReceivableDefaulted(ReceivableRef, Event, aggregate="receivable", aggregate_id="item_id"):
    """The item is in default: the client has not paid it and is not expected to soon."""

    defaulted_on: date


class ReceivableDefaultCured(ReceivableRef, Event, aggregate="receivable", aggregate_id="item_id"):
    """The item in default was settled after all."""

    cured_on: date
