"""What logistics says of the goods that belong to a contract."""

from actors.contrats.contract_record import find
from actors.contrats.signature import signing
from messages.contrats import ContractUpdated
from messages.logistics import ShipmentDelivered
from messages.values.instants import local_date
from runtime.unit_of_work import UnitOfWork


async def begin_withdrawal(event: ShipmentDelivered, work: UnitOfWork) -> None:
    """The goods are there: a right of withdrawal that waits for them begins, or begins anew with the last parcel."""
    record = await find(event.contract_id, work) if event.contract_id is not None else None
    if record is None or not await signing.deliver(record, local_date(event.delivered_at, record.zone)):
        return
    record.state(ContractUpdated, changed_fields=["delivered_on", "withdrawal_ends_on"])
    await record.save()
