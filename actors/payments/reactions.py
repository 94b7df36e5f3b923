"""What payments hears from the other actors."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import contracts, invoices, planning, proposing, release, standing
from actors.payments.alerts import raise_alert
from actors.payments.company import company_of
from actors.payments.recovery import cutting, ending
from messages.calendar import (
    DebitCalendarCutoffMissed,
    DebitCalendarCutoffReached,
    DebitCalendarPlanConflict,
    DebitConfigurationChanged,
)
from messages.clients import ClientCreated, ClientUpdated
from messages.contrats import (
    ContractActivated,
    ContractCancelled,
    ContractCollectionUnlocked,
    ContractExpired,
    ContractOperationFailed,
    ContractQualityApproved,
    ContractQualityRejected,
    ContractResumed,
    ContractSigned,
    ContractSuspended,
    ContractTerminated,
    ContractTerminationRevoked,
    ContractTerminationScheduled,
    ContractWithdrawn,
    OperationKind,
)
from messages.factures import CreditNoteIssued, InvoiceCancelled, InvoiceIssued, InvoicePaid, SettlementSource
from messages.identity import CompanyCreated, CompanyUpdated
from messages.payments import (
    AlertSeverity,
    InstalmentCancelReason,
    InstalmentStatus,
    PlannedBy,
    ResumePolicy,
    ScheduleReason,
    ScheduleStatus,
)
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.dues import control_total, instalment
from storage.payments.tables.views import client_view, company_view, contract_view
from storage.projections import keep_newest

_SEPA = "SEPA_DIRECT_DEBIT"

Snapshot = (
    ContractSigned
    | ContractActivated
    | ContractSuspended
    | ContractResumed
    | ContractTerminationScheduled
    | ContractTerminationRevoked
    | ContractTerminated
    | ContractExpired
    | ContractCancelled
    | ContractWithdrawn
)


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The companies that collect."""
    await work.execute(
        keep_newest(
            company_view,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            code=event.code,
            legal_name=event.legal_name,
            siren=event.siren,
            sepa_creditor_id=event.sepa_creditor_id,
            timezone=event.timezone,
            status=event.status,
            version=work.source_version,
        )
    )


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """Who is debited, and what forbids it."""
    await work.execute(
        keep_newest(
            client_view,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            client_code=event.client_code,
            kind=event.kind,
            display_name=event.display_name,
            blocked_scope=event.flags.blocked_scope,
            deceased=event.flags.deceased,
            insolvent=event.flags.in_insolvency,
            billing_address=event.billing_address.model_dump(mode="json") if event.billing_address else None,
            version=work.source_version,
        )
    )


# -- contracts -----------------------------------------------------------------------------------------------------


async def take_signed_contract(event: ContractSigned, work: UnitOfWork) -> None:
    """A contract paid by direct debit gets its mandate and schedule; nothing is presented before the guards pass."""
    await _keep_contract(event, work)
    await _keep_gates(
        work,
        event,
        concluded_on=event.concluded_on,
        withdrawal_applicable=event.withdrawal_applicable,
        withdrawal_ends_on=event.withdrawal_ends_on,
        first_payment_not_before=event.first_payment_not_before,
    )
    company = await company_of(work, event.company_id)
    if event.payment_method == _SEPA and company is not None:
        await contracts.take_contract(work, event, company)


async def keep_contract(event: ContractActivated | ContractTerminationRevoked, work: UnitOfWork) -> None:
    """The contract's state, which the guards look at; a term that moved moves the schedule's end."""
    await _keep_contract(event, work)
    row = await contracts.schedule_of_contract(work, event.contract_id, live=True)
    if row is not None and isinstance(event, ContractActivated) and row["end_date"] != event.ends_on:
        await contracts.limit(work, row, event.ends_on)


async def pause_with_contract(event: ContractSuspended, work: UnitOfWork) -> None:
    """A suspended contract is not debited, if the company wants it so."""
    await _keep_contract(event, work)
    row = await contracts.schedule_of_contract(work, event.contract_id, live=True)
    company = await company_of(work, event.company_id)
    wanted = company is not None and company.settings.pause_on_contract_suspension
    if row is not None and row["status"] == ScheduleStatus.ACTIVE and wanted:
        await contracts.pause(work, row, ScheduleReason.CONTRACT_SUSPENDED)
    client_id = await cutting.confirm(work, event.request_id)
    if client_id is not None:
        await standing.judge(work, [client_id])


