"""The provider's page behind a payment: opened, read, closed by workers. What it says decides, whoever asked to look."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments.alerts import raise_alert
from actors.payments.portal import outcomes, sessions
from actors.payments.portal.orders import OpenCheckout, ReadCheckout, look
from actors.payments.portal.rules import return_state, with_state
from actors.payments.psp import circuits
from actors.payments.psp.port import (
    Customer,
    FaultKind,
    Page,
    PageOrder,
    PagePurpose,
    PageStatus,
    PaymentProvider,
    ProviderError,
    ProviderPayment,
)
from actors.payments.psp.records import REPEATED, account_provider, failure_of, read_one
from messages.payments import AlertSeverity, PaymentStatus
from messages.payments.portal_vocabulary import PortalAuditEvent
from messages.shared import Ref
from runtime.actor import Moment
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.payments.tables.payments import payment
from storage.payments.tables.portal import portal_page, portal_session
from storage.payments.tables.views import client_view

_MOST_A_MINUTE = 500
_LONGEST_DESCRIPTION = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """The page, or why there is none."""

    page: Page | None = None
    account_id: UUID | None = None
    refused: str | None = None
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What a page says, and the last decline on it, which a closed page no longer tells."""

    page: Page
    declined: ProviderPayment | None
    account_id: UUID


# -- opening -------------------------------------------------------------------------------------------------------


async def open_checkout(item: OpenCheckout, outside: Outside) -> Opened:
    """Order the page under its own key, so that however often this runs there is one."""
    row = await _row(outside, item.page_id)
    if row is None or row["page_url"] is not None or row["finished_at"] is not None:
        return Opened()
    provider = await account_provider(outside, row["psp_account_id"])
    try:
        return Opened(await provider.open_page(await _order(row, provider, outside)), row["psp_account_id"])
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return Opened(refused=str(error), credentials=error.kind is FaultKind.AUTHENTICATION)


async def _order(row: Row, provider: PaymentProvider, outside: Outside) -> PageOrder:
    """The same order at every attempt, its return addresses included. A card is saved for a customer the provider knows."""
    key = await outside.heart.keys.index(IndexKind.GENERIC, f"portal return {row['id']}", outside.organisation_id)
    state = return_state(key)
    reference = row["reference"] or row["id"].hex.upper()
    customer = Customer(client_id=row["client_id"], name=row["display_name"] or reference)
    pays = row["purpose"] == PagePurpose.PAY
    return PageOrder(
        key=row["end_to_end_id"] or row["id"].hex.upper(),
        purpose=PagePurpose(row["purpose"]),
        amount=row["amount"],
        currency=row["currency"],
        reference=reference,
        description=(row["description"] or reference)[:_LONGEST_DESCRIPTION],
        success_url=with_state(row["success_url"], state),
        cancel_url=with_state(row["cancel_url"], state),
        customer=customer,
        provider_customer_id=None if pays else await provider.ensure_customer(customer),
        expires_at=row["closes_at"],
        save_means=not pays,
    )


async def store_page(item: OpenCheckout, opened: Opened, work: UnitOfWork) -> None:
    """Keep the page's address, or give it up: no money can have moved."""
    if opened.refused is not None:
        await _raise_refusal(work, item.page_id, opened)
        await outcomes.fail(work, item.page_id, "the provider opened no page")
    if opened.page is None:
        return
    if opened.account_id is not None:
        await circuits.succeeded(work, opened.account_id)
    await _change(work, item.page_id, page_url=opened.page.url, provider_page_id=opened.page.page_id)
    await work.execute(  # so that webhooks about the page find the payment
        update(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == item.page_id)
        .values(provider_page_id=opened.page.page_id)
    )
    row = await outcomes.session_of(work, item.page_id)
    await sessions.note(work, row, PortalAuditEvent.REDIRECT_INITIATED, page_id=str(item.page_id))


