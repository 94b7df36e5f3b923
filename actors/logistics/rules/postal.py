"""Pure rules of a letter's way through the post: what the scans mean, and what counts as notified."""

from datetime import date, datetime, timedelta
from typing import Final

from messages.logistics import LetterStatus, NoticeStatus, Scan, UndeliveredReason
from messages.shared import LetterKind
from messages.transitions import StateMachine
from messages.values.instants import local_date

DEPOSITED: Final = frozenset({LetterStatus.POSTED, LetterStatus.IN_DELIVERY})
PRESENTATIONS: Final = frozenset({Scan.ABSENT, Scan.PRESENTED, Scan.HELD})
ADDRESS_IS_WRONG: Final = frozenset({"LP20", "LP21", "N02", "N07"})
PROOF_PATIENCE: Final = timedelta(days=30)
TRACKED_FOR: Final = timedelta(days=90)
POLL_EVERY: Final = timedelta(hours=12)
PROOF_EVERY: Final = timedelta(days=1)

_NOTIFIED_ANYWAY = frozenset({UndeliveredReason.UNCLAIMED, UndeliveredReason.REFUSED})

# The provider's codes; those left out are recorded and move nothing.
_MEANING: Final = {
    "LP03": Scan.IN_TRANSIT,
    "LP04": Scan.IN_TRANSIT,
    "LP14": Scan.IN_TRANSIT,
    "LP26": Scan.IN_TRANSIT,
    "LP08": Scan.HELD,
    "LP09": Scan.ABSENT,
    "LP10": Scan.PRESENTED,
    "LP11": Scan.PRESENTED,
    "FIRST_PRESENTATION": Scan.PRESENTED,
    "LP15": Scan.DELIVERED,
    "LP16": Scan.DELIVERED,
    "LP28": Scan.DELIVERED,
    "LP29": Scan.DELIVERED,
    "DELIVERED": Scan.DELIVERED,
    "LP17": Scan.RETURNED,
    "LP24": Scan.RETURNED,
    "LP25": Scan.RETURNED,
    "LP27": Scan.RETURNED,
    "LP23": Scan.SENT_AGAIN,
}
_REASONS: Final = {
    "LP19": UndeliveredReason.UNCLAIMED,
    "LP20": UndeliveredReason.BAD_ADDRESS,
    "LP21": UndeliveredReason.UNKNOWN_AT_ADDRESS,
    "LP22": UndeliveredReason.REFUSED,
    "N02": UndeliveredReason.UNKNOWN_AT_ADDRESS,
    "N03": UndeliveredReason.UNCLAIMED,
    "N05": UndeliveredReason.REFUSED,
    "N07": UndeliveredReason.BAD_ADDRESS,
    "N10": UndeliveredReason.OTHER,
    "UNDELIVERED": UndeliveredReason.OTHER,
}

