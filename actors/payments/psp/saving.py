"""Saved means of payment: left by the client on the provider's page, kept here as an encrypted token."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments.psp.port import Customer, Means, Page, PageOrder, PagePurpose, PageStatus, ProviderError
from actors.payments.psp.records import (
    REPEATED,
    TOKEN,
    account_provider,
    failure_of,
    order_mandate_reading,
    read_one,
    token_digest,
)
from messages.payments import (
    PaymentMethod,
    PaymentMethodAdded,
    SavedMeans,
    SavedMeansFields,
    SavedMeansStatus,
    SetupStatus,
)
from messages.values.identifiers import new_id
from runtime.actor import Moment
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.means import mandate
from storage.payments.tables.payments import payment
from storage.payments.tables.providers import payment_method, setup_session
from storage.payments.tables.views import client_view

_CURRENCY = "EUR"
_PAGES_READ = timedelta(days=30)
_MOST_READ = 1000


class OpenSetupPage(WorkItem):
    """Open the provider's page of a setup session."""

    setup_session_id: UUID


class ReadSetupPage(WorkItem):
    """See what came of an open page of a setup session."""

    setup_session_id: UUID


async def open_page(item: OpenSetupPage, outside: Outside) -> Page | None:
    """The page, made once however often this runs; None when the provider refuses it."""
    row = await read_one(
        outside,
        select(setup_session, client_view.c.display_name, mandate.c.rum)
        .select_from(setup_session.outerjoin(mandate, mandate.c.id == setup_session.c.mandate_id))
        .join(
            client_view,
            (client_view.c.organisation_id == setup_session.c.organisation_id)
            & (client_view.c.client_id == setup_session.c.client_id),
        )
        .where(setup_session.c.organisation_id == outside.organisation_id, setup_session.c.id == item.setup_session_id),
    )
    if row is None:
        return None
    provider = await account_provider(outside, row["psp_account_id"])
    customer = Customer(row["client_id"], row["display_name"])
    try:
        customer_id = await provider.ensure_customer(customer)
        order = PageOrder(
            key=row["id"].hex,
            purpose=PagePurpose.SETUP,
            amount=None,
            currency=_CURRENCY,
            reference=str(row["id"]),
            description="Moyen de paiement",
            success_url=row["success_url"],
            cancel_url=row["cancel_url"],
            customer=customer,
            provider_customer_id=customer_id,
            save_means=True,
            mandate_reference=row["rum"],
            method=PaymentMethod.SEPA_CORE if row["mandate_id"] is not None else PaymentMethod.CARD,
        )
        return await provider.open_page(order)
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return None


async def page_opened(item: OpenSetupPage, page: Page | None, work: UnitOfWork) -> None:
    """The client may go there now."""
    if page is None:
        await _change(work, item.setup_session_id, status=SetupStatus.FAILED)
        return
    await _change(
        work,
        item.setup_session_id,
        status=SetupStatus.OPEN,
        provider_page_id=page.page_id,
        redirect_url=page.url,
    )


async def page_lost(item: OpenSetupPage, error: Exception, work: UnitOfWork) -> None:
    """The provider cannot be reached: the client may begin again."""
    await _change(work, item.setup_session_id, status=SetupStatus.FAILED)


async def read_open_pages(moment: Moment, work: UnitOfWork) -> None:
    """Hour: a webhook may be lost, so pages that are open for less than a month are read; at most a thousand an hour."""
    rows = await work.fetch(
        select(setup_session.c.id)
        .where(
            setup_session.c.organisation_id == work.organisation_id,
            setup_session.c.status == SetupStatus.OPEN,
            setup_session.c.created_at > work.now - _PAGES_READ,
        )
        .order_by(setup_session.c.created_at.desc(), setup_session.c.id)
        .limit(_MOST_READ)
    )
    for row in rows:
        work.order(ReadSetupPage(setup_session_id=row["id"]), key=f"{row['id']}|{moment.as_of.isoformat()}")


async def read_page(item: ReadSetupPage, outside: Outside) -> tuple[UUID, Page] | None:
    """The account and its page as it is now; None when the provider knows none."""
    row = await read_one(
        outside,
        select(setup_session).where(
            setup_session.c.organisation_id == outside.organisation_id, setup_session.c.id == item.setup_session_id
        ),
    )
    if row is None or row["provider_page_id"] is None:
        return None
    provider = await account_provider(outside, row["psp_account_id"])
    try:
        return row["psp_account_id"], await provider.get_page(row["provider_page_id"])
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return None


