"""Requests about publications, and what must be true before a product is sold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.products import views
from actors.products.readiness import blocking_failures, latest_dated, lifecycle_check, readiness_of, window_check
from actors.products.rows import changed_row, locked_product, new_row, selling_company
from actors.products.rules import lifecycle
from messages.base import Event
from messages.errors import NOT_FOUND
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND, READINESS_FAILED
from messages.products.events import (
    ProductPublicationEnded,
    ProductPublicationLive,
    ProductPublicationScheduled,
    ProductPublicationWithdrawn,
)
from messages.products.publications import (
    PUBLICATION_CLOSED,
    PUBLICATION_CONFLICT,
    PUBLICATION_NOT_FOUND,
    WINDOW_OUTSIDE_VERSION,
    CheckPublicationLock,
    CreatePublication,
    GetPublication,
    ListPublications,
    Publication,
    PublicationLock,
    PublicationPage,
    PublicationState,
    Readiness,
    ReadinessCheck,
    UpdatePublication,
    ValidatePublication,
    WithdrawPublication,
)
from messages.products.versions import VERSION_NOT_FOUND, VersionState
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.queries import among
from storage.products.tables import product, product_version, publication

_DATED = (VersionState.SCHEDULED, VersionState.EFFECTIVE)
_OPEN = (PublicationState.SCHEDULED, PublicationState.LIVE)


async def create_publication(request: CreatePublication, work: UnitOfWork) -> Publication:
    """Open a version for sale, once it is ready."""
    version = await _version_of(request.version_id, request.product_id, work)
    row = await locked_product(version["product_id"], work)
    company = await selling_company(request.company_id, work)
    start = max(request.start_at, work.now) if request.start_at else work.now
    if request.end_at is not None and request.end_at <= start:
        raise Refused.field("end_at", "range", "end_at must lie after the start and after now; give a later instant")
    if not lifecycle.window_lies_within(start, request.end_at, version["effective_from"], version["effective_to"]):
        raise Refused(
            WINDOW_OUTSIDE_VERSION,
            f"the window must lie within version {version['number']}; change start_at and end_at, or publish another",
            details={"effective_from": str(version["effective_from"]), "effective_to": str(version["effective_to"])},
        )
    checks = await readiness_of(row, version, request.channels, company["company_id"], work)
    _refuse_unready(row["sku"], [await lifecycle_check(row, work), *checks])
    await _settle_conflicts(request, version, company["company_id"], start, work)
    stored = {
        **new_row(new_id(), work),
        "version_id": version["id"],
        "product_id": row["id"],
        "company_id": company["company_id"],
        "channels": sorted(request.channels),
        "visibility": request.visibility,
        "price_visible": request.price_visible,
        "start_at": start,
        "end_at": request.end_at,
        "state": PublicationState.LIVE if start <= work.now else PublicationState.SCHEDULED,
    }
    await work.insert(publication, **stored)
    await work.execute(update(product).where(product.c.id == row["id"]).values(locked=True))
    facts = views.publication_facts_of(stored)
    is_live = stored["state"] == PublicationState.LIVE
    event: Event = ProductPublicationLive(**facts) if is_live else ProductPublicationScheduled(**facts)
    work.emit(event, version=1)
    return views.publication_of(stored)


async def update_publication(request: UpdatePublication, work: UnitOfWork) -> Publication:
    """Change what was sent; the window stays inside the version, and apart from those of other versions."""
    statement = _all(work).where(publication.c.id == request.publication_id).with_for_update()
    row = await _seen(statement, work)
    work.check_version(request.expected_version, row["version"])
    if row["state"] not in _OPEN:
        raise Refused(PUBLICATION_CLOSED, f"the publication is {row['state']}; create another one")
    sent = request.model_dump(exclude={"publication_id", "expected_version"}, exclude_unset=True)
    changed = {name: value for name, value in sent.items() if value != row[name]}
    if changed.get("visibility", ...) is None or changed.get("price_visible", ...) is None:
        raise Refused.field("visibility", "required", "visibility and price_visible cannot be empty; leave them out")
    if "end_at" in changed:
        await _check_end(row, request.end_at, work)
    if not changed:
        return views.publication_of(row)
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(publication).where(publication.c.id == row["id"]).values(**columns))
    after = {**row, **columns}
    facts = views.publication_facts_of(after)
    is_live = row["state"] == PublicationState.LIVE
    event: Event = ProductPublicationLive(**facts) if is_live else ProductPublicationScheduled(**facts)
    work.emit(event, version=after["version"])
    return views.publication_of(after)


async def get_publication(request: GetPublication, work: UnitOfWork) -> Publication:
    """One publication of the caller's companies."""
    return views.publication_of(await _seen(_all(work).where(publication.c.id == request.publication_id), work))


