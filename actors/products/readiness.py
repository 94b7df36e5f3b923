"""What must be in order before a version is sold; which of it blocks is a setting of the organisation."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from actors.products.requests.prices import is_vat_determined
from actors.products.rules import lifecycle
from actors.products.settings import settings_of
from messages.products.catalogue import Lifecycle, ProductNature
from messages.products.publications import Channel, ReadinessCheck, ReadinessCode
from messages.products.ranges import Sector
from messages.products.versions import PriceRole, TaxClass, VersionState
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.queries import among
from storage.products.tables import product_version

_DATED = (VersionState.SCHEDULED, VersionState.EFFECTIVE)


async def readiness_of(
    row: Row, version: Row | None, channels: Collection[Channel], company_id: UUID | None, work: UnitOfWork
) -> list[ReadinessCheck]:
    """What hangs on product and version; without channels those of the field and of telesales are looked at."""
    blocking = frozenset((await settings_of(work)).readiness_blocking)
    if version is None:
        version = await latest_dated(row["id"], work)
    if version is None:
        return [
            _check(ReadinessCode.VERSION_PRESENT, "no version is dated; schedule one", {ReadinessCode.VERSION_PRESENT})
        ]
    return [
        _check(ReadinessCode.PRICING_PRESENT, _missing_price(version), blocking),
        _check(ReadinessCode.VAT_DETERMINED, await _missing_vat(row, work), blocking),
    ]


async def window_check(version: Row, start: datetime, end: datetime | None, work: UnitOfWork) -> ReadinessCheck:
    """Whether the version holds during the whole window."""
    within = lifecycle.window_lies_within(start, end, version["effective_from"], version["effective_to"])
    problem = None if within else "the version does not cover the window; change it"
    return _check(ReadinessCode.VERSION_COVERS_WINDOW, problem, (await settings_of(work)).readiness_blocking)


async def lifecycle_check(row: Row, work: UnitOfWork) -> ReadinessCheck:
    """Whether the product is on sale at all."""
    active = row["lifecycle"] == Lifecycle.ACTIVE
    problem = None if active else f"the product is {row['lifecycle']}; make it ACTIVE with transition_product"
    return _check(ReadinessCode.LIFECYCLE_OK, problem, (await settings_of(work)).readiness_blocking)


def blocking_failures(checks: Iterable[ReadinessCheck]) -> list[ReadinessCheck]:
    """What stops the sale."""
    return [check for check in checks if check.blocking and not check.passed]


async def latest_dated(product_id: UUID, work: UnitOfWork) -> Row | None:
    """The version that is in force, else the one that comes next."""
    statement = queries.VERSION.where(
        product_version.c.organisation_id == work.organisation_id,
        product_version.c.product_id == product_id,
        among(product_version.c.state, _DATED),
    )
    return await work.fetch_one(statement.order_by(product_version.c.effective_from).limit(1))


# -- steps -------------------------------------------------------------------------------------------------------


def _check(code: ReadinessCode, problem: str | None, blocking: Collection[ReadinessCode]) -> ReadinessCheck:
    return ReadinessCheck(code=code.value, passed=problem is None, blocking=code in blocking, detail=problem)


def _missing_price(version: Row) -> str | None:
    priced = {rule["plan_code"] for rule in version["pricing"] or () if rule["role"] == PriceRole.RECURRING_PRICE}
    missing = [
        plan["code"]
        for plan in version["plans"] or ()
        if plan["active"] and None not in priced and plan["code"] not in priced
    ]
    if priced and not missing:
        return None
    return f"no price for plan {', '.join(missing) or 'DEFAULT'}; set a price rule"


async def _missing_vat(row: Row, work: UnitOfWork) -> str | None:
    known = await is_vat_determined(
        TaxClass(row["tax_class"]), ProductNature(row["nature"]), Sector(row["sector"]), work
    )
    return None if known else f"no VAT rate for {row['tax_class']}; enter it with upsert_vat_rate"
