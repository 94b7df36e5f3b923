"""The life of a billing period, from the plan to its invoice; an invoiced one is undone by a credit note only."""

from messages.contrats import InstalmentStatus
from messages.transitions import StateMachine

_S = InstalmentStatus

INSTALMENT = StateMachine(
    "billing instalment",
    {
        ("bill", _S.PLANNED): _S.DUE,
        ("invoice", _S.DUE): _S.INVOICED,
        ("undo_invoice", _S.INVOICED): _S.DUE,
        ("skip", _S.PLANNED): _S.SKIPPED,
        ("drop", _S.PLANNED): _S.CANCELLED,
        ("rebill", _S.SKIPPED): _S.PLANNED,
        ("rebill", _S.DUE): _S.PLANNED,
    },
)


def before(trigger: str) -> tuple[InstalmentStatus, ...]:
    """From where the trigger moves a period; all periods of a contract move in one statement."""
    return tuple(status for status in _S if INSTALMENT.allows(trigger, status))


def outcome(trigger: str) -> InstalmentStatus:
    """Where the trigger moves every period to."""
    return INSTALMENT.after(trigger, before(trigger)[0])
