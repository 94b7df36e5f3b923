"""The provider's page behind a payment: opened, read, closed by workers. What it says decides, whoever asked to look."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments.alerts import raise_alert
from actors.payments.portal import outcomes, sessions
from actors.payments.portal.rules import return_state, with_state
from actors.payments.psp.port import (
    Customer,
    FaultKind,
    Page,
    PageOrder,
    PagePurpose,
    PageStatus,
    ProviderError,
    ProviderPayment,
)
from actors.payments.psp.records import REPEATED, account_provider, failure_of, read_one
from messages.payments import AlertSeverity, PaymentStatus
from messages.payments.portal import PortalAuditEvent
from messages.shared import Ref
from runtime.actor import Moment
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.payments import payment
from storage.payments.tables.portal import portal_payment, portal_session
from storage.payments.tables.views import client_view

_MOST_A_MINUTE = 500
_LONGEST_DESCRIPTION = 200


class OpenCheckout(WorkItem):
    """Have the provider open the page of a payment."""

    payment_id: UUID


class ReadCheckout(WorkItem):
    """Ask the provider what came of the page of a payment. `given_up`: its customer says that he left it unpaid."""

    payment_id: UUID
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """The page, or why there is none."""

    page: Page | None = None
    refused: str | None = None
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What a page says, and the last decline on it, which a closed page no longer tells."""

    page: Page
    declined: ProviderPayment | None


# -- opening -------------------------------------------------------------------------------------------------------


async def open_checkout(item: OpenCheckout, outside: Outside) -> Opened:
    """Order the page under the payment's key, so that however often this runs there is one."""
    row = await _row(outside, item.payment_id)
    if row is None or row["page_url"] is not None or row["finished_at"] is not None:
        return Opened()
    key = await outside.heart.keys.index(IndexKind.GENERIC, f"portal return {item.payment_id}", outside.organisation_id)
    state = return_state(key)
    order = PageOrder(
        key=row["end_to_end_id"],
        purpose=PagePurpose.PAY,
        amount=row["amount"],
        currency=row["currency"],
        reference=row["reference"],
        description=(row["description"] or row["reference"])[:_LONGEST_DESCRIPTION],
        success_url=with_state(row["success_url"], state),
        cancel_url=with_state(row["cancel_url"], state),
        customer=Customer(client_id=row["client_id"], name=row["display_name"] or row["reference"]),
        expires_at=row["closes_at"],
    )
    provider = await account_provider(outside, row["psp_account_id"])
    try:
        return Opened(page=await provider.open_page(order))
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return Opened(refused=str(error), credentials=error.kind is FaultKind.AUTHENTICATION)


async def store_page(item: OpenCheckout, opened: Opened, work: UnitOfWork) -> None:
    """Keep the page's address, or give the payment up: no money can have moved."""
    if opened.refused is not None:
        await _raise_refusal(work, item.payment_id, opened)
        await outcomes.fail(work, item.payment_id, "the provider opened no page")
    if opened.page is None:
        return
    await _change(work, item.payment_id, page_url=opened.page.url)
    await work.execute(
        update(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == item.payment_id)
        .values(provider_page_id=opened.page.page_id)
    )
    row = await outcomes.session_of(work, item.payment_id)
    await sessions.note(work, row, PortalAuditEvent.REDIRECT_INITIATED, payment_id=str(item.payment_id))


async def give_up_page(item: OpenCheckout, error: Exception, work: UnitOfWork) -> None:
    """The provider did not answer in time: its customer may try again."""
    await outcomes.fail(work, item.payment_id, "the provider did not open a page in time")


async def _raise_refusal(work: UnitOfWork, payment_id: UUID, opened: Opened) -> None:
    row = await work.load(select(payment).where(payment.c.id == payment_id), "payment")
    code = "API_CREDENTIALS_INVALID" if opened.credentials else "CHECKOUT_REFUSED"
    await raise_alert(
        work,
        code,
        AlertSeverity.CRITICAL,
        "Page de paiement refusée par le prestataire",
        f"the provider opened no page for payment {row['reference']}: {opened.refused}",
        about=row["psp_account_id"],
        company_id=row["company_id"],
        refs=[Ref(type="payment", id=payment_id)],
    )


