"""Data-subject requests as rows: phases, tasks of twelve actors, facts, and the signed proof at the end."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.identity.erasure import own_part
from actors.identity.members import membership_of_user
from actors.identity.people import opened
from actors.identity.privacy_archives import order_archive
from actors.identity.rules.privacy import EXPORTING, PHASE_OF, PRIVACY_REQUEST, canonical_proof, outcome, proof_content
from actors.identity.signing_keys import sign_bytes
from messages.clients import CLIENT_NOT_FOUND, ResolvePrivacySubject
from messages.errors import NOT_FOUND
from messages.identity import (
    PRIVACY_REQUEST_NOT_FOUND,
    EntityReport,
    PrivacyKind,
    PrivacyPhase,
    PrivacyRequest,
    PrivacyRequestAssessmentRequested,
    PrivacyRequestCompleted,
    PrivacyRequestExecutionRequested,
    PrivacyStatus,
    PrivacySubject,
    PrivacyTask,
    PrivacyTaskStatus,
    SigningKeyPurpose,
    SubjectType,
)
from messages.problem import Refused
from messages.registry import ACTORS
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import (
    erasure_proof,
    legal_hold,
    privacy_export_part,
    privacy_request,
    privacy_task,
    user_account,
)

_UNKNOWN = (CLIENT_NOT_FOUND, NOT_FOUND)
_ASKED: dict[PrivacyPhase, type[PrivacyRequestAssessmentRequested | PrivacyRequestExecutionRequested]] = {
    PrivacyPhase.ASSESS: PrivacyRequestAssessmentRequested,
    PrivacyPhase.EXECUTE: PrivacyRequestExecutionRequested,
}


async def request_row(request_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """A request of the organisation, or PRIVACY_REQUEST_NOT_FOUND."""
    statement = select(privacy_request).where(
        privacy_request.c.organisation_id == work.organisation_id, privacy_request.c.id == request_id
    )
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise Refused(
            PRIVACY_REQUEST_NOT_FOUND,
            f"privacy request {request_id} does not exist; check the id",
            details={"resource": "privacy_request", "id": str(request_id)},
        )
    return row


async def change_request(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """Store changes and note them in the audit trail, without anything personal."""
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(privacy_request)
        .where(privacy_request.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    work.record("privacy_request", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    return after


async def tasks_of(row: Row, work: UnitOfWork, phase: PrivacyPhase | None = None) -> list[Row]:
    """The tasks of a request, by phase and actor."""
    statement = select(privacy_task).where(
        privacy_task.c.organisation_id == work.organisation_id, privacy_task.c.request_id == row["id"]
    )
    if phase is not None:
        statement = statement.where(privacy_task.c.phase == phase)
    return await work.fetch(statement.order_by(privacy_task.c.phase, privacy_task.c.actor))


def case_of(row: Row, phase: PrivacyPhase) -> dict[str, Any]:
    """A request as every actor hears of it."""
    return {
        "request_id": row["id"],
        "kind": row["kind"],
        "phase": phase,
        "subject_type": row["subject_type"],
        "subject_id": row["subject_id"],
        "attempt": row["attempt"],
    }


async def begin(row: Row, trigger: str, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """Open a phase: a task for every actor, the order as an event, and the own part at once."""
    status = PRIVACY_REQUEST.after(trigger, PrivacyStatus(row["status"]))
    phase = PHASE_OF[status]
    after = await change_request(row, changed | {"status": status, "attempt": 1, "asked_at": work.now}, work)
    for actor in ACTORS:
        statement = insert(privacy_task).values(
            organisation_id=work.organisation_id,
            request_id=row["id"],
            actor=actor,
            phase=phase,
            status=PrivacyTaskStatus.PENDING,
        )
        again = {"status": PrivacyTaskStatus.PENDING, "error": None}
        await work.execute(
            statement.on_conflict_do_update(
                index_elements=["organisation_id", "request_id", "actor", "phase"],
                set_=again,
                where=privacy_task.c.status == PrivacyTaskStatus.FAILED,
            )
        )
    work.emit(_ASKED[phase].model_validate(case_of(after, phase)), version=after["version"])
    entities = await own_part(after, work)
    own = PrivacyTaskStatus.SUCCESS if entities else PrivacyTaskStatus.SKIPPED
    await keep_report(after, work.actor, phase, own, entities, None, work)
    return await advance(after, work)


async def ask_again(row: Row, work: UnitOfWork) -> Row:
    """State the order once more for the actors that were silent."""
    phase = PHASE_OF[PrivacyStatus(row["status"])]
    after = await change_request(row, {"attempt": row["attempt"] + 1, "asked_at": work.now}, work)
    work.emit(_ASKED[phase].model_validate(case_of(after, phase)), version=after["version"])
    return after


async def keep_report(
    row: Row,
    actor: str,
    phase: PrivacyPhase,
    status: PrivacyTaskStatus,
    entities: tuple[EntityReport, ...],
    error: str | None,
    work: UnitOfWork,
) -> bool:
    """Store an actor's report once; False when it was there already."""
    changed = await work.execute(
        update(privacy_task)
        .where(
            privacy_task.c.organisation_id == work.organisation_id,
            privacy_task.c.request_id == row["id"],
            privacy_task.c.actor == actor,
            privacy_task.c.phase == phase,
            privacy_task.c.status == PrivacyTaskStatus.PENDING,
        )
        .values(
            status=status,
            entities=[entity.model_dump(mode="json") for entity in entities],
            reported_at=work.now,
            error=error,
        )
    )
    return changed == 1


