"""Mails that left are activities."""

from sqlalchemy import select

from actors.activites import recording
from messages.activites import ActivitySource, Direction, TimelineKind
from messages.engagement import EmailCategory, EmailSent
from runtime.unit_of_work import UnitOfWork
from storage.activites.tables import invoice_ref

_SUBJECTS = {
    "client.welcome": "E-mail de bienvenue",
    "contract.signed": "Contrat signé envoyé",
    "contract.termination_acknowledged": "Accusé de résiliation envoyé",
    "contract.termination_revoked": "Annulation de résiliation confirmée",
    "invoice.available": "Facture envoyée",
    "debit.prenotification": "Préavis de prélèvement envoyé",
    "reminder.level1": "Relance envoyée (niveau 1)",
    "reminder.level2": "Relance envoyée (niveau 2)",
    "reminder.level3": "Relance envoyée (niveau 3)",
    "reminder.debit_failed": "Prélèvement rejeté annoncé",
    "reminder.please_pay": "Relance envoyée",
    "reminder.suspension_warning": "Avertissement avant suspension envoyé",
    "reminder.suspended": "Suspension annoncée",
    "reminder.thanks": "Remerciement de règlement envoyé",
    "free": "E-mail envoyé",
}


async def record_mail(event: EmailSent, work: UnitOfWork) -> None:
    """A mail to a client, with the contract or invoice it was about."""
    if event.client_id is None or event.category is EmailCategory.INTERNAL:
        return
    contract_id, invoice_id = None, None
    if event.reference is not None and event.reference.type == "contract":
        contract_id = event.reference.id
    if event.reference is not None and event.reference.type == "invoice":
        invoice_id = event.reference.id
        contract_id = await work.fetch_value(
            select(invoice_ref.c.contract_id).where(
                invoice_ref.c.organisation_id == work.organisation_id, invoice_ref.c.invoice_id == invoice_id
            )
        )
    await recording.record(
        recording.Deed(
            type_code="EMAIL",
            occurred_at=event.sent_at,
            subject=_SUBJECTS.get(event.purpose, f"E-mail envoyé ({event.purpose})"),
            direction=Direction.OUTBOUND,
            source=ActivitySource.EMAIL,
            purpose=event.purpose,
            client_id=event.client_id,
            contract_id=contract_id,
            invoice_id=invoice_id,
            source_ref=f"email:{event.email_id}",
        ),
        counts_as_contact=True,
        work=work,
        kind=TimelineKind.EMAIL_OUT,
    )
