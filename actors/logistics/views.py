"""Rows of logistics as the messages show them."""

from typing import Any

from sqlalchemy import Select, select

from messages.logistics import CarrierAccount, Letter, LetterRef, LetterStatus, NoticeStatus
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
    return Letter.model_validate(dict(row) | {"number": number_of(row)})


def reference_of(row: Row) -> dict[str, Any]:
    """The fields of LetterRef, from which events are made."""
    posted = row["status"] == LetterStatus.POSTED
    fields = dict(row) | {
        "letter_id": row["id"],
        "number": number_of(row),
        "notice_status": NoticeStatus.DEPOSITED if posted else None,
    }
    return dict(LetterRef.model_validate(fields))


def account_of(row: Row) -> CarrierAccount:
    """A carrier account without its password."""
    return CarrierAccount.model_validate(dict(row))
