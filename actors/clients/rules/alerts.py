"""What somebody who talks to the client must know first (clients 6.7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from messages.clients import Alert, BounceKind, ContactKind, KycStatus, ValidationStatus


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """The client's row with its contact points and addresses, and what his bills and debits say."""

    row: Mapping[str, Any]
    late: bool
    standing: str | None
    as_of: date
    debits_without_mandate: bool


def alerts_of(facts: AlertFacts) -> tuple[Alert, ...]:
    """The alerts, the most pressing first."""
    return tuple(_alerts(facts))


def _alerts(facts: AlertFacts) -> Iterator[Alert]:
    row = facts.row
    if row["deceased_on"] is not None:
        yield Alert.DECEASED
    if row["legal_protection"] is not None:
        yield Alert.GUARDIANSHIP
    if row["do_not_contact"]:
        yield Alert.DO_NOT_CONTACT
    if is_blocked(row, facts.as_of):
        yield Alert.BLOCKED
    if row["in_insolvency"]:
        yield Alert.INSOLVENCY
    if facts.late or facts.standing in ("OVERDUE", "UNPAID", "LITIGATION"):
        yield Alert.OVERDUE
    if facts.debits_without_mandate:
        yield Alert.MANDATE_MISSING
    if row["kyc_status"] == KycStatus.EXPIRED:
        yield Alert.KYC_EXPIRED
    yield from _unreachable(row)


def _unreachable(row: Mapping[str, Any]) -> Iterator[Alert]:
    points = row["contact_points"] or ()
    emails = [point for point in points if point["kind"] == ContactKind.EMAIL]
    if any(point["bounce_kind"] == BounceKind.HARD for point in emails):
        yield Alert.EMAIL_BOUNCED
    if any(found["validation_status"] == ValidationStatus.UNDELIVERABLE for found in row["addresses"] or ()):
        yield Alert.ADDRESS_UNDELIVERABLE
    if not points:
        yield Alert.NO_CONTACT_POINT


def is_blocked(row: Mapping[str, Any], day: date) -> bool:
    """Whether a block is in force; its last day counts."""
    return row["blocked_scope"] is not None and (row["blocked_until"] is None or row["blocked_until"] >= day)