async def resume_with_contract(event: ContractResumed, work: UnitOfWork) -> None:
    """A resumed contract is debited again; what fell due meanwhile is skipped."""
    await _keep_contract(event, work)
    row = await contracts.schedule_of_contract(work, event.contract_id, live=True)
    if row is not None and row["status"] == ScheduleStatus.PAUSED:
        await contracts.resume(work, row, ResumePolicy.SKIP_MISSED)
    client_id = await cutting.restored(work, event.contract_id)
    if client_id is not None:
        await standing.judge(work, [client_id])


async def retry_refused_order(event: ContractOperationFailed, work: UnitOfWork) -> None:
    """A service could not be cut or restored: the order is repeated, in the end by people."""
    if event.operation in (OperationKind.SUSPEND, OperationKind.RESUME):
        await cutting.failed(work, event.request_id)


async def end_later(event: ContractTerminationScheduled, work: UnitOfWork) -> None:
    """Periods that begin after the end are not collected."""
    await _keep_contract(event, work)
    row = await contracts.schedule_of_contract(work, event.contract_id, live=True)
    if row is not None and event.ends_on is not None:
        await contracts.limit(work, row, event.ends_on)
        later = instalment.c.period_start > event.ends_on
        await contracts.cancel_instalments(work, row["id"], InstalmentCancelReason.CONTRACT_ENDED, later)


async def end_with_contract(event: ContractTerminated | ContractExpired | ContractCancelled, work: UnitOfWork) -> None:
    """The schedule ends; what was due until the end stays due."""
    await _keep_contract(event, work)
    client_id = await ending.note_ended(work, event.contract_id)
    if client_id is not None:
        await standing.judge(work, [client_id])
    row = await contracts.schedule_of_contract(work, event.contract_id, live=True)
    if row is None:
        return
    if isinstance(event, ContractCancelled):
        await contracts.cancel(work, row, ScheduleReason.CONTRACT_ENDED, InstalmentCancelReason.CONTRACT_ENDED)
        return
    ends_on = event.ends_on or work.today()
    later = instalment.c.period_start > ends_on
    await contracts.cancel_instalments(work, row["id"], InstalmentCancelReason.CONTRACT_ENDED, later)
    await contracts.end(work, row, ScheduleReason.CONTRACT_ENDED)


async def end_withdrawn(event: ContractWithdrawn, work: UnitOfWork) -> None:
    """Everything not settled is taken out (Code de la consommation, art. L221-24: refund within 14 days)."""
    await _keep_contract(event, work)
    await proposing.propose_for_contract(work, event.contract_id, event.prorata_due.amount)
    row = await contracts.schedule_of_contract(work, event.contract_id, live=True)
    if row is None:
        return
    await contracts.take_out_payments(work, event.contract_id, "contract withdrawn")
    await contracts.cancel(work, row, ScheduleReason.WITHDRAWN, InstalmentCancelReason.WITHDRAWN)


async def open_collection(event: ContractCollectionUnlocked, work: UnitOfWork) -> None:
    """Every gate of the contract is open: debits from that day on."""
    changed = {"collectable_from": event.not_before, "locked": False, "collection_version": work.source_version}
    await _upsert_gate(work, event, contract_view.c.collection_version, changed)


async def open_quality(event: ContractQualityApproved, work: UnitOfWork) -> None:
    """The sale was checked and is sound."""
    changed = {"quality_approved_on": event.approved_on, "quality_version": work.source_version}
    await _upsert_gate(work, event, contract_view.c.quality_version, changed)


async def close_quality(event: ContractQualityRejected, work: UnitOfWork) -> None:
    """The sale was checked and is not sound: no debit."""
    changed = {"quality_approved_on": None, "quality_version": work.source_version}
    await _upsert_gate(work, event, contract_view.c.quality_version, changed)


async def _keep_contract(event: Any, work: UnitOfWork) -> None:
    await work.execute(
        keep_newest(
            contract_view,
            organisation_id=work.organisation_id,
            contract_id=event.contract_id,
            client_id=event.client_id,
            company_id=event.company_id,
            reference=event.reference,
            status=event.status,
            sales_channel=event.sales_channel,
            starts_on=event.starts_on,
            ends_on=event.ends_on,
            version=work.source_version,
        )
    )


async def _keep_gates(work: UnitOfWork, event: ContractSigned, **columns: Any) -> None:
    await work.execute(
        update(contract_view)
        .where(
            contract_view.c.organisation_id == work.organisation_id, contract_view.c.contract_id == event.contract_id
        )
        .values(**columns)
    )