REGISTERED: Final = StateMachine(
    "registered letter",
    {
        (Scan.IN_TRANSIT, LetterStatus.POSTED): LetterStatus.IN_DELIVERY,
        (Scan.ABSENT, LetterStatus.POSTED): LetterStatus.FIRST_PRESENTED,
        (Scan.ABSENT, LetterStatus.IN_DELIVERY): LetterStatus.FIRST_PRESENTED,
        (Scan.ABSENT, LetterStatus.FIRST_PRESENTED): LetterStatus.AWAITING_PICKUP,
        (Scan.PRESENTED, LetterStatus.POSTED): LetterStatus.FIRST_PRESENTED,
        (Scan.PRESENTED, LetterStatus.IN_DELIVERY): LetterStatus.FIRST_PRESENTED,
        (Scan.HELD, LetterStatus.POSTED): LetterStatus.AWAITING_PICKUP,
        (Scan.HELD, LetterStatus.IN_DELIVERY): LetterStatus.AWAITING_PICKUP,
        (Scan.HELD, LetterStatus.FIRST_PRESENTED): LetterStatus.AWAITING_PICKUP,
        (Scan.DELIVERED, LetterStatus.POSTED): LetterStatus.DELIVERED,
        (Scan.DELIVERED, LetterStatus.IN_DELIVERY): LetterStatus.DELIVERED,
        (Scan.DELIVERED, LetterStatus.FIRST_PRESENTED): LetterStatus.DELIVERED,
        (Scan.DELIVERED, LetterStatus.AWAITING_PICKUP): LetterStatus.DELIVERED,
        (Scan.UNDELIVERED, LetterStatus.POSTED): LetterStatus.UNDELIVERED,
        (Scan.UNDELIVERED, LetterStatus.IN_DELIVERY): LetterStatus.UNDELIVERED,
        (Scan.UNDELIVERED, LetterStatus.FIRST_PRESENTED): LetterStatus.UNDELIVERED,
        (Scan.UNDELIVERED, LetterStatus.AWAITING_PICKUP): LetterStatus.UNDELIVERED,
        (Scan.RETURNED, LetterStatus.UNDELIVERED): LetterStatus.RETURNED,
        (Scan.SENT_AGAIN, LetterStatus.UNDELIVERED): LetterStatus.IN_DELIVERY,
    },
)
SIMPLE: Final = StateMachine("simple letter", {(Scan.UNDELIVERED, LetterStatus.POSTED): LetterStatus.UNDELIVERED})


def meaning_of(code: str) -> Scan:
    """What a code of the provider says; OTHER when it moves nothing."""
    return Scan.UNDELIVERED if code in _REASONS else _MEANING.get(code, Scan.OTHER)


def reason_of(code: str) -> UndeliveredReason:
    """Why it could not be handed over, for a code whose meaning is UNDELIVERED."""
    return _REASONS[code]


def status_after(kind: LetterKind, status: LetterStatus, scan: Scan) -> LetterStatus | None:
    """The status after a scan; None when it says nothing new. A simple letter is never DELIVERED."""
    machine = SIMPLE if kind is LetterKind.SIMPLE else REGISTERED
    return machine.after(scan, status) if machine.allows(scan, status) else None


def notice_status(status: LetterStatus, reason: UndeliveredReason | None) -> NoticeStatus | None:
    """How far a legal notice in this letter has come."""
    if status in DEPOSITED:
        return NoticeStatus.DEPOSITED
    if status in (LetterStatus.FIRST_PRESENTED, LetterStatus.AWAITING_PICKUP):
        return NoticeStatus.PRESENTED
    if status is LetterStatus.DELIVERED:
        return NoticeStatus.DELIVERED
    if status in (LetterStatus.UNDELIVERED, LetterStatus.RETURNED):
        return NoticeStatus(reason) if reason in _NOTIFIED_ANYWAY else NoticeStatus.RETURNED_UNKNOWN
    return None


def effective_notice_date(
    status: LetterStatus,
    reason: UndeliveredReason | None,
    first_presented_at: datetime | None,
    delivered_at: datetime | None,
) -> date | None:
    """The day the recipient counts as notified: delivery, or the first presentation when refused or unclaimed.

    A letter that never found its recipient notifies nobody.
    """
    if delivered_at is not None:
        return local_date(delivered_at)
    gone = status in (LetterStatus.UNDELIVERED, LetterStatus.RETURNED)
    if gone and reason in _NOTIFIED_ANYWAY and first_presented_at is not None:
        return local_date(first_presented_at)
    return None


def next_poll(
    kind: LetterKind,
    status: LetterStatus,
    now: datetime,
    *,
    posted_at: datetime | None,
    delivered_at: datetime | None,
    lacks_proof: bool,
) -> datetime | None:
    """When to ask again: a simple letter until it is posted, a registered one until it is over and proved."""
    if posted_at is None:
        return now + POLL_EVERY
    if kind is LetterKind.SIMPLE or status is LetterStatus.RETURNED or now >= posted_at + TRACKED_FOR:
        return None
    if delivered_at is None:
        return now + POLL_EVERY
    return now + PROOF_EVERY if lacks_proof and now < delivered_at + PROOF_PATIENCE else None
