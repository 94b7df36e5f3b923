"""An actor's part in a person's request: heard from identity, done as slow work, reported back (cross_cutting 6.8).

The order names nobody; who the person is, is asked of identity when the work begins. An item that is repeated after a crash
goes on where it stopped, and identity takes a report once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from messages.base import Event
from messages.clients import ClientAnonymised, ClientDeleted, ClientErasureRequested, ClientMerged
from messages.identity import (
    EntityReport,
    GetPrivacySubject,
    PrivacyKind,
    PrivacyPhase,
    PrivacyRequestAssessmentRequested,
    PrivacyRequestExecutionRequested,
    PrivacyTaskStatus,
    ReportPrivacyTask,
    SubjectType,
)
from messages.problem import Refused
from runtime.field_encryption import IndexKind
from runtime.privacy import PersonalData, Subject
from runtime.privacy_erasure import assess, combined, erase, sweep_messages, transaction
from runtime.privacy_export import export_parts
from runtime.unit_of_work import UnitOfWork, WorkItem

AfterErasure = Callable[[Subject, UnitOfWork], Awaitable[None]]

_EXPORTS: Final = frozenset({PrivacyKind.ACCESS, PrivacyKind.PORTABILITY})
_HOME: Final = {"clients": "client_id", "commercial": "rep_id"}
"""Whose facts are about a person, and the field that names him; of others' facts only those that carry personal data."""
_ABOUT_THE_END: Final[frozenset[type[Event]]] = frozenset(
    {ClientAnonymised, ClientDeleted, ClientErasureRequested, ClientMerged}
)
# A transaction that began before the tombstone was in may not have seen it; one that begins later does.
_NOW = "select clock_timestamp()"
_UNAWARE = """
select count(*) from pg_stat_activity
where datname = current_database() and usename = current_user and pid <> pg_backend_pid() and xact_start < $1
"""
_LOOK_AGAIN_SECONDS = 0.02
_UNAWARE_FOR_SECONDS = 30.0
_BURY = """
insert into erased_subject (organisation_id, subject_id, subject_type, request_id, erased_at)
select $1, id, $3, $4, $5 from unnest($2::uuid[]) id on conflict do nothing
"""


class FulfilPrivacyRequest(WorkItem):
    """One phase of one request; without a request, the end of a client's retention."""

    order_id: UUID
    request_id: UUID | None
    asked: PrivacyKind
    phase: PrivacyPhase
    subject_type: SubjectType
    subject_id: UUID


async def take_order(
    event: PrivacyRequestAssessmentRequested | PrivacyRequestExecutionRequested, work: UnitOfWork
) -> None:
    """Identity asks every actor to count, or to act."""
    item = FulfilPrivacyRequest(
        order_id=event.request_id,
        request_id=event.request_id,
        asked=event.kind,
        phase=event.phase,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
    )
    work.order(item, key=work.cause.causation_id)


async def end_retention(event: ClientErasureRequested, work: UnitOfWork) -> None:
    """The client's retention is over: the same erasure, with nobody to report to."""
    item = FulfilPrivacyRequest(
        order_id=event.client_id,
        request_id=None,
        asked=PrivacyKind.ERASURE,
        phase=PrivacyPhase.EXECUTE,
        subject_type=SubjectType.CUSTOMER,
        subject_id=event.client_id,
    )
    work.order(item, key=work.cause.causation_id)


def person_of(event: Event) -> UUID | None:
    """Whom a fact is about, if it must change nothing once that person is erased."""
    contract = event.contract
    field = _HOME.get(contract.actor, "client_id" if contract.personal else None)
    if field is None or type(event) in _ABOUT_THE_END:
        return None
    return getattr(event, field, None)


