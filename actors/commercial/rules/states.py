"""What may happen to a commission entry, a statement, a plan version and a recurring right."""

from messages.commercial import CommissionStatus, StatementStatus
from messages.transitions import StateMachine

UNFROZEN = (CommissionStatus.ACCRUED, CommissionStatus.PAYABLE, CommissionStatus.ON_HOLD)
FROZEN = (CommissionStatus.VALIDATED, CommissionStatus.PAID, CommissionStatus.CLAWED_BACK)

ENTRY = StateMachine(
    "commission",
    {
        ("become_payable", CommissionStatus.ACCRUED): CommissionStatus.PAYABLE,
        ("hold", CommissionStatus.ACCRUED): CommissionStatus.ON_HOLD,
        ("hold", CommissionStatus.PAYABLE): CommissionStatus.ON_HOLD,
        **{("cancel", state): CommissionStatus.CANCELLED for state in UNFROZEN},
        **{("supersede", state): CommissionStatus.SUPERSEDED for state in UNFROZEN},
        ("validate", CommissionStatus.PAYABLE): CommissionStatus.VALIDATED,
        ("pay", CommissionStatus.VALIDATED): CommissionStatus.PAID,
        ("pay", CommissionStatus.CLAWED_BACK): CommissionStatus.CLAWED_BACK,
        ("claw_back", CommissionStatus.VALIDATED): CommissionStatus.CLAWED_BACK,
        ("claw_back", CommissionStatus.PAID): CommissionStatus.CLAWED_BACK,
        ("regularise", CommissionStatus.CLAWED_BACK): CommissionStatus.PAID,
    },
)

STATEMENT = StateMachine(
    "statement",
    {
        ("validate", StatementStatus.DRAFT): StatementStatus.VALIDATED,
        ("discard", StatementStatus.DRAFT): StatementStatus.DISCARDED,
        ("publish", StatementStatus.VALIDATED): StatementStatus.PUBLISHED,
        ("pay", StatementStatus.PUBLISHED): StatementStatus.PAID,
    },
)
