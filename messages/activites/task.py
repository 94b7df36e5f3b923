"""Tasks: what must be done, by whom, before when."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.errors import NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, text_of

TASK_NOT_FOUND = NOT_FOUND.specific("TASK_NOT_FOUND", "Tâche introuvable", "Task not found")
TASK_CLOSED = PRECONDITION_FAILED.specific("TASK_CLOSED", "Tâche terminée", "Task is closed")
ALREADY_CLAIMED = PRECONDITION_FAILED.specific("ALREADY_CLAIMED", "Tâche déjà prise", "Task already claimed")
ASSIGNEE_INACTIVE = VALIDATION_FAILED.specific("ASSIGNEE_INACTIVE", "Utilisateur inactif", "Assignee inactive")
DUE_IN_PAST = VALIDATION_FAILED.specific("DUE_IN_PAST", "Échéance passée", "Due date in the past")
LINK_MISMATCH = VALIDATION_FAILED.specific("LINK_MISMATCH", "Liens incohérents", "Links do not agree")


class TaskType(StrEnum):
    """What kind of work it is."""

    CALL = "CALL"
    EMAIL = "EMAIL"
    MEETING = "MEETING"
    UNPAID_FOLLOW_UP = "UNPAID_FOLLOW_UP"
    CONTRACT_FOLLOW_UP = "CONTRACT_FOLLOW_UP"
    RENEWAL = "RENEWAL"
    FOLLOW_UP = "FOLLOW_UP"
    REMINDER = "REMINDER"
    ADDRESS_CHECK = "ADDRESS_CHECK"
    DOCUMENT_CHECK = "DOCUMENT_CHECK"
    POSTAL = "POSTAL"
    OTHER = "OTHER"


class TaskPriority(StrEnum):
    """How soon it must be done; it decides the due date where none is given."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class TaskStatus(StrEnum):
    """Where a task stands."""

    TODO = "TODO"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class TaskResolution(StrEnum):
    """Who or what ended a task."""

    MANUAL = "MANUAL"
    AUTO_RESOLVED = "AUTO_RESOLVED"
    DUPLICATE = "DUPLICATE"


class TaskPeriod(StrEnum):
    """Civil periods that a list of tasks may be about, in the organisation's zone; weeks begin on Monday."""

    TODAY = "TODAY"
    THIS_WEEK = "THIS_WEEK"
    THIS_MONTH = "THIS_MONTH"
    NEXT_7_DAYS = "NEXT_7_DAYS"
    NO_DATE = "NO_DATE"


Title = Annotated[str, text_of(200), PRINTABLE]
LongText = Annotated[str, Field(max_length=20_000), PRINTABLE]
QueueRole = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]{0,39}$")]


class TaskSnapshot(Reply):
    """The visible state of a task."""

    task_id: UUID
    number: str
    title: str
    type: TaskType
    priority: TaskPriority
    status: TaskStatus
    due_at: Instant | None = None
    due_date: date | None = None
    assignee_id: UUID | None = None
    queue_role: str | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    source_key: str | None = None
    action_id: UUID | None = None
    reminder_id: UUID | None = None
    outcome: str | None = None


class Task(TaskSnapshot):
    """A task in full. `overdue` is as of now."""

    description: str | None
    due_time: time | None
    overdue: bool
    resolution: TaskResolution | None
    cancel_reason: str | None
    started_at: Instant | None
    completed_at: Instant | None
    completed_by: UUID | None
    cancelled_at: Instant | None
    created_by: str
    created_at: Instant
    version: int


class TaskPage(Page[Task]):
    """Tasks by due date (those without date last), then number."""


class TaskList(Reply):
    """Some tasks, in the order they were asked for."""

    tasks: tuple[Task, ...]


class CreateTask(Request[Task]):
    """Add work for a user or for a role's queue. Without due date the priority decides, in business days."""

    title: Title
    description: LongText | None = None
    type: TaskType = TaskType.OTHER
    priority: TaskPriority = TaskPriority.NORMAL
    due_date: date | None = None
    due_time: time | None = Field(default=None, description="local time; left out: the whole day")
    assignee_id: UUID | None = Field(default=None, description="left out: the caller, unless queue_role is given")
    queue_role: QueueRole | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    source_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> "CreateTask":
        if self.assignee_id is not None and self.queue_role is not None:
            raise refusal("ASSIGNMENT", "give assignee_id or queue_role, not both")
        if self.due_time is not None and self.due_date is None:
            raise refusal("DUE_DATE_REQUIRED", "due_time needs a due_date; give both or neither")
        return self


