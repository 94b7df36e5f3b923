"""Staff alerts: what a person of the finance team must look at."""

from uuid import UUID

from messages.base import Event, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.vocabulary import AlertChannel, AlertSeverity, AlertStatus
from messages.shared import Ref
from messages.values.instants import Instant
from messages.values.text import Label


class PaymentAlert(Reply):
    """Something a person must look at."""

    id: UUID
    company_id: UUID | None
    code: str
    severity: AlertSeverity
    title: str
    message: str
    status: AlertStatus
    occurrences: int
    refs: tuple[Ref, ...]
    acknowledged_by: UUID | None
    created_at: Instant
    version: int


class PaymentAlertPage(Page[PaymentAlert]):
    """Alerts, newest first."""


class ListAlerts(PageRequest, Request[PaymentAlertPage], query=True, permission="payments:payment_alert:read"):
    """Staff alerts by state and code."""

    status: tuple[AlertStatus, ...] = ()
    code: str | None = None


class AcknowledgeAlert(Request[PaymentAlert], permission="payments:payment_alert:acknowledge"):
    """Say that somebody is looking at an alert."""

    alert_id: UUID


class ResolveAlert(Request[PaymentAlert], permission="payments:payment_alert:acknowledge"):
    """Say that the cause is gone; if it comes again, a new alert is raised. A second time changes nothing."""

    alert_id: UUID
    resolution: Label


class SeverityCount(Reply):
    """Alerts of one severity."""

    severity: AlertSeverity
    count: int


class AlertCodeCount(Reply):
    """Alerts of one code."""

    code: str
    count: int


class AlertStats(Reply):
    """Alerts that are not resolved; `unacknowledged` are those that nobody took yet."""

    total: int
    unacknowledged: int
    by_severity: tuple[SeverityCount, ...]
    by_code: tuple[AlertCodeCount, ...]


class GetAlertStats(Request[AlertStats], query=True, permission="payments:payment_alert:read"):
    """How many alerts wait, by severity and code."""


class PaymentAlertRaised(Event, aggregate="payment_alert", aggregate_id="alert_id"):
    """Staff must look at something; texts name references, never people."""

    alert_id: UUID
    severity: AlertSeverity
    code: str
    company_id: UUID | None = None
    title: str
    message: str
    refs: tuple[Ref, ...]
    channels: tuple[AlertChannel, ...]


class PaymentAlertAcknowledged(Event, aggregate="payment_alert", aggregate_id="alert_id"):
    """Somebody is looking at it."""

    alert_id: UUID
    by: UUID
