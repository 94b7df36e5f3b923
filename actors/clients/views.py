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
    VatCheckStatus,
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


async def client_of(row: Row, work: UnitOfWork, *, redirected_from: UUID | None = None) -> Client:
    """The client in full, as requests answer it."""
    fields = {name: value for name, value in row.items() if value is not None or name not in _WITH_DEFAULTS}
    fields["redirected_from"] = redirected_from
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
        flags=flags_of(row),
        vat_verified=row.get("vat_check_status") == VatCheckStatus.VALID,
        **{name: row[name] for name in _SAME_NAMES},
        **{name: row[name] for name in _SINCE_CREATION if row.get(name) is not None},
    )
    return dict(snapshot)


def flags_of(row: Row) -> ClientFlags:
    """What forbids or limits dealing with the client; a client being created has no flag but the first."""
    return ClientFlags(
        do_not_contact=row["do_not_contact"],
        blocked_scope=row.get("blocked_scope"),
        deceased=row.get("deceased_on") is not None,
        legal_protection=row.get("legal_protection"),
        in_insolvency=row.get("in_insolvency") or False,
    )


_SAME_NAMES = (
    "client_code", "type", "title", "given_name", "family_name", "legal_name", "display_name", "primary_email", "primary_phone",
    "language", "status_code", "status_category", "record_state", "company_id", "owner_user_id", "sales_rep_id", "source",
    "siren", "siret", "vat_number", "vat_status", "holiday_zone",
)  # fmt: skip
# A row being created does not have these columns yet, and their empty values are the messages' defaults.
_SINCE_CREATION = (
    "einvoice_scheme", "einvoice_address", "buyer_reference", "purchase_order_required",
    "default_payment_term", "billing_mode", "invoice_issue_mode",
)  # fmt: skip
_WITH_DEFAULTS = frozenset({"tags", "custom", "status_mode", "in_insolvency", "kyc_status", "purchase_order_required"})


def _address_for(usage: str, addresses: list[dict[str, Any]]) -> Address | None:
    """The default address of that usage, else one meant for it, else the first one."""
    chosen = next((found for found in addresses if usage in (found.get("is_default_for") or ())), None)
    if chosen is None:
        chosen = next((found for found in addresses if usage in found["usage"]), addresses[0] if addresses else None)
    return address_of(chosen) if chosen is not None else None


def home_of(addresses: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Where the client is: his default home or head office, else his first address."""
    for usage in ("HOME", "HEAD_OFFICE"):
        for found in addresses:
            if usage in (found.get("is_default_for") or ()):
                return found
    return addresses[0] if addresses else None


def address_of(row: Row | dict[str, Any]) -> Address:
    """An address of a client as facts and letters carry it."""
    return Address(
        address_id=UUID(str(row["id"])),
        person=row["recipient_line"],
        complement=", ".join(filter(None, (row.get("delivery_point"), row.get("building")))) or None,
        street=row["line1"],
        locality=row["line2"],
        postal_code=row["postal_code"],
        city=row["city"],
        country_code=row["country"],
    )
