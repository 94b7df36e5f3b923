"""Mandates that providers keep: they follow what is read there, and are ended there when they end here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments import mandates, views
from actors.payments.psp import saving
from actors.payments.psp.port import MandateKeeper, Means, MeansKind, ProviderError, ProviderMandate
from actors.payments.psp.records import (
    REPEATED,
    ReadMandate,
    account_provider,
    failure_of,
    order_mandate_reading,
    read_one,
    token_digest,
    token_of,
)
from actors.payments.recovery import following as recovery
from actors.payments.rules.machines import MANDATE
from actors.payments.rules.provider_mandates import step_of
from messages.base import Event
from messages.payments import (
    MandateActivated,
    MandateBlocked,
    MandateCancelled,
    MandateConsumed,
    MandateExpired,
    MandateFailed,
    MandateParty,
    MandateSigned,
    MandateStatus,
    MandateSuspended,
    ScheduleStatus,
)
from runtime import clock
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.dues import schedule
from storage.payments.tables.means import mandate
from storage.payments.tables.providers import payment_method

_UNDECIDED = (MandateStatus.PENDING_CUSTOMER_APPROVAL, MandateStatus.PENDING_SUBMISSION, MandateStatus.SUBMITTED)
_NEVER_SIGNED = frozenset({MandateStatus.FAILED, MandateStatus.CANCELLED, MandateStatus.EXPIRED})
_MOST_READ = 1000


class EndMandate(WorkItem):
    """End a mandate at the provider that keeps it."""

    payment_method_id: UUID


@dataclass(frozen=True, slots=True)
class MandateReading:
    """What a provider said of a mandate, and when it was asked."""

    read_at: datetime
    account_id: UUID
    seen: ProviderMandate


async def read_mandate(item: ReadMandate, outside: Outside) -> MandateReading | None:
    """The mandate as it is now; None when the provider keeps no mandates or knows none."""
    return await _asked(item.payment_method_id, outside, end=False)


async def end_mandate(item: EndMandate, outside: Outside) -> MandateReading | None:
    """The mandate after it was ended."""
    return await _asked(item.payment_method_id, outside, end=True)


async def _asked(payment_method_id: UUID, outside: Outside, *, end: bool) -> MandateReading | None:
    row = await read_one(
        outside,
        select(payment_method).where(
            payment_method.c.organisation_id == outside.organisation_id, payment_method.c.id == payment_method_id
        ),
    )
    if row is None:
        return None
    provider, read_at = await account_provider(outside, row["psp_account_id"]), clock.now()
    if not isinstance(provider, MandateKeeper):
        return None
    token = await token_of(outside, row)
    try:
        seen = await (provider.cancel_mandate(token) if end else provider.get_mandate(token))
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return None
    return MandateReading(read_at, row["psp_account_id"], seen)


async def mandate_read(item: WorkItem, reading: MandateReading | None, work: UnitOfWork) -> None:
    """Let our mandate follow."""
    if reading is not None:
        await follow(work, reading.account_id, reading.seen, reading.read_at)


async def follow(work: UnitOfWork, account_id: UUID, seen: ProviderMandate, read_at: datetime) -> bool:
    """Let the mandate become what the provider says; whether anything changed."""
    row = await _known_by(work, account_id, seen.token)
    if row is None or (row["provider_read_at"] is not None and read_at < row["provider_read_at"]):
        return False
    row |= {"provider_read_at": read_at, "next_possible_charge_date": seen.next_possible_charge_date}
    row["rum"] = seen.reference or row["rum"]
    if seen.replaced_by is not None:
        await _replace(work, row, account_id, seen.replaced_by)
        return True
    step = step_of(MandateStatus(row["status"]), seen.status, row["cancelled_by"])
    if step is None:
        await mandates.store_mandate(work, row, "provider_read_at", "next_possible_charge_date", "rum")
        return False
    await _take(work, row, step, seen)
    return True


async def read_undecided(moment: Moment, work: UnitOfWork) -> None:
    """04:00: a webhook may be lost, and some providers send none about mandates: what is not decided is read again.

    At most a thousand a day, those that were read longest ago first.
    """
    rows = await work.fetch(
        select(mandate.c.payment_method_id)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.payment_method_id.is_not(None),
            mandate.c.status.in_(_UNDECIDED),
        )
        .order_by(mandate.c.provider_read_at.nulls_first(), mandate.c.id)
        .limit(_MOST_READ)
    )
    for row in rows:
        order_mandate_reading(work, row["payment_method_id"])


async def collect_under(work: UnitOfWork, signed: dict[str, Any]) -> None:
    """The live schedule of the mandate's contract is debited under it from now on."""
    if signed["contract_id"] is None:
        return
    await work.execute(
        update(schedule)
        .where(
            schedule.c.organisation_id == work.organisation_id,
            schedule.c.contract_id == signed["contract_id"],
            schedule.c.client_id == signed["client_id"],
            schedule.c.status.in_((ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED)),
        )
        .values(mandate_id=signed["id"], rail=signed["scheme"])
    )
    await recovery.follow_mandate(work, signed["client_id"], signed["contract_id"], signed["id"])


