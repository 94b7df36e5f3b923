"""What a provider's word about a mandate that it keeps does to ours."""

from datetime import date

from actors.payments.rules.machines import ENDED_MANDATE, MANDATE
from messages.payments import MandateParty, MandateStatus

_TRIGGERS = {
    MandateStatus.PENDING_SUBMISSION: "approve",
    MandateStatus.SUBMITTED: "submit",
    MandateStatus.ACTIVE: "activate",
    MandateStatus.SUSPENDED_BY_PAYER: "suspend",
    MandateStatus.BLOCKED: "block",
    MandateStatus.FAILED: "fail",
    MandateStatus.CANCELLED: "cancel",
    MandateStatus.EXPIRED: "expire",
    MandateStatus.CONSUMED: "consume",
}


DEBITED = (MandateStatus.PENDING_SUBMISSION, MandateStatus.SUBMITTED, MandateStatus.ACTIVE)


def step_of(known: MandateStatus, told: MandateStatus, ended_by: str | None) -> str | None:
    """The step that the provider's word takes; None where it changes nothing.

    What we or the bank ended is not revived by a provider that does not know it yet, and what a person blocked stays so.
    """
    if known is told:
        return None
    if known in ENDED_MANDATE:
        return "reinstate" if told is MandateStatus.ACTIVE and ended_by == MandateParty.PSP else None
    trigger = _TRIGGERS.get(told)
    return trigger if trigger is not None and MANDATE.allows(trigger, known) else None


def takes_debits(status: str, next_possible_charge_date: date | None) -> bool:
    """Whether the provider takes a debit: at once, or for the day from which it says that it can."""
    if status == MandateStatus.ACTIVE:
        return True
    return status in DEBITED and next_possible_charge_date is not None
