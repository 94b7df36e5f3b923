"""Invitations: tokens that are never stored, and when a link still holds (spec 6.5)."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from messages.identity import (
    EMAIL_DOMAIN_NOT_ALLOWED,
    INVITATION_CANCELLED,
    INVITATION_DECLINED,
    INVITATION_EXPIRED,
    RESEND_LIMIT,
    RESEND_TOO_SOON,
    InvitationStatus,
)
from messages.problem import Refused

MOST_PENDING = 100
MOST_PER_DAY = 50
_MOST_RESENDS = 5
_RESEND_PAUSE = timedelta(minutes=10)


def invitation_token(key: bytes, invitation_id: UUID, nonce: bytes) -> str:
    """The secret of a link: 43 characters, recomputed whenever it is needed; a new nonce kills the old link."""
    message = f"invitation\n{invitation_id}\n{nonce.hex()}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")).decode().rstrip("=")


def token_hash(token: str) -> bytes:
    """What is stored to find an invitation by its token: the hash of the bytes that the text stands for."""
    try:
        secret = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        secret = token.encode()  # no token of ours, so no hash of ours
    return hashlib.sha256(secret).digest()


def expiry(now: datetime, days: int) -> datetime:
    """`days` times 24 hours later, whatever clocks do in between."""
    return now + timedelta(hours=24 * days)


def status_at(status: InvitationStatus, expires_at: datetime, now: datetime) -> InvitationStatus:
    """What a reader is shown: a pending invitation is expired from its very instant on, before the job says so."""
    return InvitationStatus.EXPIRED if status is InvitationStatus.PENDING and now >= expires_at else status


def check_is_open(status: InvitationStatus, expires_at: datetime, now: datetime) -> None:
    """Refuse a link that was withdrawn, declined or came too late."""
    match status_at(status, expires_at, now):
        case InvitationStatus.CANCELLED:
            raise Refused(INVITATION_CANCELLED, "the organisation withdrew this invitation; ask for a new one")
        case InvitationStatus.DECLINED:
            raise Refused(INVITATION_DECLINED, "this invitation was declined; ask for a new one")
        case InvitationStatus.EXPIRED:
            raise Refused(INVITATION_EXPIRED, "this invitation has expired; ask for a new one")


def check_domain(email: str, allowed: tuple[str, ...]) -> None:
    """Refuse addresses outside the domains that the organisation allows; an empty list allows all."""
    if allowed and email.rpartition("@")[2] not in allowed:
        raise Refused(
            EMAIL_DOMAIN_NOT_ALLOWED, f"invitations go to these domains only: {', '.join(allowed)}; use such an address"
        )


def check_resend(sent_count: int, last_sent_at: datetime, now: datetime) -> None:
    """At most five more mails, ten minutes apart."""
    if sent_count > _MOST_RESENDS:
        raise Refused(RESEND_LIMIT, f"it was sent {sent_count} times; cancel it and invite again")
    if now < last_sent_at + _RESEND_PAUSE:
        raise Refused(RESEND_TOO_SOON, "it was sent less than ten minutes ago; wait and repeat")
