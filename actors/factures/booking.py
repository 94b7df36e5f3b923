"""Accounts of revenue, from what products mapped."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from actors.factures.rules.booking import RevenueAccount, mapped_account
from runtime.unit_of_work import UnitOfWork
from storage.factures.tables import product_view, revenue_account_view


async def accounts_of(product_ids: Sequence[UUID | None], company_id: UUID, work: UnitOfWork) -> dict[UUID | None, str]:
    """The account of each product that a mapping in force names; None stands for lines without product."""
    if not product_ids:
        return {}
    wanted = list({id_ for id_ in product_ids if id_ is not None})
    view, today = revenue_account_view.c, work.today()
    ranges = select(product_view.c.product_id, product_view.c.range_id).where(
        product_view.c.organisation_id == work.organisation_id, product_view.c.product_id == func.any(wanted)
    )
    of_range = {row["product_id"]: row["range_id"] for row in await work.fetch(ranges)} if wanted else {}
    statement = select(view.account, view.product_id, view.range_id, view.company_id).where(
        view.organisation_id == work.organisation_id,
        or_(
            view.product_id == func.any(wanted),
            view.range_id == func.any(list(of_range.values())),
            and_(view.product_id.is_(None), view.range_id.is_(None)),
        ),
        or_(view.company_id.is_(None), view.company_id == company_id),
        view.valid_from <= today,
        or_(view.valid_to.is_(None), view.valid_to >= today),
    )
    known = [RevenueAccount(**row) for row in await work.fetch(statement)]
    found = {id_: mapped_account(id_, of_range.get(id_), known) for id_ in [*wanted, None]} if known else {}
    return {id_: account for id_, account in found.items() if account is not None}
