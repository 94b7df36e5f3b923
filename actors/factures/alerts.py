"""What somebody must look at, said once for each finding."""

from uuid import UUID

from messages.factures.platform import AlertKind, InvoicingAlertRaised
from messages.values.identifiers import derived_id
from runtime.unit_of_work import UnitOfWork


def raise_alert(
    kind: AlertKind, company_id: UUID, detail: str, work: UnitOfWork, *, invoice_id: UUID | None = None
) -> None:
    """State an alert; the same finding on the same day has the same id."""
    alert_id = derived_id("invoicing_alert", work.organisation_id, company_id, kind, detail, work.today().isoformat())
    fact = InvoicingAlertRaised(
        alert_id=alert_id,
        company_id=company_id,
        kind=kind,
        detail=detail[:255],
        invoice_id=invoice_id,
        raised_at=work.now,
    )
    work.emit(fact, version=1, key=str(alert_id))