async def check_publication_lock(request: CheckPublicationLock, work: UnitOfWork) -> PublicationLock:
    """Whether a publication has fixed the product, and where the caller's companies sell it now."""
    row = await work.load(_product(request.product_id, work), "product", code=PRODUCT_NOT_FOUND)
    live = _all(work).where(publication.c.product_id == row["id"], publication.c.state == PublicationState.LIVE)
    shown = [
        views.publication_of(found)
        for found in await work.fetch(live.order_by(publication.c.start_at, publication.c.id))
        if work.caller.sees_company(found["company_id"])
    ]
    return PublicationLock(locked=row["locked"], live_publications=tuple(shown))


async def withdraw_publication(request: WithdrawPublication, work: UnitOfWork) -> Publication:
    """Stop the sale now."""
    statement = _all(work).where(publication.c.id == request.publication_id).with_for_update()
    row = await work.load(statement, "publication", code=PUBLICATION_NOT_FOUND)
    state = lifecycle.PUBLICATION.after("withdraw", PublicationState(row["state"]))
    after = await _store_state(row, state, work, end_at=work.now)
    facts = views.publication_facts_of(after)
    work.emit(ProductPublicationWithdrawn(**facts, reason=request.reason), version=after["version"])
    return views.publication_of(after)


async def validate_publication(request: ValidatePublication, work: UnitOfWork) -> Readiness:
    """What is missing, without publishing."""
    version = await _version_of(request.version_id, None, work)
    row = await work.load(_product(version["product_id"], work), "product")
    company = await selling_company(request.company_id, work)
    start = request.start_at or work.now
    checks = (
        await window_check(version, start, request.end_at, work),
        await lifecycle_check(row, work),
        *await readiness_of(row, version, request.channels, company["company_id"], work),
    )
    return Readiness(ready=not blocking_failures(checks), checks=checks)


