"""What must be in order before a version is sold; which of it blocks is a setting of the organisation."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from actors.products.partners import active_companies
from actors.products.requests.accounting import unmapped_natures
from actors.products.requests.prices import is_vat_determined
from actors.products.requests.ranges import ancestors_of
from actors.products.rules import lifecycle
from actors.products.rules.documents import missing_documents
from actors.products.settings import settings_of
from actors.products.version_documents import published_types
from messages.products.catalogue import Lifecycle, ProductKind, ProductNature, RevenueModel
from messages.products.publications import Channel, ReadinessCheck, ReadinessCode
from messages.products.ranges import Sector
from messages.products.versions import PriceRole, TaxClass, VersionState
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.queries import among
from storage.products.tables import commission_plan_ref, product_version, quality_rule

_DATED = (VersionState.SCHEDULED, VersionState.EFFECTIVE)
_WITHOUT_PUBLICATION = frozenset({Channel.FIELD, Channel.TELESALES})


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
        _check(
            ReadinessCode.DOCUMENTS_COMPLETE,
            await _missing_documents(row, version, channels or _WITHOUT_PUBLICATION, work),
            blocking,
        ),
        _check(ReadinessCode.ACCOUNTING_MAPPED, await _missing_accounts(row, company_id, work), blocking),
        await _commission_check(row, company_id, blocking, work),
        _check(ReadinessCode.PARTNER_ACTIVE, await _inactive_partner(row, company_id, work), blocking),
        _check(ReadinessCode.ELIGIBILITY_VALID, None, blocking),  # the value object refuses inverted bounds
        _check(ReadinessCode.QUALITY_RULE_PRESENT, await _missing_quality_rule(version, work), blocking),
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


async def _missing_documents(row: Row, version: Row, channels: Collection[Channel], work: UnitOfWork) -> str | None:
    present = await published_types(version["id"], channels, work)
    missing = missing_documents(Sector(row["sector"]), row["product_type"], channels, present)
    names = ", ".join(type_.value for type_ in missing)
    return f"documents_complete({names}): publish these documents of the version" if missing else None


async def _missing_accounts(row: Row, company_id: UUID | None, work: UnitOfWork) -> str | None:
    missing = await unmapped_natures(row, RevenueModel(row["revenue_model"]), company_id, work)
    names = ", ".join(nature.value for nature in missing)
    return f"no validated account for {names}; set and validate an account mapping" if missing else None


async def _commission_check(
    row: Row, company_id: UUID | None, blocking: Collection[ReadinessCode], work: UnitOfWork
) -> ReadinessCheck:
    """Whether somebody is paid for selling it; what earns no commission is sold without, too."""
    plan, ranges = commission_plan_ref.c, await ancestors_of(row["range_id"], work)
    covering = select(plan.plan_id).where(
        plan.organisation_id == work.organisation_id,
        plan.active,
        plan.effective_to.is_(None) | (plan.effective_to >= work.today()),
        plan.product_id.is_(None) | (plan.product_id == row["id"]),
        plan.product_range_id.is_(None) | among(plan.product_range_id, ranges),
        plan.product_type.is_(None) | (plan.product_type == row["product_type"]),
        plan.company_id.is_(None) | (plan.company_id == (company_id or row["owner_company_id"])),
    )
    known = await work.fetch_value(covering.limit(1)) is not None
    problem = None if known else "no published commission plan covers the product; publish one in commercial"
    earns = row["revenue_model"] in (RevenueModel.COMMISSION, RevenueModel.MIXED)
    return _check(ReadinessCode.COMMISSION_PLAN_PRESENT, problem, blocking if earns else ())


async def _inactive_partner(row: Row, company_id: UUID | None, work: UnitOfWork) -> str | None:
    if row["kind"] != ProductKind.PARTNER:
        return None
    wanted = company_id or row["owner_company_id"]
    sells = await active_companies(row["product_partner_id"], work)
    if wanted in sells or (wanted is None and sells):
        return None
    return "its partner is not ACTIVE or not activated for the company; see set_partner_company_activation"


async def _missing_quality_rule(version: Row, work: UnitOfWork) -> str | None:
    known = select(quality_rule.c.id).where(
        quality_rule.c.organisation_id == work.organisation_id, quality_rule.c.version_id == version["id"]
    )
    return None if await work.fetch_value(known) is not None else "the version has no quality rule; set one"
