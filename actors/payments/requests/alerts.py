"""Staff alerts as the finance team sees them."""

from sqlalchemy import select, update

from actors.payments import views
from messages.payments import (
    ALERT_NOT_FOUND,
    AcknowledgeAlert,
    AlertStatus,
    ListAlerts,
    PaymentAlert,
    PaymentAlertAcknowledged,
    PaymentAlertPage,
)
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
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
    """Take an alert; taking it again, or when its cause has gone, changes nothing."""
    row = await work.load(
        select(alert)
        .where(alert.c.organisation_id == work.organisation_id, alert.c.id == request.alert_id)
        .with_for_update(),
        "alert",
        code=ALERT_NOT_FOUND,
    )
    if row["status"] != AlertStatus.OPEN or work.caller.user_id is None:
        return views.alert_of(row)
    changed = {
        "status": AlertStatus.ACKNOWLEDGED,
        "acknowledged_by": work.caller.user_id,
        "acknowledged_at": work.now,
        "version": row["version"] + 1,
    }
    await work.execute(update(alert).where(alert.c.id == row["id"]).values(**changed))
    fact = PaymentAlertAcknowledged(alert_id=row["id"], by=work.caller.user_id)
    work.emit(fact, version=row["version"] + 1)
    return views.alert_of({**row, **changed})
