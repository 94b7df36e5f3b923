"""The life of a contract: who sold it, when its commissions are born, held, released and taken back."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.commercial.engine.accrual import RECALCULABLE, accrue, locked_contract
from actors.commercial.engine.attribution import attribute
from actors.commercial.engine.collecting import book_waiting
from actors.commercial.engine.payable import weigh_payable
from actors.commercial.engine.recovery import Cause, entries_of, take_back
from actors.commercial.engine.rights import end_rights, hold_entries, release_held, resume_rights, suspend_rights
from actors.commercial.engine.terms import terms_of
from actors.commercial.rules.recovery import termination_share, window_of
from messages.commercial import (
    AttributionSource,
    ClawbackKind,
    CommissionKind,
    HoldReason,
    RightStatus,
    WindowStart,
)
from messages.contrats import (
    ContractActivated,
    ContractCancelled,
    ContractCreated,
    ContractExpired,
    ContractQualityApproved,
    ContractQualityRejected,
    ContractResumed,
    ContractSigned,
    ContractSnapshot,
    ContractSuspended,
    ContractTerminated,
    ContractUpdated,
    ContractWithdrawn,
)
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import contract_line_ref, contract_ref

_WHOLE = Decimal(100)
_NOT_THE_CLIENT = ("FORCE_MAJEURE",)


async def keep_contract(event: ContractCreated | ContractUpdated, work: UnitOfWork) -> None:
    """The contract as drafted; its seller gets it."""
    await _keep(event, work)


async def accrue_signed(event: ContractSigned, work: UnitOfWork) -> None:
    """Commissions of plans that pay at signature, once quality is approved."""
    await _reach(event, work, signed_on=event.concluded_on)


async def accrue_approved(event: ContractQualityApproved, work: UnitOfWork) -> None:
    """The sale is in order: its commissions are born."""
    await _reach(event, work, quality_approved_on=event.approved_on, quality_rejected_on=None)


async def accrue_activated(event: ContractActivated, work: UnitOfWork) -> None:
    """Commissions of plans that pay at activation."""
    await _reach(event, work, activated_on=event.effective_on)


async def take_back_rejected(event: ContractQualityRejected, work: UnitOfWork) -> None:
    """A sale that is not in order earns nothing."""
    contract = await _keep(event, work)
    contract = await _mark(contract, work, quality_approved_on=None, quality_rejected_on=work.today())
    cause = Cause(ClawbackKind.QUALITY_FAILURE, str(event.review_id), work.today(), RECALCULABLE)
    await _take_all_back(contract, cause, work)


async def suspend(event: ContractSuspended, work: UnitOfWork) -> None:
    """A suspended contract earns nothing meanwhile: rights are suspended, unpaid entries wait."""
    contract = await _mark(await _keep(event, work), work, suspended=True)
    on = _effective(event, work)
    await suspend_rights(contract["contract_id"], HoldReason.CONTRACT_SUSPENDED, on, work)
    await hold_entries(contract["contract_id"], work)


async def resume(event: ContractResumed, work: UnitOfWork) -> None:
    """The contract runs again: what waited for it goes on."""
    contract = await _mark(await _keep(event, work), work, suspended=False)
    await release_held(contract["contract_id"], HoldReason.CONTRACT_SUSPENDED, work)
    await weigh_payable(contract["contract_id"], work)
    await resume_rights(contract, "CONTRACT_RESUMED", event.suspended_to, work)


async def take_back_terminated(event: ContractTerminated, work: UnitOfWork) -> None:
    """Inside the window the client's termination takes initial commissions back; recurring rights end."""
    ended_on = event.ends_on or work.today()
    contract = await _mark(await _keep(event, work), work, ended_on=ended_on)
    await end_rights(contract["contract_id"], RightStatus.ENDED, "TERMINATION", ended_on, work)
    reason, ref = str(event.reason_code), ended_on.isoformat()
    if reason == ClawbackKind.FRAUD:
        await _take_all_back(contract, Cause(ClawbackKind.FRAUD, ref, ended_on, reason), work)
    elif event.initiated_by == "CLIENT" and reason not in _NOT_THE_CLIENT:
        await take_back_by_window(contract, ClawbackKind.TERMINATION, ended_on, ref, reason, work)


async def end_expired(event: ContractExpired, work: UnitOfWork) -> None:
    """A term served to its end takes nothing back."""
    contract = await _keep(event, work)
    ended_on = event.ends_on or work.today()
    await _mark(contract, work, ended_on=ended_on)
    await end_rights(contract["contract_id"], RightStatus.ENDED, "EXPIRY", ended_on, work)


async def take_back_withdrawn(event: ContractWithdrawn, work: UnitOfWork) -> None:
    """A withdrawn contract never earned anything."""
    contract = await _mark(await _keep(event, work), work, ended_on=event.received_on)
    await end_rights(contract["contract_id"], RightStatus.CANCELLED, "WITHDRAWAL", event.received_on, work)
    await _take_all_back(contract, Cause(ClawbackKind.WITHDRAWAL, "withdrawal", event.received_on, "WITHDRAWAL"), work)


