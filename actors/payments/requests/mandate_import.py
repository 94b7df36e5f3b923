"""Mandates taken over from another system."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments import mandates, views
from actors.payments.company import Company, company_of
from actors.payments.psp import mandating
from actors.payments.requests.mandates import account_of, refuse_scheme
from actors.payments.rules.dates import mandate_is_dormant
from actors.payments.rules.guards import same_creditor
from actors.payments.rules.references import is_mandate_reference
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    CREDITOR_IDENTIFIER_MISSING,
    MANDATE_REFERENCE_TAKEN,
    ImportMandate,
    Mandate,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.means import mandate

_SAME = ("client_id", "company_id", "bank_details_id", "scheme")


async def import_mandate(request: ImportMandate, work: UnitOfWork) -> Mandate:
    """Active, or expired when it was not used for too long; the contract named is collected under an active one."""
    company = await company_of(work, request.company_id)
    if company is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    rum, identifier = _reference(request), _identifier(request, company)
    _refuse_dates(request, work.today(company.zone))
    await refuse_scheme(work, request.client_id, request.scheme)
    await account_of(work, request.client_id, request.bank_details_id)
    row = await mandates.take_over_mandate(work, _imported(request), rum=rum, creditor_identifier=identifier)
    if row is None:
        return await _known(work, request, rum, identifier)
    months = company.settings.mandate_dormancy_months
    if mandate_is_dormant(work.today(company.zone), request.last_presented_on, request.signed_on, months):
        await mandates.expire_mandate(work, row)
    else:
        signed = await mandates.sign_mandate(
            work,
            row,
            signed_at=row["signed_at"],
            method="IMPORTED",
            document_id=request.document_id,
            proof={"imported_by": work.caller.principal},
        )
        await mandating.collect_under(work, signed)
    return views.mandate_of(await mandates.load_mandate(work, row["id"]))


def _reference(request: ImportMandate) -> str:
    if not is_mandate_reference(request.rum):
        text = "a reference has 1 to 35 of A-Z a-z 0-9 + ? / - : ( ) . , ' and no slash at an end or twice; correct it"
        raise Refused.field("rum", "form", text)
    return request.rum.upper()


def _identifier(request: ImportMandate, company: Company) -> str:
    own = company.creditor_identifier
    if not own:
        raise Refused(CREDITOR_IDENTIFIER_MISSING, "the company has no creditor account; create one first")
    if request.creditor_identifier is not None and not same_creditor(request.creditor_identifier, own):
        text = f"the mandate names another creditor than {own}; only the company's own mandates are imported"
        raise Refused.field("creditor_identifier", "own", text)
    return own


def _refuse_dates(request: ImportMandate, today: date) -> None:
    if request.signed_on > today:
        raise Refused.field("signed_on", "past", "a mandate is signed before it is imported; correct the day")
    if request.last_presented_on is not None and request.last_presented_on < request.signed_on:
        raise Refused.field("last_presented_on", "order", "a debit follows the signature; correct one of the days")


def _imported(request: ImportMandate) -> dict[str, Any]:
    fields = ("company_id", "client_id", "contract_id", "scheme", "bank_details_id", "last_presented_on")
    return {name: getattr(request, name) for name in (*fields, "first_collection_state", "document_id")} | {
        # Noon, because a day must not become the one before in any zone that reads it.
        "signed_at": datetime.combine(request.signed_on, time(12), UTC)
    }


async def _known(work: UnitOfWork, request: ImportMandate, rum: str, identifier: str) -> Mandate:
    found: UUID | None = await work.fetch_value(
        select(mandate.c.id).where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.creditor_identifier == identifier,
            mandate.c.rum == rum,
        )
    )
    row: Row | None = await mandates.load_mandate(work, found) if found is not None else None
    if row is None or any(row[name] != getattr(request, name) for name in _SAME):
        raise Refused(MANDATE_REFERENCE_TAKEN, f"{rum} is the reference of another mandate; check rum and the client")
    return views.mandate_of(row).model_copy(update={"reused": True})