async def page_read(item: ReadSetupPage, found: tuple[UUID, Page] | None, work: UnitOfWork) -> None:
    """Keep what the client left there."""
    if found is not None:
        await follow_page(work, *found)


async def follow_page(work: UnitOfWork, account_id: UUID, page: Page) -> bool:
    """Keep what the client saved on a page, whether he came to save or to pay; whether there is anything new."""
    session = await work.fetch_one(
        select(setup_session)
        .where(
            setup_session.c.organisation_id == work.organisation_id,
            setup_session.c.psp_account_id == account_id,
            setup_session.c.provider_page_id == page.page_id,
        )
        .with_for_update()
    )
    if session is None:
        return await _save_from_payment(work, account_id, page)
    if page.status is PageStatus.EXPIRED and session["status"] == SetupStatus.OPEN:
        await _change(work, session["id"], status=SetupStatus.EXPIRED)
        return True
    if page.means is None or session["status"] == SetupStatus.COMPLETE:
        return False
    saved = await save(work, account_id, session["client_id"], page.means)
    await _change(work, session["id"], status=SetupStatus.COMPLETE, payment_method_id=saved)
    if session["mandate_id"] is not None:
        await work.execute(
            update(mandate)
            .where(mandate.c.organisation_id == work.organisation_id, mandate.c.id == session["mandate_id"])
            .values(payment_method_id=saved, updated_at=work.now, updated_by=work.caller.principal)
        )
        order_mandate_reading(work, saved)
    return True


async def _save_from_payment(work: UnitOfWork, account_id: UUID, page: Page) -> bool:
    means = page.payment.means if page.payment is not None else None
    if means is None:
        return False
    client_id: UUID | None = await work.fetch_value(
        select(payment.c.client_id).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.psp_account_id == account_id,
            payment.c.provider_page_id == page.page_id,
        )
    )
    if client_id is None:
        return False
    await save(work, account_id, client_id, means)
    return True


async def save(work: UnitOfWork, account_id: UUID, client_id: UUID, means: Means) -> UUID:
    """Keep a means of payment once per token; the newest one of a client is his default."""
    digest = token_digest(account_id, means.token)
    known: UUID | None = await work.fetch_value(
        select(payment_method.c.id).where(
            payment_method.c.organisation_id == work.organisation_id,
            payment_method.c.psp_account_id == account_id,
            payment_method.c.token_digest == digest,
        )
    )
    if known is not None:
        return known
    await forget_default(work, client_id)
    id_ = new_id()
    row: dict[str, Any] = {
        "id": id_,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "client_id": client_id,
        "psp_account_id": account_id,
        "kind": means.kind,
        "provider_token": await work.keys.encrypt(
            means.token, organisation_id=work.organisation_id, row_id=id_, **TOKEN
        ),
        "token_digest": digest,
        "provider_customer_id": means.customer,
        "brand": means.brand,
        "last4": means.last4,
        "exp_month": means.exp_month,
        "exp_year": means.exp_year,
        "status": SavedMeansStatus.ACTIVE,
        "is_default": True,
    }
    await work.execute(insert(payment_method).values(**row))
    work.emit(PaymentMethodAdded(**means_fields(row)), version=1)
    return id_


async def forget_default(work: UnitOfWork, client_id: UUID) -> None:
    """No means of payment of a client is the default one now."""
    await work.execute(
        update(payment_method)
        .where(
            payment_method.c.organisation_id == work.organisation_id,
            payment_method.c.client_id == client_id,
            payment_method.c.is_default,
        )
        .values(is_default=False, version=payment_method.c.version + 1)
    )


def has_expired(row: Row, on: date) -> bool:
    """Whether a card is out of date on a day; it is good to the end of its month."""
    if row["exp_year"] is None or row["exp_month"] is None:
        return False
    return (row["exp_year"], row["exp_month"]) < (on.year, on.month)


def means_fields(row: Row) -> dict[str, Any]:
    """What may be said of a means of payment."""
    return dict(SavedMeansFields.model_validate({**row, "payment_method_id": row["id"]}))


def means_of(row: Row) -> SavedMeans:
    """A means of payment as staff sees it."""
    return SavedMeans.model_validate({**row, "payment_method_id": row["id"]})


async def _change(work: UnitOfWork, session_id: UUID, **columns: Any) -> None:
    await work.execute(
        update(setup_session)
        .where(setup_session.c.organisation_id == work.organisation_id, setup_session.c.id == session_id)
        .values(**columns, version=setup_session.c.version + 1, updated_at=work.now)
    )
