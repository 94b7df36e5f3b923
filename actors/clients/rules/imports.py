"""The life of an import, and what becomes of a row whose client may exist already."""

from typing import Final

from messages.clients import DuplicateLevel, DuplicatePolicy, ImportStatus, RowOutcome
from messages.transitions import StateMachine

_STARTED: Final = (ImportStatus.CREATED, ImportStatus.VALIDATING, ImportStatus.VALIDATED, ImportStatus.COMMITTING)

IMPORT: Final = StateMachine(
    "import",
    {
        ("map", ImportStatus.CREATED): ImportStatus.CREATED,
        ("map", ImportStatus.VALIDATED): ImportStatus.CREATED,
        ("validate", ImportStatus.CREATED): ImportStatus.VALIDATING,
        ("validate", ImportStatus.VALIDATED): ImportStatus.VALIDATING,
        ("validate", ImportStatus.FAILED): ImportStatus.VALIDATING,
        ("validated", ImportStatus.VALIDATING): ImportStatus.VALIDATED,
        ("commit", ImportStatus.VALIDATED): ImportStatus.COMMITTING,
        ("complete", ImportStatus.COMMITTING): ImportStatus.COMPLETED,
        ("fail", ImportStatus.VALIDATING): ImportStatus.FAILED,
        ("fail", ImportStatus.COMMITTING): ImportStatus.FAILED,
        **{("cancel", state): ImportStatus.CANCELLED for state in _STARTED},
    },
)


def outcome_of(best: DuplicateLevel | None, policy: DuplicatePolicy) -> RowOutcome:
    """What a valid row becomes, given how sure it is that its client exists; PENDING is a new client."""
    if best is None or best is DuplicateLevel.POSSIBLE:
        return RowOutcome.PENDING
    if policy is DuplicatePolicy.REVIEW:
        return RowOutcome.REVIEW
    if best is DuplicateLevel.PROBABLE or policy is DuplicatePolicy.CREATE:
        return RowOutcome.PENDING
    return RowOutcome.SKIPPED if policy is DuplicatePolicy.SKIP else RowOutcome.UPDATED
