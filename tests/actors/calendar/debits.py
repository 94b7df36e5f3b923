"""Instalments and payments as payments states them."""

from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from messages.payments import (
    FailurePhase,
    InstalmentPlanned,
    InstalmentSnapshot,
    InstalmentStatus,
    MandateEffect,
    PaymentMethod,
    PaymentRef,
    PaymentStatus,
    PaymentType,
    PlannedBy,
    Provider,
    ReasonCategory,
    RetryAdvice,
    RType,
    SequenceType,
)
from messages.values.money import Money

InstalmentFact = TypeVar("InstalmentFact", bound=InstalmentSnapshot)
PaymentFact = TypeVar("PaymentFact", bound=PaymentRef)


def planned(company_id: UUID, day: date, amount: str = "29.90", **changes: Any) -> InstalmentPlanned:
    """A debit of a contract's instalment, announced by payments on that day."""
    fields: dict[str, Any] = {
        "instalment_id": uuid4(),
        "attempt": 1,
        "schedule_id": uuid4(),
        "company_id": company_id,
        "client_id": uuid4(),
        "contract_id": uuid4(),
        "period_index": 0,
        "period_start": day.replace(day=1),
        "period_end": day,
        "original_target_date": day,
        "planned_debit_date": day,
        "planned_by": PlannedBy.MANUAL,
        "rail": PaymentMethod.SEPA_CORE,
        "amount": Money.of(amount),
        "paid_amount": Money.of("0.00"),
        "status": InstalmentStatus.PLANNED,
    }
    return InstalmentPlanned(**(fields | changes))


def stated_again(kind: type[InstalmentFact], event: InstalmentSnapshot, **changes: Any) -> InstalmentFact:
    """Another fact of the same instalment."""
    return kind(**(dict(event) | changes))


def payment(kind: type[PaymentFact], instalment: InstalmentSnapshot, **changes: Any) -> PaymentFact:
    """A fact of the payment that collects an instalment."""
    fields: dict[str, Any] = {
        "payment_id": instalment.instalment_id,
        "reference": "PAY-1",
        "company_id": instalment.company_id,
        "client_id": instalment.client_id,
        "contract_id": instalment.contract_id,
        "instalment_id": instalment.instalment_id,
        "type": PaymentType.EMISSION,
        "attempt_no": instalment.attempt,
        "amount": instalment.amount,
        "method": PaymentMethod.SEPA_CORE,
        "provider": next(iter(Provider)),
        "status": next(iter(PaymentStatus)),
        "requested_collection_date": instalment.planned_debit_date,
        **_DETAILS,
    }
    return kind(**(fields | changes))


_DETAILS: dict[str, Any] = {
    "batch_id": uuid4(),
    "sequence_type": next(iter(SequenceType)),
    "submitted_at": datetime(2026, 5, 7, 12, tzinfo=UTC),
    "paid_on": date(2026, 5, 11),
    "settled_on": date(2026, 5, 11),
    "allocations": (),
    "fees": Money.of("0.00"),
    "phase": FailurePhase.POST_SETTLEMENT,
    "r_type": RType.RETURN,
    "reason_code": "AM04",
    "category": next(iter(ReasonCategory)),
    "retry_advice": next(iter(RetryAdvice)),
    "mandate_effect": next(iter(MandateEffect)),
    "rejected_on": date(2026, 5, 18),
    "rejected_at": datetime(2026, 5, 18, 6, tzinfo=UTC),
    "consecutive_failures": 1,
    "r_key": "key",
    "allocations_reversed": (),
    "compensation": Money.of("0.00"),
    "within_scheme_window": True,
    "reason": "asked by the client",
    "before_submission": True,
}
