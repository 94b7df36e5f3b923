"""The customer portal's rules: tokens, the life of a link, what it may still do."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlsplit

from messages.errors import SESSION_EXPIRED, SESSION_REVOKED, ErrorCode
from messages.payments.portal import SESSION_TERMINAL
from messages.payments.portal_vocabulary import PortalAction, PortalPurpose, PortalSessionStatus
from messages.transitions import StateMachine

TOKEN_VERSION = "v1"
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{40,}")
_OPEN = (PortalSessionStatus.CREATED, PortalSessionStatus.ACTIVE, PortalSessionStatus.REDIRECTED)
OPEN = frozenset(_OPEN)
"""The states in which a link lives."""

PORTAL_SESSION = StateMachine(
    "payment link",
    {
        ("activate", PortalSessionStatus.CREATED): PortalSessionStatus.ACTIVE,
        ("redirect", PortalSessionStatus.ACTIVE): PortalSessionStatus.REDIRECTED,
        ("return", PortalSessionStatus.REDIRECTED): PortalSessionStatus.ACTIVE,
        ("fail", PortalSessionStatus.REDIRECTED): PortalSessionStatus.FAILED,
        ("complete", PortalSessionStatus.ACTIVE): PortalSessionStatus.COMPLETED,
        ("complete", PortalSessionStatus.REDIRECTED): PortalSessionStatus.COMPLETED,
        **{("expire", status): PortalSessionStatus.EXPIRED for status in _OPEN},
        **{("cancel", status): PortalSessionStatus.CANCELLED for status in _OPEN},
    },
)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a link lives, how many payments it may start, what it offers."""

    life: timedelta
    max_uses: int
    actions: tuple[PortalAction, ...]


_OFFERED = (PortalAction.VIEW_PAYMENT, PortalAction.PAY_BY_CARD, PortalAction.PAY_BY_TRANSFER)
TERMS: Mapping[PortalPurpose, Terms] = {
    PortalPurpose.PAY_NOW: Terms(timedelta(minutes=15), 1, _OFFERED),
    PortalPurpose.DUNNING_LINK: Terms(timedelta(days=7), 3, (*_OFFERED, PortalAction.UPDATE_CARD)),
    PortalPurpose.UPDATE_CARD: Terms(timedelta(days=7), 3, (PortalAction.UPDATE_CARD,)),
}
FORMAL_NOTICE_LIFE = timedelta(days=30)
PAGE_LIFE = timedelta(minutes=32)
"""How long a provider's page stays open: Stripe wants at least 30 minutes, counted from when it gets the order."""


# -- tokens --------------------------------------------------------------------------------------------------------


def token_of(secret: bytes) -> str:
    """The token of 32 random bytes: `v1.` and 43 characters."""
    return f"{TOKEN_VERSION}.{_base64url(secret)}"


def token_is_well_formed(token: str) -> bool:
    """Exactly one dot, the version, at least 40 characters of base64url."""
    version, _, payload = token.partition(".")
    return version == TOKEN_VERSION and _PAYLOAD.fullmatch(payload) is not None


def token_hash(token: str) -> bytes:
    """SHA-256 of a token: the only thing that is kept of it."""
    return hashlib.sha256(token.encode()).digest()


def return_state(key: bytes) -> str:
    """What a return address carries: 32 bytes that only the organisation's key makes, the same at every attempt."""
    return _base64url(key)


def origin_of(address: str) -> str:
    """Scheme, host and port: what decides whether a payment may lead back there."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def with_state(address: str, state: str) -> str:
    """The address with the state in its query."""
    return f"{address}{'&' if urlsplit(address).query else '?'}state={state}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


# -- what a link may still do --------------------------------------------------------------------------------------


def refusal_of(status: PortalSessionStatus, expires_at: datetime, now: datetime) -> ErrorCode | None:
    """Why a link does not open, or None. At `expires_at` itself it still does."""
    if status is PortalSessionStatus.CANCELLED:
        return SESSION_REVOKED
    if status is PortalSessionStatus.EXPIRED or expires_at < now:
        return SESSION_EXPIRED
    return None if status in OPEN else SESSION_TERMINAL


# -- numbers -------------------------------------------------------------------------------------------------------


def rate(part: int, whole: int) -> Decimal | None:
    """A percentage with two decimals, half up; None of nothing."""
    if not whole:
        return None
    return (Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)


def completion_rate(counts: Mapping[PortalSessionStatus, int]) -> Decimal | None:
    """Completed of all created links."""
    return rate(counts.get(PortalSessionStatus.COMPLETED, 0), sum(counts.values()))


def conversion_rate(counts: Mapping[PortalSessionStatus, int]) -> Decimal | None:
    """Completed of the links with which somebody went to pay."""
    completed = counts.get(PortalSessionStatus.COMPLETED, 0)
    left = (PortalSessionStatus.FAILED, PortalSessionStatus.REDIRECTED)
    return rate(completed, completed + sum(counts.get(status, 0) for status in left))


def creditor_reference(text: str) -> str:
    """ISO 11649: `RF`, two check digits (ISO 7064 mod 97-10), at most 21 letters and digits of the text."""
    core = re.sub(r"[^A-Z0-9]", "", text.upper())[-21:]
    digits = "".join(str(int(character, 36)) for character in f"{core}RF00")
    return f"RF{98 - int(digits) % 97:02}{core}"
