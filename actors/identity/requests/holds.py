"""Legal holds: while one is active, nothing of the person is erased."""

from sqlalchemy import select, update

from actors.identity.organisations import new_row
from actors.identity.privacy import is_held
from messages.errors import INVALID_TRANSITION
from messages.identity import (
    LEGAL_HOLD_NOT_FOUND,
    CheckLegalHold,
    LegalHold,
    LegalHoldCheck,
    LegalHoldLifted,
    LegalHoldPage,
    LegalHoldPlaced,
    LiftLegalHold,
    ListLegalHolds,
    PlaceLegalHold,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import legal_hold


async def place_legal_hold(request: PlaceLegalHold, work: UnitOfWork) -> LegalHold:
    """Keep everything of a person from now on."""
    if request.expires_at is not None and request.expires_at <= work.now:
        raise Refused.field("expires_at", "future", "the hold would be over already; give a later instant or none")
    hold_id = new_id()
    await work.insert(legal_hold, **new_row(hold_id, work), **request.model_dump(), placed_at=work.now, is_active=True)
    row = await _row(hold_id, work)
    work.emit(LegalHoldPlaced.model_validate(_facts(row)), version=1)
    return _hold_of(row)


async def lift_legal_hold(request: LiftLegalHold, work: UnitOfWork) -> LegalHold:
    """The person may be erased again."""
    row = await _row(request.hold_id, work, lock=True)
    if not row["is_active"]:
        raise Refused(INVALID_TRANSITION, "this hold was lifted already", details={"from": "LIFTED", "trigger": "lift"})
    changed = {
        "is_active": False,
        "lifted_by": work.caller.principal,
        "lifted_at": work.now,
        "lift_reason": request.reason,
    }
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(legal_hold)
        .where(legal_hold.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    work.emit(LegalHoldLifted.model_validate(_facts(after)), version=after["version"])
    return _hold_of(after)


async def check_legal_hold(request: CheckLegalHold, work: UnitOfWork) -> LegalHoldCheck:
    """Whether a person is under a hold now."""
    return LegalHoldCheck(held=await is_held(request.subject_type, request.subject_id, work))


async def list_legal_holds(request: ListLegalHolds, work: UnitOfWork) -> LegalHoldPage:
    """A page, the newest first."""
    statement = select(legal_hold).where(legal_hold.c.organisation_id == work.organisation_id)
    if request.is_active is not None:
        statement = statement.where(legal_hold.c.is_active == request.is_active)
    return await page(
        work,
        request,
        statement,
        order=(legal_hold.c.created_at, legal_hold.c.id),
        reply=LegalHoldPage,
        item=_hold_of,
        descending=True,
    )


async def _row(hold_id: object, work: UnitOfWork, *, lock: bool = False) -> Row:
    statement = select(legal_hold).where(
        legal_hold.c.organisation_id == work.organisation_id, legal_hold.c.id == hold_id
    )
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise Refused(
            LEGAL_HOLD_NOT_FOUND,
            f"legal hold {hold_id} does not exist; check the id",
            details={"resource": "legal_hold", "id": str(hold_id)},
        )
    return row


def _facts(row: Row) -> dict[str, object]:
    return dict(row) | {"hold_id": row["id"]}


def _hold_of(row: Row) -> LegalHold:
    return LegalHold.model_validate(_facts(row))
