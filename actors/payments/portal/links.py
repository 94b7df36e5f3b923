"""Making links. Recovery calls `make_link` in its own transaction and puts the address into its reminder."""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from actors.payments import views
from actors.payments.company import Company, company_of
from actors.payments.portal import dues, sessions
from actors.payments.portal.rules import OPEN, TERMS, token_hash, token_of
from messages.clients import CLIENT_NOT_FOUND
from messages.errors import IDEMPOTENCY_CONFLICT
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import INSTALMENT_NOT_FOUND
from messages.payments.portal import NOTHING_DUE, PORTAL_NOT_CONFIGURED, PortalSessionCreated
from messages.payments.portal_vocabulary import PortalAction, PortalAuditEvent, PortalPurpose, PortalSessionStatus
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.dues import instalment
from storage.payments.tables.portal import portal_link, portal_session
from storage.payments.tables.views import client_view, invoice_view


@dataclass(frozen=True, slots=True)
class LinkOrder:
    """What a link is for. `key` names the caller's intent: repeated while the link is open, it gives a new token.

    Without items `amount` is asked for as it is; with items never more than they leave open, so that a link never asks for
    what was paid meanwhile. What is left out follows from the purpose (`rules.TERMS`); amounts are in euros.
    """

    key: str
    company_id: UUID
    client_id: UUID
    purpose: PortalPurpose
    contract_id: UUID | None = None
    instalment_ids: tuple[UUID, ...] = ()
    invoice_ids: tuple[UUID, ...] = ()
    amount: Decimal | None = None
    allowed_actions: tuple[PortalAction, ...] | None = None
    life: timedelta | None = None
    max_uses: int | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was made. `token` and `url` exist here only: put them into the message, keep them nowhere."""

    session: dict[str, Any]
    token: str
    url: str
    repeated: bool


async def make_link(work: UnitOfWork, order: LinkOrder) -> Link:
    """Make a link in the caller's transaction; portal_session.created. It needs no lock that the caller may hold.

    Refused: COMPANY_NOT_FOUND, CLIENT_NOT_FOUND, PORTAL_NOT_CONFIGURED (the company's settings have no portal_base_url),
    INSTALMENT_NOT_FOUND or a field for items of others, NOTHING_DUE, IDEMPOTENCY_CONFLICT for a key of another order.
    """
    company = await company_of(work, order.company_id)
    if company is None or not work.caller.sees_company(order.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {order.company_id} is not an active company; check company_id")
    if company.settings.portal_base_url is None:
        raise Refused(PORTAL_NOT_CONFIGURED, "set portal_base_url in the payment settings of the company")
    await _refuse_foreign(work, order)
    row = await _open_session(work, order)
    repeated = row is not None
    if row is None:
        await _refuse_settled(work, order)
        row = await _new_session(work, order)
    if row is None:  # a twin with the same key was faster
        return await make_link(work, order)
    return await _with_token(work, row, company, repeated=repeated)


async def _refuse_foreign(work: UnitOfWork, order: LinkOrder) -> None:
    """Everything a link names belongs to its client and company."""
    own = (client_view.c.organisation_id == work.organisation_id) & (client_view.c.client_id == order.client_id)
    if await work.fetch_value(select(client_view.c.client_id).where(own)) is None:
        raise Refused(CLIENT_NOT_FOUND, f"client {order.client_id} does not exist; check client_id")
    known = await _ids(work, instalment, instalment.c.id, order.instalment_ids, order)
    if foreign := set(order.instalment_ids) - known:
        raise Refused(INSTALMENT_NOT_FOUND, f"instalment {min(foreign)} is not one of this client; check its id")
    known = await _ids(work, invoice_view, invoice_view.c.invoice_id, order.invoice_ids, order)
    if foreign := set(order.invoice_ids) - known:
        text = f"invoice {min(foreign)} is not one of this client at this company; check its id"
        raise Refused.field("invoice_ids", "unknown", text)


async def _ids(work: UnitOfWork, table: Any, column: Any, ids: tuple[UUID, ...], order: LinkOrder) -> set[UUID]:
    if not ids:
        return set()
    rows = await work.fetch(
        select(column.label("id")).where(
            table.c.organisation_id == work.organisation_id,
            table.c.client_id == order.client_id,
            table.c.company_id == order.company_id,
            among(column, ids),
        )
    )
    return {row["id"] for row in rows}


async def _refuse_settled(work: UnitOfWork, order: LinkOrder) -> None:
    if order.purpose is PortalPurpose.UPDATE_CARD:
        if order.instalment_ids or order.invoice_ids or order.amount is not None:
            raise Refused.field("purpose", "card_only", "UPDATE_CARD asks for no money; use PAY_NOW with this action")
        return
    items = await dues.open_items(work, order.instalment_ids, order.invoice_ids)
    if not items and order.amount is None:
        raise Refused.field("amount", "missing", "name what is to be paid: instalments, invoices or an amount")
    if dues.amount_of(items, order.amount) <= 0:
        raise Refused(NOTHING_DUE, "these items are paid already; no link is needed")


async def _open_session(work: UnitOfWork, order: LinkOrder) -> dict[str, Any] | None:
    """The link of an earlier call with the same key, if it still lives."""
    row = await work.fetch_one(
        select(portal_session)
        .where(
            portal_session.c.organisation_id == work.organisation_id,
            portal_session.c.key_hash == _sha256(order.key.encode()),
            portal_session.c.status.in_(OPEN),
        )
        .with_for_update()
    )
    if row is None:
        return None
    if row["expires_at"] < work.now:
        await sessions.expire(work, row)
        return None
    if row["order_hash"] != _order_hash(order):
        raise Refused(IDEMPOTENCY_CONFLICT, "this idempotency_key made another link; use a new key for a new intent")
    return dict(row)


async def _new_session(work: UnitOfWork, order: LinkOrder) -> dict[str, Any] | None:
    terms = TERMS[order.purpose]
    row = await work.fetch_one(
        insert(portal_session)
        .values(
            id=new_id(),
            organisation_id=work.organisation_id,
            version=1,
            created_at=work.now,
            created_by=work.caller.principal,
            updated_at=work.now,
            updated_by=work.caller.principal,
            company_id=order.company_id,
            client_id=order.client_id,
            contract_id=order.contract_id,
            purpose=order.purpose,
            status=PortalSessionStatus.CREATED,
            allowed_actions=list(order.allowed_actions or terms.actions),
            instalment_ids=list(order.instalment_ids),
            invoice_ids=list(order.invoice_ids),
            amount=order.amount,
            currency="EUR",
            description=order.description,
            key_hash=_sha256(order.key.encode()),
            order_hash=_order_hash(order),
            expires_at=work.now + (order.life or terms.life),
            max_uses=order.max_uses or terms.max_uses,
        )
        .on_conflict_do_nothing()
        .returning(portal_session)
    )
    return dict(row) if row is not None else None


async def _with_token(work: UnitOfWork, row: dict[str, Any], company: Company, *, repeated: bool) -> Link:
    """Give a link its token; the one before dies."""
    token = token_of(secrets.token_bytes(32))
    if repeated:
        await work.execute(delete(portal_link).where(portal_link.c.session_id == row["id"]))
        await sessions.note(work, row, PortalAuditEvent.TOKEN_REPLACED)
        work.record("portal_session", row["id"], after={"token": "replaced"})
    else:
        await sessions.note(work, row, PortalAuditEvent.SESSION_CREATED, purpose=row["purpose"])
        work.emit(_created(row), version=row["version"])
    await work.insert(
        portal_link, token_hash=token_hash(token), organisation_id=work.organisation_id, session_id=row["id"]
    )
    return Link(row, token, f"{company.settings.portal_base_url}/p/{token}", repeated)


def _created(row: dict[str, Any]) -> PortalSessionCreated:
    return PortalSessionCreated(
        session_id=row["id"],
        purpose=row["purpose"],
        client_id=row["client_id"],
        company_id=row["company_id"],
        amount=None if row["amount"] is None else views.money(row["amount"], row["currency"]),
        invoice_ids=row["invoice_ids"],
        expires_at=row["expires_at"],
    )


def _order_hash(order: LinkOrder) -> bytes:
    return _sha256(orjson.dumps(asdict(order), default=str, option=orjson.OPT_SORT_KEYS))


def _sha256(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
