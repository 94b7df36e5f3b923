"""A mail as bytes (MIME), built from what was stored."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime


@dataclass(frozen=True, slots=True)
class File:
    """An attachment with its bytes."""

    filename: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The headers of a mail. Blind copies are in the envelope only."""

    email_id: str
    message_id: str
    subject: str
    sender: str
    sender_name: str | None
    to: Sequence[str]
    cc: Sequence[str]
    reply_to: str | None
    date: datetime
    is_automatic: bool


_TAG = re.compile(r"<[^>]+>")
_BREAK = re.compile(r"<br\s*/?>|</(p|div|tr|li|h\d)>", re.IGNORECASE)


def text_of_html(html: str) -> str:
    """A plain form of an HTML body, for mails written without one."""
    text = _TAG.sub("", _BREAK.sub("\n", html))
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def build(letterhead: Letterhead, text: str, html: str | None, files: Sequence[File]) -> bytes:
    """The message with CRLF line ends; headers in UTF-8 are encoded as RFC 2047 asks."""
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(letterhead.date)
    message["From"] = _address(letterhead.sender, letterhead.sender_name)
    message["To"] = ", ".join(letterhead.to) or "undisclosed-recipients:;"
    if letterhead.cc:
        message["Cc"] = ", ".join(letterhead.cc)
    if letterhead.reply_to:
        message["Reply-To"] = letterhead.reply_to
    message["Subject"] = letterhead.subject
    message["Message-ID"] = letterhead.message_id
    message["X-CRM-Email-Id"] = letterhead.email_id
    if letterhead.is_automatic:
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for file in files:
        main, _, sub = file.mime.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub or "octet-stream", filename=file.filename)
    return message.as_bytes()


def _address(address: str, name: str | None) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=name or "", username=local, domain=domain)
