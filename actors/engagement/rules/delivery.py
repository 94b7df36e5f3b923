"""Pure rules of sending: whom we may write to, what a server's answer means, when to try again."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from messages.engagement import BounceType, EmailCategory, EmailStatus, RecipientStatus, SuppressionReason
from messages.transitions import StateMachine

RETRY_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
)
"""The pause after the first, second ... deferred attempt; the seventh is the last, 17 h 21 min after the first."""

UNCERTAIN_FOR = timedelta(minutes=15)
ATTACHMENT_PATIENCE = timedelta(minutes=30)
SOFT_BOUNCE_LIMIT = 5
SOFT_BOUNCE_WINDOW = timedelta(days=30)
SOFT_BOUNCE_REST = timedelta(days=7)

_ALWAYS_BLOCKED = frozenset({SuppressionReason.HARD_BOUNCE, SuppressionReason.ERASURE})
_UNKNOWN_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_UNKNOWN_WORDS = re.compile(r"unknown|no such (user|mailbox|recipient)|does not exist", re.IGNORECASE)
_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")

EMAIL = StateMachine(
    "e-mail",
    {
        ("cancel", EmailStatus.SCHEDULED): EmailStatus.CANCELLED,
        ("cancel", EmailStatus.QUEUED): EmailStatus.CANCELLED,
        ("retry", EmailStatus.FAILED): EmailStatus.QUEUED,
        ("retry", EmailStatus.UNCERTAIN): EmailStatus.QUEUED,
    },
)


def is_blocked(reason: SuppressionReason, category: EmailCategory) -> bool:
    """Whether an address suppressed for that reason is out of bounds for a mail of that category."""
    return reason in _ALWAYS_BLOCKED or category is not EmailCategory.LEGAL


def expires_after(category: EmailCategory) -> timedelta:
    """How long a mail may wait to leave; an old dunning mail says what is no longer true."""
    return timedelta(hours=24 if category is EmailCategory.DUNNING else 48)


def must_not_be_repeated(category: EmailCategory) -> bool:
    """Dunning and legal mail is never sent twice: of unknown outcome, it fails and a person decides."""
    return category in (EmailCategory.DUNNING, EmailCategory.LEGAL)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again after that many attempts; None when they are used up."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server's answer means for one recipient."""

    status: RecipientStatus
    bounce: BounceType | None = None


def enhanced_code_of(text: str) -> str | None:
    """The enhanced status code (RFC 3463) an answer begins with."""
    found = _ENHANCED.match(text)
    return found.group(1) if found else None


def meaning_of(code: int, text: str) -> Answer:
    """Classify an SMTP answer: accepted, deferred, bounced (and how) or refused for a reason of the mail itself."""
    enhanced = enhanced_code_of(text) or ""
    if 200 <= code < 300:
        return Answer(RecipientStatus.SENT)
    if enhanced == "5.2.2":
        return Answer(RecipientStatus.BOUNCED, BounceType.SOFT)
    if code < 500:
        return Answer(RecipientStatus.DEFERRED)
    if enhanced in _UNKNOWN_MAILBOX or (not enhanced.startswith("5.7") and _UNKNOWN_WORDS.search(text)):
        return Answer(RecipientStatus.BOUNCED, BounceType.HARD)
    if enhanced.startswith("5.7"):
        return Answer(RecipientStatus.BOUNCED, BounceType.POLICY)
    return Answer(RecipientStatus.FAILED)


def status_of(recipients: Iterable[RecipientStatus]) -> EmailStatus:
    """The mail's status from those of its recipients."""
    found = set(recipients)
    if RecipientStatus.DEFERRED in found or RecipientStatus.PENDING in found:
        return EmailStatus.QUEUED
    if RecipientStatus.SENT in found:
        return EmailStatus.SENT if found == {RecipientStatus.SENT} else EmailStatus.PARTIALLY_SENT
    return EmailStatus.SUPPRESSED if found == {RecipientStatus.SUPPRESSED} else EmailStatus.FAILED
