"""What opens when the last obstacle falls: the schedule of bills, and the right to collect."""

from actors.contrats.billing import bills
from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.gates import closed_gates, collection_is_open, collection_not_before
from messages.contrats import ContractCollectionUnlocked, ContractStatus, Gate


async def open_gates(record: ContractRecord) -> None:
    """Look at the gates after anything that may have opened one; each opens once."""
    choices = await choices_of(record.work, record["company_id"])
    waits = record["gates_met_on"] is None and record.status is ContractStatus.SIGNED
    if waits and set(closed_gates(record.row, record.today, choices.required_gates)) <= {Gate.START_DATE}:
        record.set(gates_met_on=record.today)
        await bills.replan(record)
    if record["collection_unlocked_at"] is not None:
        return
    early = choices.collect_during_withdrawal
    if collection_is_open(record.row, record.today, early_counts=early):
        record.set(collection_unlocked_at=record.work.now)
        first = collection_not_before(record.row, early_counts=early)
        record.state(ContractCollectionUnlocked, not_before=first)
