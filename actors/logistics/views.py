"""Rows of logistics as the messages show them."""

from datetime import date
from typing import Any

from sqlalchemy import Select, select

from actors.logistics.rules import postal
from messages.logistics import CarrierAccount, Letter, LetterRef, LetterStatus, Shipment, ShipmentRef, UndeliveredReason
from runtime.unit_of_work import Row
from storage.logistics.tables import carrier_account, carrier_secret

ACCOUNTS: Select[Any] = select(carrier_account, carrier_secret.c.account_id.is_not(None).label("has_password")).join(
    carrier_secret, carrier_secret.c.account_id == carrier_account.c.id, isouter=True
)


def number_of(row: Row) -> str:
    """`L-2026-000001`."""
    return f"L-{row['year']}-{row['sequence']:06d}"


def letter_of(row: Row) -> Letter:
    """A letter."""
    return Letter.model_validate(
        dict(row)
        | {
            "number": number_of(row),
            "undelivered_reason": row["undelivered_code"],
            "effective_notice_date": _notified_on(row),
        }
    )


def reference_of(row: Row) -> dict[str, Any]:
    """The fields of LetterRef, from which events are made."""
    fields = dict(row) | {
        "letter_id": row["id"],
        "number": number_of(row),
        "tracking_number": row["registered_number"],
        "notice_status": postal.notice_status(LetterStatus(row["status"]), _reason_of(row)),
        "effective_notice_date": _notified_on(row),
    }
    return dict(LetterRef.model_validate(fields))


def shipment_of(row: Row) -> Shipment:
    """A shipment."""
    return Shipment.model_validate(dict(row) | {"number": f"S-{row['year']}-{row['sequence']:06d}"})


def shipment_reference_of(row: Row) -> dict[str, Any]:
    """The fields of ShipmentRef, from which events are made."""
    return dict(ShipmentRef.model_validate(dict(row) | {"shipment_id": row["id"]}))


def _reason_of(row: Row) -> UndeliveredReason | None:
    return UndeliveredReason(row["undelivered_code"]) if row["undelivered_code"] else None


def _notified_on(row: Row) -> date | None:
    return postal.effective_notice_date(
        LetterStatus(row["status"]), _reason_of(row), row["first_presented_at"], row["delivered_at"]
    )


def account_of(row: Row) -> CarrierAccount:
    """A carrier account without its password."""
    return CarrierAccount.model_validate(dict(row))
