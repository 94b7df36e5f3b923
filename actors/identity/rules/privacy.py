"""Data-subject requests: their legal time, their life, and what their tasks come to (GDPR art. 12, Regulation 1182/71)."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from messages.identity import (
    EXTENSION_NOT_ALLOWED,
    EntityReport,
    PrivacyKind,
    PrivacyPhase,
    PrivacyStatus,
    PrivacyTaskStatus,
)
from messages.problem import Refused
from messages.transitions import StateMachine
from messages.values.business_days import business_day_on_or_after
from messages.values.due_dates import add_months

MOST_ATTEMPTS = 5
SILENCE = timedelta(hours=24)
NOTICE = timedelta(days=7)
EXPORTING = frozenset({PrivacyKind.ACCESS, PrivacyKind.PORTABILITY})

PRIVACY_REQUEST = StateMachine(
    "privacy request",
    {
        ("verify_identity", PrivacyStatus.RECEIVED): PrivacyStatus.IDENTITY_CHECK,
        ("assess", PrivacyStatus.IDENTITY_CHECK): PrivacyStatus.ASSESSING,
        ("assessed", PrivacyStatus.ASSESSING): PrivacyStatus.READY,
        ("give_up", PrivacyStatus.ASSESSING): PrivacyStatus.FAILED,
        ("execute", PrivacyStatus.READY): PrivacyStatus.RUNNING,
        ("execute", PrivacyStatus.FAILED): PrivacyStatus.RUNNING,
        ("complete", PrivacyStatus.RUNNING): PrivacyStatus.COMPLETED,
        ("complete_in_part", PrivacyStatus.RUNNING): PrivacyStatus.PARTIAL,
        ("give_up", PrivacyStatus.RUNNING): PrivacyStatus.FAILED,
        ("reject", PrivacyStatus.RECEIVED): PrivacyStatus.REJECTED,
        ("reject", PrivacyStatus.READY): PrivacyStatus.REJECTED,
        ("cancel", PrivacyStatus.RECEIVED): PrivacyStatus.CANCELLED,
        ("cancel", PrivacyStatus.READY): PrivacyStatus.CANCELLED,
    },
)

ENDED = frozenset({PrivacyStatus.COMPLETED, PrivacyStatus.PARTIAL, PrivacyStatus.REJECTED, PrivacyStatus.CANCELLED})
PHASE_OF = {PrivacyStatus.ASSESSING: PrivacyPhase.ASSESS, PrivacyStatus.RUNNING: PrivacyPhase.EXECUTE}


def due_on(received_on: date) -> date:
    """One month after receipt, clamped to the month's end, on the next working day if it falls on a day off."""
    return business_day_on_or_after(add_months(received_on, 1))


def extended_due_on(received_on: date) -> date:
    """Three months after receipt in all."""
    return business_day_on_or_after(add_months(received_on, 3))


def check_extension(*, extended: bool, status: PrivacyStatus, due: date, today: date) -> None:
    """Once, while the request is open and its first time has not passed."""
    if extended or status in ENDED or today > due:
        raise Refused(EXTENSION_NOT_ALLOWED, f"the time can be extended once, before {due}, while the request is open")


def outcome(tasks: Iterable[tuple[PrivacyTaskStatus, Iterable[EntityReport]]]) -> str:
    """The trigger that twelve reports come to: anything failed, anything kept by law, or all done."""
    found = [(status, list(entities)) for status, entities in tasks]
    if any(status is PrivacyTaskStatus.FAILED for status, _ in found):
        return "give_up"
    kept = any(entity.retained for _, entities in found for entity in entities)
    partial = any(status is PrivacyTaskStatus.PARTIAL for status, _ in found)
    return "complete_in_part" if kept or partial else "complete"


def proof_content(
    request_id: object, generated_at: datetime, tasks: Iterable[tuple[str, EntityReport]]
) -> dict[str, Any]:
    """What a proof says: totals over all actors, and what a search still found."""
    found = list(tasks)
    failed = sorted(f"{actor}.{entity.entity}" for actor, entity in found if entity.verification_passed is False)
    return {
        "request_id": str(request_id),
        "deleted": sum(entity.deleted for _, entity in found),
        "anonymised": sum(entity.anonymised for _, entity in found),
        "retained": sum(entity.retained for _, entity in found),
        "all_verifications_passed": not failed,
        "failed_verifications": failed,
        "generated_at": generated_at.isoformat(),
    }


def canonical_proof(content: dict[str, Any]) -> bytes:
    """The signed bytes: RFC 8785 for these plain values."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
