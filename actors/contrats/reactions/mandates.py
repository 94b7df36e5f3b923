"""Mandates: the contracts that wait for one go on, and those that lose theirs ask for another."""

from sqlalchemy import select

from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.service.gates import open_gates
from messages.contrats import (
    ContractCollectionLocked,
    ContractMandateRequested,
    ContractStatus,
    Gate,
    PaymentMethod,
)
from messages.payments import MandateActivated
from messages.payments.means import MandateBlocked, MandateCancelled, MandateExpired
from messages.payments.provider_mandates import MandateFailed
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    contract,
    mandate_copy,
)
from storage.projections import keep_newest

_Lost = MandateBlocked | MandateCancelled | MandateExpired | MandateFailed


async def take_mandate(event: MandateActivated, work: UnitOfWork) -> None:
    """A mandate became usable: the contracts that wait for it go on."""
    await work.execute(
        keep_newest(
            mandate_copy,
            organisation_id=work.organisation_id,
            mandate_id=event.mandate_id,
            client_id=event.client_id,
            company_id=event.company_id,
            contract_id=event.contract_id,
            status="ACTIVE",
            version=work.source_version,
        )
    )
    general = (contract.c.client_id == event.client_id) & (contract.c.company_id == event.company_id)
    waiting = select(contract.c.id).where(
        contract.c.organisation_id == work.organisation_id,
        contract.c.id == event.contract_id if event.contract_id is not None else general,
        contract.c.mandate_id.is_(None),
        contract.c.payment_method == PaymentMethod.SEPA_DIRECT_DEBIT,
        contract.c.status.in_((ContractStatus.SIGNED, ContractStatus.ACTIVE, ContractStatus.SUSPENDED)),
    )
    for row in await work.fetch(waiting.order_by(contract.c.id)):
        record = await find(row["id"], work)
        if record is not None:
            record.set(mandate_id=event.mandate_id)
            await open_gates(record)
            await record.save()


async def lose_mandate(event: _Lost, work: UnitOfWork) -> None:
    """The contracts under that mandate may not be collected; another one is asked for unless this one is only blocked."""
    await work.execute(
        keep_newest(
            mandate_copy,
            organisation_id=work.organisation_id,
            mandate_id=event.mandate_id,
            client_id=event.client_id,
            company_id=event.company_id,
            contract_id=event.contract_id,
            status=event.status,
            version=work.source_version,
        )
    )
    bound = select(contract.c.id).where(
        contract.c.organisation_id == work.organisation_id,
        contract.c.mandate_id == event.mandate_id,
        contract.c.status.in_((ContractStatus.SIGNED, ContractStatus.ACTIVE, ContractStatus.SUSPENDED)),
    )
    for row in await work.fetch(bound.order_by(contract.c.id)):
        record = await find(row["id"], work)
        if record is not None:
            _lose(record, event)
            await record.save()


def _lose(record: ContractRecord, event: _Lost) -> None:
    was_open = record["collection_unlocked_at"] is not None
    record.set(mandate_id=None, collection_unlocked_at=None)
    if was_open:
        record.state(ContractCollectionLocked, reasons=(Gate.MANDATE,))
    if not isinstance(event, MandateBlocked):
        record.state(
            ContractMandateRequested,
            client_id=record["client_id"],
            company_id=record["company_id"],
            scheme=record["mandate_scheme"],
            bank_details_id=record["bank_details_id"],
            description=record["reference"],
            return_url=record["return_url"] or "",
        )
