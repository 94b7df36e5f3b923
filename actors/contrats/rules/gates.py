"""The gates: what must be true before the service starts, and before money may be taken."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from actors.contrats.rules.status import BOUND
from messages.contrats import (
    ContractStatus,
    Gate,
    PaymentMethod,
    QualityStatus,
)


def closed_gates(contract: Mapping[str, Any], today: date, required: Collection[Gate] = frozenset(Gate)) -> list[Gate]:
    """The required gates that keep the service from starting."""
    shut = {
        Gate.SIGNATURE: contract["status"] != ContractStatus.SIGNED,
        Gate.QUALITY: contract["quality_status"] != QualityStatus.APPROVED,
        Gate.WITHDRAWAL: not (withdrawal_is_over(contract, today) or contract["early_performance_requested"]),
        Gate.MANDATE: not mandate_allows_collection(contract),
        Gate.START_DATE: contract["starts_on"] > today,
    }
    return [gate for gate, closed in shut.items() if closed and gate in required]


def collection_is_open(contract: Mapping[str, Any], today: date, *, early_counts: bool = False) -> bool:
    """Whether money may be taken: the withdrawal period must really be over, unless the organisation lets early service count."""
    early = early_counts and contract["early_performance_requested"]
    return (
        contract["status"] in BOUND
        and contract["quality_status"] == QualityStatus.APPROVED
        and (withdrawal_is_over(contract, today) or early)
        and mandate_allows_collection(contract)
    )


def withdrawal_is_over(contract: Mapping[str, Any], today: date) -> bool:
    """Whether the client can no longer withdraw."""
    ends_on = contract["withdrawal_ends_on"]
    return not contract["withdrawal_applicable"] or (ends_on is not None and ends_on < today)


def mandate_allows_collection(contract: Mapping[str, Any]) -> bool:
    """Whether the way of paying needs no mandate, or has one."""
    return contract["payment_method"] != PaymentMethod.SEPA_DIRECT_DEBIT or contract["mandate_id"] is not None


def collection_not_before(contract: Mapping[str, Any], *, early_counts: bool = False) -> date:
    """The first day money may be taken."""
    days = [contract["approved_on"], contract["first_payment_not_before"]]
    if contract["withdrawal_applicable"] and not (early_counts and contract["early_performance_requested"]):
        days.append(contract["withdrawal_ends_on"] + timedelta(days=1))
    known: list[date] = [day for day in days if day is not None]
    return max(known)
