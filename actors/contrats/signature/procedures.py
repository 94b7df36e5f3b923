"""A request for signatures as the database keeps it, and what its end does to the contract."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.rules.signatures import OPEN, SIGNATURE
from messages.contrats import ActorKind, ContractOperationFailed, OperationKind
from messages.contrats.signatures import (
    SIGNATURE_REQUEST_NOT_FOUND,
    ContractSignatureDeclined,
    ContractSignatureExpired,
    SignatureRequest,
    SignatureStatus,
)
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import signature_request, signer


async def load(request_id: UUID, work: UnitOfWork) -> Row:
    """The request; SIGNATURE_REQUEST_NOT_FOUND."""
    return await work.load(_one(request_id, work), "signature request", code=SIGNATURE_REQUEST_NOT_FOUND)


async def hold(request_id: UUID, work: UnitOfWork) -> tuple[ContractRecord, Row] | None:
    """The contract, locked, and the request as it is now that nobody else can change it; None when unknown."""
    row = await work.fetch_one(_one(request_id, work))
    record = await find(row["contract_id"], work) if row is not None else None
    if record is None:
        return None
    return record, await load(request_id, work)


async def open_of(contract_id: UUID, work: UnitOfWork) -> Row | None:
    """The request under way for a contract."""
    return await work.fetch_one(
        select(signature_request).where(
            signature_request.c.organisation_id == work.organisation_id,
            signature_request.c.contract_id == contract_id,
            signature_request.c.status.in_(OPEN),
        )
    )


async def signers_of(request_id: UUID, work: UnitOfWork) -> list[Row]:
    """The signers in their order."""
    return await work.fetch(
        select(signer)
        .where(signer.c.organisation_id == work.organisation_id, signer.c.signature_request_id == request_id)
        .order_by(signer.c.position)
    )


async def move(row: Row, trigger: str, work: UnitOfWork, **columns: Any) -> dict[str, Any]:
    """Take a step of the request, or refuse it."""
    changes = {"status": SIGNATURE.after(trigger, SignatureStatus(row["status"])), **columns}
    await change(row["id"], work, **changes)
    return {**row, **changes}


async def change(request_id: UUID, work: UnitOfWork, **columns: Any) -> None:
    """Change columns of a request."""
    await work.execute(
        update(signature_request)
        .where(signature_request.c.organisation_id == work.organisation_id, signature_request.c.id == request_id)
        .values(**columns)
    )


async def declined(record: ContractRecord, row: Row, reason: str | None, work: UnitOfWork) -> None:
    """A signer said no: the contract is a draft again."""
    await move(row, "decline", work, last_error=reason)
    record.move("decline_signature", reason_code="DECLINED", comment=reason, by=ActorKind.PROVIDER)
    record.state(ContractSignatureDeclined, request_id=row["id"], reason=reason)


async def expired(record: ContractRecord, row: Row, work: UnitOfWork) -> None:
    """Nobody signed in time: the contract is a draft again."""
    await move(row, "expire", work)
    record.move("expire_signature", reason_code="EXPIRED", by=ActorKind.PROVIDER)
    record.state(ContractSignatureExpired, request_id=row["id"])


async def failed(record: ContractRecord, row: Row, step: str, code: str, work: UnitOfWork) -> None:
    """It could not be put before the signers: the contract is a draft again."""
    await move(row, "fail", work, last_error=code)
    record.move("fail_signature", reason_code=code)
    record.state(
        ContractOperationFailed,
        client_id=record["client_id"],
        operation_id=row["id"],
        operation=OperationKind.SIGN,
        step=step,
        error_code=code,
        attempts=1,
    )


async def reply(row: Row, work: UnitOfWork) -> SignatureRequest:
    """The request with its signers."""
    return views.signature_request_of(row, await signers_of(row["id"], work))


def _one(request_id: UUID, work: UnitOfWork) -> Any:
    return select(signature_request).where(
        signature_request.c.organisation_id == work.organisation_id, signature_request.c.id == request_id
    )
