"""Staff alerts: one per subject and day; a repetition only counts."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from messages.payments import AlertChannel, AlertSeverity, AlertStatus, PaymentAlertRaised
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.others import alert

_QUIET = timedelta(hours=24)
_CHANNELS = {
    AlertSeverity.CRITICAL: (AlertChannel.EMAIL, AlertChannel.CHAT, AlertChannel.UI),
    AlertSeverity.WARNING: (AlertChannel.EMAIL, AlertChannel.UI),
    AlertSeverity.INFO: (AlertChannel.UI,),
}


async def raise_alert(
    work: UnitOfWork,
    code: str,
    severity: AlertSeverity,
    title: str,
    message: str,
    *,
    about: object,
    company_id: UUID | None = None,
    refs: Sequence[Ref] = (),
) -> None:
    """Tell the staff once in 24 hours per code and subject; texts name references, never people."""
    key = f"{code}|{about}"
    known = await work.fetch_value(
        select(alert.c.id).where(
            alert.c.organisation_id == work.organisation_id,
            alert.c.dedupe_key == key,
            alert.c.status != AlertStatus.RESOLVED,
            alert.c.last_seen_at > work.now - _QUIET,
        )
    )
    if known is not None:
        changed = {"occurrences": alert.c.occurrences + 1, "last_seen_at": work.now}
        await work.execute(update(alert).where(alert.c.id == known).values(changed))
        return
    alert_id = new_id()
    await work.insert(
        alert,
        id=alert_id,
        organisation_id=work.organisation_id,
        version=1,
        created_at=work.now,
        created_by=work.caller.principal,
        updated_at=work.now,
        updated_by=work.caller.principal,
        company_id=company_id,
        code=code,
        severity=severity,
        title=title,
        message=message,
        status=AlertStatus.OPEN,
        refs=[ref.model_dump(mode="json") for ref in refs],
        dedupe_key=key,
        occurrences=1,
        last_seen_at=work.now,
    )
    fact = PaymentAlertRaised(
        alert_id=alert_id,
        severity=severity,
        code=code,
        company_id=company_id,
        title=title,
        message=message,
        refs=tuple(refs),
        channels=_CHANNELS[severity],
    )
    work.emit(fact, version=1)
