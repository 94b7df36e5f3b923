"""Who asks: a person, another actor, the clock or the mailbox, or a provider's webhook."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from messages.errors import PERMISSION_MISSING
from messages.problem import Refused
from runtime.permission_patterns import PermissionSet


class CallerKind(StrEnum):
    """How the audit trail names the one who acts."""

    USER = "USER"
    SERVICE = "SERVICE"
    SYSTEM = "SYSTEM"
    WEBHOOK = "WEBHOOK"


@dataclass(frozen=True, slots=True)
class Caller:
    """The one on whose behalf a handler runs, and how far his rights go."""

    kind: CallerKind
    user_id: UUID | None = None
    service: str | None = None
    session_id: str | None = None
    membership_id: UUID | None = None
    permissions: PermissionSet | None = None
    company_ids: frozenset[UUID] | None = None
    data_scope: str = "ORGANISATION"
    remote_address: str | None = None
    """Of public requests over HTTP: nothing else is known of who asks."""

    @property
    def principal(self) -> str:
        """A stable name for idempotency records and `created_by` columns."""
        return str(self.user_id) if self.user_id is not None else f"actor:{self.service or 'system'}"

    def require(self, permission: str) -> None:
        """Refuse when a person lacks a further permission; actors and the clock hold them all."""
        if self.permissions is not None and not self.permissions.allows(permission):
            raise Refused(PERMISSION_MISSING, f"this needs the permission {permission}", required_permission=permission)

    def sees_company(self, company_id: UUID | None) -> bool:
        """Whether rows of that company are inside the caller's company scope."""
        return self.company_ids is None or company_id is None or company_id in self.company_ids

    def audit_actor(self) -> dict[str, Any]:
        """The `actor` field of an audit entry."""
        return {
            "type": self.kind.value,
            "user_id": str(self.user_id) if self.user_id else None,
            "service": self.service,
            "breakglass_session_id": None,
        }


def system(service: str, user_id: UUID | None = None) -> Caller:
    """The caller of mailbox, clock and workers."""
    return Caller(CallerKind.SYSTEM, user_id=user_id, service=service)
