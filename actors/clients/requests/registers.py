"""Requests that ask public registers."""

from typing import Final

from actors.clients.changes import live_client
from actors.clients.registers.client import registers
from actors.clients.vat_checks import CheckVat
from messages.clients import (
    AddressCheck,
    CompanyEntries,
    LookupCompany,
    ValidateAddress,
    ValidationStatus,
    VatVerification,
    VerifyVat,
)
from messages.problem import Refused
from messages.values.text import search_form
from runtime.unit_of_work import UnitOfWork

_SURE: Final = 0.80
_POSSIBLE: Final = 0.50


async def lookup_company(request: LookupCompany, work: UnitOfWork) -> CompanyEntries:
    """What the register shows now, or showed within a day."""
    sought = request.siren or request.siret or request.search or ""
    return CompanyEntries(items=await registers().companies(sought, request.limit))


async def verify_vat(request: VerifyVat, work: UnitOfWork) -> VatVerification:
    """The question goes out after the commit; the answer comes as client.updated."""
    row = await live_client(request.client_id, work)
    if row["vat_number"] is None:
        raise Refused.field("client_id", "vat_number", "the client has no VAT number; enter it first")
    item = CheckVat(client_id=row["id"], vat_number=row["vat_number"])
    work.order(item, key=f"{row['id']}:{work.cause.causation_id}")
    return VatVerification(
        client_id=row["id"],
        vat_number=row["vat_number"],
        status=row["vat_check_status"],
        checked_at=row["vat_checked_at"],
        consultation_number=row["vat_consultation_number"],
        pending=True,
    )


async def validate_address(request: ValidateAddress, work: UnitOfWork) -> AddressCheck:
    """Sure from 0.80 on when the house number is found; below 0.50 there is no such address."""
    found = await registers().addresses(request.line1, request.postal_code, request.city)
    matches = tuple(match for match, _ in found)
    if not found or found[0][0].score < _POSSIBLE:
        return AddressCheck(status=ValidationStatus.UNKNOWN_ADDRESS, score=found[0][0].score if found else None)
    best, to_the_house = found[0]
    if best.score < _SURE or not to_the_house:
        return AddressCheck(status=ValidationStatus.NOT_VALIDATED, score=best.score, suggestions=matches)
    written = search_form(f"{request.line1} {request.postal_code} {request.city}")
    same = search_form(f"{best.street} {best.postal_code} {best.city}") == written
    status = ValidationStatus.VALIDATED if same else ValidationStatus.CORRECTED
    return AddressCheck(status=status, score=best.score, normalised=best, suggestions=matches[1:])
