"""Data-subject requests: legal time, twelve reports, holds, silence, proof. The tests speak for the other actors."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from actors.identity.rules.privacy import canonical_proof, due_on, extended_due_on
from messages.identity import (
    AssessPrivacyRequest,
    CancelPrivacyRequest,
    CheckLegalHold,
    CreatePrivacyRequest,
    EntityReport,
    ExecutePrivacyRequest,
    ExportPart,
    ExtendPrivacyRequest,
    GetErasureProof,
    GetExportPart,
    GetPrivacyRequest,
    GetPrivacySubject,
    LiftLegalHold,
    ListLegalHolds,
    ListPrivacyRequests,
    PlaceLegalHold,
    PrivacyRequest,
    RejectPrivacyRequest,
    ReportPrivacyTask,
    RunRetentionPurge,
    VerifyRequesterIdentity,
)
from messages.registry import ACTORS
from runtime import headers
from tests.actors.identity.people import Person, as_actor
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant

OTHERS = [actor for actor in ACTORS if actor not in ("identity", "clients", "products")]
"""For whom the tests speak; the three that run here answer for themselves."""
JANUARY_31 = datetime(2026, 1, 31, 10, tzinfo=UTC)
EMAIL = "jeanne.martin@example.fr"


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 1, 31), date(2026, 3, 2)),
        (date(2026, 3, 5), date(2026, 4, 7)),
        (date(2026, 4, 1), date(2026, 5, 4)),
        (date(2026, 8, 31), date(2026, 9, 30)),
    ],
)
def test_x22_a_request_is_due_a_month_later_on_a_working_day(received: date, due: date) -> None:
    assert due_on(received) == due


def test_x22_an_extension_counts_from_receipt() -> None:
    assert extended_due_on(date(2026, 1, 31)) == date(2026, 4, 30)


async def received(owner: Person, kind: str = "ERASURE", **fields: Any) -> PrivacyRequest:
    """A customer's request that came in on 31 January."""
    owner.client.now = JANUARY_31 + timedelta(hours=1)
    known: dict[str, Any] = {
        "kind": kind,
        "subject_type": "CUSTOMER",
        "subject_id": uuid4(),
        "subject_email": EMAIL,
        "received_at": JANUARY_31,
        "channel": "EMAIL",
        "reason": "la personne le demande",
    }
    return await owner.call(CreatePrivacyRequest(**(known | fields)))


async def ready(owner: Person, kind: str = "ERASURE", **fields: Any) -> PrivacyRequest:
    """A request that all twelve have assessed."""
    request = await received(owner, kind, **fields)
    await owner.call(VerifyRequesterIdentity(request_id=request.request_id, method="carte d'identité"))
    assessing = await owner.call(AssessPrivacyRequest(request_id=request.request_id))
    assert assessing.status == "ASSESSING"
    for actor in OTHERS:
        await report(owner, request.request_id, actor, "ASSESS")
    await owner.running.settled()
    found = await owner.call(GetPrivacyRequest(request_id=request.request_id))
    assert found.status == "READY"
    return found


async def report(owner: Person, request_id: UUID, actor: str, phase: str, **fields: Any) -> bool:
    """What one actor answers."""
    assert owner.organisation_id is not None
    message = ReportPrivacyTask(request_id=request_id, phase=phase, **({"status": "SKIPPED"} | fields))
    extra = {headers.TIME: owner.client.now.isoformat()} if owner.client.now else {}
    extra[headers.SERVICE] = actor
    return (await as_actor(owner.running, message, owner.organisation_id, **extra)).accepted


async def test_an_erasure_from_receipt_to_proof(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    request = await ready(owner)
    assert request.due_on == date(2026, 3, 2)
    assert {task.actor for task in request.tasks} == set(ACTORS)
    running_request = await owner.call(ExecutePrivacyRequest(request_id=request.request_id))
    assert running_request.status == "RUNNING"
    for actor in OTHERS:
        entities: tuple[EntityReport, ...] = ()
        status = "SKIPPED"
        if actor == "calendar":
            entities, status = (EntityReport(entity="client_copy", anonymised=1, verification_passed=True),), "SUCCESS"
        if actor == "engagement":
            entities, status = (EntityReport(entity="email", deleted=12, verification_passed=True),), "SUCCESS"
        if actor == "factures":
            kept = EntityReport(
                entity="invoice", retained=3, retained_reason="ACCOUNTING_10Y", retained_until=date(2036, 12, 31)
            )
            entities, status = (kept,), "PARTIAL"
        assert await report(owner, request.request_id, actor, "EXECUTE", entities=entities, status=status)
        assert not await report(owner, request.request_id, actor, "EXECUTE", entities=entities, status=status)
    await running.settled()
    ended = await owner.call(GetPrivacyRequest(request_id=request.request_id))
    assert (ended.status, ended.completed_at is not None) == ("PARTIAL", True)
    invoices = next(task for task in ended.tasks if task.actor == "factures" and task.phase == "EXECUTE")
    assert invoices.entities[0].retained_until == date(2036, 12, 31)
    proof = await owner.call(GetErasureProof(request_id=request.request_id))
    assert (proof.deleted, proof.anonymised, proof.retained, proof.all_verifications_passed) == (12, 1, 3, True)
    await _check_signature(running, proof.kid, proof.signature, request.request_id, tenant.id)
    for type_ in ("assessment_requested", "execution_requested", "completed"):
        (_, body), *more = await running.events(f"privacy_request.{type_}", tenant.id)
        assert (body["subject_id"], more) == (str(request.subject_id), [])
        assert EMAIL not in json.dumps(body)
    assert body["outcome"] == "PARTIAL"


async def _check_signature(running: Running, kid: str, signature: str, request_id: UUID, organisation: UUID) -> None:
    connection = await asyncpg.connect(running.installation.actor_url("identity"))
    try:
        await connection.execute(f"set app.organisation_id = '{organisation}'")
        key = await connection.fetchval("select public_key from signing_key where kid = $1", kid)
        content = await connection.fetchval("select content from erasure_proof where request_id = $1", request_id)
    finally:
        await connection.close()
    Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature), canonical_proof(json.loads(content)))