# -- reading -------------------------------------------------------------------------------------------------------


def look(work: UnitOfWork, payment_id: UUID, *, why: str, given_up: bool = False) -> None:
    """Have the page of a payment read soon: after a return, a webhook, or when its time is over."""
    work.order(ReadCheckout(payment_id=payment_id, given_up=given_up), key=f"{payment_id}|{why}")


async def read_checkout(item: ReadCheckout, outside: Outside) -> Read | None:
    """Read the page, and close it when its time is over or its customer gave up with uses left."""
    row = await _row(outside, item.payment_id)
    if row is None or row["finished_at"] is not None or row["provider_page_id"] is None:
        return None
    provider = await account_provider(outside, row["psp_account_id"])
    try:
        page = await provider.get_page(row["provider_page_id"])
        declined = page.payment if page.payment and page.payment.status is PaymentStatus.REJECTED else None
        given_up = item.given_up and row["use_count"] < row["max_uses"]
        if page.status is PageStatus.OPEN and (given_up or row["closes_at"] <= outside.now):
            page = await provider.close_page(row["provider_page_id"])
    except ProviderError as error:
        raise failure_of(error) from error
    return Read(page, declined)


async def store_outcome(item: ReadCheckout, read: Read | None, work: UnitOfWork) -> None:
    """Book what the page came to. An open page decides nothing: after a decline its customer may use another card."""
    if read is None:
        return
    seen = read.page.payment
    if seen is not None and seen.status is PaymentStatus.PAID:
        await outcomes.settle(work, item.payment_id, seen)
    elif read.page.status is not PageStatus.EXPIRED:
        await _change(work, item.payment_id, looked_at=work.now)
    elif read.declined is not None:
        await outcomes.decline(work, item.payment_id, read.declined)
    else:
        await outcomes.abandon(work, item.payment_id)


async def look_after_checkouts(moment: Moment, work: UnitOfWork) -> None:
    """Pages whose time is over, and those whose customer came back without a decision yet, are read again."""
    rows = await work.fetch(
        select(portal_payment.c.payment_id)
        .where(
            portal_payment.c.organisation_id == work.organisation_id,
            portal_payment.c.finished_at.is_(None),
            (portal_payment.c.closes_at <= moment.as_of)
            | (portal_payment.c.returned_at.is_not(None) & ~portal_payment.c.given_up),
        )
        .order_by(portal_payment.c.closes_at, portal_payment.c.payment_id)
        .limit(_MOST_A_MINUTE)
    )
    for row in rows:
        look(work, row["payment_id"], why=moment.as_of.isoformat())


async def _change(work: UnitOfWork, payment_id: UUID, **columns: Any) -> None:
    await work.execute(
        update(portal_payment)
        .where(portal_payment.c.organisation_id == work.organisation_id, portal_payment.c.payment_id == payment_id)
        .values(**columns)
    )


async def _row(outside: Outside, payment_id: UUID) -> Row | None:
    """A payment with its page, its link and its client's name."""
    columns: tuple[Any, ...] = (
        payment,
        portal_payment.c.page_url,
        portal_payment.c.success_url,
        portal_payment.c.cancel_url,
        portal_payment.c.closes_at,
        portal_payment.c.finished_at,
        portal_session.c.description,
        portal_session.c.use_count,
        portal_session.c.max_uses,
        client_view.c.display_name,
    )
    named = (client_view.c.organisation_id == payment.c.organisation_id) & (
        client_view.c.client_id == payment.c.client_id
    )
    return await read_one(
        outside,
        select(*columns)
        .select_from(
            payment.join(portal_payment, portal_payment.c.payment_id == payment.c.id)
            .join(portal_session, portal_session.c.id == portal_payment.c.session_id)
            .outerjoin(client_view, named)
        )
        .where(payment.c.organisation_id == outside.organisation_id, payment.c.id == payment_id),
    )
