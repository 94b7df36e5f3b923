"""Rows of engagement as the messages show them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from actors.engagement.queue import reference_in
from messages.engagement import (
    Email,
    EmailSummary,
    Mailbox,
    Notification,
    Recipient,
    RecipientKind,
    SecretState,
    Sms,
    Suppression,
)
from runtime.unit_of_work import Row
from storage.engagement.tables import (
    mailbox,
    mailbox_secret,
    notification,
    outbound_attachment,
    outbound_email,
    outbound_recipient,
)
from storage.shared.statements import rows_as_json

_RECIPIENTS = rows_as_json(
    "recipients",
    [
        outbound_recipient.c.kind,
        outbound_recipient.c.address,
        outbound_recipient.c.status,
        outbound_recipient.c.bounce_type,
        outbound_recipient.c.smtp_code,
        outbound_recipient.c.diagnostic,
    ],
    outbound_recipient.c.email_id == outbound_email.c.id,
    outbound_recipient.c.id,
)
_ATTACHMENTS = rows_as_json(
    "attachments",
    [outbound_attachment.c.document_id, outbound_attachment.c.filename],
    outbound_attachment.c.email_id == outbound_email.c.id,
    outbound_attachment.c.id,
)
EMAILS: Select[Any] = select(outbound_email, _RECIPIENTS, _ATTACHMENTS)
MAILBOXES: Select[Any] = select(mailbox, mailbox_secret.c.updated_at.label("secret_updated_at")).join(
    mailbox_secret, mailbox_secret.c.mailbox_id == mailbox.c.id, isouter=True
)
NOTIFICATIONS: Select[Any] = select(notification)


def email_of(row: Row, *, blind_copies: bool) -> Email:
    """A mail in full; blind copies are shown to its author only."""
    fields = dict(row) | {
        "reference": reference_in(row),
        "recipients": recipients_of(row["recipients"], blind_copies=blind_copies),
        "attachments": row["attachments"] or (),
    }
    return Email.model_validate(fields)


def email_summary_of(row: Row) -> EmailSummary:
    """A mail in a list."""
    fields = dict(row) | {
        "reference": reference_in(row),
        "recipients": recipients_of(row["recipients"], blind_copies=False),
    }
    return EmailSummary.model_validate(fields)


def recipients_of(rows: Sequence[Any] | None, *, blind_copies: bool) -> tuple[Recipient, ...]:
    """The recipients that may be shown."""
    shown = [row for row in rows or () if blind_copies or row["kind"] != RecipientKind.BCC]
    return tuple(Recipient.model_validate(dict(row)) for row in shown)


def mailbox_of(row: Row) -> Mailbox:
    """A mailbox without its password."""
    changed = row["secret_updated_at"]
    return Mailbox.model_validate(
        dict(row) | {"password": SecretState(has_value=changed is not None, updated_at=changed)}
    )


def notification_of(row: Row) -> Notification:
    """A notification."""
    return Notification.model_validate(dict(row) | {"metadata": row["details"]})


def suppression_of(row: Row) -> Suppression:
    """A blocked address."""
    return Suppression.model_validate(dict(row))


def sms_of(row: Row) -> Sms:
    """A text message."""
    return Sms.model_validate(dict(row) | {"reference": reference_in(row)})
