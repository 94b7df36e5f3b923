"""What engagement keeps of a client: mails to him, notifications about him, and addresses that must not be written to."""

from typing import Final

from runtime.privacy import ERASED_NAME, Anonymise, Delete, PersonalData, by_email, by_id, by_trace, either, through
from storage.engagement.tables import (
    client_ref,
    delivery_attempt,
    notification,
    outbound_attachment,
    outbound_email,
    outbound_recipient,
    sms_message,
    suppression_entry,
    waiting_message,
)

_to_him = by_email(outbound_recipient.c.address, outbound_recipient.c.address_hash)
_his_mails = by_id(outbound_email.c.client_id)
_mails = either(_his_mails, through(outbound_email.c.id, outbound_recipient.c.email_id, _to_him))

PERSONAL_DATA: Final = (
    PersonalData(
        notification,
        by_trace(notification.c.title, notification.c.message, notification.c.details, notification.c.link_url),
        Delete(),
        "notes to members about the client",
        at_once=True,
    ),
    PersonalData(waiting_message, by_id(waiting_message.c.client_id), Delete(), "mail that waits for an address"),
    PersonalData(
        delivery_attempt, through(delivery_attempt.c.email_id, outbound_email.c.id, _mails), Delete(), "delivery"
    ),
    PersonalData(
        outbound_attachment, through(outbound_attachment.c.email_id, outbound_email.c.id, _mails), Delete(), "delivery"
    ),
    PersonalData(
        outbound_email,
        _mails,
        Anonymise({"subject": "", "text": "", "html": None, "reply_to": None, "last_error_text": None}),
        "mails that reached him without being about him",
        entity="mail_to_his_address",
        where=outbound_email.c.client_id.is_(None),
    ),
    PersonalData(
        outbound_recipient,
        either(_to_him, through(outbound_recipient.c.email_id, outbound_email.c.id, _his_mails)),
        Delete(),
        "whom mails went to",
    ),
    PersonalData(outbound_email, _his_mails, Delete(), "mails to the client"),
    PersonalData(sms_message, by_id(sms_message.c.client_id), Delete(), "text messages to the client"),
    PersonalData(
        suppression_entry,
        by_email(suppression_entry.c.address, suppression_entry.c.address_hash),
        Anonymise({"address": ""}),
        "addresses that are not written to; the hash stays, so that they never are again",
    ),
    PersonalData(
        client_ref,
        by_id(client_ref.c.client_id),
        Anonymise({"display_name": ERASED_NAME, "email": None, "phone": None}),
        "addressing mails",
    ),
)
