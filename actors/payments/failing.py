"""Debits that failed: rejected before money moved, or taken back after it did. Each failure counts once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments import mandates, standing, views
from actors.payments.alerts import raise_alert
from actors.payments.books import Books
from actors.payments.recovery import opening
from actors.payments.recovery.opening import FailedDebit
from actors.payments.rules import dates
from actors.payments.rules.machines import PAYMENT
from actors.payments.rules.outcomes import NOTHING, SETTLED, reject, take_back
from actors.payments.rules.reasons import REASONS, mandate_effect, reason_of
from actors.payments.rules.references import failure_key
from actors.payments.sets import by_id, history, run_many, state_many
from messages.base import Event
from messages.payments import (
    AlertSeverity,
    Allocation,
    FailurePhase,
    FirstCollection,
    MandateEffect,
    PaymentRejected,
    PaymentReturned,
    PaymentStatus,
    ReasonCategory,
    SequenceType,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.dues import schedule
from storage.payments.tables.means import mandate
from storage.payments.tables.payments import r_transaction

_UNSETTLED = frozenset({PaymentStatus.BATCHED, PaymentStatus.SUBMITTED})


@dataclass(frozen=True, slots=True)
class Failure:
    """What a bank or provider says of a debit that failed. `technical`: the whole group was refused for a fault of ours."""

    payment_id: UUID
    code: str
    text: str | None
    booked_on: date
    source: str
    message_id: UUID | None
    fees: Decimal = NOTHING
    technical: bool = False


@dataclass(slots=True)
class _Judged:
    """A failure with everything the rules say of it."""

    failure: Failure
    phase: FailurePhase
    key: str
    effect: MandateEffect = MandateEffect.NONE
    allocations: tuple[Allocation, ...] = ()
    in_window: bool = True
    consecutive: int = 1


async def fail_payments(work: UnitOfWork, failures: Sequence[Failure]) -> set[UUID]:
    """Book failures; one that is known already is only recognised. The ids whose payments changed."""
    books = Books(work)
    await books.load(failure.payment_id for failure in failures)
    judged = await _new_failures(work, books, failures)
    for id_ in books.payments.keys() - judged.keys():
        books.payment_states.pop(id_)
    if not judged:
        return set()
    held = await _lock_mandates(work, [books.payments[id_] for id_ in judged])
    counts = await _count_failures(work, [books.payments[id_] for id_ in judged])
    for id_, found in judged.items():
        row = books.payments[id_]
        instalment = books.instalments.get(row["instalment_id"])
        found.consecutive = counts.get(row["schedule_id"], instalment["retry_count"] + 1 if instalment else 1)
        _judge_mandate(found, held.get(row["mandate_id"]))
        _apply(books, found)
    await books.store()
    await _record(work, books, judged)
    facts: list[tuple[Event, int]] = [
        (_notice(books, found, work), books.payments[id_]["version"] + 1) for id_, found in judged.items()
    ]
    state_many(work, facts, summary="payment")
    await _apply_to_mandates(work, books, judged, held)
    await opening.take_failures(
        work,
        [
            FailedDebit(books.payment_after(id_), found.failure.code, found.failure.technical)
            for id_, found in judged.items()
        ],
    )
    for id_ in sorted(await _won_before(work, judged)):
        await _alert_taken_again(work, books.payments[id_])
    await standing.refresh(work, {books.payments[id_]["client_id"] for id_ in judged})
    await _alert(work, books, judged)
    return set(judged)


async def _new_failures(work: UnitOfWork, books: Books, failures: Sequence[Failure]) -> dict[UUID, _Judged]:
    """One failure per payment, of those that are not booked yet and that the payment's state allows."""
    judged: dict[UUID, _Judged] = {}
    for failure in failures:
        state = books.payment_states.get(failure.payment_id)
        if state is None or failure.payment_id in judged:
            continue
        if state.status in _UNSETTLED:
            phase = FailurePhase.PRE_SETTLEMENT
        elif state.status in SETTLED:
            phase = FailurePhase.POST_SETTLEMENT
        else:
            await _note_repetition(work, books.payments[failure.payment_id], failure)
            continue
        key = failure_key(failure.payment_id, phase, failure.code, state.amount)
        judged[failure.payment_id] = _Judged(failure, phase, key)
    known = await work.fetch(
        select(r_transaction.c.key).where(
            r_transaction.c.organisation_id == work.organisation_id,
            among(r_transaction.c.key, [found.key for found in judged.values()]),
        )
    )
    keys = {row["key"] for row in known}
    return {id_: found for id_, found in judged.items() if found.key not in keys}