class UpdateTask(Request[Task]):
    """Change a task; a field left out stays, null clears it. The status changes by the verbs only."""

    task_id: UUID
    expected_version: int
    title: Title | None = None
    description: LongText | None = None
    type: TaskType | None = None
    priority: TaskPriority | None = None
    due_date: date | None = None
    due_time: time | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None


class GetTask(Request[Task], query=True):
    """One task."""

    task_id: UUID


class ListTasks(PageRequest, Request[TaskPage], query=True, resource="task"):
    """The tasks of the organisation, filtered; a salesperson sees his own only."""

    status: tuple[TaskStatus, ...] = ()
    type: tuple[TaskType, ...] = ()
    priority: tuple[TaskPriority, ...] = ()
    mine: bool = Field(default=False, description="assigned to the caller")
    assignee_id: UUID | None = None
    queue_role: QueueRole | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    overdue: bool | None = None
    period: TaskPeriod | None = None
    include_overdue: bool = Field(default=True, description="with period: open tasks of earlier days too")
    due_from: date | None = None
    due_to: date | None = None


class AssignTask(Request[TaskList], permission="activites:task:assign"):
    """Give tasks to a user, or back to a role's queue."""

    task_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    assignee_id: UUID | None = None
    queue_role: QueueRole | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "AssignTask":
        if (self.assignee_id is None) == (self.queue_role is None):
            raise refusal("ASSIGNMENT", "give either assignee_id or queue_role")
        return self


class ClaimTask(Request[Task]):
    """Take a task from a queue; of two who try, one gets it."""

    task_id: UUID


class StartTask(Request[Task], permission="activites:task:write"):
    """Begin to work on it."""

    task_id: UUID


class CompleteTask(Request[Task], permission="activites:task:write"):
    """It is done; repeating answers the same task."""

    task_id: UUID
    outcome: Annotated[str, text_of(100), PRINTABLE] | None = None


class CancelTask(Request[Task], permission="activites:task:write"):
    """It need not be done."""

    task_id: UUID
    reason: Annotated[str, text_of(200), PRINTABLE]


class ReopenTask(Request[Task], permission="activites:task:write"):
    """It must be done after all; within 90 days of its end."""

    task_id: UUID
    due_date: date | None = None


class TaskCreated(TaskSnapshot, Event, aggregate="task", personal=True):
    """There is work to do; who ordered it finds it by action_id or reminder_id."""


class TaskUpdated(TaskSnapshot, Event, aggregate="task", personal=True):
    """Something but the status changed."""

    changed_fields: tuple[str, ...]


class TaskAssigned(TaskSnapshot, Event, aggregate="task", personal=True):
    """A user has a new task."""

    previous_assignee_id: UUID | None = None
    assigned_by: UUID | None = None


class TaskStarted(TaskSnapshot, Event, aggregate="task", personal=True):
    """Somebody works on it."""


class TaskCompleted(TaskSnapshot, Event, aggregate="task", personal=True):
    """It is done, by a person or because its reason is gone."""

    resolution: TaskResolution
    by: UUID | None = None
    at: Instant


class TaskCancelled(TaskSnapshot, Event, aggregate="task", personal=True):
    """It need not be done."""

    reason: str
    by: UUID | None = None
    at: Instant


class TaskReopened(TaskSnapshot, Event, aggregate="task", personal=True):
    """It must be done after all."""

    by: UUID | None
    at: Instant


class DueTask(Reply):
    """A task in a list of due ones."""

    id: UUID
    title: str


class TaskDueTomorrow(Event, aggregate="task", personal=True, aggregate_id="user_id"):
    """What a user has to do tomorrow; `total` counts those beyond the list too."""

    user_id: UUID
    tasks: tuple[DueTask, ...]
    total: int


class TaskOverdue(Event, aggregate="task", personal=True):
    """The due instant passed; stated once for each due instant."""

    task_id: UUID
    assignee_id: UUID | None = None
    queue_role: str | None = None
    title: str
    due_at: Instant
    priority: TaskPriority
