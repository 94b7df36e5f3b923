"""A contract that is not in force is given up: by a person, or because nobody mended a rejected sale."""

from actors.contrats.billing import bills
from actors.contrats.contract_record import ContractRecord
from actors.contrats.leaving import endings
from actors.contrats.signature import envelopes
from messages.contrats import AdjustmentCause, ContractCancelled, ContractStatus


async def give_up(record: ContractRecord, reason_code: str, comment: str | None = None) -> None:
    """Cancel; what was billed ahead is given back, what lies before signers is taken back."""
    was_signed = record.status is ContractStatus.SIGNED
    record.move("cancel", reason_code=reason_code, comment=comment)
    await envelopes.take_back(record)
    if was_signed:
        await endings.undo_bills(record, AdjustmentCause.CORRECTION, record.id, "Contrat annulé")
        await bills.bill_adjustments(record)
    record.state(ContractCancelled, reason_code=reason_code, reason=reason_code)
    if was_signed:
        await endings.cut_if_begun(record, ContractStatus.CANCELLED, record.id)
