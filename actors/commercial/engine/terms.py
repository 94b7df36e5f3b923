"""The terms of a plan version."""

from uuid import UUID

from sqlalchemy import select

from messages.commercial import PlanTerms
from runtime.unit_of_work import UnitOfWork
from storage.commercial.tables import commission_plan_version


async def terms_of(version_id: UUID, work: UnitOfWork) -> PlanTerms:
    """What the version that granted a commission says."""
    payload = select(commission_plan_version.c.payload).where(
        commission_plan_version.c.organisation_id == work.organisation_id, commission_plan_version.c.id == version_id
    )
    return PlanTerms.model_validate(await work.fetch_value(payload))
