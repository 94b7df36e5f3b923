"""Counts and erases a person's rows, 500 in a transaction; what is done is counted in the same transaction."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_, update

from messages.identity import EntityReport
from runtime.audit_rows import change_rows
from runtime.caller import system
from runtime.privacy import Delete, PersonalData, Retain, Subject
from runtime.unit_of_work import UnitOfWork
from storage.shared.outgoing import Outgoing

BATCH = 500
STORED_MESSAGES = "stored_messages"

# Copies for the machinery's own use; nothing is owed to anybody from them. What only names an id may still be needed where
# work can be done again, so dead letters and finished work go only when they say who the person is.
_SENT = """
delete from outbox_message where id in (
    select id from outbox_message where organisation_id = $1 and sent_at is not null
        and exists (select from unnest($2::bytea[]) trace where position(trace in body) > 0) limit $3)
"""
_ANSWERED = """
delete from idempotency_record where (organisation_id, request, key) in (
    select organisation_id, request, key from idempotency_record where organisation_id = $1 and reply is not null
        and exists (select from unnest($2::bytea[]) trace where position(trace in reply) > 0) limit $3)
"""
_DEAD = """
delete from dead_letter where id in (
    select id from dead_letter where headers ->> 'ce-crmorganisation' = ($1::uuid)::text and exists (
        select from unnest($2::bytea[]) trace where position(trace in body || convert_to(error, 'UTF8')) > 0) limit $3)
"""
_FINISHED = """
delete from work_item where id in (
    select id from work_item where organisation_id = $1 and finished_at is not null and exists (
        select from unnest($2::bytea[]) trace
        where position(trace in convert_to(payload::text || coalesce(last_error, ''), 'UTF8')) > 0) limit $3)
"""
_PROGRESS = """
insert into privacy_progress (organisation_id, order_id, entity, deleted, anonymised) values ($1, $2, $3, $4, $5)
on conflict (organisation_id, order_id, entity) do update set
    deleted = privacy_progress.deleted + excluded.deleted, anonymised = privacy_progress.anonymised + excluded.anonymised
"""
_DONE = "select deleted, anonymised from privacy_progress where organisation_id = $1 and order_id = $2 and entity = $3"


@asynccontextmanager
async def transaction(outside: Any) -> AsyncIterator[UnitOfWork]:
    """A unit of work inside slow work; it commits with its events and audit entries."""
    heart, outgoing = outside.heart, Outgoing()
    async with heart.database.transaction(outside.organisation_id) as connection:
        caller = system(heart.actor.name)
        work = heart.unit(connection, outside.organisation_id, caller, outside.now, outside.cause, outgoing)
        yield work
        outgoing.audit.extend(change_rows(work, f"{heart.actor.name}.privacy.erase"))
        await outgoing.write(connection, relay_is_here=heart.relay_is_here)
    heart.committed(outgoing)


async def assess(record: PersonalData, subject: Subject, outside: Any) -> EntityReport:
    """What an erasure would do with one kind of record."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        work = _reader(connection, outside)
        count = await _count(record, record.held(subject, work.organisation_id), work)
        if not count or _is_kept(record, subject):
            return await _kept(record, subject, count, work)
    if isinstance(record.erasure, Delete):
        return EntityReport(entity=record.name, deleted=count)
    return EntityReport(entity=record.name, anonymised=count)


async def erase(record: PersonalData, subject: Subject, order_id: UUID, outside: Any) -> EntityReport:
    """Do it, and search again: nothing may be found then. Repeating it goes on where it stopped."""
    relation_goes_on = subject.kept_because is not None and not record.at_once
    while not relation_goes_on and (isinstance(record.erasure, Delete) or record.changes):
        if await _batch(record, subject, order_id, outside) < BATCH:
            break
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        work = _reader(connection, outside)
        done = await connection.fetchrow(_DONE, work.organisation_id, order_id, record.name)
        counts = {"deleted": done["deleted"], "anonymised": done["anonymised"]} if done else {}
        if _is_kept(record, subject):
            count = await _count(record, record.held(subject, work.organisation_id), work)
            return (await _kept(record, subject, count, work)).model_copy(update=counts)
        left = await _count(record, record.left(subject, work.organisation_id), work)
    return EntityReport(entity=record.name, verification_passed=left == 0, **counts)


