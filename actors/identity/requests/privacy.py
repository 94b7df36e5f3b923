"""The privacy office's requests: the people's side and the actors' side."""

import base64
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from actors.identity.members import membership_of_user
from actors.identity.organisations import new_row
from actors.identity.people import user_not_found
from actors.identity.privacy import (
    advance,
    begin,
    change_request,
    email_place,
    end,
    is_held,
    keep_report,
    privacy_request_of,
    request_row,
    subject_of,
)
from actors.identity.privacy_archives import part_place
from actors.identity.rules.privacy import (
    EXPORTING,
    PHASE_OF,
    PRIVACY_REQUEST,
    check_extension,
    due_on,
    extended_due_on,
)
from messages.errors import INVALID_TRANSITION, UNAUTHORIZED
from messages.identity import (
    PURGE_NOT_ALLOWED,
    PURGE_SUBJECT_NOT_FOUND,
    AssessPrivacyRequest,
    CancelPrivacyRequest,
    CreatePrivacyRequest,
    ErasureProof,
    ExecutePrivacyRequest,
    ExportPart,
    ExportPartContent,
    ExtendPrivacyRequest,
    GetErasureProof,
    GetExportPart,
    GetPrivacyRequest,
    GetPrivacySubject,
    ListPrivacyRequests,
    PrivacyKind,
    PrivacyRequest,
    PrivacyRequestPage,
    PrivacyStatus,
    PrivacySubject,
    PrivacyTaskAccepted,
    RejectPrivacyRequest,
    ReportPrivacyTask,
    SubjectType,
    VerifyRequesterIdentity,
)
from messages.problem import Refused
from messages.registry import ACTORS
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import erasure_proof, privacy_export_part, privacy_request


async def create_privacy_request(request: CreatePrivacyRequest, work: UnitOfWork) -> PrivacyRequest:
    """Record the request and its legal time. A user must be one of the organisation's."""
    if request.subject_type is SubjectType.USER and await membership_of_user(request.subject_id, work) is None:
        raise Refused(
            PURGE_SUBJECT_NOT_FOUND,
            user_not_found(request.subject_id).detail,
            details={"resource": "user", "id": str(request.subject_id)},
        )
    if request.received_at > work.now:
        raise Refused.field("received_at", "past", "received_at lies in the future; give the day it came in")
    request_id = new_id()
    sealed = None
    if request.subject_email is not None:
        sealed = await work.keys.encrypt(request.subject_email, **email_place(request_id, work))
    await work.insert(
        privacy_request,
        **new_row(request_id, work),
        **request.model_dump(exclude={"subject_email"}),
        subject_email=sealed,
        due_on=due_on(local_date(request.received_at)),
        status=PrivacyStatus.RECEIVED,
    )
    work.record("privacy_request", request_id, after={"kind": request.kind, "subject_type": request.subject_type})
    return await privacy_request_of(await request_row(request_id, work), work)


async def verify_requester_identity(request: VerifyRequesterIdentity, work: UnitOfWork) -> PrivacyRequest:
    """The request comes from the person."""
    row = await request_row(request.request_id, work, lock=True)
    changed = {
        "status": PRIVACY_REQUEST.after("verify_identity", PrivacyStatus(row["status"])),
        "identity_verified_at": work.now,
        "identity_verified_by": work.caller.principal,
        "identity_method": request.method,
    }
    return await privacy_request_of(await change_request(row, changed, work), work)


async def assess_privacy_request(request: AssessPrivacyRequest, work: UnitOfWork) -> PrivacyRequest:
    """Every actor counts; the table of what would happen is there when all have reported."""
    row = await request_row(request.request_id, work, lock=True)
    return await privacy_request_of(await begin(row, "assess", {}, work), work)


async def execute_privacy_request(request: ExecutePrivacyRequest, work: UnitOfWork) -> PrivacyRequest:
    """Every actor does it. A legal hold stops the whole request."""
    row = await request_row(request.request_id, work, lock=True)
    status = PrivacyStatus(row["status"])
    PRIVACY_REQUEST.after("execute", status)
    erases = row["kind"] == PrivacyKind.ERASURE
    if erases and await is_held(row["subject_type"], row["subject_id"], work):
        raise Refused(PURGE_NOT_ALLOWED, "the person is under a legal hold; lift it first, or reject the request")
    changed: dict[str, Any] = {"executed_by": work.caller.principal}
    if status is PrivacyStatus.READY:  # after a failure the home actor may have forgotten the person already
        changed["identifiers"] = None
    return await privacy_request_of(await begin(row, "execute", changed, work), work)


async def extend_privacy_request(request: ExtendPrivacyRequest, work: UnitOfWork) -> PrivacyRequest:
    """Three months after receipt instead of one."""
    row = await request_row(request.request_id, work, lock=True)
    check_extension(
        extended=row["extended"], status=PrivacyStatus(row["status"]), due=row["due_on"], today=work.today()
    )
    later = extended_due_on(local_date(row["received_at"]))
    changed = {"extended": True, "due_on": later, "due_soon_stated": False, "overdue_stated": False}
    after = await change_request(row, changed, work)
    work.record("privacy_request", row["id"], before={"due_on": row["due_on"]}, after={"due_on": later})
    return await privacy_request_of(after, work)


async def cancel_privacy_request(request: CancelPrivacyRequest, work: UnitOfWork) -> PrivacyRequest:
    """The person withdrew it."""
    row = await request_row(request.request_id, work, lock=True)
    status = PRIVACY_REQUEST.after("cancel", PrivacyStatus(row["status"]))
    changed = {"status": status, "rejection_reason": request.reason, "completed_at": work.now}
    return await privacy_request_of(await change_request(row, changed, work), work)