class PrivacyRequests:
    """What one actor does with the orders, given its declarations."""

    def __init__(self, actor: str, records: Sequence[PersonalData], after_erasure: AfterErasure | None) -> None:
        self._actor = actor
        self.records = tuple(records)
        self._after_erasure = after_erasure
        names = [record.name for record in self.records]
        if len(names) != len(set(names)):
            raise TypeError(f"{actor}: two kinds of personal data have the same entity name")

    async def perform(self, item: FulfilPrivacyRequest, outside: Any) -> None:
        """Ask who it is, do it in transactions of their own, report."""
        subject = await self._subject(item, outside)
        records = [record for record in self.records if item.subject_type in record.subject_types]
        if item.asked in _EXPORTS and item.phase is PrivacyPhase.EXECUTE:
            await self._export(item, records, subject, outside)
            return
        entities: tuple[EntityReport, ...] = ()
        if item.phase is PrivacyPhase.ASSESS and item.asked in (PrivacyKind.ERASURE, *_EXPORTS):
            entities = combined([await assess(record, subject, outside) for record in records])
        elif item.asked is PrivacyKind.ERASURE:
            entities = await self._erase(item, records, subject, outside)
        await self._report(item, _status(entities), outside, entities=entities)

    async def finish(self, item: FulfilPrivacyRequest, result: None, work: UnitOfWork) -> None:
        """Everything was stored on the way."""

    async def gave_up(self, item: FulfilPrivacyRequest, error: Exception, work: UnitOfWork) -> None:
        """Say that it failed; a request that identity has ended needs no answer."""
        if item.request_id is None:
            return
        report = ReportPrivacyTask(
            request_id=item.request_id,
            phase=item.phase,
            status=PrivacyTaskStatus.FAILED,
            error=type(error).__name__,
        )
        with suppress(Refused):
            await work.ask(report)

    async def _subject(self, item: FulfilPrivacyRequest, outside: Any) -> Subject:
        if item.request_id is None:
            return Subject(item.subject_type, (item.subject_id,))
        found = await outside.ask(GetPrivacySubject(request_id=item.request_id))
        emails = tuple(email.lower() for email in found.emails)
        return Subject(
            item.subject_type,
            (found.subject_id, *(id_ for ids in found.linked_ids.values() for id_ in ids)),
            emails=emails,
            email_hashes=tuple(outside.heart.keys.fingerprint(IndexKind.EMAIL, email) for email in emails),
            phones=found.phones,
            names=found.names,
            streets=found.streets,
            kept_because=found.kept_because,
        )

    async def _erase(
        self, item: FulfilPrivacyRequest, records: Sequence[PersonalData], subject: Subject, outside: Any
    ) -> tuple[EntityReport, ...]:
        if subject.kept_because is None:
            await _bury(item, subject, outside)
        found = [await erase(record, subject, item.order_id, outside) for record in records]
        if subject.kept_because is None:
            if self._after_erasure is not None:
                async with transaction(outside) as work:
                    await self._after_erasure(subject, work)
            found.append(await sweep_messages(subject, item.order_id, outside))
        return combined(found)

    async def _export(
        self, item: FulfilPrivacyRequest, records: Sequence[PersonalData], subject: Subject, outside: Any
    ) -> None:
        async with transaction(outside) as work:
            parts = await export_parts(self._actor, records, subject, work)
            work.record("privacy_order", item.order_id, after={"exported_parts": len(parts)})
        if not parts:
            await self._report(item, PrivacyTaskStatus.SKIPPED, outside)
        for part in parts:
            await self._report(item, PrivacyTaskStatus.SUCCESS, outside, part=part)

    async def _report(
        self, item: FulfilPrivacyRequest, status: PrivacyTaskStatus, outside: Any, **content: Any
    ) -> None:
        if item.request_id is not None:
            await outside.ask(ReportPrivacyTask(request_id=item.request_id, phase=item.phase, status=status, **content))


async def _bury(item: FulfilPrivacyRequest, subject: Subject, outside: Any) -> None:
    """The tombstone comes first, then the end of every transaction that may not have seen it."""
    async with transaction(outside) as work:
        await work.connection.execute(
            _BURY, work.organisation_id, list(subject.ids), item.subject_type, item.request_id, work.now
        )
    database = outside.heart.database
    async with asyncio.timeout(_UNAWARE_FOR_SECONDS), database.reading(outside.organisation_id) as connection:
        buried_at = await connection.fetchval(_NOW)
        while await connection.fetchval(_UNAWARE, buried_at):
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _status(entities: Sequence[EntityReport]) -> PrivacyTaskStatus:
    if any(entity.verification_passed is False for entity in entities):
        return PrivacyTaskStatus.FAILED
    if any(entity.retained for entity in entities):
        return PrivacyTaskStatus.PARTIAL
    return PrivacyTaskStatus.SUCCESS if entities else PrivacyTaskStatus.SKIPPED
