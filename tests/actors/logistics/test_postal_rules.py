"""logistics: the pure rules of a letter's way through the post."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from actors.logistics.rules import postal
from messages.logistics import LetterStatus, NoticeStatus, Scan, UndeliveredReason
from messages.shared import LetterKind

_RANK = {
    LetterStatus.POSTED: 7,
    LetterStatus.IN_DELIVERY: 8,
    LetterStatus.FIRST_PRESENTED: 9,
    LetterStatus.AWAITING_PICKUP: 10,
    LetterStatus.DELIVERED: 11,
    LetterStatus.UNDELIVERED: 11,
    LetterStatus.RETURNED: 12,
}
NOON = datetime(2026, 3, 10, 11, tzinfo=UTC)
CODES = st.sampled_from([f"LP{number:02d}" for number in range(30)] + ["N02", "N03", "N05", "N07", "DELIVERED", "?"])


@given(codes=st.lists(CODES, max_size=12))
def test_no_scan_moves_a_registered_letter_back_except_one_sent_again(codes: list[str]) -> None:
    status = LetterStatus.POSTED
    for code in codes:
        scan = postal.meaning_of(code)
        after = postal.status_after(LetterKind.REGISTERED_AR, status, scan)
        if after is None:
            continue
        if scan is Scan.SENT_AGAIN:
            assert (status, after) == (LetterStatus.UNDELIVERED, LetterStatus.IN_DELIVERY)
        else:
            assert _RANK[after] > _RANK[status]
        status = after


@given(codes=st.lists(CODES, max_size=12))
def test_case_10_a_simple_letter_is_never_delivered(codes: list[str]) -> None:
    status = LetterStatus.POSTED
    for code in codes:
        status = postal.status_after(LetterKind.SIMPLE, status, postal.meaning_of(code)) or status
    assert status in (LetterStatus.POSTED, LetterStatus.UNDELIVERED)


def test_who_counts_as_notified() -> None:
    for reason, counts in (
        (UndeliveredReason.UNCLAIMED, True),
        (UndeliveredReason.REFUSED, True),
        (UndeliveredReason.BAD_ADDRESS, False),
        (UndeliveredReason.UNKNOWN_AT_ADDRESS, False),
        (UndeliveredReason.OTHER, False),
    ):
        found = postal.effective_notice_date(LetterStatus.UNDELIVERED, reason, NOON, None)
        assert found == (NOON.date() if counts else None), reason
        known = NoticeStatus(reason) if counts else NoticeStatus.RETURNED_UNKNOWN
        assert postal.notice_status(LetterStatus.UNDELIVERED, reason) is known
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    assert postal.effective_notice_date(LetterStatus.DELIVERED, None, NOON, late) == (NOON + timedelta(days=1)).date()
    assert postal.effective_notice_date(LetterStatus.AWAITING_PICKUP, None, NOON, None) is None


def test_a_letter_is_asked_after_until_it_is_over_and_proved() -> None:
    def due(kind: LetterKind, status: LetterStatus, days: int = 1, **changes: object) -> datetime | None:
        facts = {"posted_at": NOON, "delivered_at": None, "lacks_proof": True} | changes
        return postal.next_poll(kind, status, NOON + timedelta(days=days), **facts)  # type: ignore[arg-type]

    registered = LetterKind.REGISTERED_AR
    assert due(LetterKind.SIMPLE, LetterStatus.ACCEPTED, posted_at=None) is not None
    assert due(LetterKind.SIMPLE, LetterStatus.POSTED) is None
    assert due(registered, LetterStatus.POSTED) == NOON + timedelta(days=1, hours=12)
    assert due(registered, LetterStatus.POSTED, days=90) is None
    assert due(registered, LetterStatus.RETURNED) is None
    assert due(registered, LetterStatus.DELIVERED, delivered_at=NOON) == NOON + timedelta(days=2)
    assert due(registered, LetterStatus.DELIVERED, delivered_at=NOON, lacks_proof=False) is None
    assert due(registered, LetterStatus.DELIVERED, days=30, delivered_at=NOON) is None