async def _note_repetition(work: UnitOfWork, row: dict[str, Any], failure: Failure) -> None:
    """The same failure told by another file is fine; a second, different return of one debit is not."""
    if row["status"] == PaymentStatus.RETURNED and row["reason_code"] != failure.code:
        await raise_alert(
            work,
            "DUPLICATE_RETURN",
            AlertSeverity.CRITICAL,
            "Débit retourné deux fois",
            f"payment {row['reference']} was returned with {row['reason_code']} and again with {failure.code}; "
            "ask the bank which one stands",
            about=row["id"],
            company_id=row["company_id"],
            refs=[Ref(type="payment", id=row["id"])],
        )


def _judge_mandate(found: _Judged, held: dict[str, Any] | None) -> None:
    if held is not None and not found.failure.technical:
        found.effect = mandate_effect(found.failure.code, held["refusals_in_a_row"])


def _apply(books: Books, found: _Judged) -> None:
    row, state = books.payments[found.failure.payment_id], books.payment_states[found.failure.payment_id]
    instalment = books.instalment_states.get(row["instalment_id"])
    reason = reason_of(found.failure.code)
    technical = found.failure.technical
    row["reason_code"], row["reason_message"] = found.failure.code, found.failure.text
    row["reason_category"] = ReasonCategory.TECHNICAL if technical else reason.category
    if found.phase is FailurePhase.PRE_SETTLEMENT:
        if state.status is PaymentStatus.BATCHED:  # the bank knows a file whose upload nobody recorded
            state.status = PAYMENT.after("submit", state.status)
        reject(state, instalment, technical=technical)
    else:
        mine = {
            invoice: amount["amount"]
            for (payment_id, invoice), amount in books.allocations.items()
            if payment_id == row["id"] and amount["amount"] > 0
        }
        others = [
            (books.instalment_states[share["instalment_id"]], mine[invoice])
            for (payment_id, invoice), share in books.allocations.items()
            if payment_id == row["id"]
            and invoice in mine
            and share["instalment_id"] not in (None, row["instalment_id"])
        ]
        allocated = [(books.invoice_states[invoice], amount) for invoice, amount in mine.items()]
        take_back(state, instalment, allocated, others)
        found.allocations = tuple(
            views.allocation_of(books.allocate(row, invoice, -amount), amount, books.invoice_states[invoice].open)
            for invoice, amount in mine.items()
        )
        found.in_window = dates.within_window(
            found.phase, found.failure.code, row["method"], row["settled_on"], found.failure.booked_on
        )
    if row["instalment_id"] in books.instalments and not technical:
        changed = books.instalments[row["instalment_id"]]
        changed["new_retry_count"] = changed["retry_count"] + 1
        changed["last_reason_code"] = found.failure.code


async def _lock_mandates(work: UnitOfWork, rows: list[dict[str, Any]]) -> dict[UUID, dict[str, Any]]:
    ids = sorted({row["mandate_id"] for row in rows if row["mandate_id"] is not None})
    return by_id(
        await work.fetch(
            select(mandate)
            .where(mandate.c.organisation_id == work.organisation_id, among(mandate.c.id, ids))
            .order_by(mandate.c.id)
            .with_for_update()
        )
    )


async def _count_failures(work: UnitOfWork, rows: list[dict[str, Any]]) -> dict[UUID, int]:
    """Failures in a row of each schedule, this one included."""
    ids = [row["schedule_id"] for row in rows if row["schedule_id"] is not None]
    if not ids:
        return {}
    counted = await work.fetch(
        update(schedule)
        .where(schedule.c.organisation_id == work.organisation_id, among(schedule.c.id, ids))
        .values(failure_count=schedule.c.failure_count + 1)
        .returning(schedule.c.id, schedule.c.failure_count)
    )
    return {row["id"]: row["failure_count"] for row in counted}


async def _record(work: UnitOfWork, books: Books, judged: dict[UUID, _Judged]) -> None:
    await work.insert_rows(r_transaction, [_r_row(work, books.payments[id_], found) for id_, found in judged.items()])
    rows = [
        history(
            work,
            id_,
            "payment.rejected" if found.phase is FailurePhase.PRE_SETTLEMENT else "payment.returned",
            code=found.failure.code,
            source=found.failure.source,
        )
        for id_, found in judged.items()
    ]
    await run_many(work, queries.HISTORY_ADDED, rows)


def _r_row(work: UnitOfWork, row: dict[str, Any], found: _Judged) -> dict[str, Any]:
    failure = found.failure
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "payment_id": row["id"],
        "phase": found.phase,
        "r_type": dates.return_type(found.phase, failure.code, row["method"], row["settled_on"], failure.booked_on),
        "reason_code": failure.code,
        "raw_code": failure.code,
        "raw_text": failure.text,
        "amount": row["amount"],
        "fees": failure.fees,
        "booked_on": failure.booked_on,
        "source": failure.source,
        "message_id": failure.message_id,
        "within_scheme_window": found.in_window,
        "key": found.key,
        "created_at": work.now,
    }