async def test_the_person_is_named_only_while_actors_work_and_kept_encrypted(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    request = await received(owner)
    ask = GetPrivacySubject(request_id=request.request_id)
    with pytest.raises(Exception, match="INVALID_TRANSITION"):
        await as_actor(running, ask, tenant.id)
    await owner.call(VerifyRequesterIdentity(request_id=request.request_id, method="appel"))
    await owner.call(AssessPrivacyRequest(request_id=request.request_id))
    subject = await as_actor(running, ask, tenant.id)
    assert (subject.subject_id, subject.emails) == (request.subject_id, (EMAIL,))
    with pytest.raises(Exception, match="PRIVACY_REQUEST_NOT_FOUND"):
        await as_actor(running, ask, uuid4())
    connection = await asyncpg.connect(running.installation.actor_url("identity"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        for table in ("privacy_request", "audit_entry", "outbox_message"):
            rows = await connection.fetch(f"select to_jsonb(t)::text as text from {table} t")
            assert not any(EMAIL in row["text"] for row in rows), table
        told = await connection.fetchval(
            "select count(*) from audit_entry where stream = 'identity.access' and action like '%get'"
            " and target->>'id' = $1 and actor->>'service' = 'internal'",
            str(request.request_id),
        )
        assert told == 1
    finally:
        await connection.close()


async def test_a_user_is_found_by_his_own_addresses(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    request = await received(owner, "ACCESS", subject_type="USER", subject_id=owner.user.user_id, subject_email=None)
    await owner.call(VerifyRequesterIdentity(request_id=request.request_id, method="session"))
    await owner.call(AssessPrivacyRequest(request_id=request.request_id))
    subject = await as_actor(running, GetPrivacySubject(request_id=request.request_id), tenant.id)
    assert subject.emails == (owner.email,)
    unknown = received(owner, subject_type="USER", subject_id=uuid4())
    assert await code_of(unknown) == "PURGE_SUBJECT_NOT_FOUND"


async def test_x25_a_legal_hold_stops_an_erasure(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    request = await ready(owner)
    subject = {"subject_type": "CUSTOMER", "subject_id": request.subject_id}
    hold = await owner.call(PlaceLegalHold(**subject, reason="litige en cours", case_reference="TJ-2026-7"))
    assert (await owner.call(CheckLegalHold(**subject))).held
    execute = ExecutePrivacyRequest(request_id=request.request_id)
    assert await code_of(owner.call(execute)) == "PURGE_NOT_ALLOWED"
    assert (await running.events("privacy_request.execution_requested", tenant.id)) == []
    await owner.call(LiftLegalHold(hold_id=hold.hold_id, reason="jugement rendu"))
    assert await code_of(owner.call(LiftLegalHold(hold_id=hold.hold_id, reason="encore"))) == "INVALID_TRANSITION"
    assert (await owner.call(execute)).status == "RUNNING"
    assert [len(await running.events(f"legal_hold.{fact}", tenant.id)) for fact in ("placed", "lifted")] == [1, 1]
    expired = await owner.call(
        PlaceLegalHold(**subject, reason="inspection", expires_at=owner.client.now + timedelta(days=1))  # type: ignore[operator]
    )
    owner.client.now += timedelta(days=2)  # type: ignore[operator]
    assert not (await owner.call(CheckLegalHold(**subject))).held
    listed = (await owner.call(ListLegalHolds(is_active=True))).items
    assert [item.hold_id for item in listed] == [expired.hold_id]


async def test_an_export_is_whole_before_it_counts(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    request = await ready(owner, "PORTABILITY")
    await owner.call(ExecutePrivacyRequest(request_id=request.request_id))
    for actor in OTHERS:
        if actor != "contrats":
            await report(owner, request.request_id, actor, "EXECUTE")
    await owner.running.settled()
    for number in (1, 2, 2):
        part = ExportPart(number=number, total=2, content=f'{{"part": {number}}}')
        await report(owner, request.request_id, "contrats", "EXECUTE", status="SUCCESS", part=part)
        found = await owner.call(GetPrivacyRequest(request_id=request.request_id))
        assert found.status == ("RUNNING" if number == 1 else "COMPLETED")
    second = await owner.call(GetExportPart(request_id=request.request_id, actor="contrats", number=2))
    assert (second.content, second.total) == ('{"part": 2}', 2)
    missing = GetExportPart(request_id=request.request_id, actor="payments")
    assert await code_of(owner.call(missing)) == "NOT_FOUND"


@pytest.mark.chaos
async def test_silent_actors_are_asked_five_times_and_then_count_as_failed(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    request = await received(owner)
    await owner.call(VerifyRequesterIdentity(request_id=request.request_id, method="appel"))
    await owner.call(AssessPrivacyRequest(request_id=request.request_id))
    await report(owner, request.request_id, "contrats", "ASSESS")
    start = owner.client.now
    assert start is not None
    for day in range(1, 7):
        await running.tick("hour", start + timedelta(days=day, minutes=day))
    attempts = [body["attempt"] for _, body in await running.events("privacy_request.assessment_requested", tenant.id)]
    assert attempts == [1, 2, 3, 4, 5]
    failed = await owner.call(GetPrivacyRequest(request_id=request.request_id))
    assert failed.status == "FAILED"
    assert {task.status for task in failed.tasks if task.actor in ("payments", "contrats")} == {"FAILED", "SKIPPED"}
    assert not await report(owner, request.request_id, "payments", "ASSESS")


@pytest.mark.chaos
async def test_deadlines_are_said_once(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    request = await received(owner)
    for day in (22, 23, 24):
        await running.tick("hour", datetime(2026, 2, day, 9, 30, tzinfo=UTC))
    (_, soon), *more = await running.events("privacy_request.due_soon", tenant.id)
    assert (soon["due_at"], more) == ("2026-03-02", [])
    for hour in (9, 10):
        await running.tick("hour", datetime(2026, 3, 3, hour, 30, tzinfo=UTC))
    assert len(await running.events("privacy_request.overdue", tenant.id)) == 1
    owner.client.now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    late = ExtendPrivacyRequest(request_id=request.request_id, reason="dossier complexe")
    assert await code_of(owner.call(late)) == "EXTENSION_NOT_ALLOWED"


async def test_time_is_extended_once(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    request = await received(owner)
    extend = ExtendPrivacyRequest(request_id=request.request_id, reason="dossier complexe")
    extended = await owner.call(extend)
    assert (extended.due_on, extended.extended) == (date(2026, 4, 30), True)
    assert await code_of(owner.call(extend)) == "EXTENSION_NOT_ALLOWED"


async def test_a_request_is_rejected_or_withdrawn(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    first, second = await received(owner), await received(owner)
    rejected = await owner.call(RejectPrivacyRequest(request_id=first.request_id, reason="demande excessive"))
    assert (rejected.status, rejected.rejection_reason) == ("REJECTED", "demande excessive")
    (_, body), *more = await running.events("privacy_request.completed", tenant.id)
    assert (body["outcome"], more) == ("REJECTED", [])
    withdrawn = await owner.call(CancelPrivacyRequest(request_id=second.request_id, reason="retirée"))
    assert withdrawn.status == "CANCELLED"
    verify = VerifyRequesterIdentity(request_id=second.request_id, method="appel")
    assert await code_of(owner.call(verify)) == "INVALID_TRANSITION"
    listed = await owner.call(ListPrivacyRequests(status="CANCELLED"))
    assert [item.request_id for item in listed.items] == [second.request_id]


async def test_a_request_of_another_organisation_does_not_exist(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    theirs = await received(other[0])
    hold = await other[0].call(PlaceLegalHold(subject_type="CUSTOMER", subject_id=uuid4(), reason="litige"))
    for request in (
        GetPrivacyRequest(request_id=theirs.request_id),
        VerifyRequesterIdentity(request_id=theirs.request_id, method="appel"),
        CancelPrivacyRequest(request_id=theirs.request_id, reason="intrus"),
        GetErasureProof(request_id=theirs.request_id),
    ):
        assert await code_of(owner.call(request)) == "PRIVACY_REQUEST_NOT_FOUND"
    assert await code_of(owner.call(LiftLegalHold(hold_id=hold.hold_id, reason="intrus"))) == "LEGAL_HOLD_NOT_FOUND"
    assert (await owner.call(ListPrivacyRequests())).items == ()
    assert (await owner.call(ListLegalHolds())).items == ()


async def test_the_file_of_a_request_goes_five_years_after_its_end(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    request = await received(owner)
    await owner.call(RejectPrivacyRequest(request_id=request.request_id, reason="demande excessive"))
    open_one = await received(owner)
    for year, status in ((2031, "REJECTED"), (2032, "gone")):
        owner.client.now = JANUARY_31.replace(year=year, month=1)
        await owner.call(RunRetentionPurge(category="PRIVACY_FILE", dry_run=False))
        (listed, *rest) = (await owner.call(ListPrivacyRequests())).items
        assert listed.request_id == open_one.request_id
        assert [item.status for item in rest] == ([status] if status != "gone" else [])