async def give_up_page(item: OpenCheckout, error: Exception, work: UnitOfWork) -> None:
    """The provider did not answer in time: its customer may try again, and the next one goes elsewhere if that goes on."""
    link = await outcomes.session_of(work, item.page_id)
    account_id = await work.fetch_value(
        select(portal_page.c.psp_account_id).where(
            portal_page.c.organisation_id == work.organisation_id, portal_page.c.id == item.page_id
        )
    )
    await circuits.failed(work, account_id, link["company_id"])
    await outcomes.fail(work, item.page_id, "the provider did not open a page in time")


async def _raise_refusal(work: UnitOfWork, page_id: UUID, opened: Opened) -> None:
    link = await outcomes.session_of(work, page_id)
    await raise_alert(
        work,
        "API_CREDENTIALS_INVALID" if opened.credentials else "CHECKOUT_REFUSED",
        AlertSeverity.CRITICAL,
        "Page de paiement refusée par le prestataire",
        f"the provider opened no page for link {link['id']}: {opened.refused}",
        about=link["company_id"],
        company_id=link["company_id"],
        refs=[Ref(type="portal_session", id=link["id"])],
    )


# -- reading -------------------------------------------------------------------------------------------------------


async def read_checkout(item: ReadCheckout, outside: Outside) -> Read | None:
    """Read the page, and close it when its time is over or its customer gave up with uses left."""
    row = await _row(outside, item.page_id)
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
    return Read(page, declined, row["psp_account_id"])


async def store_outcome(item: ReadCheckout, read: Read | None, work: UnitOfWork) -> None:
    """Book what the page came to. An open page decides nothing: after a decline its customer may use another card."""
    if read is None:
        return
    seen = read.page.payment
    if seen is not None and seen.status is PaymentStatus.PAID:
        await outcomes.settle(work, item.page_id, seen)
    elif seen is None and read.page.means is not None:
        await outcomes.keep_card(work, item.page_id, read.account_id, read.page.means)
    elif read.page.status is not PageStatus.EXPIRED:
        await _change(work, item.page_id, looked_at=work.now)
    elif read.declined is not None:
        await outcomes.decline(work, item.page_id, read.declined)
    else:
        await outcomes.abandon(work, item.page_id)


async def look_after_checkouts(moment: Moment, work: UnitOfWork) -> None:
    """Pages whose time is over, and those whose customer came back without a decision yet, are read again."""
    rows = await work.fetch(
        select(portal_page.c.id)
        .where(
            portal_page.c.organisation_id == work.organisation_id,
            portal_page.c.finished_at.is_(None),
            (portal_page.c.closes_at <= moment.as_of)
            | (portal_page.c.returned_at.is_not(None) & ~portal_page.c.given_up),
        )
        .order_by(portal_page.c.closes_at, portal_page.c.id)
        .limit(_MOST_A_MINUTE)
    )
    for row in rows:
        look(work, row["id"], why=moment.as_of.isoformat())


async def _change(work: UnitOfWork, page_id: UUID, **columns: Any) -> None:
    await work.execute(
        update(portal_page)
        .where(portal_page.c.organisation_id == work.organisation_id, portal_page.c.id == page_id)
        .values(**columns)
    )


async def _row(outside: Outside, page_id: UUID) -> Row | None:
    """A page with its link, its payment if it is for one, and the client's name."""
    columns: tuple[Any, ...] = (
        portal_page,
        *(payment.c[name] for name in ("amount", "reference", "end_to_end_id")),
        *(portal_session.c[name] for name in ("client_id", "currency", "description", "use_count", "max_uses")),
        client_view.c.display_name,
    )
    named = (client_view.c.organisation_id == portal_session.c.organisation_id) & (
        client_view.c.client_id == portal_session.c.client_id
    )
    return await read_one(
        outside,
        select(*columns)
        .select_from(
            portal_page.join(portal_session, portal_session.c.id == portal_page.c.session_id)
            .outerjoin(payment, payment.c.id == portal_page.c.id)
            .outerjoin(client_view, named)
        )
        .where(portal_page.c.organisation_id == outside.organisation_id, portal_page.c.id == page_id),
    )
