"""Names and birth date of a client as they are stored."""

from datetime import date
from typing import Any
from uuid import UUID

from actors.clients import views
from actors.clients.rules import naming as rules
from messages.clients import ClientType
from messages.problem import Refused
from messages.values.text import tidy_name
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork


def names_of(fields: Row | dict[str, Any]) -> dict[str, Any]:
    """Tidied names and the display and search forms that follow from them."""
    if fields["type"] == ClientType.INDIVIDUAL:
        given, family = tidy_name(fields["given_name"]), tidy_name(fields["family_name"])
        display = f"{given} {family}"
        return {
            "given_name": given,
            "family_name": family,
            "display_name": display,
            "search_name": rules.search_name(display, business=False),
        }
    display = fields["legal_name"]
    return {
        "given_name": None,
        "family_name": None,
        "display_name": display,
        "search_name": rules.search_name(display, business=True),
    }


async def encrypted_birth_date(birth_date: Any, client_id: UUID, work: UnitOfWork) -> bytes | None:
    if birth_date is None:
        return None
    if birth_date > work.today() or birth_date.year < 1900:
        raise Refused.field(
            "birth_date", "range", "birth_date must lie between 1900 and today; correct it or leave it empty"
        )
    return await work.keys.encrypt(
        birth_date.isoformat(),
        organisation_id=work.organisation_id,
        domain=views.PERSONAL,
        table="client",
        column="birth_date",
        row_id=client_id,
    )


def birth_hash_of(birth_date: date | None, work: UnitOfWork) -> str | None:
    return work.keys.fingerprint(IndexKind.GENERIC, birth_date.isoformat()) if birth_date else None