async def advance(row: Row, work: UnitOfWork) -> Row:
    """When all twelve have reported, the phase is over: READY to be looked at, or ended with a proof."""
    status = PrivacyStatus(row["status"])
    tasks = await tasks_of(row, work, PHASE_OF[status])
    if any(task["status"] == PrivacyTaskStatus.PENDING for task in tasks):
        return row
    found = [(PrivacyTaskStatus(task["status"]), _entities(task)) for task in tasks]
    trigger = outcome(found)
    if status is PrivacyStatus.ASSESSING:
        trigger = trigger if trigger == "give_up" else "assessed"
        return await change_request(row, {"status": PRIVACY_REQUEST.after(trigger, status)}, work)
    return await end(row, trigger, {}, work)


async def end(row: Row, trigger: str, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """The end of a request: stated to everybody, and proved where something was done."""
    before = PrivacyStatus(row["status"])
    status = PRIVACY_REQUEST.after(trigger, before)
    after = await change_request(row, changed | {"status": status, "completed_at": work.now}, work)
    if status in (PrivacyStatus.COMPLETED, PrivacyStatus.PARTIAL):
        await _prove(after, work)
        if PrivacyKind(row["kind"]) in EXPORTING:
            await order_archive(row["id"], work)
    phase = PHASE_OF.get(before, PrivacyPhase.ASSESS)
    event = PrivacyRequestCompleted.model_validate(case_of(after, phase) | {"outcome": status})
    work.emit(event, version=after["version"])
    return after


async def _prove(row: Row, work: UnitOfWork) -> None:
    tasks = await tasks_of(row, work, PrivacyPhase.EXECUTE)
    reports = [(task["actor"], entity) for task in tasks for entity in _entities(task)]
    content = proof_content(row["id"], work.now, reports)
    kid, signature = await sign_bytes(canonical_proof(content), SigningKeyPurpose.PROOF, work)
    statement = insert(erasure_proof).values(
        organisation_id=work.organisation_id, request_id=row["id"], content=content, signature=signature, kid=kid
    )
    await work.execute(statement.on_conflict_do_nothing())


async def is_held(subject_type: str, subject_id: UUID, work: UnitOfWork) -> bool:
    """Whether a legal hold keeps everything of the person."""
    found = select(legal_hold.c.id).where(
        legal_hold.c.organisation_id == work.organisation_id,
        legal_hold.c.subject_id == subject_id,
        legal_hold.c.subject_type == subject_type,
        legal_hold.c.is_active,
        (legal_hold.c.expires_at.is_(None)) | (legal_hold.c.expires_at > work.now),
    )
    return await work.fetch_value(found) is not None


async def addresses_of(row: Row, work: UnitOfWork) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """E-mail addresses and phones by which actors find the person: those of the request, and those of a user."""
    emails: list[str] = []
    phones: list[str] = []
    if row["subject_email"] is not None:
        emails.append(await work.keys.decrypt(row["subject_email"], **email_place(row["id"], work)))
    if row["subject_type"] == SubjectType.USER and await membership_of_user(row["subject_id"], work) is not None:
        user = await work.load(select(user_account).where(user_account.c.id == row["subject_id"]), "user")
        emails += [text for text in (await opened(user["email"], "email", user["id"], work),) if text]
        phones += [text for text in (await opened(user["phone"], "phone", user["id"], work),) if text]
    return tuple(dict.fromkeys(emails)), tuple(phones)


async def subject_of(row: Row, work: UnitOfWork) -> PrivacySubject:
    """Who the person is. The home actor of a customer is asked once per phase, because it forgets him while it executes."""
    emails, phones = await addresses_of(row, work)
    found = PrivacySubject.model_validate(dict(row) | {"request_id": row["id"], "emails": emails, "phones": phones})
    if row["subject_type"] != SubjectType.CUSTOMER:
        return found
    if row["identifiers"] is not None:
        known = await work.keys.decrypt(row["identifiers"], **_identifiers_place(row["id"], work))
        return PrivacySubject.model_validate_json(known)
    try:
        home = await work.ask(ResolvePrivacySubject(client_id=row["subject_id"]))
    except Refused as refused:
        if refused.code not in _UNKNOWN:
            raise  # the caller asks again: the request stays in its phase until the home actor answers
        return found
    found = found.model_copy(
        update={
            "linked_ids": {"clients": home.merged_ids},
            "emails": tuple(dict.fromkeys((*emails, *home.emails))),
            "phones": tuple(dict.fromkeys((*phones, *home.phones))),
            "names": home.names,
            "streets": home.streets,
            "ibans_masked": home.ibans_masked,
            "kept_because": home.kept_because,
        }
    )
    sealed = await work.keys.encrypt(found.model_dump_json(), **_identifiers_place(row["id"], work))
    await work.execute(
        update(privacy_request)
        .where(privacy_request.c.id == row["id"], privacy_request.c.identifiers.is_(None))
        .values(identifiers=sealed)
    )
    return found


def _identifiers_place(request_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    return _place("privacy_request", "identifiers", request_id, work)


def email_place(request_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    """Where the address of a request lies encrypted."""
    return _place("privacy_request", "subject_email", request_id, work)


def _place(table: str, column: str, row_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    return {
        "organisation_id": work.organisation_id,
        "domain": "PII",
        "table": table,
        "column": column,
        "row_id": row_id,
    }


def _entities(task: Row) -> tuple[EntityReport, ...]:
    return tuple(EntityReport.model_validate(entity) for entity in task["entities"])


async def privacy_request_of(row: Row, work: UnitOfWork, *, with_tasks: bool = True) -> PrivacyRequest:
    """The reply; with the part of every actor where one request is read."""
    found = PrivacyRequest.model_validate(dict(row) | {"request_id": row["id"]})
    if not with_tasks:
        return found
    received = await work.fetch(
        select(privacy_export_part.c.actor).where(
            privacy_export_part.c.organisation_id == work.organisation_id,
            privacy_export_part.c.request_id == row["id"],
        )
    )
    parts = [part["actor"] for part in received]
    tasks = [
        PrivacyTask.model_validate(
            dict(task) | {"parts": parts.count(task["actor"]) if task["phase"] == PrivacyPhase.EXECUTE else 0}
        )
        for task in await tasks_of(row, work)
    ]
    return found.model_copy(update={"tasks": tuple(tasks)})
