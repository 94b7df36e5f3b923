"""Rows of what hangs on a client, as they are written."""

from typing import Any
from uuid import UUID

from messages.clients import AddressDraft, ContactKind
from messages.values.addresses import department_of
from messages.values.contact import phone_line_type
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import UnitOfWork


def contact_row(client_id: UUID, kind: ContactKind, value: str, is_primary: bool, work: UnitOfWork) -> dict[str, Any]:
    """An e-mail address or phone number, with the hash it is found by."""
    index = IndexKind.EMAIL if kind is ContactKind.EMAIL else IndexKind.PHONE
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "client_id": client_id,
        "kind": kind,
        "value": value,
        "normalized": value,
        "hash": work.keys.fingerprint(index, value),
        "is_primary": is_primary,
        "line_type": phone_line_type(value) if kind is ContactKind.PHONE else None,
        "created_at": work.now,
    }


def address_row(draft: AddressDraft, client_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    """A postal address."""
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "client_id": client_id,
        "usage": sorted(draft.usage),
        "recipient_line": draft.recipient_line,
        "line1": draft.line1,
        "line2": draft.line2,
        "postal_code": draft.postal_code,
        "city": draft.city,
        "country": draft.country,
        "department": department_of(draft.postal_code) if draft.country == "FR" else None,
        "delivery_point": draft.delivery_point,
        "building": draft.building,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "created_at": work.now,
    }
