"""From a signed contract to a mandate and a schedule, and what later facts of the contract change."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import mandates, planning, removal, views
from actors.payments.company import Company
from actors.payments.psp import charging
from actors.payments.rules.machines import INSTALMENT, SCHEDULE
from actors.payments.rules.planning import FREQUENCIES
from messages.base import Event
from messages.contrats import ContractSigned
from messages.payments import (
    BankDetailsStatus,
    InstalmentCancelled,
    InstalmentCancelReason,
    InstalmentStatus,
    MandateSignatureRequested,
    PaymentStatus,
    ResumePolicy,
    ScheduleCancelled,
    ScheduleCreated,
    SchedulePaused,
    ScheduleReason,
    ScheduleResumed,
    ScheduleStatus,
    ScheduleUpdated,
    SignatureChannel,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.others import schedule_number_block
from storage.payments.tables.payments import payment

_LIVE = (ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED)


async def take_contract(work: UnitOfWork, event: ContractSigned, company: Company) -> None:
    """Mandate, schedule and the order to plan; nothing when the contract has a schedule already."""
    if await schedule_of_contract(work, event.contract_id) is not None:
        return
    held = await _mandate_for(work, event, company)
    row = await _create_schedule(work, event, held["id"])
    if row is not None:
        await planning.order_plans(work, [row["id"]], key="signed")


async def schedule_of_contract(work: UnitOfWork, contract_id: UUID, *, live: bool = False) -> Row | None:
    """The contract's schedule, locked."""
    statement = select(schedule).where(
        schedule.c.organisation_id == work.organisation_id, schedule.c.contract_id == contract_id
    )
    if live:
        statement = statement.where(schedule.c.status.in_(_LIVE))
    return await work.fetch_one(statement.order_by(schedule.c.created_at.desc()).limit(1).with_for_update())


async def _mandate_for(work: UnitOfWork, event: ContractSigned, company: Company) -> dict[str, Any]:
    """The named mandate, else a new one: active at once when the consent is proven, else waiting for a signature."""
    if event.mandate_id is not None:
        known = await work.fetch_one(
            select(mandate).where(
                mandate.c.organisation_id == work.organisation_id,
                mandate.c.id == event.mandate_id,
                mandate.c.client_id == event.client_id,
            )
        )
        if known is not None:
            return dict(known)
    account = await _account_of(work, event)
    row = await mandates.create_mandate(
        work,
        company_id=event.company_id,
        client_id=event.client_id,
        contract_id=event.contract_id,
        scheme=event.mandate_scheme or "SEPA_CORE",
        bank_details_id=account,
        creditor_identifier=company.creditor_identifier,
        prefix=company.settings.mandate_prefix,
    )
    if account is not None and event.mandate_consent is not None:
        consent = event.mandate_consent
        return await mandates.sign_mandate(
            work,
            row,
            signed_at=consent.signed_at,
            method="ESIGN",
            document_id=consent.document_id,
            proof=consent.model_dump(mode="json"),
        )
    _request_signature(work, row, event, company)
    return row


async def _account_of(work: UnitOfWork, event: ContractSigned) -> UUID | None:
    """The named account, when it is the client's own and in use."""
    found: UUID | None = await work.fetch_value(
        select(bank_details.c.id).where(
            bank_details.c.organisation_id == work.organisation_id,
            bank_details.c.id == event.bank_details_id,
            bank_details.c.client_id == event.client_id,
            bank_details.c.status == BankDetailsStatus.ACTIVE,
        )
    )
    return found


def _request_signature(work: UnitOfWork, row: dict[str, Any], event: ContractSigned, company: Company) -> None:
    fact = MandateSignatureRequested(
        **views.mandate_snapshot(row),
        signature_channel=SignatureChannel.ESIGN,
        action_url=event.return_url,
        expires_at=work.now + timedelta(days=company.settings.unsigned_mandate_expiry_days),
        template_key="MANDATE",
        data={"rum": row["rum"], "creditor_identifier": row["creditor_identifier"], "creditor_name": company.name},
    )
    work.emit(fact, version=1)


async def _create_schedule(work: UnitOfWork, event: ContractSigned, mandate_id: UUID) -> dict[str, Any] | None:
    if event.recurring_gross.amount <= 0:
        return None
    frequency, interval = FREQUENCIES[event.billing_frequency]
    first = next((line.product_code for line in event.lines if line.kind == "RECURRING"), None)
    row: dict[str, Any] = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": f"ECH-{await work.next_number(schedule_number_block):06}",
        "company_id": event.company_id,
        "client_id": event.client_id,
        "contract_id": event.contract_id,
        "amount": event.recurring_gross.amount,
        "currency": event.recurring_gross.currency,
        "frequency": frequency,
        "interval": interval,
        "anchor_date": event.starts_on,
        "anchor_index": 0,
        "start_date": event.starts_on,
        "end_date": event.ends_on,
        "rail": event.mandate_scheme or "SEPA_CORE",
        "mandate_id": mandate_id,
        "preferred_debit_day": event.preferred_debit_day,
        "debit_slot": event.debit_slot,
        "source_channel": event.source_channel,
        "product_code": first,
        "status": ScheduleStatus.ACTIVE,
        "next_period_index": 0,
    }
    inserted = insert(schedule).values(row).on_conflict_do_nothing().returning(schedule.c.id)
    if await work.fetch_value(inserted) is None:
        return None
    work.emit(ScheduleCreated(**views.schedule_snapshot(row)), version=1)
    return row


