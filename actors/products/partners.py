"""The suppliers of partner products: which companies sell for them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from messages.products.partners import ProductPartnerStatus
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import product_partner, product_partner_activation


async def activations_of(partner_ids: Sequence[UUID], work: UnitOfWork) -> dict[UUID, list[Row]]:
    """Every company that sells or sold for each of the partners."""
    rows = await work.fetch(
        select(product_partner_activation)
        .where(
            product_partner_activation.c.organisation_id == work.organisation_id,
            among(product_partner_activation.c.product_partner_id, partner_ids),
        )
        .order_by(product_partner_activation.c.company_id)
    )
    found: dict[UUID, list[Row]] = {partner_id: [] for partner_id in partner_ids}
    for row in rows:
        found[row["product_partner_id"]].append(row)
    return found


async def active_companies(partner_id: UUID, work: UnitOfWork) -> set[UUID]:
    """The companies that may sell the partner's products: none unless he is ACTIVE."""
    status = select(product_partner.c.status).where(
        product_partner.c.organisation_id == work.organisation_id, product_partner.c.id == partner_id
    )
    if await work.fetch_value(status) != ProductPartnerStatus.ACTIVE:
        return set()
    activations = (await activations_of([partner_id], work))[partner_id]
    return {row["company_id"] for row in activations if row["active"]}
