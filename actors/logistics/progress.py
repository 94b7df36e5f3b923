"""Moves a posted letter along with what the post reports, and has its proofs stored."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.logistics import letters, tracking
from actors.logistics.maileva.provider import PostalReport, PostalScan
from actors.logistics.proofs import FetchProof
from actors.logistics.rules import postal
from messages.base import Event
from messages.logistics import (
    LetterDelivered,
    LetterFirstPresented,
    LetterReturned,
    LetterStatus,
    LetterUndelivered,
    PostalAddressInvalidDetected,
    ProofKind,
    Scan,
    TrackedKind,
    TrackingSource,
)
from messages.shared import LetterKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.logistics.tables import letter_proof

Fact = Callable[[dict[str, Any]], Event]


async def follow(row: Row, report: PostalReport, work: UnitOfWork) -> Row:
    """Take in every scan and proof of a report; what is known already changes nothing."""
    if report.registered_number is not None and row["registered_number"] is None:
        await letters.store(row, work, registered_number=report.registered_number)
        row = {**dict(row), "registered_number": report.registered_number}
    offered = {kind for kind, _ in report.proofs}
    for scan in report.scans:
        row = await _take(row, scan, work, proved=ProofKind.DELIVERY in offered)
    for kind, proof_date in report.proofs:
        statement = insert(letter_proof).values(
            organisation_id=work.organisation_id, letter_id=row["id"], kind=kind, proof_date=proof_date
        )
        if await work.execute(statement.on_conflict_do_nothing()):
            work.order(FetchProof(letter_id=row["id"], proof=kind), key=f"{row['id']}:{kind}:{work.now.isoformat()}")
    return row


async def lacks_proof(row: Row, work: UnitOfWork) -> bool:
    """Whether the acknowledgement of receipt is still to come."""
    if row["kind"] != LetterKind.REGISTERED_AR:
        return False
    stored = select(letter_proof.c.document_id).where(
        letter_proof.c.organisation_id == work.organisation_id,
        letter_proof.c.letter_id == row["id"],
        letter_proof.c.kind == ProofKind.DELIVERY,
    )
    return await work.fetch_value(stored) is None


async def _take(row: Row, scan: PostalScan, work: UnitOfWork, *, proved: bool) -> Row:
    meaning = postal.meaning_of(scan.code)
    known = await tracking.keep(
        work,
        TrackedKind.LETTER,
        row["id"],
        code=scan.code,
        scan=meaning,
        label=scan.label,
        occurred_at=scan.occurred_at,
        source=TrackingSource.POLL,
        client_id=row["client_id"],
    )
    if known is None:
        return row
    presented = meaning in postal.PRESENTATIONS and row["kind"] != LetterKind.SIMPLE
    first = presented and row["first_presented_at"] is None
    dates: dict[str, Any] = {"first_presented_at": scan.occurred_at} if first else {}
    status = None
    if row["last_scan_at"] is None or scan.occurred_at >= row["last_scan_at"]:
        status = postal.status_after(LetterKind(row["kind"]), LetterStatus(row["status"]), meaning)
    if status is None:
        return await letters.note(row, work, _presented(scan), **dates) if first else row
    dates["last_scan_at"] = scan.occurred_at
    fact, reason = _presented(scan) if first else None, None
    match meaning:
        case Scan.DELIVERED:
            dates |= {"delivered_at": scan.occurred_at}
            dates |= {"first_presented_at": row["first_presented_at"] or scan.occurred_at}
            fact = _delivered(scan, proved=proved)
        case Scan.UNDELIVERED:
            reason = postal.reason_of(scan.code)
            dates |= {"undelivered_code": reason}
            fact = _undelivered(scan)
        case Scan.RETURNED:
            dates |= {"returned_at": scan.occurred_at}
            fact = _returned(scan)
        case Scan.SENT_AGAIN:
            dates |= {"undelivered_code": None}
    after = await letters.move(row, status, work, reason=reason, fact=fact, **dates)
    if scan.code in postal.ADDRESS_IS_WRONG and row["client_id"] is not None:
        warning = PostalAddressInvalidDetected(
            client_id=row["client_id"], letter_id=row["id"], reason=postal.reason_of(scan.code)
        )
        work.emit(warning, version=after["version"])
    return after


def _presented(scan: PostalScan) -> Fact:
    return lambda fields: LetterFirstPresented(**fields, first_presented_at=scan.occurred_at)


def _delivered(scan: PostalScan, *, proved: bool) -> Fact:
    return lambda fields: LetterDelivered(**fields, delivered_at=scan.occurred_at, proof_available=proved)


def _undelivered(scan: PostalScan) -> Fact:
    return lambda fields: LetterUndelivered(**fields, reason=postal.reason_of(scan.code))


def _returned(scan: PostalScan) -> Fact:
    return lambda fields: LetterReturned(**fields, returned_at=scan.occurred_at)