async def take_back_cancelled(event: ContractCancelled, work: UnitOfWork) -> None:
    """A contract given up before it came into force earned nothing."""
    contract = await _mark(await _keep(event, work), work, ended_on=work.today())
    await end_rights(contract["contract_id"], RightStatus.CANCELLED, "CANCELLATION", work.today(), work)
    kind = ClawbackKind.FRAUD if event.reason_code == ClawbackKind.FRAUD else ClawbackKind.OTHER
    await _take_all_back(contract, Cause(kind, "cancellation", work.today(), "CANCELLATION"), work)


async def take_back_by_window(
    contract: Row, kind: ClawbackKind, on: date, ref: str, reason: str, work: UnitOfWork
) -> None:
    """Take initial commissions back by the method and window of the plan version that granted them."""
    for entry in await entries_of(contract["contract_id"], work, CommissionKind.INITIAL):
        terms = (await terms_of(entry["plan_version_id"], work)).clawback
        start = window_start(contract, terms.window_start)
        cause = Cause(kind, ref, on, reason, method=terms.method, window=window_of(terms, start))
        await take_back(entry, cause, termination_share(terms, start, on), work)


def window_start(contract: Row, start: WindowStart) -> date:
    """Where the contract's clawback window begins."""
    if start is WindowStart.FIRST_COLLECTION_DATE and contract["first_collected_on"] is not None:
        first: date = contract["first_collected_on"]
        return first
    effective: date = contract["effective_on"]
    return effective


async def _take_all_back(contract: Row, cause: Cause, work: UnitOfWork) -> None:
    for entry in await entries_of(contract["contract_id"], work):
        if entry["amount"] > 0:
            await take_back(entry, cause, _WHOLE, work)


async def _reach(event: ContractSnapshot, work: UnitOfWork, **facts: Any) -> None:
    contract = await _mark(await _keep(event, work), work, **facts)
    await accrue(contract, work)
    await weigh_payable(contract["contract_id"], work)


def _effective(event: ContractSnapshot, work: UnitOfWork) -> date:
    return min(event.effective_on, work.today()) if event.effective_on else work.today()


async def _mark(contract: Row, work: UnitOfWork, **facts: Any) -> Row:
    await work.execute(
        update(contract_ref)
        .where(
            contract_ref.c.organisation_id == work.organisation_id,
            contract_ref.c.contract_id == contract["contract_id"],
        )
        .values(**facts)
    )
    return {**contract, **facts}


async def _keep(event: ContractSnapshot, work: UnitOfWork) -> Row:
    """The projected contract, locked and up to date; the seller that contrats names gets it when he changes."""
    known = await locked_contract(event.contract_id, work)
    if known is not None and known["version"] >= work.source_version:
        return known
    visible = {
        "reference": event.reference,
        "status": event.status,
        "client_id": event.client_id,
        "company_id": event.company_id,
        "sales_rep_id": event.sales_rep_id,
        "currency": event.currency,
        "sales_channel": event.sales_channel,
        "source_channel": event.source_channel,
        "effective_on": event.effective_on if known is None or known["activated_on"] is None else known["effective_on"],
        "commitment_ends_on": event.commitment_ends_on,
        "version": work.source_version,
    }
    statement = insert(contract_ref).values(
        organisation_id=work.organisation_id,
        contract_id=event.contract_id,
        created_on=work.today(),
        suspended=False,
        attribution_version=0,
        **visible,
    )
    keys = ["organisation_id", "contract_id"]
    await work.execute(statement.on_conflict_do_update(index_elements=keys, set_=visible))
    await _keep_lines(event, work)
    if known is None or known["sales_rep_id"] != event.sales_rep_id:
        valid_from = min(work.today(), event.starts_on) if known is None else work.today()
        source = AttributionSource.CONTRACT
        await attribute(event.contract_id, event.client_id, event.sales_rep_id, valid_from, source, None, work)
    if known is None:
        await book_waiting(event.contract_id, work)
    return await work.load(
        select(contract_ref).where(
            contract_ref.c.organisation_id == work.organisation_id, contract_ref.c.contract_id == event.contract_id
        ),
        "contract",
    )


async def _keep_lines(event: ContractSnapshot, work: UnitOfWork) -> None:
    line = contract_line_ref.c
    await work.execute(
        delete(contract_line_ref).where(
            line.organisation_id == work.organisation_id, line.contract_id == event.contract_id
        )
    )
    rows = [
        {
            "organisation_id": work.organisation_id,
            "line_id": found.line_id,
            "contract_id": event.contract_id,
            "product_id": found.product_id,
            "description": found.description,
            "kind": found.kind,
            "billing_period": found.billing_period,
            "quantity": found.quantity,
            "net": found.net.amount,
            "position": position,
            "version": work.source_version,
        }
        for position, found in enumerate(event.lines)
    ]
    await work.insert_rows(contract_line_ref, rows)