async def reject_privacy_request(request: RejectPrivacyRequest, work: UnitOfWork) -> PrivacyRequest:
    """Refused, with the reason to tell."""
    row = await request_row(request.request_id, work, lock=True)
    return await privacy_request_of(await end(row, "reject", {"rejection_reason": request.reason}, work), work)


async def get_privacy_request(request: GetPrivacyRequest, work: UnitOfWork) -> PrivacyRequest:
    """One request with the part of every actor."""
    return await privacy_request_of(await request_row(request.request_id, work), work)


async def list_privacy_requests(request: ListPrivacyRequests, work: UnitOfWork) -> PrivacyRequestPage:
    """A page, the newest first."""
    statement = select(privacy_request).where(privacy_request.c.organisation_id == work.organisation_id)
    for name in ("kind", "status", "subject_id"):
        wanted = getattr(request, name)
        if wanted is not None:
            statement = statement.where(privacy_request.c[name] == wanted)
    return await page(
        work,
        request,
        statement,
        order=(privacy_request.c.created_at, privacy_request.c.id),
        reply=PrivacyRequestPage,
        item=lambda row: PrivacyRequest.model_validate(dict(row) | {"request_id": row["id"]}),
        descending=True,
    )


async def get_erasure_proof(request: GetErasureProof, work: UnitOfWork) -> ErasureProof:
    """The signed proof."""
    await request_row(request.request_id, work)
    row = await work.load(
        select(erasure_proof).where(
            erasure_proof.c.organisation_id == work.organisation_id, erasure_proof.c.request_id == request.request_id
        ),
        "proof",
    )
    signature = base64.b64encode(row["signature"]).decode()
    return ErasureProof.model_validate(row["content"] | {"signature": signature, "kid": row["kid"]})


async def get_export_part(request: GetExportPart, work: UnitOfWork) -> ExportPartContent:
    """One part of an export."""
    await request_row(request.request_id, work)
    row = await work.load(_parts(request.request_id, request.actor, request.number, work), "export part")
    content = await work.keys.decrypt(row["content"], **part_place(row["id"], work))
    return ExportPartContent(actor=row["actor"], number=row["number"], total=row["total"], content=content)


async def get_privacy_subject(request: GetPrivacySubject, work: UnitOfWork) -> PrivacySubject:
    """Who the person is, for actors that count or execute."""
    row = await request_row(request.request_id, work, lock=True)
    if PrivacyStatus(row["status"]) not in PHASE_OF:
        raise Refused(
            INVALID_TRANSITION,
            f"the request is {row['status']}; the person is named only while actors count or execute",
            details={"from": row["status"], "trigger": "get_privacy_subject"},
        )
    subject = await subject_of(row, work)
    work.record("privacy_request", row["id"], after={"subject": "told"})
    return subject


async def report_privacy_task(request: ReportPrivacyTask, work: UnitOfWork) -> PrivacyTaskAccepted:
    """Keep an actor's report; the last of twelve ends the phase. Export parts come first, one by one."""
    actor = work.caller.service or ""
    if actor not in ACTORS:
        raise Refused(UNAUTHORIZED, "the header crm-service must name the actor that reports")
    row = await request_row(request.request_id, work, lock=True)
    if PHASE_OF.get(PrivacyStatus(row["status"])) is not request.phase:
        return PrivacyTaskAccepted(accepted=False)
    if request.part is not None:
        await _keep_part(row, actor, request.part, work)
        if await _missing_parts(row, actor, request.part.total, work):
            return PrivacyTaskAccepted(accepted=True)
    kept = await keep_report(row, actor, request.phase, request.status, request.entities, request.error, work)
    if kept:
        await advance(row, work)
    return PrivacyTaskAccepted(accepted=kept)


async def _keep_part(row: Row, actor: str, part: ExportPart, work: UnitOfWork) -> None:
    """A part is stored encrypted, once; only exports of an executed request have parts."""
    exports = PrivacyStatus(row["status"]) is PrivacyStatus.RUNNING and PrivacyKind(row["kind"]) in EXPORTING
    if not exports or part.number > part.total:
        raise Refused.field("part", "not_expected", "parts belong to an ACCESS or PORTABILITY request that is RUNNING")
    part_id = new_id()
    statement = insert(privacy_export_part).values(
        organisation_id=work.organisation_id,
        id=part_id,
        request_id=row["id"],
        actor=actor,
        number=part.number,
        total=part.total,
        content=await work.keys.encrypt(part.content, **part_place(part_id, work)),
        received_at=work.now,
    )
    await work.execute(statement.on_conflict_do_nothing())


async def _missing_parts(row: Row, actor: str, total: int, work: UnitOfWork) -> int:
    have = await work.fetch_value(
        select(func.count()).where(
            privacy_export_part.c.organisation_id == work.organisation_id,
            privacy_export_part.c.request_id == row["id"],
            privacy_export_part.c.actor == actor,
        )
    )
    return int(total - have)


def _parts(request_id: UUID, actor: str, number: int, work: UnitOfWork) -> Any:
    return select(privacy_export_part).where(
        privacy_export_part.c.organisation_id == work.organisation_id,
        privacy_export_part.c.request_id == request_id,
        privacy_export_part.c.actor == actor,
        privacy_export_part.c.number == number,
    )
