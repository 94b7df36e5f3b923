"""Requests about the approved platform: the account, sendings, the life cycle, and what the platform reports."""

import hashlib
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.factures import accounts, announcing, lifecycle, transmitting
from actors.factures.ordering import PollPlatform, SubscribeWebhook
from actors.factures.platform.webhooks import verified_body
from actors.factures.requests.documents import issued_document
from actors.factures.requests.drafts import load
from actors.factures.rules import lifecycle as rules
from actors.factures.settings import FacturesSettings
from messages.base import Empty
from messages.factures import COMPANY_UNKNOWN, PLATFORM_PROCESSING, TransmissionStatus
from messages.factures.platform import (
    NOT_TRANSMITTED,
    TRANSMISSION_NOT_FOUND,
    CancelTransmission,
    ConnectPlatform,
    Direction,
    GetPlatformAccount,
    LifecycleEvent,
    LifecyclePage,
    ListLifecycleEvents,
    ListTransmissions,
    PlatformAccount,
    ReceivePlatformWebhook,
    RecordLifecycleStatus,
    Transmission,
    TransmissionPage,
    TransmissionState,
    TransmitInvoice,
)
from messages.identity import CompanySnapshot
from messages.problem import Refused
from messages.values.identifiers import derived_id
from runtime import clock
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import lifecycle_event, platform_account, platform_webhook, transmission


async def connect_platform(request: ConnectPlatform, work: UnitOfWork) -> PlatformAccount:
    """Open or change the account; the platform is asked to report from now on."""
    company = await _company(request.company_id, work)
    FacturesSettings().address(request.platform_code)
    identity = derived_id("platform_account", work.organisation_id, request.company_id)
    known = await accounts.known_account(request.company_id, work.organisation_id, work)
    row = {
        "id": identity,
        "organisation_id": work.organisation_id,
        "company_id": request.company_id,
        "version": (known["version"] if known else 0) + 1,
        "platform_code": request.platform_code,
        "client_id": request.client_id,
        "client_secret": await accounts.hidden(request.client_secret, "client_secret", identity, work),
        "signing_key": None,
        "endpoint": request.endpoint or company.siren,
        "company_size": request.company_size,
        "einvoicing_start_on": request.einvoicing_start_on or accounts.START[request.company_size],
        "vat_periodicity": request.vat_periodicity,
        "updated_at": work.now,
    }
    changed = {name: value for name, value in row.items() if name not in ("id", "organisation_id", "company_id")}
    stored = insert(platform_account).values(**row)
    await work.execute(stored.on_conflict_do_update(index_elements=[platform_account.c.id], set_=changed))
    work.order(SubscribeWebhook(company_id=request.company_id), key=f"{identity}:{work.now.isoformat()}")
    after = {"platform_code": request.platform_code, "einvoicing_start_on": str(row["einvoicing_start_on"])}
    work.record("platform_account", identity, after=after)
    return _account_view({**row, "polled_at": known["polled_at"] if known else None})


async def get_platform_account(request: GetPlatformAccount, work: UnitOfWork) -> PlatformAccount:
    """The account without its secrets."""
    await _company(request.company_id, work)
    return _account_view(await accounts.account_of(request.company_id, work))


async def transmit_invoice(request: TransmitInvoice, work: UnitOfWork) -> Transmission:
    """Queue an invoice, or try a blocked or given-up sending again with its tracking id."""
    row = await issued_document(request.invoice_id, work)
    await accounts.account_of(row["company_id"], work)
    if row["internal_only"] or row["processing"] not in PLATFORM_PROCESSING:
        raise Refused(
            NOT_TRANSMITTED, f"a document of processing {row['processing']} passes no platform; send it by mail"
        )
    status = rules.LIFE_CYCLE.after("queue", TransmissionStatus(row["transmission_status"]))
    changed = await announcing.change(row, work, transmission_status=status)
    mine = (transmission.c.organisation_id == work.organisation_id, transmission.c.invoice_id == row["id"])
    statement = select(transmission).where(*mine, transmission.c.flow == "FLOW2").with_for_update()
    known = await work.fetch_one(statement)
    if known is None:
        await transmitting.queue_invoices([changed], work)
    else:
        await _try_again(known, work)
    return _transmission_view(await work.load(statement, "transmission"))


async def _try_again(row: Row, work: UnitOfWork) -> None:
    fresh = {"next_retry_at": work.now, "first_tried_at": None, "error": None}
    if row["state"] == TransmissionState.QUEUED:
        await transmitting.change(row, work, **fresh)
    else:
        await transmitting.move(row, "retry", work, **fresh)
    transmitting.order_send(row["id"], row["attempts"], work)


