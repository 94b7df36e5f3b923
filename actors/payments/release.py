"""The way of a bank file from READY to the bank: control totals, approval, transmission."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update

from actors.payments import transmission, views
from actors.payments.alerts import raise_alert
from actors.payments.batch_rows import change_batch, profile_of
from actors.payments.rules import dates
from actors.payments.rules.machines import BATCH
from actors.payments.rules.references import control_checksum
from messages.payments import (
    AlertSeverity,
    BankProfile,
    BatchStatus,
    CollectionBatchApproved,
    InstalmentStatus,
    PaymentStatus,
    PaymentType,
)
from messages.shared import Ref
from messages.values.instants import PARIS
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.bank import batch_group, collection_batch
from storage.payments.tables.dues import control_total, instalment
from storage.payments.tables.means import creditor_account
from storage.payments.tables.payments import payment

WAITING = (BatchStatus.READY, BatchStatus.PENDING_APPROVAL, BatchStatus.APPROVED)
_PRESENTED = (PaymentStatus.BATCHED, PaymentStatus.SUBMITTED, PaymentStatus.PAID, PaymentStatus.REJECTED)
_MARGIN = timedelta(minutes=20)
_METHODS = {"CORE": "SEPA_CORE", "B2B": "SEPA_B2B"}


# -- control totals ------------------------------------------------------------------------------------------------


async def after_ready(work: UnitOfWork, batch: dict[str, Any]) -> None:
    """A new file above the limit waits for people at once; if calendar froze its days already it is compared now."""
    if await _above_limit(work, batch):
        batch = await change_batch(work, batch, status=BATCH.after("hold", BatchStatus(batch["status"])))
    for day in await _days_of(work, batch["id"]):
        if await _control_of(work, batch, day) is not None:
            await compare_day(work, batch["company_id"], _METHODS[batch["scheme"]], day)
            return


async def compare_day(work: UnitOfWork, company_id: UUID, rail: str, day: date) -> None:
    """Compare what stands in files for a debit day with calendar's control totals, then let the files go or hold them."""
    control = await work.fetch_one(
        select(control_total).where(
            control_total.c.organisation_id == work.organisation_id,
            control_total.c.company_id == company_id,
            control_total.c.rail == rail,
            control_total.c.collection_date == day,
        )
    )
    if control is None:
        return
    own = await _own_debits(work, company_id, rail, day)
    total = sum((row["amount"] for row in own), Decimal("0.00"))
    checksum = control_checksum((row["instalment_id"], row["amount"], row["currency"]) for row in own)
    await work.execute(
        update(control_total)
        .where(
            control_total.c.organisation_id == work.organisation_id,
            control_total.c.company_id == company_id,
            control_total.c.rail == rail,
            control_total.c.collection_date == day,
        )
        .values(own_checksum=checksum)
    )
    above = total > control["total"] or len(own) > control["count"]
    if checksum != control["checksum"]:
        await _alert_difference(work, company_id, rail, day, own, control, above=above)
    for batch in await _waiting_batches(work, company_id, rail, day):
        await (_hold(work, batch) if above else _release(work, batch))


async def _own_debits(work: UnitOfWork, company_id: UUID, rail: str, day: date) -> list[Any]:
    """First presentations for the day that stand in files, sent or not."""
    return await work.fetch(
        select(payment.c.instalment_id, payment.c.amount, payment.c.currency).where(
            _stands_in_a_file(work, company_id, rail, day)
        )
    )


def _stands_in_a_file(work: UnitOfWork, company_id: UUID, rail: str, day: date) -> ColumnElement[bool]:
    return and_(
        payment.c.organisation_id == work.organisation_id,
        payment.c.company_id == company_id,
        payment.c.requested_collection_date == day,
        payment.c.status.in_(_PRESENTED),
        payment.c.method == rail,
        payment.c.type == PaymentType.EMISSION,
        payment.c.instalment_id.is_not(None),
    )


async def _alert_difference(
    work: UnitOfWork, company_id: UUID, rail: str, day: date, own: Sequence[Any], control: Any, *, above: bool
) -> None:
    total = sum((row["amount"] for row in own), Decimal("0.00"))
    planned = await work.fetch(
        select(instalment.c.id, instalment.c.amount)
        .where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.company_id == company_id,
            instalment.c.planned_debit_date == day,
            instalment.c.rail == rail,
            instalment.c.status != InstalmentStatus.CANCELLED,
            instalment.c.id.not_in(
                select(payment.c.instalment_id).where(_stands_in_a_file(work, company_id, rail, day))
            ),
        )
        .order_by(instalment.c.id)
        .limit(20)
    )
    missing = ", ".join(f"{row['id']} ({row['amount']})" for row in planned)
    cure = "nothing is sent until two people approve" if above else "what is missing is not sent"
    await raise_alert(
        work,
        "BATCH_TOTAL_MISMATCH",
        AlertSeverity.CRITICAL if above else AlertSeverity.WARNING,
        "Totaux de contrôle différents",
        f"{day}: the files hold {len(own)} debits of {total}, calendar counted {control['count']} of {control['total']}; "
        f"{cure}; not in a file: {missing or 'none'}",
        about=f"{company_id}|{rail}|{day}|{control['seq']}",
        company_id=company_id,
        refs=[Ref(type="instalment", id=row["id"]) for row in planned],
    )


