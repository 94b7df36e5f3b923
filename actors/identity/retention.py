"""Retention policies and their runs as rows; the part that identity executes itself."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from actors.identity.organisations import new_row
from actors.identity.rules.retention import CATEGORIES, cutoff, policy_id, run_id
from messages.identity import (
    InvitationStatus,
    PurgeRun,
    PurgeStatus,
    RetentionCategory,
    RetentionPolicy,
    RetentionPolicyRunRequested,
)
from messages.values.instants import PARIS, local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import (
    erasure_proof,
    invitation,
    invitation_link,
    legal_hold,
    privacy_archive,
    privacy_export_part,
    privacy_request,
    privacy_task,
    purge_run,
    retention_policy,
)


async def policies(work: UnitOfWork) -> list[RetentionPolicy]:
    """The organisation's policies by category, defaults where it changed nothing."""
    rows = await work.fetch(select(retention_policy).where(retention_policy.c.organisation_id == work.organisation_id))
    own = {row["category"]: row for row in rows}
    return [policy_of(category, own.get(category), work.organisation_id) for category in RetentionCategory]


def policy_of(category: RetentionCategory, row: Row | None, organisation_id: UUID) -> RetentionPolicy:
    """The reply."""
    found = CATEGORIES[category]
    fields: dict[str, Any] = {
        "policy_id": policy_id(organisation_id, category),
        "category": category,
        "actor": found.actor,
        "entity": found.entity,
        "months": found.months,
        "anchor": found.anchor,
        "mode": found.mode,
        "is_active": True,
        "min_months": found.shortest,
        "max_months": found.longest,
        "legal_basis": found.basis,
        "version": 0,
    }
    if row is not None:
        changed = ("months", "is_active", "description", "version")
        fields |= {name: row[name] for name in changed} | {"legal_basis": row["legal_basis"] or found.basis}
    return RetentionPolicy.model_validate(fields)


async def start_run(policy: RetentionPolicy, as_of: datetime, *, dry_run: bool, work: UnitOfWork) -> Row:
    """The day's run of a policy: ordered from the actor that executes it, once."""
    today = local_date(as_of)
    number, until = run_id(policy.policy_id, today, dry_run=dry_run), cutoff(today, policy.months)
    statement = insert(purge_run).values(
        **new_row(number, work),
        policy_id=policy.policy_id,
        category=policy.category,
        actor=policy.actor,
        as_of=as_of,
        cutoff=until,
        dry_run=dry_run,
        status=PurgeStatus.RUNNING,
    )
    fresh = await work.execute(statement.on_conflict_do_nothing())
    if not fresh:
        return await run_row(number, work)
    if policy.actor == work.actor:
        end = _ENDED_HERE[policy.category]
        ended = await end(datetime.combine(until, time(), PARIS).astimezone(UTC), dry_run, work)
        await work.execute(
            purge_run.update()
            .where(purge_run.c.organisation_id == work.organisation_id, purge_run.c.id == number)
            .values(status=PurgeStatus.SUCCESS, scanned=ended, deleted=ended, completed_at=work.now)
        )
        return await run_row(number, work)
    event = RetentionPolicyRunRequested(
        run_id=number,
        policy_id=policy.policy_id,
        category=policy.category,
        actor=policy.actor,
        entity=policy.entity,
        cutoff=until,
        as_of=as_of,
        dry_run=dry_run,
    )
    work.emit(event, version=policy.version + 1)
    return await run_row(number, work)


async def run_row(number: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """A run of the organisation, or NOT_FOUND."""
    statement = select(purge_run).where(purge_run.c.organisation_id == work.organisation_id, purge_run.c.id == number)
    return await work.load(statement.with_for_update() if lock else statement, "purge run")


def run_of(row: Row) -> PurgeRun:
    """The reply."""
    return PurgeRun.model_validate(dict(row) | {"run_id": row["id"]})


async def _end_invitations(before: datetime, dry_run: bool, work: UnitOfWork) -> int:
    """Offers that were answered, withdrawn or are over; their links go with them."""
    ended = (
        (invitation.c.organisation_id == work.organisation_id)
        & (invitation.c.status != InvitationStatus.PENDING)
        & (invitation.c.updated_at < before)
    )
    if dry_run:
        return int(await work.fetch_value(select(func.count()).select_from(invitation).where(ended)))
    rows = await work.fetch(delete(invitation).where(ended).returning(invitation.c.id))
    gone = [row["id"] for row in rows]
    await work.execute(delete(invitation_link).where(invitation_link.c.invitation_id.in_(gone)))
    return len(gone)


async def _end_privacy_files(before: datetime, dry_run: bool, work: UnitOfWork) -> int:
    """Requests that ended long ago with all that proves them, and holds that are over."""
    request, hold = privacy_request.c, legal_hold.c
    over = (request.organisation_id == work.organisation_id) & (request.completed_at < before)
    free = (hold.organisation_id == work.organisation_id) & (
        (~hold.is_active & (hold.lifted_at < before)) | (hold.expires_at < before)
    )
    if dry_run:
        counts = [await work.fetch_value(select(func.count()).where(ended)) for ended in (over, free)]
        return sum(counts)
    gone = [row["id"] for row in await work.fetch(select(request.id).where(over))]
    for table in (erasure_proof, privacy_archive, privacy_export_part, privacy_task):
        mine = (table.c.organisation_id == work.organisation_id, table.c.request_id.in_(gone))
        await work.execute(delete(table).where(*mine))
    await work.execute(delete(privacy_request).where(over))
    return len(gone) + await work.execute(delete(legal_hold).where(free))


_ENDED_HERE = {
    RetentionCategory.INVITATION: _end_invitations,
    RetentionCategory.PRIVACY_FILE: _end_privacy_files,
}
