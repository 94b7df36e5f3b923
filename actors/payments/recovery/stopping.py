"""What stops recovery whole: death, fraud, sanctions and insolvency. Nothing is presented or sent; a person decides."""

from uuid import UUID

from actors.payments.recovery import cutting, planning, writing
from actors.payments.recovery.desk import Desk
from actors.payments.rules.recovery_machines import RECOVERY_CASE, WAITING_PLANS
from messages.payments import (
    CasePauseReason,
    RecoveryCasePaused,
    RecoveryCaseStatus,
    RetryEligibility,
    ServiceState,
)

_VERDICTS = {CasePauseReason.INSOLVENCY: RetryEligibility.NOT_ELIGIBLE_INSOLVENCY}


def stop(desk: Desk, client_id: UUID, reason: CasePauseReason) -> None:
    """Pause every case of a client: plans end, messages and an order to cut that was not executed are taken back."""
    for case in desk.open_cases():
        if case["client_id"] != client_id:
            continue
        for plan in desk.live_plans(case):
            planning.drop_scheduled(desk, plan, "cancel", reason)
            if plan["status"] in WAITING_PLANS:
                planning.refuse(desk, plan, _VERDICTS.get(reason, RetryEligibility.NOT_ELIGIBLE_CLIENT_BLOCKED))
        writing.cancel_messages(desk, case, reason)
        if case["service_state"] == ServiceState.SUSPENSION_REQUESTED:
            cutting.release(desk, case)
        if case["status"] == RecoveryCaseStatus.OPEN:
            status = RECOVERY_CASE.after("pause", RecoveryCaseStatus(case["status"]))
            desk.change(case, status=status, pause_reason=reason, next_step_due_at=None)
            desk.state(case, RecoveryCasePaused(**desk.case_ref(case), reason=reason))
        else:  # a pause that would have ended by itself does not end any more
            desk.change(case, pause_reason=reason, paused_until=None, version=case["version"] + 1)