async def sweep_messages(subject: Subject, order_id: UUID, outside: Any) -> EntityReport:
    """The runtime's own copies: sent messages, kept replies, dead letters, finished work."""
    sweeps = ((_SENT, subject.traces), (_ANSWERED, subject.traces), (_DEAD, subject.words), (_FINISHED, subject.words))
    for sweep, texts in sweeps:
        found = [text.encode() for text in texts]
        removed = BATCH
        while removed == BATCH:
            async with transaction(outside) as work:
                status = await work.connection.execute(sweep, work.organisation_id, found, BATCH)
                removed = int(status.rpartition(" ")[2])
                await _note(work, order_id, STORED_MESSAGES, deleted=removed)
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        done = await connection.fetchrow(_DONE, outside.organisation_id, order_id, STORED_MESSAGES)
    return EntityReport(entity=STORED_MESSAGES, deleted=done["deleted"] if done else 0, verification_passed=True)


async def _batch(record: PersonalData, subject: Subject, order_id: UUID, outside: Any) -> int:
    table, keys = record.table, list(record.table.primary_key.columns)
    async with transaction(outside) as work:
        left = select(*keys).where(record.left(subject, work.organisation_id)).limit(BATCH)
        chosen = keys[0].in_(left) if len(keys) == 1 else tuple_(*keys).in_(left)
        if isinstance(record.erasure, Delete):
            changed = await work.execute(delete(table).where(chosen))
            await _note(work, order_id, record.name, deleted=changed)
        else:
            changed = await work.execute(update(table).where(chosen).values(**record.changes))
            await _note(work, order_id, record.name, anonymised=changed)
    return changed


async def _note(work: UnitOfWork, order_id: UUID, entity: str, *, deleted: int = 0, anonymised: int = 0) -> None:
    if deleted or anonymised:
        await work.connection.execute(_PROGRESS, work.organisation_id, order_id, entity, deleted, anonymised)
        work.record("privacy_order", order_id, after={"entity": entity, "deleted": deleted, "anonymised": anonymised})


def _is_kept(record: PersonalData, subject: Subject) -> bool:
    return isinstance(record.erasure, Retain) or (subject.kept_because is not None and not record.at_once)


async def _kept(record: PersonalData, subject: Subject, count: int, work: UnitOfWork) -> EntityReport:
    if not count:
        return EntityReport(entity=record.name)
    reason, until = subject.kept_because, None
    if isinstance(record.erasure, Retain):
        reason = record.erasure.reason
        if record.erasure.until is not None:
            held = record.held(subject, work.organisation_id)
            until = await work.fetch_value(select(func.max(record.erasure.until)).select_from(record.table).where(held))
    return EntityReport(entity=record.name, retained=count, retained_reason=reason, retained_until=until)


async def _count(record: PersonalData, condition: Any, work: UnitOfWork) -> int:
    return int(await work.fetch_value(select(func.count()).select_from(record.table).where(condition)))


def _reader(connection: Any, outside: Any) -> UnitOfWork:
    heart = outside.heart
    found: UnitOfWork = heart.unit(
        connection, outside.organisation_id, system(heart.actor.name), outside.now, outside.cause, Outgoing()
    )
    return found


def combined(reports: Sequence[EntityReport]) -> tuple[EntityReport, ...]:
    """The reports that say something; two declarations of one entity are one line."""
    found: dict[str, EntityReport] = {}
    for report in reports:
        if not (report.deleted or report.anonymised or report.retained or report.verification_passed is False):
            continue
        found[report.entity] = report
    return tuple(found.values())
