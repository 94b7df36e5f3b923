"""What the audit trail says of a request, a refusal or a change made by an event."""

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.caller import Caller, CallerKind
from runtime.headers import Cause
from runtime.unit_of_work import Change, UnitOfWork

if TYPE_CHECKING:
    from runtime.actor import Endpoint

AuditRow = tuple[Any, ...]

_IDENTICAL_DENIALS = 10


def action_of(endpoint: "Endpoint") -> str:
    """`clients.client.create`: actor, resource and the verb of the request."""
    contract = endpoint.contract
    resource = contract.permission.split(":")[1] if contract.permission else contract.name
    return f"{contract.actor}.{resource}.{contract.name.partition('_')[0]}"


def audit_rows(endpoint: "Endpoint", work: UnitOfWork) -> list[AuditRow]:
    """One entry per aggregate the handler changed; one without target when it changed none."""
    contract = endpoint.contract
    stream = f"{contract.actor}.access" if contract.query else contract.actor
    changes = work.changes or [Change("", None, None, None)]
    return [_row(work, stream, action_of(endpoint), contract.permission, change) for change in changes]


def change_rows(work: UnitOfWork, action: str) -> list[AuditRow]:
    """Entries of a mailbox batch, a job or a worker: one per aggregate changed."""
    return [_row(work, work.actor, action, None, change) for change in work.changes]


def _row(work: UnitOfWork, stream: str, action: str, permission: str | None, change: Change) -> AuditRow:
    cause = work.cause
    target = {"type": change.type, "id": str(change.id) if change.id else None} if change.type else None
    meta = {"session_id": work.caller.session_id} if work.caller.session_id else {}
    return (
        new_id(), work.organisation_id, stream, work.now, cause.causation_id, cause.correlation_id, work.caller.audit_actor(),
        action, permission, "ALLOWED", None, target, change.before, change.after, meta,
    )  # fmt: skip


def denied_row(
    endpoint: "Endpoint", cause: Cause, caller: Caller | None, organisation_id: UUID, refused: Refused, now: datetime
) -> AuditRow:
    """The entry of a request that was refused for lack of right."""
    contract = endpoint.contract
    who = caller or Caller(CallerKind.SYSTEM, service="anonymous")
    stream = f"{contract.actor}.access" if contract.query else contract.actor
    return (
        new_id(), organisation_id, stream, now, cause.causation_id, cause.correlation_id, who.audit_actor(),
        action_of(endpoint), contract.permission, "DENIED", refused.code.code, None, None, None, {},
    )  # fmt: skip


class DenialCounter:
    """After ten identical refusals in a minute the rest become one summary entry at the end of that minute."""

    def __init__(self) -> None:
        self._counts: dict[tuple[UUID, str, str, str], int] = defaultdict(int)
        self._last: dict[tuple[UUID, str, str, str], AuditRow] = {}

    def row(self, row: AuditRow) -> AuditRow | None:
        """The row to write now, or None when it only counts."""
        key = (row[1], str(row[6]["user_id"]), row[7], row[10])
        self._counts[key] += 1
        if self._counts[key] <= _IDENTICAL_DENIALS:
            return row
        self._last[key] = row
        return None

    def summaries(self) -> list[AuditRow]:
        """The summary entries of the minute that ends; counting starts again."""
        rows = [
            (new_id(), *row[1:14], {"count": self._counts[key] - _IDENTICAL_DENIALS}) for key, row in self._last.items()
        ]
        self._counts.clear()
        self._last.clear()
        return rows
