"""Requests about outgoing mail."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from actors.engagement import composing, queue, templates, views
from actors.engagement.composing import Draft, Stored
from actors.engagement.rules import delivery
from actors.engagement.settling import email_for_update
from actors.engagement.smtp.message import text_of_html
from messages.engagement import (
    ALL_SUPPRESSED,
    EMAIL_NOT_FOUND,
    MAILBOX_NOT_FOUND,
    NO_MAILBOX,
    SUPPRESSION_NOT_FOUND,
    CancelEmail,
    Email,
    EmailPage,
    EmailQueued,
    EmailStatus,
    GetOutboundEmail,
    ListOutboundEmails,
    ListSuppressions,
    RecipientKind,
    RecipientStatus,
    RemoveSuppression,
    RetryEmail,
    SendEmail,
    SendTemplatedEmail,
    Suppression,
    SuppressionPage,
)
from messages.errors import PRECONDITION_FAILED
from messages.problem import Refused
from messages.values.instants import PARIS
from runtime.field_encryption import IndexKind
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.engagement.tables import company_ref, outbound_email, suppression_entry


async def send_email(request: SendEmail, work: UnitOfWork) -> EmailQueued:
    """Accept a mail that a person wrote."""
    text = request.text or text_of_html(request.html or "")
    return await _send(request, "free", request.subject, text, request.html, work)


async def send_templated_email(request: SendTemplatedEmail, work: UnitOfWork) -> EmailQueued:
    """Accept a mail made from a template."""
    name = await work.fetch_value(
        select(company_ref.c.name)
        .where(
            company_ref.c.organisation_id == work.organisation_id,
            (company_ref.c.company_id == request.company_id) | (request.company_id is None),
        )
        .order_by(company_ref.c.company_id)
        .limit(1)
    )
    mail = templates.render(request.template_key, request.locale, request.variables, company_name=name or "")
    return await _send(request, request.template_key, mail.subject, mail.text, mail.html, work)


async def cancel_email(request: CancelEmail, work: UnitOfWork) -> Email:
    """Stop a mail that has not begun to leave."""
    row = await _locked(request.email_id, work)
    status = delivery.EMAIL.after("cancel", EmailStatus(row["status"]))
    after = await queue.change(row, work, status=status, next_attempt_at=None)
    work.record("email", row["id"], before={"status": row["status"]}, after={"status": status, **_version(after)})
    return await _reply(row["id"], work)


async def retry_email(request: RetryEmail, work: UnitOfWork) -> Email:
    """Begin a new series of attempts."""
    row = await _locked(request.email_id, work)
    delivery.EMAIL.after("retry", EmailStatus(row["status"]))
    if not row["text"]:
        raise Refused(PRECONDITION_FAILED, "the text of this old mail is no longer kept; write a new one")
    await _renew_recipients(row, work)
    expires_at = work.now + delivery.expires_after(row["category"])
    patience = work.now + delivery.ATTACHMENT_PATIENCE if row["attachment_deadline"] else None
    changes = {"attempts": 0, "expires_at": expires_at, "attachment_deadline": patience, "last_error_code": None}
    after = {**row, **await queue.change(row, work, **changes)}
    await queue.order_attempt(after, work)
    work.record("email", row["id"], before={"status": row["status"]}, after={"status": EmailStatus.QUEUED})
    return await _reply(row["id"], work)


async def get_outbound_email(request: GetOutboundEmail, work: UnitOfWork) -> Email:
    """One mail."""
    return await _reply(request.email_id, work)


async def list_outbound_emails(request: ListOutboundEmails, work: UnitOfWork) -> EmailPage:
    """A page of mails."""
    statement = views.EMAILS.where(outbound_email.c.organisation_id == work.organisation_id)
    if request.status:
        statement = statement.where(outbound_email.c.status.in_(request.status))
    if request.client_id is not None:
        statement = statement.where(outbound_email.c.client_id == request.client_id)
    if request.mailbox_id is not None:
        statement = statement.where(outbound_email.c.mailbox_id == request.mailbox_id)
    if request.purpose is not None:
        statement = statement.where(outbound_email.c.purpose == request.purpose)
    if request.reference is not None:
        statement = statement.where(
            outbound_email.c.reference_id == request.reference.id,
            outbound_email.c.reference_type == request.reference.type,
        )
    if request.from_date is not None:
        start = datetime.combine(request.from_date, time(), PARIS).astimezone(UTC)
        statement = statement.where(outbound_email.c.created_at >= start)
    if request.to_date is not None:
        end = datetime.combine(request.to_date + timedelta(days=1), time(), PARIS).astimezone(UTC)
        statement = statement.where(outbound_email.c.created_at < end)
    return await page(
        work,
        request,
        statement,
        order=(outbound_email.c.created_at, outbound_email.c.id),
        descending=True,
        reply=EmailPage,
        item=views.email_summary_of,
    )


async def list_suppressions(request: ListSuppressions, work: UnitOfWork) -> SuppressionPage:
    """A page of blocked addresses."""
    statement = select(suppression_entry).where(suppression_entry.c.organisation_id == work.organisation_id)
    if request.address is not None:
        address_hash = work.keys.fingerprint(IndexKind.EMAIL, request.address)
        statement = statement.where(suppression_entry.c.address_hash == address_hash)
    return await page(
        work,
        request,
        statement,
        order=(suppression_entry.c.created_at, suppression_entry.c.id),
        descending=True,
        reply=SuppressionPage,
        item=views.suppression_of,
    )


async def remove_suppression(request: RemoveSuppression, work: UnitOfWork) -> Suppression:
    """Write to the address again."""
    statement = (
        delete(suppression_entry)
        .where(
            suppression_entry.c.organisation_id == work.organisation_id,
            suppression_entry.c.id == request.suppression_id,
        )
        .returning(suppression_entry)
    )
    row = await work.load(statement, "suppression entry", code=SUPPRESSION_NOT_FOUND)
    work.record("suppression", row["id"], before={"reason": row["reason"]}, after={"removed_because": request.reason})
    return views.suppression_of(row)


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _send(
    request: SendEmail | SendTemplatedEmail, purpose: str, subject: str, text: str, html: str | None, work: UnitOfWork
) -> EmailQueued:
    account = await composing.mailbox_for(request.mailbox_id, request.company_id, work)
    if account is None and request.mailbox_id is not None:
        raise Refused(MAILBOX_NOT_FOUND, f"mailbox {request.mailbox_id} does not exist; check mailbox_id")
    if account is None:
        raise Refused(NO_MAILBOX, "the organisation has no mailbox to send from; create one first")
    draft = Draft(
        purpose=purpose,
        category=request.category,
        subject=subject,
        text=text,
        html=html,
        recipients=[
            *((RecipientKind.TO, address) for address in request.to),
            *((RecipientKind.CC, address) for address in request.cc),
            *((RecipientKind.BCC, address) for address in request.bcc),
        ],
        attachments=[composing.Attachment(**draft.model_dump()) for draft in request.attachments],
        mailbox_id=account["id"],
        company_id=request.company_id,
        client_id=request.client_id,
        reference=request.reference,
        reply_to=request.reply_to,
        scheduled_at=request.scheduled_at,
        is_automatic=False,
    )
    stored = await composing.accept(draft, work)
    assert stored is not None  # without source_key nothing was accepted before
    return _queued(stored)


def _queued(stored: Stored) -> EmailQueued:
    if stored.email["status"] == EmailStatus.SUPPRESSED:
        raise Refused(ALL_SUPPRESSED, "every recipient refused mail for good; correct the addresses")
    return EmailQueued(
        email_id=stored.email["id"],
        status=stored.email["status"],
        recipients=views.recipients_of(stored.recipients, blind_copies=True),
    )


async def _renew_recipients(row: Row, work: UnitOfWork) -> None:
    """Those who did not get it are waited for again, unless their address is blocked."""
    recipients = await composing.recipients_waiting_again(row, work)
    blocked = await composing.blocked_hashes([found["address_hash"] for found in recipients], row["category"], work)
    open_ = [found["id"] for found in recipients if found["address_hash"] not in blocked]
    if not open_:
        raise Refused(ALL_SUPPRESSED, "every recipient of the mail refused mail for good; write to another address")
    await composing.set_recipients(open_, RecipientStatus.PENDING, work)


async def _locked(email_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(email_for_update(email_id, work), "e-mail", code=EMAIL_NOT_FOUND)


async def _reply(email_id: UUID, work: UnitOfWork) -> Email:
    statement = views.EMAILS.where(
        outbound_email.c.organisation_id == work.organisation_id, outbound_email.c.id == email_id
    )
    row = await work.load(statement, "e-mail", code=EMAIL_NOT_FOUND)
    return views.email_of(row, blind_copies=row["created_by"] == work.caller.principal)


def _version(after: dict[str, object]) -> dict[str, object]:
    return {"version": after["version"]}
