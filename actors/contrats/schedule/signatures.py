"""Jobs: requests for signatures are read at the provider when it keeps silent, or when their last day has passed."""

from datetime import timedelta

from sqlalchemy import or_, select

from actors.contrats.signature.reconciling import ReadEnvelope
from messages.contrats.signatures import SignatureStatus
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import signature_request

_SILENCE = timedelta(hours=24)


async def read_silent_signatures(moment: Moment, work: UnitOfWork) -> object:
    """Hour: a webhook may be lost: look oneself at what nobody spoke of for a day, or what is over by its date."""
    rows = await work.fetch(
        select(signature_request.c.id)
        .where(
            signature_request.c.organisation_id == work.organisation_id,
            signature_request.c.status == SignatureStatus.ONGOING,
            or_(
                signature_request.c.read_at <= moment.as_of - _SILENCE,
                signature_request.c.expires_at <= moment.as_of,
            ),
        )
        .order_by(signature_request.c.id)
    )
    for row in rows:
        item = ReadEnvelope(signature_request_id=row["id"])
        work.order(item, key=f"{row['id']}:{moment.as_of.isoformat()}")
    return None
