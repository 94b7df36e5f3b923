"""Rows of clients as the messages show them."""

from typing import Any
from uuid import UUID

from messages.clients import (
    BusinessProfile,
    Client,
    ClientFlags,
    ClientKind,
    ClientSnapshot,
    ClientSummary,
    ClientType,
    ContactKind,
)
from messages.values.addresses import Address
from runtime.unit_of_work import Row, UnitOfWork

PERSONAL = "PII"


async def birth_date_of(row: Row, work: UnitOfWork) -> str | None:
    """The decrypted birth date, ISO form."""
    if row["birth_date"] is None:
        return None
    return await work.keys.decrypt(
        row["birth_date"],
        organisation_id=row["organisation_id"],
        domain=PERSONAL,
        table="client",
        column="birth_date",
        row_id=row["id"],
    )


async def client_of(row: Row, work: UnitOfWork) -> Client:
    """The client in full, as requests answer it."""
    fields = dict(row)
    fields["birth_date"] = await birth_date_of(row, work)
    fields["contact_points"] = row["contact_points"] or ()
    fields["addresses"] = row["addresses"] or ()
    fields["business"] = business_of(row)
    return Client.model_validate(fields)


def business_of(row: Row) -> BusinessProfile | None:
    """The business profile, for clients that are not persons."""
    if row["legal_name"] is None:
        return None
    return BusinessProfile.model_construct(
        legal_name=row["legal_name"],
        trade_name=row["trade_name"],
        siren=row["siren"],
        siret=row["siret"],
        vat_number=row["vat_number"],
    )


def summary_of(row: Row) -> ClientSummary:
    """The client in a list."""
    return ClientSummary.model_validate(dict(row))


def snapshot_of(row: Row) -> dict[str, Any]:
    """The fields of ClientSnapshot, from which created and updated events are made."""
    points, addresses = row["contact_points"] or [], row["addresses"] or []
    snapshot = ClientSnapshot(
        client_id=row["id"],
        kind=ClientKind.of(ClientType(row["type"])),
        emails=tuple(point["value"] for point in points if point["kind"] == ContactKind.EMAIL),
        phones=tuple(point["value"] for point in points if point["kind"] == ContactKind.PHONE),
        billing_address=_address_for("BILLING", addresses),
        shipping_address=_address_for("SHIPPING", addresses),
        flags=ClientFlags(do_not_contact=row["do_not_contact"]),
        **{name: row[name] for name in _SAME_NAMES},
    )
    return dict(snapshot)


_SAME_NAMES = (
    "client_code", "type", "title", "given_name", "family_name", "legal_name", "display_name", "primary_email", "primary_phone",
    "language", "status_code", "status_category", "record_state", "company_id", "owner_user_id", "sales_rep_id", "source",
    "siren", "siret", "vat_number", "vat_status", "holiday_zone",
)  # fmt: skip


def _address_for(usage: str, addresses: list[dict[str, Any]]) -> Address | None:
    """The address meant for that usage, else the first one."""
    chosen = next((found for found in addresses if usage in found["usage"]), addresses[0] if addresses else None)
    if chosen is None:
        return None
    return address_of(chosen)


def address_of(row: Row | dict[str, Any]) -> Address:
    """An address of a client as facts and letters carry it."""
    return Address(
        address_id=UUID(str(row["id"])),
        person=row["recipient_line"],
        street=row["line1"],
        locality=row["line2"],
        postal_code=row["postal_code"],
        city=row["city"],
        country_code=row["country"],
    )