async def cancel_transmission(request: CancelTransmission, work: UnitOfWork) -> Transmission:
    """Take back what has not left yet."""
    mine = (transmission.c.organisation_id == work.organisation_id, transmission.c.id == request.transmission_id)
    known = await work.load(select(transmission).where(*mine), "transmission", code=TRANSMISSION_NOT_FOUND)
    document = await load(known["invoice_id"], work, for_update=True) if known["invoice_id"] else None
    row = await work.load(
        queries.TRANSMISSION_FOR_UPDATE, "transmission", organisation_id=work.organisation_id, id=known["id"]
    )
    cancelled = await transmitting.move(row, "cancel", work, next_retry_at=None)
    if document is not None and row["flow"] == "FLOW2":
        status = TransmissionStatus(document["transmission_status"])
        if rules.LIFE_CYCLE.allows("withdraw", status):
            await announcing.change(document, work, transmission_status=rules.LIFE_CYCLE.after("withdraw", status))
    return _transmission_view(cancelled)


async def list_transmissions(request: ListTransmissions, work: UnitOfWork) -> TransmissionPage:
    """A page of sendings, newest first."""
    statement = select(*(column for column in transmission.c if column.key != "content")).where(
        transmission.c.organisation_id == work.organisation_id
    )
    if request.invoice_id is not None:
        statement = statement.where(transmission.c.invoice_id == request.invoice_id)
    if request.state is not None:
        statement = statement.where(transmission.c.state == request.state)
    order = (transmission.c.created_at, transmission.c.id)
    return await page(
        work, request, statement, order=order, descending=True, reply=TransmissionPage, item=_transmission_view
    )


async def record_lifecycle_status(request: RecordLifecycleStatus, work: UnitOfWork) -> LifecycleEvent:
    """State a seller's status."""
    row = await issued_document(request.invoice_id, work)
    if request.code not in rules.SELLERS:
        known = ", ".join(str(code) for code in sorted(rules.SELLERS))
        raise Refused.field("code", "seller", f"status {request.code} is not a seller's; state one of {known}")
    rules.check_reason(request.code, request.reason_code)
    if (request.code == lifecycle.COLLECTED) is not bool(request.amounts):
        raise Refused.field("amounts", "collected", "give the collected amounts by rate with 212, and only then")
    if not lifecycle.is_with_a_platform(row):
        raise Refused(
            NOT_TRANSMITTED, f"the invoice is {row['transmission_status']} with its platform; transmit it first"
        )
    stated = lifecycle.Stated(
        request.code,
        work.now,
        Direction.OUT,
        rules.LABELS[request.code],
        "SE",
        request.reason_code,
        request.reason_text,
        tuple((found.rate, found.amount.amount) for found in request.amounts),
    )
    return _event_view(await lifecycle.state(row, stated, work))


async def list_lifecycle_events(request: ListLifecycleEvents, work: UnitOfWork) -> LifecyclePage:
    """The statuses of an invoice as they came."""
    await load(request.invoice_id, work)
    statement = select(lifecycle_event).where(
        lifecycle_event.c.organisation_id == work.organisation_id, lifecycle_event.c.invoice_id == request.invoice_id
    )
    return await page(work, request, statement, order=(lifecycle_event.c.id,), reply=LifecyclePage, item=_event_view)


async def receive_platform_webhook(request: ReceivePlatformWebhook, work: UnitOfWork) -> Empty:
    """A reason to read the platform; each report counts once."""
    statement = select(platform_account).where(
        platform_account.c.organisation_id == work.organisation_id,
        platform_account.c.platform_code == request.provider,
        platform_account.c.signing_key.is_not(None),
    )
    known = await work.fetch(statement.order_by(platform_account.c.id))
    keys = [await accounts.revealed(row, "signing_key", work.keys) for row in known]
    body, position = verified_body(request.headers, request.raw_body_b64, keys, _unix(work))
    sha256 = hashlib.sha256(body).hexdigest()
    kept = insert(platform_webhook).values(
        organisation_id=work.organisation_id, sha256=sha256, body=body, received_at=work.now
    )
    if await work.execute(kept.on_conflict_do_nothing()):
        company_id: UUID = known[position]["company_id"]
        work.order(PollPlatform(company_id=company_id), key=f"webhook:{sha256}")
    return Empty()


def _unix(work: UnitOfWork) -> float:
    return work.now.timestamp() if work.cause.simulated_time else clock.unix_now()


async def _company(company_id: UUID, work: UnitOfWork) -> CompanySnapshot:
    found = await work.fetch_one(queries.COMPANY, organisation_id=work.organisation_id, company_id=company_id)
    if found is None or not work.caller.sees_company(company_id):
        raise Refused.field("company_id", "unknown", "the company is not known here; check company_id", COMPANY_UNKNOWN)
    return CompanySnapshot.model_validate(found["snapshot"])


def _account_view(row: Row) -> PlatformAccount:
    return PlatformAccount.model_validate({**row, "webhook_subscribed": row["signing_key"] is not None})


def _transmission_view(row: Row) -> Transmission:
    return Transmission.model_validate(dict(row))


def _event_view(row: Row) -> LifecycleEvent:
    amounts = [
        {"rate": item["rate"], "amount": {"amount": item["amount"], "currency": "EUR"}} for item in row["amounts"]
    ]
    return LifecycleEvent.model_validate({**row, "amounts": amounts})