async def _upsert_gate(work: UnitOfWork, event: Any, version: Any, changed: dict[str, Any]) -> None:
    """A gate has its own version: several facts of one contract may share one."""
    statement = insert(contract_view).values(
        organisation_id=work.organisation_id, contract_id=event.contract_id, version=0, **changed
    )
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "contract_id"],
            set_=changed,
            where=version < work.source_version,
        )
    )


# -- invoices ------------------------------------------------------------------------------------------------------


async def take_invoice(event: InvoiceIssued, work: UnitOfWork) -> None:
    """The invoice is due: its instalment gets its amount, or one is made for it."""
    await invoices.take(work, event)


async def credit_invoices(event: CreditNoteIssued, work: UnitOfWork) -> None:
    """Less is due on the invoices that a credit note names."""
    for original in event.originals:
        await invoices.credit(
            work,
            original.invoice_id,
            original.gross.amount,
            event.credit_note_id,
            vat=original.vat.amount,
            issued_on=event.issue_date,
        )
    await standing.refresh(work, [event.client_id], only_known=True)


async def cancel_invoice(event: InvoiceCancelled, work: UnitOfWork) -> None:
    """Nothing is due on a cancelled invoice."""
    await invoices.cancel(work, event.invoice_id, work.source_version)
    await standing.refresh(work, [event.client_id], only_known=True)


async def note_settled(event: InvoicePaid, work: UnitOfWork) -> None:
    """An invoice that was settled by hand at billing; what payments itself settled is known here."""
    if event.source is SettlementSource.MANUAL:
        await invoices.settle_elsewhere(work, event.invoice_id)
        await standing.refresh(work, [event.client_id], only_known=True)


# -- calendar ------------------------------------------------------------------------------------------------------


async def take_control_totals(event: DebitCalendarCutoffReached, work: UnitOfWork) -> None:
    """Calendar froze a debit day: its totals are compared with what stands in the files."""
    columns = {
        "seq": event.seq,
        "count": event.count,
        "total": event.total.amount,
        "checksum": event.checksum,
        "submit_by": event.submit_by,
    }
    statement = insert(control_total).values(
        organisation_id=work.organisation_id,
        company_id=event.company_id,
        rail=event.rail,
        collection_date=event.collection_date,
        **columns,
    )
    changed = await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "company_id", "rail", "collection_date"],
            set_=columns,
            where=control_total.c.seq < event.seq,
        )
    )
    if changed:
        await release.compare_day(work, event.company_id, event.rail, event.collection_date)


async def note_missed_cutoff(event: DebitCalendarCutoffMissed, work: UnitOfWork) -> None:
    """Debits that missed the bank are told to the staff; the next emission gives them a new date."""
    if event.missing:
        await raise_alert(
            work,
            "CUTOFF_MISSED",
            AlertSeverity.WARNING,
            "Heure limite dépassée",
            f"{len(event.missing)} debits of {event.collection_date} are in no bank file; they are presented later",
            about=f"{event.company_id}|{event.rail}|{event.collection_date}",
            company_id=event.company_id,
            refs=[Ref(type="instalment", id=debit.instalment_id) for debit in event.missing[:20]],
        )


async def replan_conflict(event: DebitCalendarPlanConflict, work: UnitOfWork) -> None:
    """Calendar objects to a date it did not give: it is asked for a new one."""
    found = await work.fetch_value(
        select(instalment.c.id).where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.id == event.instalment_id,
            instalment.c.status == InstalmentStatus.PLANNED,
            instalment.c.planned_debit_date == event.date,
            instalment.c.planned_by == PlannedBy.FALLBACK,
        )
    )
    if found is not None:
        await planning.order_new_dates(work, [found], key=f"conflict {event.date}")


async def replan_after_configuration(event: DebitConfigurationChanged, work: UnitOfWork) -> None:
    """Dates that were not announced yet follow a changed configuration."""
    statement = select(instalment.c.id).where(
        instalment.c.organisation_id == work.organisation_id,
        instalment.c.status == InstalmentStatus.PLANNED,
        instalment.c.prenotified_on.is_(None),
        instalment.c.planned_debit_date > work.today(),
    )
    scope = {"COMPANY": "company_id", "CLIENT": "client_id", "CONTRACT": "contract_id"}.get(event.level)
    if scope is not None and event.scope_id is not None:
        statement = statement.where(instalment.c[scope] == event.scope_id)
    rows = await work.fetch(statement.order_by(instalment.c.id).limit(20_000))
    await planning.order_new_dates(
        work, [row["id"] for row in rows], key=f"configuration {work.source_version} {work.cause.causation_id}"
    )