# -- pause, resume, end --------------------------------------------------------------------------------------------


async def pause(work: UnitOfWork, row: Row, reason: ScheduleReason) -> dict[str, Any]:
    """Stop presenting; schedule.paused."""
    after = await _set_status(work, row, "pause", reason)
    work.emit(SchedulePaused(**views.schedule_snapshot(after), reason=reason), version=after["version"])
    return after


async def resume(work: UnitOfWork, row: Row, policy: ResumePolicy) -> dict[str, Any]:
    """Present again; with SKIP_MISSED what fell due meanwhile is cancelled; schedule.resumed."""
    after = await _set_status(work, row, "resume", None)
    work.emit(ScheduleResumed(**views.schedule_snapshot(after), resume_policy=policy), version=after["version"])
    if policy is ResumePolicy.SKIP_MISSED:
        missed = instalment.c.planned_debit_date < work.today()
        await cancel_instalments(work, row["id"], InstalmentCancelReason.SKIPPED, missed)
    return after


async def cancel(work: UnitOfWork, row: Row, reason: ScheduleReason, why: InstalmentCancelReason) -> dict[str, Any]:
    """End a schedule and what of it is not presented; debt stays; schedule.cancelled."""
    after = await _set_status(work, row, "cancel", reason)
    work.emit(ScheduleCancelled(**views.schedule_snapshot(after), reason=reason), version=after["version"])
    await cancel_instalments(work, row["id"], why)
    return after


async def limit(work: UnitOfWork, row: Row, end_date: date | None) -> None:
    """No period begins after that day; schedule.updated."""
    after = {**row, "end_date": end_date, "version": row["version"] + 1}
    await work.execute(
        update(schedule)
        .where(schedule.c.id == row["id"])
        .values(end_date=end_date, planned_until=None, version=after["version"])
    )
    fact = ScheduleUpdated(**views.schedule_snapshot(after), changed_fields=("end_date",))
    work.emit(fact, version=after["version"])


async def end(work: UnitOfWork, row: Row, reason: ScheduleReason) -> None:
    """End a schedule whose remaining instalments are still to be collected; schedule.cancelled."""
    after = await _set_status(work, row, "cancel", reason)
    work.emit(ScheduleCancelled(**views.schedule_snapshot(after), reason=reason), version=after["version"])


async def take_out_payments(work: UnitOfWork, contract_id: UUID, reason: str) -> None:
    """Take out what of a contract is not transmitted; a provider is asked to let go what it has."""
    await charging.withdraw_debits(work, payment.c.contract_id == contract_id)
    rows = await work.fetch(
        select(payment.c.id).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.contract_id == contract_id,
            payment.c.status.in_((PaymentStatus.PENDING, PaymentStatus.BATCHED)),
        )
    )
    await removal.take_out(work, [row["id"] for row in rows], reason)


async def cancel_instalments(
    work: UnitOfWork, schedule_id: UUID, reason: InstalmentCancelReason, condition: Any = None
) -> None:
    """Cancel the planned and blocked instalments of a schedule; instalment.cancelled for each."""
    statement = select(instalment).where(
        instalment.c.organisation_id == work.organisation_id,
        instalment.c.schedule_id == schedule_id,
        instalment.c.status.in_((InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED)),
    )
    if condition is not None:
        statement = statement.where(condition)
    for row in await work.fetch(statement.order_by(instalment.c.id).with_for_update()):
        await cancel_instalment(work, row, reason)


async def cancel_instalment(work: UnitOfWork, row: Row, reason: InstalmentCancelReason) -> None:
    """Cancel one instalment; instalment.cancelled."""
    after = {
        **row,
        "status": INSTALMENT.after("cancel", InstalmentStatus(row["status"])),
        "cancel_reason": reason,
        "version": row["version"] + 1,
    }
    changed = {name: after[name] for name in ("status", "cancel_reason", "version")}
    await work.execute(update(instalment).where(instalment.c.id == row["id"]).values(**changed))
    fact: Event = InstalmentCancelled(**views.instalment_snapshot(after), reason=reason)
    work.emit(fact, version=after["version"])


async def _set_status(work: UnitOfWork, row: Row, trigger: str, reason: str | None) -> dict[str, Any]:
    after = {
        **row,
        "status": SCHEDULE.after(trigger, ScheduleStatus(row["status"])),
        "pause_reason": reason,
        "version": row["version"] + 1,
    }
    changed = {name: after[name] for name in ("status", "pause_reason", "version")}
    await work.execute(
        update(schedule)
        .where(schedule.c.id == row["id"])
        .values(**changed, updated_at=work.now, updated_by=work.caller.principal)
    )
    return after
