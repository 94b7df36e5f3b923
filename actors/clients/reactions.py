"""What clients hears from the other actors."""

from messages.identity import CompanyCreated
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import company_ref
from storage.projections import keep_newest


async def keep_company(event: CompanyCreated, work: UnitOfWork) -> None:
    """The companies a client may belong to."""
    await work.execute(
        keep_newest(
            company_ref,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            code=event.code,
            legal_name=event.legal_name,
            status=event.status,
            version=work.source_version,
        )
    )
