"""Messages that events order to a client: kept until he is known here, then made in his language and accepted."""

from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from actors.engagement import queue, templates, texting
from actors.engagement.composing import Attachment, Draft, accept
from actors.engagement.templates import Rendered
from messages.clients import ContactKind, GetClient
from messages.engagement import EmailCategory, RecipientKind
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.engagement.queries import NO_LONGER_WAITING
from storage.engagement.tables import client_ref, company_ref, waiting_message
from storage.projections import keep_newest
from storage.shared.statements import render

_CLIENT_PATIENCE = timedelta(hours=24)


class Medium(StrEnum):
    """How the client is reached."""

    EMAIL = "EMAIL"
    SMS = "SMS"


class ClientMail(BaseModel):
    """A message from a template to a client's primary address or number; kept as it is while he is not known here."""

    model_config = ConfigDict(frozen=True)

    client_id: UUID
    medium: Medium = Medium.EMAIL
    template_key: str
    variables: dict[str, Any] = Field(default_factory=dict)
    source_key: str
    reference: Ref | None = None
    company_id: UUID | None = None
    locale: str | None = None
    category: EmailCategory | None = None
    attachments: tuple[Attachment, ...] = ()


class FindClient(WorkItem):
    """Ask clients for a client that a message is waiting for."""

    client_id: UUID


async def write_to_client(order: ClientMail, work: UnitOfWork) -> None:
    """Accept the mail now, or when the client is known; the same source_key is accepted once."""
    known = await work.fetch_one(
        select(client_ref).where(
            client_ref.c.organisation_id == work.organisation_id, client_ref.c.client_id == order.client_id
        )
    )
    if known is not None:
        await _write(order, known, work)
        return
    await work.execute(
        insert(waiting_message)
        .values(
            id=new_id(),
            organisation_id=work.organisation_id,
            client_id=order.client_id,
            source_key=order.source_key,
            message=order.model_dump(mode="json"),
            created_at=work.now,
        )
        .on_conflict_do_nothing()
    )
    work.order(FindClient(client_id=order.client_id), key=f"{order.client_id}:{order.source_key}")


async def release_waiting(client: Row, work: UnitOfWork) -> None:
    """Write the mails that waited for this client to become known."""
    for row in await work.fetch(NO_LONGER_WAITING, organisation_id=work.organisation_id, client_id=client["client_id"]):
        await _write(ClientMail.model_validate(row["message"]), client, work)


async def find_client(item: FindClient, outside: Outside) -> dict[str, Any] | None:
    """Ask the owner of clients, unless the client's own fact came meanwhile. No answer now is asked again each hour."""
    waiting = select(waiting_message.c.id).where(
        waiting_message.c.organisation_id == outside.organisation_id,
        waiting_message.c.client_id == item.client_id,
    )
    sql, arguments = render(waiting.limit(1))
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        if await connection.fetchval(sql, *arguments) is None:
            return None
    try:
        found = await outside.ask(GetClient(client_id=item.client_id))
    except Refused:
        return None
    emails = [point.value for point in found.contact_points if point.kind is ContactKind.EMAIL]
    phones = [point.value for point in found.contact_points if point.kind is ContactKind.PHONE]
    return {
        "client_id": found.id,
        "display_name": found.display_name,
        "email": emails[0] if emails else None,
        "phone": phones[0] if phones else None,
        "language": found.language,
        "company_id": found.company_id,
        "version": found.version,
    }


async def client_found(item: FindClient, found: dict[str, Any] | None, work: UnitOfWork) -> None:
    """Keep the client and write what waited for him."""
    if found is not None:
        await work.execute(keep_newest(client_ref, organisation_id=work.organisation_id, **found))
        await release_waiting(found, work)


async def ask_again(work: UnitOfWork) -> None:
    """Ask once more for the clients that messages wait for; after a day nobody knows them and their mails fail."""
    rows = await work.fetch(
        select(waiting_message.c.client_id, func.min(waiting_message.c.created_at).label("since"))
        .where(waiting_message.c.organisation_id == work.organisation_id)
        .group_by(waiting_message.c.client_id)
        .limit(queue.BATCH)
    )
    for row in rows:
        if row["since"] > work.now - _CLIENT_PATIENCE:
            key = f"{row['client_id']}:{work.now.isoformat()}"
            work.order(FindClient(client_id=row["client_id"]), key=key)
        else:
            nobody = {"display_name": "", "email": None, "phone": None, "language": "fr", "company_id": None}
            await release_waiting({"client_id": row["client_id"], **nobody}, work)


async def _write(order: ClientMail, client: Row, work: UnitOfWork) -> None:
    """A message that cannot be made is stored as failed: its orderer hears of it like of any other failure."""
    company_id = order.company_id or client["company_id"]
    company_name = await _company_name(company_id, work)
    locale = order.locale or client["language"]
    variables = {**order.variables, "client_name": client["display_name"]}
    if order.medium is Medium.SMS:
        await _write_sms(order, client["phone"], locale, variables, company_name, work)
        return
    mail, refused = Rendered(order.template_key, "", ""), None
    try:
        mail = templates.render(order.template_key, locale, variables, company_name=company_name, strict=False)
    except Refused as refusal:
        refused = refusal.code.code
    draft = Draft(
        purpose=order.template_key,
        category=order.category or templates.category_of(order.template_key),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        recipients=[(RecipientKind.TO, client["email"])] if client["email"] else [],
        attachments=order.attachments,
        company_id=company_id,
        client_id=order.client_id,
        reference=order.reference,
        source_key=order.source_key,
        refused=refused,
    )
    await accept(draft, work)


async def _write_sms(
    order: ClientMail, phone: str | None, locale: str, variables: dict[str, Any], company_name: str, work: UnitOfWork
) -> None:
    text, refused = "", None
    try:
        text = templates.render_short(order.template_key, locale, variables, company_name=company_name)
    except Refused as refusal:
        refused = refusal.code.code
    draft = texting.Draft(
        purpose=order.template_key,
        category=order.category or templates.category_of(order.template_key),
        text=text,
        phone=phone,
        client_id=order.client_id,
        reference=order.reference,
        source_key=order.source_key,
        refused=refused,
    )
    await texting.accept(draft, work)


async def _company_name(company_id: UUID | None, work: UnitOfWork) -> str:
    name = await work.fetch_value(
        select(company_ref.c.name).where(
            company_ref.c.organisation_id == work.organisation_id, company_ref.c.company_id == company_id
        )
    )
    return name or ""