async def list_publications(request: ListPublications, work: UnitOfWork) -> PublicationPage:
    """A page of publications, latest start first."""
    statement = _all(work)
    for column, value in (
        (publication.c.version_id, request.version_id),
        (publication.c.product_id, request.product_id),
        (publication.c.company_id, request.company_id),
        (publication.c.state, request.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if request.channel is not None:
        statement = statement.where(publication.c.channels.contains([request.channel.value]))
    if work.caller.company_ids is not None:
        statement = statement.where(among(publication.c.company_id, work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(publication.c.start_at, publication.c.id),
        descending=True,
        reply=PublicationPage,
        item=views.publication_of,
    )


async def start_publication(row: Row, work: UnitOfWork) -> None:
    """The start of a publication has come."""
    after = await _store_state(row, lifecycle.PUBLICATION.after("start", PublicationState(row["state"])), work)
    work.emit(ProductPublicationLive(**views.publication_facts_of(after)), version=after["version"])


async def end_publication(row: Row, work: UnitOfWork, *, end_at: datetime | None = None) -> None:
    """The end of a publication has come, or is set now."""
    state = lifecycle.PUBLICATION.after("end", PublicationState(row["state"]))
    after = await _store_state(row, state, work, end_at=end_at or row["end_at"])
    work.emit(ProductPublicationEnded(**views.publication_facts_of(after)), version=after["version"])


async def end_publications_of(product_id: UUID, work: UnitOfWork) -> None:
    """A retired product is sold nowhere."""
    statement = _all(work).where(publication.c.product_id == product_id, among(publication.c.state, _OPEN))
    for row in await work.fetch(statement.with_for_update()):
        await end_publication(row, work, end_at=work.now)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(publication).where(publication.c.organisation_id == work.organisation_id)


async def _seen(statement: Any, work: UnitOfWork) -> Row:
    row = await work.load(statement, "publication", code=PUBLICATION_NOT_FOUND)
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(PUBLICATION_NOT_FOUND, "no such publication in your companies; check the id")
    return row


async def _check_end(row: Row, end_at: datetime | None, work: UnitOfWork) -> None:
    if end_at is not None and end_at <= max(work.now, row["start_at"]):
        raise Refused.field("end_at", "range", "end_at must lie after the start and after now; give a later instant")
    version = await _version_of(row["version_id"], None, work)
    if not lifecycle.window_lies_within(row["start_at"], end_at, version["effective_from"], version["effective_to"]):
        raise Refused(WINDOW_OUTSIDE_VERSION, f"version {version['number']} does not last that long; end it earlier")
    others = await work.fetch(
        _all(work).where(
            publication.c.product_id == row["product_id"],
            publication.c.company_id == row["company_id"],
            among(publication.c.state, _OPEN),
            publication.c.version_id != row["version_id"],
            publication.c.channels.overlap(row["channels"]),
        )
    )
    for other in others:
        if lifecycle.windows_overlap(row["start_at"], end_at, other["start_at"], other["end_at"]):
            raise Refused(
                PUBLICATION_CONFLICT,
                "another version is published there at that time; end this one before it",
                details={"publication_id": str(other["id"])},
            )


def _product(product_id: UUID, work: UnitOfWork) -> Any:
    return select(product).where(product.c.organisation_id == work.organisation_id, product.c.id == product_id)


async def _version_of(version_id: UUID | None, product_id: UUID | None, work: UnitOfWork) -> Row:
    """The version named, else the dated one of the product that is in force or comes next."""
    if version_id is None and product_id is not None:
        await work.load(_product(product_id, work), "product", code=NOT_FOUND)
        found = await latest_dated(product_id, work)
        if found is not None:
            return found
    if version_id is None:
        raise Refused.field("version_id", "required", "give version_id, or product_id of a product with a version")
    statement = queries.VERSION.where(
        product_version.c.organisation_id == work.organisation_id, product_version.c.id == version_id
    )
    return await work.load(statement, "version", code=VERSION_NOT_FOUND)


def _refuse_unready(sku: str, checks: Sequence[ReadinessCheck]) -> None:
    missing = blocking_failures(checks)
    if missing:
        raise Refused(
            READINESS_FAILED,
            f"{sku} cannot be published: {'; '.join(check.detail or check.code for check in missing)}",
            details={"checks": [check.model_dump(mode="json") for check in checks]},
        )


async def _settle_conflicts(
    request: CreatePublication, version: Row, company_id: UUID, start: datetime, work: UnitOfWork
) -> None:
    """One version per product, company and channel at a time: refuse, or end the earlier one where this one starts."""
    statement = _all(work).where(
        publication.c.product_id == version["product_id"],
        publication.c.company_id == company_id,
        among(publication.c.state, _OPEN),
        publication.c.version_id != version["id"],
        publication.c.channels.overlap(sorted(request.channels)),
    )
    for row in await work.fetch(statement.with_for_update()):
        if not lifecycle.windows_overlap(start, request.end_at, row["start_at"], row["end_at"]):
            continue
        if not request.replace or row["start_at"] > start:
            raise Refused(
                PUBLICATION_CONFLICT,
                "another version is published there at that time; withdraw it, or say replace=true to end it",
                details={"publication_id": str(row["id"])},
            )
        if start <= work.now:
            await end_publication(row, work, end_at=start)
        else:
            await work.execute(update(publication).where(publication.c.id == row["id"]).values(end_at=start))


async def _store_state(
    row: Row, state: PublicationState, work: UnitOfWork, *, end_at: datetime | None = None
) -> dict[str, Any]:
    columns = {"state": state, "end_at": end_at or row["end_at"], **changed_row(row["version"] + 1, work)}
    await work.execute(update(publication).where(publication.c.id == row["id"]).values(**columns))
    return {**row, **columns}
