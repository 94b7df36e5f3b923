"""A service at its provider: its states, which services an order is about, and what its line asks for."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from messages.contrats import ContractStatus, ProvisioningAction, ServiceStatus
from messages.transitions import StateMachine

_A, _S = ProvisioningAction, ServiceStatus
SERVICE = StateMachine(
    "service",
    {
        ("order", _S.PLANNED): _S.REQUESTED,
        ("order", _S.REQUESTED): _S.REQUESTED,
        ("give_up", _S.PLANNED): _S.TERMINATED,
        (_A.ACTIVATE, _S.REQUESTED): _S.ACTIVE,
        (_A.SUSPEND, _S.ACTIVE): _S.SUSPENDED,
        (_A.RESUME, _S.SUSPENDED): _S.ACTIVE,
        (_A.TERMINATE, _S.REQUESTED): _S.TERMINATED,
        (_A.TERMINATE, _S.ACTIVE): _S.TERMINATED,
        (_A.TERMINATE, _S.SUSPENDED): _S.TERMINATED,
    },
)
Link = Mapping[str, Any]


def is_concerned(link: Link, action: ProvisioningAction, today: date) -> bool:
    """Whether an order of that day is about the service: only what runs is cut, only what is cut is restored."""
    status = ServiceStatus(link["status"])
    if action is _A.ACTIVATE:
        return SERVICE.allows("order", status) and link["begins_on"] <= today and not has_ended(link, today)
    return SERVICE.allows(action, status)


def has_ended(link: Link, today: date) -> bool:
    """Whether the line that paid for the service has ended."""
    return link["ends_on"] is not None and link["ends_on"] < today


def action_due(link: Link, status: ContractStatus, today: date) -> ProvisioningAction | None:
    """What the line of a service asks for now; a suspended contract starts nothing."""
    if status not in (ContractStatus.ACTIVE, ContractStatus.SUSPENDED):
        return None
    if has_ended(link, today):
        return _A.TERMINATE if is_concerned(link, _A.TERMINATE, today) else None
    planned = link["status"] == _S.PLANNED and is_concerned(link, _A.ACTIVATE, today)
    return _A.ACTIVATE if planned and status is ContractStatus.ACTIVE else None


def never_runs(link: Link, last_day: date, today: date) -> bool:
    """Whether a service that is to end on that day was not even asked for, and no longer will be."""
    return bool(link["status"] == _S.PLANNED and last_day < max(link["begins_on"], today))
