"""Requests about bundles."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.offering import load_offering
from actors.products.rows import changed_row, locked_product, new_row
from actors.products.rules import bundles as rules
from actors.products.rules import pricing
from actors.products.rules.bundles import Component, Share
from actors.products.rules.offers import Line
from messages.problem import Refused
from messages.products.bundles import (
    BUNDLE_INVALID,
    BUNDLE_NESTED,
    BUNDLE_NOT_FOUND,
    Bundle,
    BundleComponent,
    BundleLine,
    BundlePrice,
    BundleQuotation,
    CreateBundle,
    GetBundle,
    PriceBundle,
    UpdateBundle,
)
from messages.products.pricing import LineDraft
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import bundle, product


async def create_bundle(request: CreateBundle, work: UnitOfWork) -> Bundle:
    """Make a product a bundle."""
    row = await locked_product(request.product_id, work)
    await _check(row, request.components, request.pricing, work)
    stored = {
        **new_row(new_id(), work),
        "product_id": row["id"],
        "vat_treatment": request.vat_treatment,
        **_as_json(request.components, request.pricing),
    }
    if not await work.execute(insert(bundle).values(**stored).on_conflict_do_nothing()):
        raise Refused(BUNDLE_INVALID, f"{row['sku']} is a bundle already; change it with update_bundle")
    work.record("bundle", stored["id"], after={"product": row["sku"], "components": len(request.components)})
    return views.bundle_of(stored)


async def update_bundle(request: UpdateBundle, work: UnitOfWork) -> Bundle:
    """Change what was sent."""
    found = _all(work).where(bundle.c.id == request.bundle_id)
    row = await work.load(found, "bundle", code=BUNDLE_NOT_FOUND)
    product_row = await locked_product(row["product_id"], work)
    row = await work.load(found.with_for_update(), "bundle", code=BUNDLE_NOT_FOUND)
    work.check_version(request.expected_version, row["version"])
    before = views.bundle_of(row)
    components, price = request.components or before.components, request.pricing or before.pricing
    await _check(product_row, components, price, work)
    changed = {
        "vat_treatment": request.vat_treatment or before.vat_treatment,
        **_as_json(components, price),
        **changed_row(row["version"] + 1, work),
    }
    await work.execute(update(bundle).where(bundle.c.id == row["id"]).values(**changed))
    work.record("bundle", row["id"], before={"version": row["version"]}, after={"version": changed["version"]})
    return views.bundle_of({**row, **changed})


async def get_bundle(request: GetBundle, work: UnitOfWork) -> Bundle:
    """One bundle."""
    by_id = bundle.c.id == request.bundle_id
    statement = _all(work).where(by_id if request.bundle_id is not None else bundle.c.product_id == request.product_id)
    return views.bundle_of(await work.load(statement, "bundle", code=BUNDLE_NOT_FOUND))


async def price_bundle(request: PriceBundle, work: UnitOfWork) -> BundleQuotation:
    """Price the components alone, then as a bundle."""
    row = await work.load(_all(work).where(bundle.c.id == request.bundle_id), "bundle", code=BUNDLE_NOT_FOUND)
    found = views.bundle_of(row)
    chosen = _chosen(found, request.product_ids)
    drafts = [
        LineDraft(product_id=part.product_id, plan_code=part.plan_code, quantity=part.quantity) for part in chosen
    ]
    offering = await load_offering(work, drafts, request.context, request.as_of or work.now)
    lines = [offering.lines(draft)[0] for draft in drafts]
    components = [
        Component(line.priced.product_id, line.total.amount, line.total.tax_included, line.total.vat) for line in lines
    ]
    shares = rules.shares(components, found.pricing, found.vat_treatment)
    return _quotation(found.bundle_id, lines, shares, request)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(bundle).where(bundle.c.organisation_id == work.organisation_id)


def _as_json(components: Sequence[BundleComponent], price: BundlePrice) -> dict[str, Any]:
    return {
        "components": [component.model_dump(mode="json") for component in components],
        "pricing": price.model_dump(mode="json"),
    }


async def _check(row: Row, components: Sequence[BundleComponent], price: BundlePrice, work: UnitOfWork) -> None:
    """Known products in the bundle's currency, each once, none a bundle; rules speak of components."""
    ids = {component.product_id for component in components}
    if len(ids) != len(components) or row["id"] in ids:
        raise Refused.field(
            "components", "unique", "a component is named twice or is the bundle itself; name each once", BUNDLE_INVALID
        )
    known = select(product.c.id, product.c.currency).where(
        product.c.organisation_id == work.organisation_id, among(product.c.id, ids)
    )
    rows = await work.fetch(known)
    foreign = [found for found in rows if found["currency"] != row["currency"]]
    if len(rows) != len(ids) or foreign:
        raise Refused.field(
            "components", "unknown", f"every component is a product in {row['currency']}; check the ids", BUNDLE_INVALID
        )
    nested = await work.fetch_value(_all(work).where(among(bundle.c.product_id, ids)).limit(1))
    within = await work.fetch_value(
        _all(work).where(bundle.c.components.contains([{"product_id": str(row["id"])}])).limit(1)
    )
    if nested is not None or within is not None:
        raise Refused.field("components", "nested", "a component is a bundle; name its parts instead", BUNDLE_NESTED)
    named = {rule.then_product for rule in price.rules} | {one for rule in price.rules for one in rule.if_has}
    money = [price.amount, price.combined_cap, *(rule.discount for rule in price.rules)]
    if not named <= ids or any(found is not None and found.currency != row["currency"] for found in money):
        raise Refused.field(
            "pricing", "rules", f"rules name components only, amounts are in {row['currency']}", BUNDLE_INVALID
        )


def _chosen(found: Bundle, product_ids: Sequence[UUID]) -> list[BundleComponent]:
    wanted = set(product_ids) or {component.product_id for component in found.components}
    chosen = [component for component in found.components if component.product_id in wanted]
    missing = [component for component in found.components if component.mandatory and component not in chosen]
    if len(chosen) != len(wanted) or missing:
        raise Refused.field(
            "product_ids", "components", "product_ids names components of the bundle, all mandatory ones among them",
            BUNDLE_INVALID,
        )  # fmt: skip
    return chosen


def _quotation(
    bundle_id: UUID, lines: Sequence[Line], shares: Sequence[Share], request: PriceBundle
) -> BundleQuotation:
    currency = lines[0].priced.net.currency

    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=currency)

    vat_totals, total = pricing.totals((share.total for share in shares), currency)
    shown = tuple(
        BundleLine(
            product_id=line.priced.product_id,
            plan_code=line.priced.plan_code,
            quantity=line.priced.quantity,
            standalone=money(share.component.amount),
            amount=money(share.amount),
            tax_included=share.component.tax_included,
            net=money(share.taxed.net),
            vat=money(share.taxed.vat),
            gross=money(share.taxed.gross),
            vat_rate=share.vat.rate,
            vat_category=share.vat.category,
            prorata=money(rules.rest_of_month(share.amount, request.added_on)) if request.added_on else None,
        )
        for line, share in zip(lines, shares, strict=True)
    )
    alone = sum((share.component.amount for share in shares), Decimal("0.00"))
    return BundleQuotation(
        bundle_id=bundle_id,
        currency=currency,
        lines=shown,
        discount=money(alone - sum((share.amount for share in shares), Decimal("0.00"))),
        net=money(total.net),
        vat=money(total.vat),
        gross=money(total.gross),
        vat_totals=vat_totals,
    )
