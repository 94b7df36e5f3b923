"""What recovery asks people to do."""

from datetime import datetime

from actors.payments.recovery.desk import Desk, Row
from messages.payments import DunningActionRequested, StaffAction, TaskPriority
from messages.values.identifiers import new_id


def ask_people(
    desk: Desk,
    case: Row,
    action: StaffAction,
    title: str,
    priority: TaskPriority,
    step: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Order work from the collaborator who has the case, else from whoever recovers debts; dunning_action.requested."""
    fact = DunningActionRequested(
        action_id=new_id(),
        action=action,
        step_code=step,
        case_id=case["id"],
        title=f"{title} ({case['number']})",
        priority=priority,
        due_at=due_at,
        assignee_id=case["assigned_to"],
        company_id=case["company_id"],
        client_id=case["client_id"],
        contract_id=case["contract_id"],
        invoice_id=next((item["invoice_id"] for item in desk.items_of(case) if item["outstanding"] > 0), None),
    )
    desk.work.emit(fact, version=1)
