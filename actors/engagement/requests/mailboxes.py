"""Requests about mailboxes."""

import ipaddress
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.engagement import accounts, views
from actors.engagement.settings import EngagementSettings
from messages.engagement import (
    HOST_NOT_ALLOWED,
    MAILBOX_DUPLICATE,
    MAILBOX_NOT_FOUND,
    CreateMailbox,
    GetMailbox,
    ListMailboxes,
    Mailbox,
    MailboxOwner,
    MailboxPage,
    MailboxStatus,
    MailProvider,
    SetDefaultMailbox,
    SmtpSecurity,
    TestMailbox,
    UpdateMailbox,
)
from messages.identity import COMPANY_NOT_FOUND
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.engagement.tables import company_ref, mailbox, mailbox_secret

_KNOWN_SERVERS = {
    MailProvider.GMAIL: ("smtp.gmail.com", 465, SmtpSecurity.TLS),
    MailProvider.OUTLOOK: ("smtp.office365.com", 587, SmtpSecurity.STARTTLS),
    MailProvider.EXCHANGE: ("smtp.office365.com", 587, SmtpSecurity.STARTTLS),
}
_SIGN_IN = {"smtp_host", "smtp_port", "smtp_security", "username"}


async def create_mailbox(request: CreateMailbox, work: UnitOfWork) -> Mailbox:
    """Record an account and have it tried; the first of an owner becomes its default."""
    host, port, security = _server(request)
    _check_server(host, security)
    if request.company_id is not None:
        await _check_company(request.company_id, work)
    mailbox_id = new_id()
    is_default = request.is_default or not await _has_default(request.company_id, work)
    if is_default:
        await _clear_default(request.company_id, work)
    row = {
        **_new_row(mailbox_id, work),
        "owner_type": request.owner_type,
        "company_id": request.company_id,
        "name": request.name,
        "email_address": request.email_address,
        "display_name": request.display_name,
        "provider": request.provider,
        "smtp_host": host,
        "smtp_port": port,
        "smtp_security": security,
        "username": request.username,
        "is_default": is_default,
        "status": MailboxStatus.PENDING,
    }
    if not await work.execute(insert(mailbox).values(**row).on_conflict_do_nothing()):
        raise Refused(MAILBOX_DUPLICATE, f"{request.email_address} is a mailbox of this owner already; change that one")
    if request.password is not None:
        await _store_password(mailbox_id, request.password, work)
    accounts.order_check(mailbox_id, work)
    work.record("mailbox", mailbox_id, after={"host": host, "status": MailboxStatus.PENDING, "version": 1})
    return await _reply(mailbox_id, work)


