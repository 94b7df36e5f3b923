"""Requests about promotions, and how one runs, is used up and ends."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.offering import load_offers
from actors.products.rows import changed_row, new_row
from actors.products.rules import offers, pricing, sources
from actors.products.rules.promotions import PROMOTION, Occasion
from messages.base import Event
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND
from messages.products.events import (
    PromotionCancelled,
    PromotionEnded,
    PromotionExhausted,
    PromotionScheduled,
    PromotionStarted,
)
from messages.products.pricing import LineDraft
from messages.products.promotions import (
    PROMO_CODE_EXISTS,
    PROMO_DATES,
    PROMO_NOT_LOWER,
    PROMO_RUNNING,
    PROMO_VALUE,
    PROMOTION_NOT_FOUND,
    CancelPromotion,
    CreatePromotion,
    GetPromotion,
    ListPromotions,
    Promotion,
    PromotionKind,
    PromotionPage,
    PromotionStatus,
    PromotionTargets,
    UpdatePromotion,
)
from messages.products.ranges import RANGE_NOT_FOUND
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import product, product_range, promotion, promotion_redemption


async def create_promotion(request: CreatePromotion, work: UnitOfWork) -> Promotion:
    """Plan a promotion; one that begins today runs at once."""
    if await work.fetch_one(_all(work).where(promotion.c.code == request.code)) is not None:
        raise Refused(PROMO_CODE_EXISTS, f"the promotion {request.code} exists already; choose another code")
    if request.ends_on < work.today():
        raise Refused.field("ends_on", "past", "ends_on is past; give a later day", PROMO_DATES)
    await _check_targets(request.targets, work)
    row = {
        **new_row(new_id(), work),
        **request.model_dump(exclude={"targets", "conditions", "draft"}),
        **_targets(request.targets),
        "conditions": request.conditions.model_dump(mode="json"),
        "status": PromotionStatus.DRAFT,
        "redemptions": 0,
    }
    await _refuse_dearer(row, work)
    await work.insert(promotion, **row)
    if request.draft:
        work.record("promotion", row["id"], after={"code": row["code"], "status": row["status"]})
        return views.promotion_of(row)
    return views.promotion_of(await _schedule(row, work))


async def update_promotion(request: UpdatePromotion, work: UnitOfWork) -> Promotion:
    """Change what was sent; a running promotion only ends on another day."""
    row = await _locked(request.promotion_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"promotion_id", "expected_version", "schedule", "targets"}, exclude_none=True)
    if request.conditions is not None:
        sent["conditions"] = request.conditions.model_dump(mode="json")
    if request.targets is not None:
        await _check_targets(request.targets, work)
        sent |= _targets(request.targets)
    changed = {name: value for name, value in sent.items() if row[name] != value}
    _check_change(row, changed, work)
    after = {**row, **changed}
    await _refuse_dearer(after, work)
    if changed:
        after = await _store(row, changed, work)
        work.record("promotion", row["id"], before={"version": row["version"]}, after={"changed": sorted(changed)})
    if request.schedule and after["status"] == PromotionStatus.DRAFT:
        after = await _schedule(after, work)
    elif changed and after["status"] == PromotionStatus.SCHEDULED:
        _say(PromotionScheduled, after, work)
    return views.promotion_of(after)


async def cancel_promotion(request: CancelPromotion, work: UnitOfWork) -> Promotion:
    """Stop a promotion now."""
    row = await _locked(request.promotion_id, work)
    status = PROMOTION.after("cancel", PromotionStatus(row["status"]))
    after = await _store(row, {"status": status}, work)
    event = PromotionCancelled(**views.promotion_facts_of(after), reason=request.reason)
    work.emit(event, version=after["version"])
    return views.promotion_of(after)


async def get_promotion(request: GetPromotion, work: UnitOfWork) -> Promotion:
    """One promotion."""
    by_id = promotion.c.id == request.promotion_id
    statement = _all(work).where(by_id if request.promotion_id is not None else promotion.c.code == request.code)
    return views.promotion_of(await work.load(statement, "promotion", code=PROMOTION_NOT_FOUND))


async def list_promotions(request: ListPromotions, work: UnitOfWork) -> PromotionPage:
    """A page of promotions, latest start first."""
    statement = _all(work)
    if request.status is not None:
        statement = statement.where(promotion.c.status == request.status)
    if request.product_id is not None:
        statement = statement.where(promotion.c.product_ids.contains([request.product_id]))
    if request.on_date is not None:
        statement = statement.where(promotion.c.starts_on <= request.on_date, promotion.c.ends_on >= request.on_date)
    order = (promotion.c.starts_on, promotion.c.id)
    return await page(
        work, request, statement, order=order, descending=True, reply=PromotionPage, item=views.promotion_of
    )


async def start_promotion(row: Row, work: UnitOfWork) -> dict[str, Any]:
    """The first day of a promotion has come."""
    after = await _store(row, {"status": PROMOTION.after("start", PromotionStatus(row["status"]))}, work)
    _say(PromotionStarted, after, work)
    return after


async def end_promotion(row: Row, work: UnitOfWork) -> None:
    """The last day of a promotion has passed."""
    after = await _store(row, {"status": PROMOTION.after("end", PromotionStatus(row["status"]))}, work)
    _say(PromotionEnded, after, work)


async def end_promotions_of(product_id: UUID, work: UnitOfWork) -> None:
    """A retired product takes the promotions with it that were for nothing else."""
    statement = _all(work).where(
        promotion.c.product_ids == [product_id],
        promotion.c.range_ids == [],
        among(promotion.c.status, (PromotionStatus.SCHEDULED, PromotionStatus.RUNNING)),
    )
    for row in await work.fetch(statement.with_for_update()):
        await end_promotion(row, work)


async def redeem(promotion_ids: Iterable[UUID], contract_id: UUID, client_id: UUID, work: UnitOfWork) -> None:
    """A contract was signed on a quote with these promotions: each counts once per contract, up to its maximum."""
    for promotion_id in sorted(promotion_ids):
        row = await work.fetch_one(_all(work).where(promotion.c.id == promotion_id).with_for_update())
        if row is None:
            continue
        most = row["conditions"].get("max_redemptions")
        if most is not None and row["redemptions"] >= most:
            continue
        added = await work.execute(
            insert(promotion_redemption)
            .values(
                organisation_id=work.organisation_id,
                promotion_id=promotion_id,
                contract_id=contract_id,
                client_id=client_id,
                given_back=False,
            )
            .on_conflict_do_nothing()
        )
        if not added:
            continue
        after = await _store(row, {"redemptions": row["redemptions"] + 1}, work)
        if after["redemptions"] == most:
            _say(PromotionExhausted, after, work)


async def give_back(contract_id: UUID, work: UnitOfWork) -> None:
    """The contract was cancelled or withdrawn: what it redeemed may be used again."""
    rows = await work.fetch(
        update(promotion_redemption)
        .where(
            promotion_redemption.c.organisation_id == work.organisation_id,
            promotion_redemption.c.contract_id == contract_id,
            ~promotion_redemption.c.given_back,
        )
        .values(given_back=True)
        .returning(promotion_redemption.c.promotion_id)
    )
    for found in sorted(rows, key=lambda row: row["promotion_id"]):
        row = await _locked(found["promotion_id"], work)
        await _store(row, {"redemptions": row["redemptions"] - 1}, work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(promotion).where(promotion.c.organisation_id == work.organisation_id)


async def _locked(promotion_id: UUID, work: UnitOfWork) -> Row:
    statement = _all(work).where(promotion.c.id == promotion_id).with_for_update()
    return await work.load(statement, "promotion", code=PROMOTION_NOT_FOUND)


def _targets(targets: PromotionTargets) -> dict[str, list[Any]]:
    return {
        "product_ids": sorted(set(targets.product_ids)),
        "range_ids": sorted(set(targets.range_ids)),
        "plan_codes": sorted(set(targets.plan_codes)),
    }


async def _check_targets(targets: PromotionTargets, work: UnitOfWork) -> None:
    for table, ids, name, code in (
        (product, set(targets.product_ids), "product_ids", PRODUCT_NOT_FOUND),
        (product_range, set(targets.range_ids), "range_ids", RANGE_NOT_FOUND),
    ):
        known = select(table.c.id).where(table.c.organisation_id == work.organisation_id, among(table.c.id, ids))
        missing = ids - {row["id"] for row in await work.fetch(known)}
        if missing:
            text = f"{', '.join(map(str, sorted(missing)))} in {name} does not exist; leave it out"
            raise Refused.field(f"targets.{name}", "unknown", text, code)


def _check_change(row: Row, changed: dict[str, Any], work: UnitOfWork) -> None:
    status = PromotionStatus(row["status"])
    if status in (PromotionStatus.ENDED, PromotionStatus.CANCELLED) and changed:
        raise Refused(PROMO_RUNNING, f"the promotion {row['code']} is {status.value}; make a new one")
    if status is PromotionStatus.RUNNING and changed.keys() - {"ends_on"}:
        raise Refused(PROMO_RUNNING, f"the promotion {row['code']} runs; only ends_on may change, or cancel it")
    after = {**row, **changed}
    if after["ends_on"] < after["starts_on"] or ("ends_on" in changed and after["ends_on"] < work.today()):
        raise Refused.field("ends_on", "range", "ends_on must be today or later, and not before starts_on", PROMO_DATES)
    if after["value"] <= 0 or (row["kind"] == PromotionKind.PERCENT and after["value"] > 100):
        raise Refused.field("value", "range", "value must be above zero, a percentage at most 100", PROMO_VALUE)


async def _refuse_dearer(row: Row, work: UnitOfWork) -> None:
    """A promotional price must be below what its products cost everybody now."""
    if row["kind"] != PromotionKind.FIXED_PRICE or not row["product_ids"]:
        return
    drafts = [LineDraft(product_id=product_id) for product_id in row["product_ids"]]
    for offer in await load_offers(drafts, work.now, work, occasion=Occasion()):
        try:
            plan = offers.plan_of(offer, row["plan_codes"][0] if row["plan_codes"] else None)
            found = sources.everybodys_source(offer.list_prices, offer.rules, plan, offer.sku)
        except Refused:  # no price yet, so there is nothing to be dearer than
            continue
        usual = pricing.unit_after_list_discount(found.source, offer.quantity_min)
        if row["value"] >= usual:
            shown = pricing.round_half_up(usual, offer.price_scale)
            raise Refused.field(
                "value", "lower", f"{offer.sku} costs {shown} already; give a lower price", PROMO_NOT_LOWER
            )


async def _schedule(row: Row, work: UnitOfWork) -> dict[str, Any]:
    after = await _store(row, {"status": PROMOTION.after("schedule", PromotionStatus(row["status"]))}, work)
    _say(PromotionScheduled, after, work)
    return await start_promotion(after, work) if after["starts_on"] <= work.today() else after


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(promotion).where(promotion.c.id == row["id"]).values(**columns))
    return {**row, **columns}


def _say(fact: type[Event], row: Row, work: UnitOfWork) -> None:
    work.emit(fact.model_validate(views.promotion_facts_of(row)), version=row["version"])
