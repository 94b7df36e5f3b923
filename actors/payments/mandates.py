"""Mandates: made from a signed contract, changed by users, banks and time."""

import secrets
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import views
from actors.payments.rows import new_row
from actors.payments.rules.machines import MANDATE
from actors.payments.rules.references import mandate_reference
from messages.payments import (
    MANDATE_NOT_FOUND,
    RUM_GENERATION_FAILED,
    FirstCollection,
    MandateActivated,
    MandateBlocked,
    MandateCancelled,
    MandateCreated,
    MandateEffect,
    MandateExpired,
    MandateKind,
    MandateParty,
    MandateSigned,
    MandateStatus,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.means import bank_details, mandate

_ATTEMPTS = 10

WITH_ACCOUNT = select(
    mandate, bank_details.c.iban_masked, bank_details.c.status.label("bank_details_status")
).select_from(mandate.outerjoin(bank_details, bank_details.c.id == mandate.c.bank_details_id))


async def create_mandate(
    work: UnitOfWork,
    *,
    company_id: UUID,
    client_id: UUID,
    contract_id: UUID | None,
    scheme: str,
    bank_details_id: UUID | None,
    creditor_identifier: str,
    prefix: str,
    psp_account_id: UUID | None = None,
) -> dict[str, Any]:
    """A mandate with a fresh reference, waiting for the debtor's consent; mandate.created."""
    row: dict[str, Any] = {
        **_new_row(work),
        "company_id": company_id,
        "client_id": client_id,
        "contract_id": contract_id,
        "creditor_identifier": creditor_identifier,
        "scheme": scheme,
        "bank_details_id": bank_details_id,
        "psp_account_id": psp_account_id,
        "first_collection_state": FirstCollection.NONE,
    }
    for _ in range(_ATTEMPTS):
        row["rum"] = mandate_reference(prefix, company_id, work.today(), secrets.token_bytes(8))
        free = insert(mandate).values(row).on_conflict_do_nothing(constraint="uq_mandate_rum").returning(mandate.c.id)
        if await work.fetch_value(free) is not None:
            break
    else:
        raise Refused(RUM_GENERATION_FAILED, "ten references were taken already; check the mandate_prefix setting")
    after = _BLANK | row
    work.emit(MandateCreated(**views.mandate_snapshot(after)), version=1)
    return after


_BLANK: dict[str, Any] = {
    "signed_at": None,
    "document_id": None,
    "last_presented_on": None,
    "last_settled_on": None,
    "block_reason": None,
    "blocked_until": None,
    "cancelled_by": None,
    "refusals_in_a_row": 0,
    "payment_method_id": None,
    "next_possible_charge_date": None,
    "provider_read_at": None,
}


async def take_over_mandate(
    work: UnitOfWork, fields: dict[str, Any], *, rum: str, creditor_identifier: str
) -> dict[str, Any] | None:
    """A mandate under the reference that it has already; None when the creditor has one of that reference. mandate.created."""
    row = {**_new_row(work), **fields, "rum": rum, "creditor_identifier": creditor_identifier}
    free = insert(mandate).values(row).on_conflict_do_nothing(constraint="uq_mandate_rum").returning(mandate.c.id)
    if await work.fetch_value(free) is None:
        return None
    after = _BLANK | row
    work.emit(MandateCreated(**views.mandate_snapshot(after)), version=1)
    return after


def _new_row(work: UnitOfWork) -> dict[str, Any]:
    return new_row(work) | {
        "kind": MandateKind.RECURRENT,
        "status": MandateStatus.PENDING_CUSTOMER_APPROVAL,
    }


async def expire_mandate(work: UnitOfWork, row: dict[str, Any]) -> None:
    """Nobody may collect under it; mandate.expired."""
    status = MANDATE.after("expire", MandateStatus(row["status"]))
    after = row | {"status": status, "version": row["version"] + 1}
    await store_mandate(work, after, "status")
    work.emit(MandateExpired(**views.mandate_snapshot(after)), version=after["version"])


async def sign_mandate(
    work: UnitOfWork,
    row: dict[str, Any],
    *,
    signed_at: datetime,
    method: str,
    document_id: UUID | None,
    proof: dict[str, Any],
) -> dict[str, Any]:
    """The consent is proven, so debits are possible at once; mandate.signed, mandate.activated."""
    status = MANDATE.after("sign", MandateStatus(row["status"]))
    after = row | {
        "status": status,
        "signed_at": signed_at,
        "signature_method": method,
        "signature_proof": proof,
        "document_id": document_id,
        "version": row["version"] + 2,
    }
    await store_mandate(work, after, "status", "signed_at", "signature_method", "signature_proof", "document_id")
    snapshot = views.mandate_snapshot(after)
    work.emit(MandateSigned(**snapshot, signed_at=signed_at, document_id=document_id), version=row["version"] + 1)
    work.emit(MandateActivated(**snapshot), version=after["version"])
    return after


async def block_mandate(work: UnitOfWork, row: dict[str, Any], reason: str, until: date | None) -> dict[str, Any]:
    """Stop debits under a mandate; mandate.blocked."""
    after = row | {
        "status": MANDATE.after("block", MandateStatus(row["status"])),
        "block_reason": reason,
        "blocked_until": until,
        "version": row["version"] + 1,
    }
    await store_mandate(
        work, after, "status", "block_reason", "blocked_until", "first_collection_state", "refusals_in_a_row"
    )
    fields = views.mandate_snapshot(after) | {"reason": reason}
    work.emit(MandateBlocked(**fields, until=until), version=after["version"])
    return after


async def cancel_mandate(work: UnitOfWork, row: dict[str, Any], by: MandateParty, reason: str) -> dict[str, Any]:
    """End a mandate; mandate.cancelled."""
    after = row | {
        "status": MANDATE.after("cancel", MandateStatus(row["status"])),
        "block_reason": reason,
        "cancelled_by": by,
        "version": row["version"] + 1,
    }
    await store_mandate(
        work, after, "status", "block_reason", "cancelled_by", "first_collection_state", "refusals_in_a_row"
    )
    fields = views.mandate_snapshot(after) | {"reason": reason}
    work.emit(MandateCancelled(**fields, cancelled_by=by), version=after["version"])
    return after


async def after_failure(work: UnitOfWork, row: dict[str, Any], effect: MandateEffect, code: str) -> None:
    """What a failed debit does to a mandate that is held locked; a mandate that ended already stays as it is."""
    status = MandateStatus(row["status"])
    if effect is MandateEffect.CANCEL and MANDATE.allows("cancel", status):
        row |= await cancel_mandate(work, row, MandateParty.BANK, code)
    elif effect is MandateEffect.BLOCK and MANDATE.allows("block", status):
        row |= await block_mandate(work, row, code, None)
    else:
        await store_mandate(work, row, "first_collection_state", "refusals_in_a_row")


async def lock_mandate(work: UnitOfWork, mandate_id: UUID) -> dict[str, Any]:
    """The mandate, locked for a change; MANDATE_NOT_FOUND."""
    statement = select(mandate).where(mandate.c.organisation_id == work.organisation_id, mandate.c.id == mandate_id)
    return dict(await work.load(statement.with_for_update(), "mandate", code=MANDATE_NOT_FOUND))


async def load_mandate(work: UnitOfWork, mandate_id: UUID) -> Row:
    """The mandate with its account; MANDATE_NOT_FOUND."""
    statement = WITH_ACCOUNT.where(mandate.c.organisation_id == work.organisation_id, mandate.c.id == mandate_id)
    return await work.load(statement, "mandate", code=MANDATE_NOT_FOUND)


async def store_mandate(work: UnitOfWork, after: dict[str, Any], *names: str) -> None:
    """Write changed columns of a mandate."""
    changed = {name: after[name] for name in names} | {"version": after["version"]}
    await work.execute(
        update(mandate)
        .where(mandate.c.organisation_id == work.organisation_id, mandate.c.id == after["id"])
        .values(**changed, updated_at=work.now, updated_by=work.caller.principal)
    )