def _notice(books: Books, found: _Judged, work: UnitOfWork) -> Event:
    failure, row = found.failure, books.payment_after(found.failure.payment_id)
    reason = reason_of(failure.code)
    fields: dict[str, Any] = {
        **views.payment_ref(row),
        "phase": found.phase,
        "r_type": dates.return_type(found.phase, failure.code, row["method"], row["settled_on"], failure.booked_on),
        "reason_code": failure.code,
        "raw_code": failure.code,
        "category": row["reason_category"],
        "retry_advice": reason.advice,
        "mandate_effect": found.effect,
        "rejected_on": failure.booked_on,
        "rejected_at": work.now,
        "fees": views.money(failure.fees),
        "consecutive_failures": found.consecutive,
        "r_key": found.key,
    }
    if found.phase is FailurePhase.PRE_SETTLEMENT:
        return PaymentRejected(**fields)
    return PaymentReturned(
        **fields,
        allocations_reversed=found.allocations,
        compensation=views.money(NOTHING),
        within_scheme_window=found.in_window,
    )


async def _apply_to_mandates(
    work: UnitOfWork, books: Books, judged: dict[UUID, _Judged], held: dict[UUID, dict[str, Any]]
) -> None:
    for id_, found in judged.items():
        row = books.payments[id_]
        known = held.get(row["mandate_id"])
        if known is None:
            continue
        first = row["sequence_type"] == SequenceType.FRST
        if first and found.phase is FailurePhase.PRE_SETTLEMENT:
            known["first_collection_state"] = FirstCollection.NONE
        if found.failure.code == "MS02":
            known["refusals_in_a_row"] += 1
        await mandates.after_failure(work, known, found.effect, found.failure.code)


async def _won_before(work: UnitOfWork, ids: Iterable[UUID]) -> set[UUID]:
    """Payments that were taken back once, won, and are taken back again."""
    rows = await work.fetch(
        select(r_transaction.c.payment_id).where(
            r_transaction.c.organisation_id == work.organisation_id,
            among(r_transaction.c.payment_id, list(ids)),
            r_transaction.c.undone_on.is_not(None),
        )
    )
    return {row["payment_id"] for row in rows}


async def _alert_taken_again(work: UnitOfWork, row: dict[str, Any]) -> None:
    await raise_alert(
        work, "DISPUTED_AGAIN", AlertSeverity.CRITICAL, "Paiement contesté une seconde fois",
        f"payment {row['reference']} was won back and is taken again; recovery begins anew: look whether it should",
        about=row["id"], company_id=row["company_id"], refs=[Ref(type="payment", id=row["id"])],
    )  # fmt: skip


async def _alert(work: UnitOfWork, books: Books, judged: dict[UUID, _Judged]) -> None:
    """Codes nobody knows, faults of our own (critical or not), and returns outside the scheme's time need a person."""
    for id_, found in judged.items():
        code, row = found.failure.code, books.payments[id_]
        refs = [Ref(type="payment", id=id_)]
        if code not in REASONS:
            await raise_alert(
                work, "UNKNOWN_REASON_CODE", AlertSeverity.WARNING, "Code motif inconnu",
                f"the bank gave the reason code {code}, which is not known; add it to the table of reasons",
                about=code, company_id=row["company_id"], refs=refs,
            )  # fmt: skip
        elif reason_of(code).critical:
            await raise_alert(
                work, f"REASON_{code}", AlertSeverity.CRITICAL, "Rejet à traiter sans délai",
                f"payment {row['reference']} failed with {code}; look at the file and the creditor's data",
                about=code, company_id=row["company_id"], refs=refs,
            )  # fmt: skip
        elif row["reason_category"] == ReasonCategory.TECHNICAL:
            await raise_alert(
                work, f"REASON_{code}", AlertSeverity.WARNING, "Rejet technique à corriger",
                f"payment {row['reference']} failed with {code}, a fault of our data or file; correct it, then collect",
                about=code, company_id=row["company_id"], refs=refs,
            )  # fmt: skip
        if found.phase is FailurePhase.POST_SETTLEMENT and (over := books.payment_states[id_].over_refund) > 0:
            await alert_double_refund(work, row, over)
        if not found.in_window:
            await raise_alert(
                work, "LATE_RETURN", AlertSeverity.WARNING, "Retour hors délai",
                f"payment {row['reference']} came back with {code} after the scheme's time; contest it with the bank",
                about=id_, company_id=row["company_id"], refs=refs,
            )  # fmt: skip


async def alert_double_refund(work: UnitOfWork, row: dict[str, Any], amount: Decimal) -> None:
    """A client got money back twice, by a refund and by his bank; the ledger claims it from him."""
    await raise_alert(
        work, "DOUBLE_REFUND", AlertSeverity.CRITICAL, "Remboursement en double",
        f"payment {row['reference']} was refunded and taken back: {amount} {row['currency']} went back twice; claim it",
        about=row["id"], company_id=row["company_id"], refs=[Ref(type="payment", id=row["id"])],
    )  # fmt: skip