async def _known_by(work: UnitOfWork, account_id: UUID, token: str) -> dict[str, Any] | None:
    """Our mandate of a provider's token, locked."""
    row = await work.fetch_one(
        select(mandate)
        .join(payment_method, payment_method.c.id == mandate.c.payment_method_id)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            payment_method.c.psp_account_id == account_id,
            payment_method.c.token_digest == token_digest(account_id, token),
        )
        .with_for_update(of=mandate)
    )
    return dict(row) if row is not None else None


async def _replace(work: UnitOfWork, row: dict[str, Any], account_id: UUID, token: str) -> None:
    """The consent stays, the provider keeps it under another name; what it is worth there is read next."""
    row["payment_method_id"] = await saving.save(
        work, account_id, row["client_id"], Means(token, MeansKind.SEPA_MANDATE)
    )
    row["provider_read_at"] = None
    await mandates.store_mandate(work, row, "payment_method_id", "provider_read_at")
    order_mandate_reading(work, row["payment_method_id"])


async def _take(work: UnitOfWork, row: dict[str, Any], step: str, seen: ProviderMandate) -> None:
    """One step, and what is said of it."""
    status = MANDATE.after(step, MandateStatus(row["status"]))
    ended = status in _NEVER_SIGNED
    signs = row["signed_at"] is None and not ended
    after = row | {
        "status": status,
        "block_reason": seen.raw_status if ended or status is MandateStatus.BLOCKED else None,
        "cancelled_by": MandateParty.PSP if ended else None,
    }
    if signs:
        after |= {"signed_at": work.now, "signature_method": "PSP_HOSTED"}
    facts = _facts(after, seen, signs=signs)
    after["version"] += max(1, len(facts))
    await mandates.store_mandate(
        work, after, "status", "block_reason", "cancelled_by", "signed_at", "signature_method", "provider_read_at",
        "next_possible_charge_date", "rum",
    )  # fmt: skip
    for number, fact in enumerate(facts, row["version"] + 1):
        work.emit(fact, version=number)
    if signs:
        await collect_under(work, after)


def _facts(after: dict[str, Any], seen: ProviderMandate, *, signs: bool) -> list[Event]:
    snapshot = views.mandate_snapshot(after)
    facts: list[Event] = []
    if signs:
        facts.append(MandateSigned(**snapshot, signed_at=after["signed_at"]))
    match after["status"]:
        case MandateStatus.ACTIVE:
            facts.append(MandateActivated(**snapshot))
        case MandateStatus.SUSPENDED_BY_PAYER:
            facts.append(MandateSuspended(**snapshot))
        case MandateStatus.BLOCKED:
            facts.append(MandateBlocked(**snapshot))
        case MandateStatus.FAILED:
            facts.append(MandateFailed(**snapshot))
        case MandateStatus.CANCELLED:
            facts.append(MandateCancelled(**snapshot, cancelled_by=MandateParty.PSP))
        case MandateStatus.EXPIRED:
            facts.append(MandateExpired(**snapshot))
        case MandateStatus.CONSUMED:
            facts.append(MandateConsumed(**snapshot))
    return facts
