"""Requests about the VAT table."""

from typing import Any

from sqlalchemy import select, update

from actors.products import views
from actors.products.rows import changed_row, new_row
from messages.problem import Refused
from messages.products.events import VatRateSaved
from messages.products.price_lists import DATES_INVERTED
from messages.products.vat import (
    VAT_RATE_OVERLAP,
    ListVatRates,
    UpsertVatRate,
    VatRate,
    VatRatePage,
)
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import vat_rate


async def upsert_vat_rate(request: UpsertVatRate, work: UnitOfWork) -> VatRate:
    """Enter or correct a rate."""
    if request.valid_to is not None and request.valid_to < request.valid_from:
        raise Refused.field("valid_to", "range", "valid_to lies before valid_from; exchange them", DATES_INVERTED)
    rows = await work.fetch(
        _all(work).where(vat_rate.c.zone == request.zone, vat_rate.c.tax_class == request.tax_class).with_for_update()
    )
    same = next((row for row in rows if row["valid_from"] == request.valid_from), None)
    for row in rows:
        ends_before = row["valid_to"] is not None and row["valid_to"] < request.valid_from
        starts_after = request.valid_to is not None and row["valid_from"] > request.valid_to
        if row is not same and not ends_before and not starts_after:
            raise Refused(
                VAT_RATE_OVERLAP,
                f"the rate of {row['valid_from']} holds at the same time; end it with valid_to first",
                details={"vat_rate_id": str(row["id"])},
            )
    fields = request.model_dump()
    if same is None:
        stored = {**new_row(new_id(), work), **fields}
        await insert_rate(stored, work)
        return views.vat_rate_of(stored)
    version = same["version"] + 1
    await work.execute(
        update(vat_rate).where(vat_rate.c.id == same["id"]).values(**fields, **changed_row(version, work))
    )
    after = views.vat_rate_of({**same, **fields})
    work.emit(VatRateSaved(**dict(after)), version=version)
    return after


async def insert_rate(row: dict[str, Any], work: UnitOfWork) -> None:
    """Store a new rate and say so; the seeds come this way too."""
    await work.insert(vat_rate, **row)
    work.emit(VatRateSaved(**dict(views.vat_rate_of(row))), version=1)


async def list_vat_rates(request: ListVatRates, work: UnitOfWork) -> VatRatePage:
    """A page of rates by zone, class and date."""
    statement = _all(work)
    if request.zone is not None:
        statement = statement.where(vat_rate.c.zone == request.zone)
    if request.tax_class is not None:
        statement = statement.where(vat_rate.c.tax_class == request.tax_class)
    if request.on_date is not None:
        day = request.on_date
        statement = statement.where(
            vat_rate.c.valid_from <= day, vat_rate.c.valid_to.is_(None) | (vat_rate.c.valid_to >= day)
        )
    order = (vat_rate.c.zone, vat_rate.c.tax_class, vat_rate.c.valid_from, vat_rate.c.id)
    return await page(work, request, statement, order=order, reply=VatRatePage, item=views.vat_rate_of)


def _all(work: UnitOfWork) -> Any:
    return select(vat_rate).where(vat_rate.c.organisation_id == work.organisation_id)
