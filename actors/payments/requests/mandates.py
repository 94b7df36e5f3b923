"""Mandates as users see and change them."""

from sqlalchemy import select

from actors.payments import mandates, removal, views
from actors.payments.mandates import WITH_ACCOUNT, load_mandate, lock_mandate
from actors.payments.rules.machines import MANDATE
from messages.payments import (
    BankDetailsStatus,
    BlockMandate,
    CancelMandate,
    GetMandate,
    ListMandates,
    Mandate,
    MandatePage,
    MandateStatus,
    MandateUnblocked,
    PaymentStatus,
    UnblockMandate,
)
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.payments import payment


async def get_mandate(request: GetMandate, work: UnitOfWork) -> Mandate:
    """One mandate."""
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def list_mandates(request: ListMandates, work: UnitOfWork) -> MandatePage:
    """A page of mandates."""
    statement = WITH_ACCOUNT.where(mandate.c.organisation_id == work.organisation_id)
    for column in ("client_id", "company_id", "contract_id"):
        value = getattr(request, column)
        if value is not None:
            statement = statement.where(mandate.c[column] == value)
    if request.rum is not None:
        statement = statement.where(mandate.c.rum == request.rum.upper())
    if request.status:
        statement = statement.where(mandate.c.status.in_(request.status))
    if request.usable is not None:
        usable = (mandate.c.status == MandateStatus.ACTIVE) & (bank_details.c.status == BankDetailsStatus.ACTIVE)
        statement = statement.where(usable if request.usable else usable.is_not(True))
    if work.caller.company_ids is not None:
        statement = statement.where(mandate.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(mandate.c.created_at, mandate.c.id),
        descending=True,
        reply=MandatePage,
        item=views.mandate_of,
    )


async def block_mandate(request: BlockMandate, work: UnitOfWork) -> Mandate:
    """Stop debits under a mandate and take those out that are not transmitted."""
    row = await lock_mandate(work, request.mandate_id)
    await mandates.block_mandate(work, row, request.reason, request.until)
    await _take_out(work, request.mandate_id, request.reason)
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def unblock_mandate(request: UnblockMandate, work: UnitOfWork) -> Mandate:
    """Allow debits again."""
    row = await lock_mandate(work, request.mandate_id)
    after = row | {
        "status": MANDATE.after("unblock", MandateStatus(row["status"])),
        "block_reason": None,
        "blocked_until": None,
        "version": row["version"] + 1,
    }
    await mandates.store_mandate(work, after, "status", "block_reason", "blocked_until")
    work.emit(MandateUnblocked(**views.mandate_snapshot(after)), version=after["version"])
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def cancel_mandate(request: CancelMandate, work: UnitOfWork) -> Mandate:
    """End a mandate and take out what is not transmitted under it."""
    row = await lock_mandate(work, request.mandate_id)
    await mandates.cancel_mandate(work, row, request.cancelled_by, request.reason)
    await _take_out(work, request.mandate_id, request.reason)
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def _take_out(work: UnitOfWork, mandate_id: object, reason: str) -> None:
    rows = await work.fetch(
        select(payment.c.id).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.mandate_id == mandate_id,
            payment.c.status.in_((PaymentStatus.PENDING, PaymentStatus.BATCHED)),
        )
    )
    await removal.take_out(work, [row["id"] for row in rows], reason)
