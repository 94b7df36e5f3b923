"""Staff alerts as the finance team sees them."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import views
from actors.payments.rules.machines import ALERT
from messages.payments import (
    ALERT_NOT_FOUND,
    AcknowledgeAlert,
    AlertCodeCount,
    AlertSeverity,
    AlertStats,
    AlertStatus,
    GetAlertStats,
    ListAlerts,
    PaymentAlert,
    PaymentAlertAcknowledged,
    PaymentAlertPage,
    ResolveAlert,
    SeverityCount,
)
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.others import alert


async def list_alerts(request: ListAlerts, work: UnitOfWork) -> PaymentAlertPage:
    """A page of alerts, newest first."""
    statement = select(alert).where(alert.c.organisation_id == work.organisation_id)
    if request.status:
        statement = statement.where(alert.c.status.in_(request.status))
    if request.code is not None:
        statement = statement.where(alert.c.code == request.code)
    return await page(
        work,
        request,
        statement,
        order=(alert.c.created_at, alert.c.id),
        descending=True,
        reply=PaymentAlertPage,
        item=views.alert_of,
    )


async def acknowledge_alert(request: AcknowledgeAlert, work: UnitOfWork) -> PaymentAlert:
    """Take an alert; taking it again, or when its cause has gone meanwhile, changes nothing."""
    row = await _locked(work, request.alert_id)
    status = ALERT.after("acknowledge", AlertStatus(row["status"]))
    if row["status"] == status or work.caller.user_id is None:
        return views.alert_of(row)
    changed = {"status": status, "acknowledged_by": work.caller.user_id, "acknowledged_at": work.now}
    fact = PaymentAlertAcknowledged(alert_id=row["id"], by=work.caller.user_id)
    work.emit(fact, version=row["version"] + 1)
    return await _changed(work, row, changed)


async def resolve_alert(request: ResolveAlert, work: UnitOfWork) -> PaymentAlert:
    """Close an alert; how it was settled is in the audit trail."""
    row = await _locked(work, request.alert_id)
    status = ALERT.after("resolve", AlertStatus(row["status"]))
    if row["status"] == status:
        return views.alert_of(row)
    work.record("payment_alert", row["id"], after={"status": status, "resolution": request.resolution})
    return await _changed(work, row, {"status": status})


async def get_alert_stats(request: GetAlertStats, work: UnitOfWork) -> AlertStats:
    """Counts of what waits."""
    rows = await work.fetch(
        select(alert.c.severity, alert.c.code, alert.c.status, func.count().label("count"))
        .where(
            alert.c.organisation_id == work.organisation_id,
            alert.c.status.in_((AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)),
        )
        .group_by(alert.c.severity, alert.c.code, alert.c.status)
    )
    severities: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for row in rows:
        severities[row["severity"]] += row["count"]
        codes[row["code"]] += row["count"]
    return AlertStats(
        total=severities.total(),
        unacknowledged=sum(row["count"] for row in rows if row["status"] == AlertStatus.OPEN),
        by_severity=tuple(
            SeverityCount(severity=AlertSeverity(severity), count=count)
            for severity, count in sorted(severities.items())
        ),
        by_code=tuple(AlertCodeCount(code=code, count=count) for code, count in sorted(codes.items())),
    )


async def _locked(work: UnitOfWork, alert_id: UUID) -> Row:
    return await work.load(
        select(alert).where(alert.c.organisation_id == work.organisation_id, alert.c.id == alert_id).with_for_update(),
        "alert",
        code=ALERT_NOT_FOUND,
    )


async def _changed(work: UnitOfWork, row: Row, changed: dict[str, Any]) -> PaymentAlert:
    stamp = {"version": row["version"] + 1, "updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(update(alert).where(alert.c.id == row["id"]).values(**changed, **stamp))
    return views.alert_of({**row, **changed, **stamp})
