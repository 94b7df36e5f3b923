"""The customer is back from the provider, or waits for its page: what is known of his payment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import false, select, update

from actors.payments import views
from actors.payments.company import company_of
from actors.payments.portal import outcomes, sessions
from actors.payments.portal.orders import look
from actors.payments.portal.rules import token_hash, token_is_well_formed
from actors.payments.rules.machines import LIVE
from messages.payments import PaymentStatus
from messages.payments.portal import (
    SESSION_NOT_FOUND,
    TOKEN_MALFORMED,
    GetPortalPayment,
    HandlePortalReturn,
    PortalPayment,
)
from messages.payments.portal_vocabulary import PortalAuditEvent, PortalMessage, PortalOutcome
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.payments import payment
from storage.payments.tables.portal import portal_link, portal_page, portal_return


async def handle_portal_return(request: HandlePortalReturn, work: UnitOfWork) -> PortalPayment:
    """The first return has the provider read again; what the browser says decides nothing."""
    place = await _place(work, request.state)
    await work.for_organisation(place["organisation_id"])
    row = await outcomes.session_of(work, place["page_id"], lock=True)
    gave_up = portal_page.c.given_up if not request.cancelled else false()  # and went on with the page after all
    first = await work.execute(
        update(portal_page)
        .where(
            portal_page.c.organisation_id == work.organisation_id,
            portal_page.c.id == place["page_id"],
            portal_page.c.returned_at.is_(None) | gave_up,
        )
        .values(returned_at=work.now, given_up=request.cancelled)
    )
    event = PortalAuditEvent.CALLBACK_RECEIVED if first else PortalAuditEvent.REPLAY_DETECTED
    await sessions.note(work, row, event, page_id=str(place["page_id"]), cancelled=request.cancelled)
    work.record("portal_session", row["id"], after={"returned": bool(first)})
    if first:
        why = "given up" if request.cancelled else "return"
        look(work, place["page_id"], why=why, given_up=request.cancelled)
    return await payment_of(work, row, place["page_id"])


async def get_portal_payment(request: GetPortalPayment, work: UnitOfWork) -> PortalPayment:
    """How a payment stands; nothing is changed or recorded, so that a page may ask often."""
    if request.state is not None:
        place = await _place(work, request.state)
        async with _inside(place["organisation_id"], work):
            row = await outcomes.session_of(work, place["page_id"])
            return await payment_of(work, row, place["page_id"])
    if not token_is_well_formed(request.token or ""):
        raise Refused.field("token", "format", "this link is not complete; copy it again", TOKEN_MALFORMED)
    link = await work.fetch_one(select(portal_link).where(portal_link.c.token_hash == token_hash(request.token or "")))
    if link is None:
        raise Refused(SESSION_NOT_FOUND, "no such link; copy it again or ask for a new one")
    async with _inside(link["organisation_id"], work):
        return await payment_of(work, await sessions.load(work, link["session_id"]))


async def payment_of(work: UnitOfWork, row: Row, page_id: UUID | None = None) -> PortalPayment:
    """A page of a link, by default its last one, or the debit that completed it, in the words its customer is told."""
    if page_id is None and row["outcome"] == PortalOutcome.DEBIT_ORDERED:
        return await _debit_of(work, row)
    statement = (
        select(portal_page, payment.c.amount, payment.c.currency)
        .outerjoin(payment, payment.c.id == portal_page.c.id)
        .where(portal_page.c.organisation_id == work.organisation_id, portal_page.c.session_id == row["id"])
    )
    if page_id is not None:
        statement = statement.where(portal_page.c.id == page_id)
    found = await work.load(
        statement.order_by(portal_page.c.id.desc()).limit(1), "payment of this link", code=SESSION_NOT_FOUND
    )
    company = await company_of(work, row["company_id"])
    message = _message(found)
    return PortalPayment(
        message=message,
        payment_confirmed=message is PortalMessage.PAID,
        pending_confirmation=message is PortalMessage.PENDING,
        redirect_url=found["page_url"] if message is PortalMessage.CONTINUE else None,
        company_name=company.name if company is not None else "",
        amount=views.money(found["amount"], found["currency"]) if found["amount"] is not None else None,
    )


def _message(found: Row) -> PortalMessage:
    if found["finished_at"] is not None:  # without an outcome: a person looks into it
        return PortalMessage(found["outcome"] or PortalMessage.PENDING)
    if found["page_url"] is None:
        return PortalMessage.PREPARING
    back, looked = found["returned_at"], found["looked_at"]
    waits = back is not None and (not found["given_up"] or looked is None or looked < back)
    return PortalMessage.PENDING if waits else PortalMessage.CONTINUE


async def _debit_of(work: UnitOfWork, row: Row) -> PortalPayment:
    found = await work.load(
        select(payment).where(payment.c.organisation_id == work.organisation_id, payment.c.id == row["payment_id"]),
        "payment of this link",
        code=SESSION_NOT_FOUND,
    )
    status, company = PaymentStatus(found["status"]), await company_of(work, row["company_id"])
    waits = status in LIVE
    paid = status is PaymentStatus.PAID
    told = PortalMessage.PAID if paid else PortalMessage.DECLINED
    return PortalPayment(
        message=PortalMessage.DEBIT_ORDERED if waits else told,
        payment_confirmed=paid,
        pending_confirmation=waits,
        company_name=company.name if company is not None else "",
        amount=views.money(found["amount"], found["currency"]),
    )


async def _place(work: UnitOfWork, state: str) -> Any:
    place = await work.fetch_one(select(portal_return).where(portal_return.c.state_hash == token_hash(state)))
    if place is None:
        raise Refused(SESSION_NOT_FOUND, "this address leads to no payment; open your link again")
    return place


@asynccontextmanager
async def _inside(organisation_id: UUID, work: UnitOfWork) -> AsyncIterator[None]:
    """Read one organisation within a query: its statements stand alone, so they need a transaction to be turned to it."""
    before = work.organisation_id
    async with work.connection.transaction(readonly=True):
        await work.for_organisation(organisation_id)
        yield
    work.organisation_id = before
