"""An end is written down for its day, and taken back."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import update

from actors.contrats.billing import adjustments, bills
from actors.contrats.contract_record import ContractRecord
from actors.contrats.letters import letter_to_client
from actors.contrats.rules.letters import end_confirmed
from actors.contrats.rules.termination import TERMINATION, Ending
from actors.contrats.service import effects
from messages.contrats import (
    AdjustmentCause,
    ContractTerminationRevoked,
    ContractTerminationScheduled,
    InitiatedBy,
    TerminationChannel,
    TerminationReason,
    TerminationStatus,
)
from messages.contrats.signatures import DocumentPurpose
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row
from storage.contrats.tables import termination_request

_FAR = timedelta(days=3660)
_BY_POST = (TerminationChannel.LETTER, TerminationChannel.REGISTERED_LETTER)


async def schedule(
    record: ContractRecord,
    ending: Ending,
    *,
    initiated_by: InitiatedBy,
    channel: TerminationChannel,
    reason_code: TerminationReason,
    received_on: date,
    requested_ends_on: date | None = None,
    legitimate_reason: bool = False,
    fee_waived: bool = False,
    evidence_document_id: UUID | None = None,
    notice_id: UUID | None = None,
) -> dict[str, Any]:
    """Plan the bills up to the end and state it; the request as it is stored. It comes with the day after `ends_on`."""
    work = record.work
    row: dict[str, Any] = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "contract_id": record.id,
        "initiated_by": initiated_by,
        "channel": channel,
        "reason_code": reason_code,
        "received_on": received_on,
        "requested_ends_on": requested_ends_on,
        "legitimate_reason": legitimate_reason,
        "notice_ends_on": ending.notice_ends_on,
        "ends_on": ending.ends_on,
        "fee": ending.fee,
        "credit": await credit_after(record, ending.ends_on),
        "fee_waived_by": work.caller.principal if fee_waived else None,
        "evidence_document_id": evidence_document_id,
        "notice_id": notice_id,
        "status": TerminationStatus.SCHEDULED,
        "created_at": work.now,
        "created_by": work.caller.principal,
    }
    await work.insert(termination_request, **row)
    record.set(termination_ends_on=ending.ends_on)
    await bills.replan(record)
    by_post, purpose = channel in _BY_POST, DocumentPurpose.TERMINATION_LETTER
    letter = await letter_to_client(record, row["id"], purpose, end_confirmed(record.row, row)) if by_post else None
    facts = effects.facts_of(record, row)
    record.state(ContractTerminationScheduled, reason=reason_code, letter=letter, **facts)
    return row


async def revoke(record: ContractRecord, scheduled: Row) -> None:
    """Take a scheduled end back: the contract goes on as if it had never been asked for."""
    await record.work.execute(
        update(termination_request)
        .where(
            termination_request.c.organisation_id == record.work.organisation_id,
            termination_request.c.id == scheduled["id"],
        )
        .values(status=TERMINATION.after("revoke", TerminationStatus(scheduled["status"])))
    )
    record.set(termination_ends_on=None)
    await bills.replan(record)
    record.state(ContractTerminationRevoked)


async def credit_after(record: ContractRecord, ends_on: date) -> Decimal:
    """What is given back of the periods billed beyond the end."""
    after = ends_on + timedelta(days=1)
    return await adjustments.unused_total(record, AdjustmentCause.TERMINATION, after, after + _FAR)