async def update_mailbox(request: UpdateMailbox, work: UnitOfWork) -> Mailbox:
    """Change the fields that were sent; a new way to sign in is tried before it sends."""
    row = await _load(request.mailbox_id, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    changes: dict[str, Any] = request.model_dump(
        exclude={"mailbox_id", "expected_version", "password"}, exclude_unset=True
    )
    for name in ("name", "smtp_host", "smtp_port", "smtp_security"):
        if name in changes and changes[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be empty; give a value or leave it out")
    after = {**row, **changes}
    _check_server(after["smtp_host"], SmtpSecurity(after["smtp_security"]))
    if request.password is not None:
        await _store_password(row["id"], request.password, work)
    if request.password is not None or any(after[name] != row[name] for name in _SIGN_IN):
        changes |= {"status": MailboxStatus.PENDING, "last_error_code": None, "last_error_at": None}
        accounts.order_check(row["id"], work)
    version = await accounts.change(row, work, **changes)
    work.record("mailbox", row["id"], after={"changed": sorted(changes), "version": version})
    return await _reply(row["id"], work)


async def get_mailbox(request: GetMailbox, work: UnitOfWork) -> Mailbox:
    """One mailbox."""
    return await _reply(request.mailbox_id, work)


async def list_mailboxes(request: ListMailboxes, work: UnitOfWork) -> MailboxPage:
    """A page of mailboxes."""
    statement = views.MAILBOXES.where(mailbox.c.organisation_id == work.organisation_id)
    if request.owner_type is not None:
        statement = statement.where(mailbox.c.owner_type == request.owner_type)
    if request.company_id is not None:
        statement = statement.where(mailbox.c.company_id == request.company_id)
    if request.status is not None:
        statement = statement.where(mailbox.c.status == request.status)
    return await page(work, request, statement, order=(mailbox.c.id,), reply=MailboxPage, item=views.mailbox_of)


async def set_default_mailbox(request: SetDefaultMailbox, work: UnitOfWork) -> Mailbox:
    """Make it its owner's default; the former default is one no longer."""
    row = await _load(request.mailbox_id, work, lock=True)
    if not row["is_default"]:
        await _clear_default(row["company_id"], work)
        version = await accounts.change(row, work, is_default=True)
        work.record("mailbox", row["id"], after={"is_default": True, "version": version})
    return await _reply(row["id"], work)


async def test_mailbox(request: TestMailbox, work: UnitOfWork) -> Mailbox:
    """Have the account tried again."""
    row = await _load(request.mailbox_id, work, lock=True)
    accounts.order_check(row["id"], work)
    work.record("mailbox", row["id"], after={"tested": True})
    return await _reply(row["id"], work)


async def make_default_mailbox(name: str, work: UnitOfWork) -> None:
    """The mailbox that a new organisation begins with, when the operator's settings name a relay."""
    settings = EngagementSettings()
    if settings.smtp_host is None:
        return
    mailbox_id = new_id()
    row = {
        **_new_row(mailbox_id, work),
        "owner_type": MailboxOwner.ORGANISATION,
        "company_id": None,
        "name": "Default",
        "email_address": settings.smtp_sender,
        "display_name": name,
        "provider": MailProvider.SMTP,
        "smtp_host": settings.smtp_host,
        "smtp_port": settings.smtp_port,
        "smtp_security": settings.smtp_security,
        "username": None,
        "is_default": True,
        "status": MailboxStatus.PENDING,
    }
    if await work.execute(insert(mailbox).values(**row).on_conflict_do_nothing()):
        accounts.order_check(mailbox_id, work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _server(request: CreateMailbox) -> tuple[str, int, SmtpSecurity]:
    known = _KNOWN_SERVERS.get(request.provider)
    host = request.smtp_host or (known[0] if known else None)
    if host is None:
        raise Refused.field("smtp_host", "required", "smtp_host is needed for this provider; name the mail server")
    security = request.smtp_security or (known[2] if known else SmtpSecurity.STARTTLS)
    return host, request.smtp_port or (known[1] if known else 587), security


def _check_server(host: str, security: SmtpSecurity) -> None:
    """Hosts of the operator's network are refused; names are looked at again when they are resolved."""
    if EngagementSettings().is_trusted_host(host):
        return
    if security is SmtpSecurity.NONE:
        raise Refused.field("smtp_security", "unprotected", "smtp_security NONE would send passwords in clear; use TLS")
    try:
        is_public = ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        is_public = "." in host and not host.lower().rstrip(".").endswith((".localhost", ".local", ".internal"))
    if not is_public:
        raise Refused.field(
            "smtp_host", "private", "smtp_host lies in a private network; name a public mail server", HOST_NOT_ALLOWED
        )


async def _check_company(company_id: UUID, work: UnitOfWork) -> None:
    known = select(company_ref.c.company_id).where(
        company_ref.c.organisation_id == work.organisation_id, company_ref.c.company_id == company_id
    )
    await work.load(known, "company", code=COMPANY_NOT_FOUND)


async def _has_default(company_id: UUID | None, work: UnitOfWork) -> bool:
    statement = select(mailbox.c.id).where(_default_of(company_id, work))
    return await work.fetch_value(statement) is not None


async def _clear_default(company_id: UUID | None, work: UnitOfWork) -> None:
    await work.execute(
        update(mailbox)
        .where(_default_of(company_id, work))
        .values(is_default=False, version=mailbox.c.version + 1, updated_at=work.now, updated_by=work.caller.principal)
    )


def _default_of(company_id: UUID | None, work: UnitOfWork) -> Any:
    owner = mailbox.c.company_id.is_(None) if company_id is None else mailbox.c.company_id == company_id
    return (mailbox.c.organisation_id == work.organisation_id) & owner & mailbox.c.is_default


async def _store_password(mailbox_id: UUID, password: str, work: UnitOfWork) -> None:
    statement = insert(mailbox_secret).values(
        mailbox_id=mailbox_id,
        organisation_id=work.organisation_id,
        password=await accounts.encrypted_password(password, mailbox_id, work),
        updated_at=work.now,
    )
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["mailbox_id"],
            set_={"password": statement.excluded.password, "updated_at": statement.excluded.updated_at},
        )
    )


def _new_row(mailbox_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    return {
        "id": mailbox_id,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


async def _load(mailbox_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    statement = select(mailbox).where(mailbox.c.organisation_id == work.organisation_id, mailbox.c.id == mailbox_id)
    statement = statement.with_for_update() if lock else statement
    return await work.load(statement, "mailbox", code=MAILBOX_NOT_FOUND)


async def _reply(mailbox_id: UUID, work: UnitOfWork) -> Mailbox:
    statement = views.MAILBOXES.where(mailbox.c.organisation_id == work.organisation_id, mailbox.c.id == mailbox_id)
    return views.mailbox_of(await work.load(statement, "mailbox", code=MAILBOX_NOT_FOUND))
