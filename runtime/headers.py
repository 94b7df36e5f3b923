"""Message headers: their names, and the chain of causes that travels in them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from messages.values.instants import format_instant

AUTHORIZATION = "authorization"
ORGANISATION = "crm-organisation"
USER = "crm-user"
SERVICE = "crm-service"
"""On internal subjects only: which of the declared callers asks, for the audit trail."""
REMOTE_ADDRESS = "crm-remote-address"
"""The network address of who asks over HTTP, set by the bridge; requests that come over NATS have none."""
CORRELATION = "correlation_id"
CAUSATION = "crm-causation"
IDEMPOTENCY_KEY = "idempotency-key"
DEADLINE = "crm-deadline"
LOCALE = "crm-locale"
TIME = "crm-time"
TRACE_PARENT = "traceparent"
REQUEST_ID = "crm-request-id"
REPLAYED = "crm-replayed"
SERVICE_ERROR = "Nats-Service-Error"
SERVICE_ERROR_CODE = "Nats-Service-Error-Code"
MESSAGE_ID = "Nats-Msg-Id"

CE_ID = "ce-id"
CE_TYPE = "ce-type"
CE_SOURCE = "ce-source"
CE_TIME = "ce-time"
CE_SUBJECT = "ce-subject"
CE_SPEC_VERSION = "ce-specversion"
CE_DATA_SCHEMA = "ce-dataschema"
CE_ORGANISATION = "ce-crmorganisation"
CE_VERSION = "ce-crmversion"
CE_CORRELATION = "ce-crmcorrelation"
CE_CAUSATION = "ce-crmcausation"
CE_USER = "ce-crmuser"

NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is being done: what everything that follows from it carries on."""

    correlation_id: str
    causation_id: str
    user_id: UUID | None = None
    simulated_time: datetime | None = None
    trace_parent: str | None = None
    token: str | None = None
    deadline: float | None = None

    def caused_by(self, message_id: str) -> "Cause":
        """The cause of what follows from that message."""
        return replace(self, causation_id=message_id)

    def headers(self) -> dict[str, str]:
        """The headers of an onward request or stored work item; never the token."""
        found = {CORRELATION: self.correlation_id, CAUSATION: self.causation_id}
        if self.user_id is not None:
            found[USER] = str(self.user_id)
        if self.simulated_time is not None:
            found[TIME] = format_instant(self.simulated_time)
        if self.trace_parent is not None:
            found[TRACE_PARENT] = self.trace_parent
        return found
