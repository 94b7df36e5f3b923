"""Clients' accounts: checked, encrypted, shown masked, revealed one by one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from schwifty import IBAN
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

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
    UpsertBankDetailsByExternalId,
    UpsertedBankDetails,
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
    row = await _new_row(work, request, request.id or new_id())
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
        changes |= await _other_number(work, row, request.iban)
    changes = {name: value for name, value in changes.items() if row[name] != value}
    if not changes:
        return views.bank_details_of(row)
    return views.bank_details_of(await _correct(work, row, changes, work.now))


async def upsert_bank_details_by_external_id(
    request: UpsertBankDetailsByExternalId, work: UnitOfWork
) -> UpsertedBankDetails:
    """One account per external id, however often and in whatever order its versions come."""
    refuse_unusable_account(request.iban, request.bic)
    row = await _known_by(work, request.external_id)
    if row is None:
        await _require_client(work, request.client_id)
        fresh = await _new_row(work, request, new_id()) | {"source_updated_at": request.updated_at}
        taken = insert(bank_details).values(fresh).on_conflict_do_nothing().returning(bank_details.c.id)
        if await work.fetch_value(taken) is not None:
            work.emit(BankDetailsCreated(**views.bank_details_snapshot(fresh)), version=1)
            return UpsertedBankDetails(bank_details=views.bank_details_of(fresh), created=True)
        row = await _known_by(work, request.external_id)
    if row is None or row["client_id"] != request.client_id:
        raise Refused(
            EXTERNAL_ID_IN_USE, f"external_id {request.external_id} names another client's account; check external_id"
        )
    if request.updated_at < (row["source_updated_at"] or row["updated_at"]):
        return UpsertedBankDetails(bank_details=views.bank_details_of(row), created=False, stale=True)
    after = await _brought_up_to_date(work, row, request)
    return UpsertedBankDetails(bank_details=views.bank_details_of(after), created=False)


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


async def _new_row(
    work: UnitOfWork, request: CreateBankDetails | UpsertBankDetailsByExternalId, details_id: UUID
) -> dict[str, Any]:
    return {
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
        "source_updated_at": work.now,
        **await _number_columns(work, details_id, request.iban),
    }


async def _known_by(work: UnitOfWork, external_id: str) -> Row | None:
    """The account of that external id, locked."""
    return await work.fetch_one(
        select(bank_details)
        .where(bank_details.c.organisation_id == work.organisation_id, bank_details.c.external_id == external_id)
        .with_for_update()
    )


async def _other_number(work: UnitOfWork, row: Row, iban: str) -> dict[str, Any]:
    """The columns of a new number; nothing when it is the one that is stored. IN_USE while a live mandate needs it."""
    numbers = await _number_columns(work, row["id"], iban)
    if numbers["iban_fingerprint"] == row["iban_fingerprint"]:
        return {}
    await _refuse_in_use(work, row["id"])
    return numbers


async def _brought_up_to_date(work: UnitOfWork, row: Row, request: UpsertBankDetailsByExternalId) -> Row:
    changes: dict[str, Any] = request.model_dump(include={"bic", "holder_name", "comment"}, exclude_unset=True)
    changes |= await _other_number(work, row, request.iban)
    changes = {name: value for name, value in changes.items() if row[name] != value}
    return await _correct(work, row, changes, request.updated_at) if changes else row


async def _correct(work: UnitOfWork, row: Row, changes: dict[str, Any], as_of: datetime) -> dict[str, Any]:
    """Store what was true at its source then; bank_details.updated."""
    after = await _store(work, row, changes | {"source_updated_at": as_of})
    fields = tuple(sorted(name for name in changes if name != "iban_fingerprint"))
    work.emit(BankDetailsUpdated(**views.bank_details_snapshot(after), changed_fields=fields), version=after["version"])
    return after


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
