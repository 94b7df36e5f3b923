"""What people may do with a billing period; an invoiced one is undone by a credit note only."""

from messages.contrats import InstalmentStatus
from messages.transitions import StateMachine

_S = InstalmentStatus

INSTALMENT = StateMachine(
    "billing instalment",
    {
        ("skip", _S.PLANNED): _S.SKIPPED,
        ("rebill", _S.SKIPPED): _S.PLANNED,
        ("rebill", _S.DUE): _S.PLANNED,
    },
)
