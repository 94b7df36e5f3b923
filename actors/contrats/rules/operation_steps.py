"""An operation: its states, what it asks of providers, and its steps as its row tells how far it has come."""

from collections.abc import Mapping
from typing import Any

from messages.contrats import OperationKind, OperationStatus, ProvisioningAction
from messages.contrats.replies import OperationStep, OperationStepName
from messages.transitions import StateMachine

_N, _S = OperationStepName, OperationStatus
OPERATION = StateMachine(
    "operation",
    {
        ("begin", _S.PENDING): _S.RUNNING,
        ("complete", _S.PENDING): _S.SUCCEEDED,  # no provider delivers any of it
        ("complete", _S.RUNNING): _S.SUCCEEDED,
        ("fail", _S.PENDING): _S.FAILED,
        ("fail", _S.RUNNING): _S.FAILED,
        ("cancel", _S.PENDING): _S.CANCELLED,
        ("cancel", _S.RUNNING): _S.CANCELLED,  # a number that has not moved yet
    },
)
OPEN = (_S.PENDING, _S.RUNNING)

STEPS: Mapping[OperationKind, tuple[OperationStepName, ...]] = {
    OperationKind.SIGN: (_N.OPEN_ENVELOPE, _N.STORE_EVIDENCE),
    OperationKind.ACTIVATE: (_N.CHECK, _N.PROVISION, _N.SET_STATUS),
    OperationKind.SUSPEND: (_N.CHECK, _N.PROVISION, _N.SET_STATUS),
    OperationKind.RESUME: (_N.CHECK, _N.PROVISION, _N.SET_STATUS),
    OperationKind.TERMINATE: (_N.FINAL_BILLING, _N.PROVISION, _N.SET_STATUS),
    OperationKind.PORT_IN: (_N.CHECK, _N.PROVISION, _N.SET_STATUS),
    OperationKind.AMEND: (_N.CHECK, _N.PROVISION),
}


def action_of(row: Mapping[str, Any]) -> ProvisioningAction:
    """What an operation asks of the providers; a number that arrives starts its service."""
    kind = OperationKind(row["operation"])
    if kind is OperationKind.PORT_IN:
        return ProvisioningAction.ACTIVATE
    return ProvisioningAction(row["payload"]["action"] if kind is OperationKind.AMEND else kind)


def steps_of(row: Mapping[str, Any]) -> tuple[OperationStep, ...]:
    """Steps before the current one have succeeded, those behind it wait; the current one carries attempts and error."""
    names, status = STEPS[OperationKind(row["operation"])], OperationStatus(row["status"])
    if status is _S.SUCCEEDED:
        return tuple(_step(name, _S.SUCCEEDED) for name in names)
    current = _current(row, names, status)
    found = []
    for position, name in enumerate(names):
        if position < current:
            found.append(_step(name, _S.SUCCEEDED))
        elif position > current:
            found.append(_step(name, _S.CANCELLED if status in (_S.FAILED, _S.CANCELLED) else _S.PENDING))
        else:
            found.append(
                OperationStep(
                    name=name,
                    status=status,
                    attempts=row["attempts"],
                    last_error=row["error_code"],
                    next_attempt_at=row["next_attempt_at"],
                )
            )
    return tuple(found)


def _current(row: Mapping[str, Any], names: tuple[OperationStepName, ...], status: OperationStatus) -> int:
    if row["failed_step"] is not None:
        found = (number for number, name in enumerate(names) if name == row["failed_step"].upper())
        return next(found, 1)  # port_in is the provision of a number
    return 0 if status in (_S.PENDING, _S.CANCELLED) else 1


def _step(name: OperationStepName, status: OperationStatus) -> OperationStep:
    return OperationStep(name=name, status=status, attempts=0, last_error=None, next_attempt_at=None)
