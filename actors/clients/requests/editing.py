"""Requests that correct a client: identity, legal entity, preferences, owner."""

from typing import Any, Final

import asyncpg
from sqlalchemy import select

from actors.clients import views
from actors.clients.changes import change_client, ids_of, live_client
from actors.clients.civil_status import birth_hash_of, encrypted_birth_date, names_of
from actors.clients.contracts import has_contract
from actors.clients.pairs import note_duplicates
from actors.clients.preferences import check_preferences
from actors.clients.vat_checks import NOT_CHECKED
from messages.clients import (
    CLIENT_IS_INDIVIDUAL,
    SIRET_IN_USE,
    SIRET_SIREN_MISMATCH,
    TYPE_LOCKED,
    VAT_SIREN_MISMATCH,
    AssignOwner,
    Client,
    ClientType,
    UpdateBusinessProfile,
    UpdateClient,
)
from messages.problem import Refused
from messages.values.companies import vat_number_matches_siren
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.tables import company_ref

_LEGAL_ENTITY: Final = ("legal_name", "trade_name", "siren", "siret", "vat_number")
_TELLING: Final = frozenset({"given_name", "family_name", "birth_date", "legal_name", "siren", "siret", "vat_number"})


async def update_client(request: UpdateClient, work: UnitOfWork) -> Client:
    """Change the fields that were sent."""
    row = await live_client(request.client_id, work)
    work.check_version(request.expected_version, row["version"])
    changes: dict[str, Any] = request.model_dump(
        exclude={"client_id", "expected_version", "business"}, exclude_unset=True
    )
    if "tags" in changes:
        changes["tags"] = sorted(changes["tags"])
    if "custom" in changes:
        changes["custom"] = request.model_dump(mode="json")["custom"]
    await _check_references(changes, work)
    if "birth_date" in changes:
        changes["birth_hash"] = birth_hash_of(changes["birth_date"], work)
        changes["birth_date"] = await encrypted_birth_date(changes["birth_date"], row["id"], work)
    if "type" in changes and changes["type"] != row["type"]:
        changes |= await _other_type(request, row, work)
    if {"given_name", "family_name", "type"} & changes.keys():
        changes |= _named({**row, **changes})
    return await _stored(row, changes, work)


async def update_business_profile(request: UpdateBusinessProfile, work: UnitOfWork) -> Client:
    """Change the fields of the legal entity that were sent; the identifiers must agree afterwards."""
    row = await live_client(request.client_id, work)
    work.check_version(request.expected_version, row["version"])
    if row["type"] == ClientType.INDIVIDUAL:
        raise Refused(CLIENT_IS_INDIVIDUAL, "a person has no business profile; change the client's type first")
    changes = request.model_dump(exclude={"client_id", "expected_version"}, exclude_unset=True)
    if changes.get("siret") and "siren" not in changes and not row["siren"]:
        changes["siren"] = changes["siret"][:9]
    after = {**row, **changes}
    if not after["legal_name"]:
        raise Refused.field("legal_name", "required", "legal_name cannot be empty; give a value or leave it out")
    _check_identifiers(after)
    return await _stored(row, changes | _named(after), work)


async def assign_owner(request: AssignOwner, work: UnitOfWork) -> Client:
    """Give the client to an account manager."""
    row = await live_client(request.client_id, work)
    return await _stored(row, {"owner_user_id": request.owner_user_id}, work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _stored(row: Row, changes: dict[str, Any], work: UnitOfWork) -> Client:
    if "vat_number" in changes and changes["vat_number"] != row["vat_number"]:
        changes = changes | NOT_CHECKED
    try:
        await change_client(row, changes, work)
    except asyncpg.UniqueViolationError:
        raise Refused(
            SIRET_IN_USE, "another client has this SIRET; merge the two records or correct the number"
        ) from None
    after = await work.load(queries.CLIENT_BY_ID, "client", id=row["id"])
    if _TELLING & changes.keys():
        await note_duplicates(after, work)
    return await views.client_of(after, work)


async def _other_type(request: UpdateClient, row: Row, work: UnitOfWork) -> dict[str, Any]:
    """A person becomes a business or the other way round; between the other types nothing else changes."""
    was_person, is_person = row["type"] == ClientType.INDIVIDUAL, request.type is ClientType.INDIVIDUAL
    if was_person == is_person:
        return {}
    if await has_contract(await ids_of(row["id"], work), work):
        raise Refused(TYPE_LOCKED, "the client has contracts under the law of his type; record a new client instead")
    if is_person:
        if not (request.given_name and request.family_name):
            raise Refused.field("given_name", "required", "a person needs given_name and family_name; give both")
        return dict.fromkeys(_LEGAL_ENTITY)
    if request.business is None:
        raise Refused.field("business", "required", "a client that is not a person needs business; fill it in")
    return request.business.model_dump() | {"title": None, "birth_date": None, "birth_hash": None}


def _named(after: dict[str, Any]) -> dict[str, Any]:
    if after["type"] == ClientType.INDIVIDUAL and not (after["given_name"] and after["family_name"]):
        raise Refused.field("given_name", "required", "a person needs given_name and family_name; give both")
    return names_of(after)


def _check_identifiers(after: dict[str, Any]) -> None:
    siren, siret, vat_number = after["siren"], after["siret"], after["vat_number"]
    if after["type"] == ClientType.BUSINESS and not siren and not after["registration_pending"]:
        raise Refused.field("siren", "SIREN_REQUIRED", "a business needs a SIREN, or registration_pending; give one")
    if siren and siret and not siret.startswith(siren):
        message = "the SIRET does not begin with the SIREN; correct one of them"
        raise Refused.field("siret", "SIRET_SIREN_MISMATCH", message, SIRET_SIREN_MISMATCH)
    if siren and vat_number and not vat_number_matches_siren(vat_number, siren):
        message = "the VAT number is another company's; correct it or the SIREN"
        raise Refused.field("vat_number", "VAT_SIREN_MISMATCH", message, VAT_SIREN_MISMATCH)


async def _check_references(changes: dict[str, Any], work: UnitOfWork) -> None:
    """The company and the preferences named must exist here."""
    if "company_id" in changes:
        company = company_ref.c
        known = select(company.company_id).where(
            company.organisation_id == work.organisation_id,
            company.company_id == changes["company_id"],
            company.status == "ACTIVE",
        )
        if await work.fetch_value(known) is None:
            message = "company_id is not an active company of the organisation; check it"
            raise Refused.field("company_id", "unknown", message)
    await check_preferences(changes, work)