async def _waiting_batches(work: UnitOfWork, company_id: UUID, rail: str, day: date) -> list[dict[str, Any]]:
    scheme = next(scheme for scheme, method in _METHODS.items() if method == rail)
    with_day = select(batch_group.c.batch_id).where(
        batch_group.c.organisation_id == work.organisation_id, batch_group.c.collection_date == day
    )
    rows = await work.fetch(
        select(collection_batch)
        .where(
            collection_batch.c.organisation_id == work.organisation_id,
            collection_batch.c.company_id == company_id,
            collection_batch.c.scheme == scheme,
            collection_batch.c.status.in_(WAITING),
            collection_batch.c.id.in_(with_day),
        )
        .order_by(collection_batch.c.id)
        .with_for_update()
    )
    return [dict(row) for row in rows]


async def _hold(work: UnitOfWork, batch: dict[str, Any]) -> None:
    """More than was planned: two people must look at it, earlier approvals no longer count."""
    status = BatchStatus(batch["status"])
    if not batch["held"]:
        after = BATCH.after("hold", status) if status is not BatchStatus.PENDING_APPROVAL else status
        await change_batch(work, batch, status=after, held=True, released=True, approvals=[])


async def _release(work: UnitOfWork, batch: dict[str, Any]) -> None:
    """Every day of the file was compared: it goes as soon as it is approved."""
    for day in await _days_of(work, batch["id"]):
        if await _control_of(work, batch, day) is None:
            return
    await let_go(work, batch)


async def let_go(work: UnitOfWork, batch: dict[str, Any]) -> None:
    """Release a file; the system approves it below the limit, and an approved one is transmitted."""
    batch = await change_batch(work, batch, released=True)
    status = BatchStatus(batch["status"])
    if status is BatchStatus.READY:
        batch = await approve(work, batch, [])
    if batch["status"] == BatchStatus.APPROVED:
        await transmission.transmit(work, batch)


async def _days_of(work: UnitOfWork, batch_id: UUID) -> list[date]:
    rows = await work.fetch(
        select(batch_group.c.collection_date)
        .where(batch_group.c.organisation_id == work.organisation_id, batch_group.c.batch_id == batch_id)
        .distinct()
    )
    return sorted(row["collection_date"] for row in rows)


async def _control_of(work: UnitOfWork, batch: dict[str, Any], day: date) -> Any:
    return await work.fetch_value(
        select(control_total.c.seq).where(
            control_total.c.organisation_id == work.organisation_id,
            control_total.c.company_id == batch["company_id"],
            control_total.c.rail == _METHODS[batch["scheme"]],
            control_total.c.collection_date == day,
        )
    )


async def release_without_totals(work: UnitOfWork) -> None:
    """20 minutes before the bank's cut-off a file goes even if calendar has not spoken; a person is told."""
    rows = await work.fetch(
        select(collection_batch, creditor_account.c.bank_profile)
        .select_from(
            collection_batch.join(creditor_account, creditor_account.c.id == collection_batch.c.creditor_account_id)
        )
        .where(
            collection_batch.c.organisation_id == work.organisation_id,
            collection_batch.c.status.in_(WAITING),
            collection_batch.c.released.is_(False),
        )
        .order_by(collection_batch.c.id)
        .limit(50)
        .with_for_update(of=collection_batch)
    )
    for row in rows:
        profile = BankProfile.model_validate(row["bank_profile"])
        if work.now < cutoff_of(row["earliest_collection_date"], profile) - _MARGIN:
            continue
        await raise_alert(
            work,
            "CONTROL_TOTALS_MISSING",
            AlertSeverity.WARNING,
            "Totaux de contrôle absents",
            f"file {row['msg_id']} goes without control totals: calendar had not frozen its debit day in time",
            about=row["id"],
            company_id=row["company_id"],
            refs=[Ref(type="collection_batch", id=row["id"])],
        )
        await let_go(work, {column.name: row[column.name] for column in collection_batch.c})


def cutoff_of(collection_date: date, profile: BankProfile) -> datetime:
    """The last instant at which the bank takes a file for that debit day."""
    day = dates.latest_presentation(collection_date, profile.lead_target_days)
    return datetime.combine(day, time.fromisoformat(profile.cutoff_local), PARIS)


async def _above_limit(work: UnitOfWork, batch: dict[str, Any]) -> bool:
    profile = await profile_of(work, batch)
    return profile.four_eyes_threshold is not None and batch["control_sum"] > profile.four_eyes_threshold


# -- approval and transmission -------------------------------------------------------------------------------------


async def approve(work: UnitOfWork, batch: dict[str, Any], approvers: Sequence[str]) -> dict[str, Any]:
    """The file may leave; collection_batch.approved."""
    status = BATCH.after("approve", BatchStatus(batch["status"]))
    after = await change_batch(work, batch, status=status, approvals=list(approvers))
    fact = CollectionBatchApproved(**views.batch_ref(after), approved_by=tuple(UUID(text) for text in approvers))
    work.emit(fact, version=after["version"])
    return after
