"""Clients' accounts: checked, encrypted, shown masked, revealed one by one."""

from typing import Any
from uuid import UUID

from schwifty import IBAN
from sqlalchemy import select, update

from actors.payments import views
from actors.payments.requests.settings import refuse_unusable_account
from actors.payments.vault import opened_iban, sealed_iban
from messages.clients import GetClient
from messages.payments import (
    BANK_DETAILS_NOT_FOUND,
    EXTERNAL_ID_IN_USE,
    IN_USE,
    BankDetails,
    BankDetailsCreated,
    BankDetailsDisabled,
    BankDetailsPage,
    BankDetailsStatus,
    BankDetailsUpdated,
    CreateBankDetails,
    DisableBankDetails,
    GetBankDetails,
    ListBankDetails,
    MandateStatus,
    RevealedIban,
    RevealIban,
    UpdateBankDetails,
)
from messages.problem import Refused
from messages.values.banking import iban_country, mask_iban
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.views import client_view

_LIVE_MANDATES = (MandateStatus.PENDING_CUSTOMER_APPROVAL, MandateStatus.ACTIVE, MandateStatus.BLOCKED)


async def create_bank_details(request: CreateBankDetails, work: UnitOfWork) -> BankDetails:
    """Store an account; bank_details.created carries the mask and the fingerprint, never the number."""
    refuse_unusable_account(request.iban, request.bic)
    await _require_client(work, request.client_id)
    if request.external_id is not None:
        await _refuse_known_external_id(work, request.external_id)
    details_id = request.id or new_id()
    row: dict[str, Any] = {
        "id": details_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "client_id": request.client_id,
        "bic": request.bic,
        "holder_name": request.holder_name,
        "status": BankDetailsStatus.ACTIVE,
        "comment": request.comment,
        "external_id": request.external_id,
        **await _number_columns(work, details_id, request.iban),
    }
    await work.insert(bank_details, **row)
    work.emit(BankDetailsCreated(**views.bank_details_snapshot(row)), version=1)
    return views.bank_details_of(row)


async def update_bank_details(request: UpdateBankDetails, work: UnitOfWork) -> BankDetails:
    """Change the fields that were sent; the number only while no live mandate uses it."""
    row = await _lock(work, request.bank_details_id)
    work.check_version(request.expected_version, row["version"])
    changes: dict[str, Any] = request.model_dump(
        exclude={"bank_details_id", "expected_version", "iban"}, exclude_unset=True
    )
    if request.iban is not None:
        refuse_unusable_account(request.iban, request.bic)
        numbers = await _number_columns(work, row["id"], request.iban)
        if numbers["iban_fingerprint"] != row["iban_fingerprint"]:
            await _refuse_in_use(work, row["id"])
            changes |= numbers
    changes = {name: value for name, value in changes.items() if row[name] != value}
    if not changes:
        return views.bank_details_of(row)
    after = await _store(work, row, changes)
    fields = tuple(sorted(name for name in changes if name != "iban_fingerprint"))
    work.emit(BankDetailsUpdated(**views.bank_details_snapshot(after), changed_fields=fields), version=after["version"])
    return views.bank_details_of(after)


async def disable_bank_details(request: DisableBankDetails, work: UnitOfWork) -> BankDetails:
    """Take an account out of use; already out of use stays so."""
    row = await _lock(work, request.bank_details_id)
    if row["status"] == BankDetailsStatus.INACTIVE:
        return views.bank_details_of(row)
    await _refuse_in_use(work, row["id"])
    after = await _store(work, row, {"status": BankDetailsStatus.INACTIVE})
    fact = BankDetailsDisabled(**views.bank_details_snapshot(after), reason=request.reason)
    work.emit(fact, version=after["version"])
    return views.bank_details_of(after)


async def get_bank_details(request: GetBankDetails, work: UnitOfWork) -> BankDetails:
    """One account, masked."""
    return views.bank_details_of(await _load(work, request.bank_details_id))


async def list_bank_details(request: ListBankDetails, work: UnitOfWork) -> BankDetailsPage:
    """A page of accounts, masked."""
    statement = select(bank_details).where(bank_details.c.organisation_id == work.organisation_id)
    if request.client_id is not None:
        statement = statement.where(bank_details.c.client_id == request.client_id)
    if request.external_id is not None:
        statement = statement.where(bank_details.c.external_id == request.external_id)
    return await page(
        work,
        request,
        statement,
        order=(bank_details.c.created_at, bank_details.c.id),
        descending=True,
        reply=BankDetailsPage,
        item=views.bank_details_of,
    )


async def reveal_iban(request: RevealIban, work: UnitOfWork) -> RevealedIban:
    """The full number; the audit trail says who read it and why."""
    row = await _load(work, request.bank_details_id)
    iban = await opened_iban(row, table="bank_details", keys=work.keys)
    work.record("bank_details", row["id"], after={"iban": "revealed", "purpose": request.purpose})
    return RevealedIban(bank_details_id=row["id"], iban=iban)


async def _number_columns(work: UnitOfWork, details_id: UUID, iban: str) -> dict[str, Any]:
    sealed = await sealed_iban(
        iban, table="bank_details", row_id=details_id, organisation_id=work.organisation_id, keys=work.keys
    )
    return {
        **sealed,
        "iban_country": iban_country(iban),
        "iban_last4": iban[-4:],
        "iban_masked": mask_iban(iban),
        "bank_name": IBAN(iban, allow_invalid=True).bank_name or None,
    }


async def _require_client(work: UnitOfWork, client_id: UUID) -> None:
    """A client who was recorded a moment ago may not be known here yet: his owner is asked, CLIENT_NOT_FOUND is its answer."""
    known = await work.fetch_value(
        select(client_view.c.client_id).where(
            client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == client_id
        )
    )
    if known is None:
        await work.ask(GetClient(client_id=client_id))


async def _refuse_known_external_id(work: UnitOfWork, external_id: str) -> None:
    known = await work.fetch_value(
        select(bank_details.c.id).where(
            bank_details.c.organisation_id == work.organisation_id, bank_details.c.external_id == external_id
        )
    )
    if known is not None:
        raise Refused(
            EXTERNAL_ID_IN_USE,
            "bank details with this external_id exist; update them instead",
            details={"bank_details_id": str(known)},
        )


async def _refuse_in_use(work: UnitOfWork, details_id: UUID) -> None:
    rum = await work.fetch_value(
        select(mandate.c.rum)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.bank_details_id == details_id,
            mandate.c.status.in_(_LIVE_MANDATES),
        )
        .limit(1)
    )
    if rum is not None:
        raise Refused(IN_USE, f"mandate {rum} uses this account; record the new account and have a new mandate signed")


async def _load(work: UnitOfWork, details_id: UUID) -> Row:
    return await work.load(
        select(bank_details).where(
            bank_details.c.organisation_id == work.organisation_id, bank_details.c.id == details_id
        ),
        "bank details",
        code=BANK_DETAILS_NOT_FOUND,
    )


async def _lock(work: UnitOfWork, details_id: UUID) -> Row:
    return await work.load(
        select(bank_details)
        .where(bank_details.c.organisation_id == work.organisation_id, bank_details.c.id == details_id)
        .with_for_update(),
        "bank details",
        code=BANK_DETAILS_NOT_FOUND,
    )


async def _store(work: UnitOfWork, row: Row, changes: dict[str, Any]) -> dict[str, Any]:
    after = {**row, **changes, "version": row["version"] + 1}
    await work.execute(
        update(bank_details)
        .where(bank_details.c.id == row["id"])
        .values(**changes, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    return after
