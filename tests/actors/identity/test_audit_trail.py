"""The central copy of the audit trail: complete, in order, verified as it arrives, and signed each night."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from messages.clients import Client, CreateClient
from messages.identity import (
    AuditChainHead,
    AuditEntry,
    AuditResult,
    GetAuditChainHead,
    GetAuditEntry,
    ListAudit,
    ListAuditCheckpoints,
    SuspendMembership,
    VerifyAuditCheckpoint,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime import clock
from runtime.audit_chain import GENESIS, entry_hash
from runtime.audit_feed import parts_of
from tests.actors.identity.people import Person, member
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually

CREATED = "clients.client.create"
PERSON = {"given_name": "Jeanne", "family_name": "Martin"}


def everything(**filters: Any) -> ListAudit:
    now = clock.now()
    return ListAudit(occurred_from=now - timedelta(days=1), occurred_to=now + timedelta(days=1), **filters)


async def made_clients(owner: Person, count: int) -> list[Client]:
    made = []
    for _ in range(count):
        request = CreateClient.model_validate(PERSON | {"emails": [f"{uuid4().hex[:8]}@example.fr"]})
        made.append(await owner.call(request))
    return made


async def copied(owner: Person, stream: str, entries: int) -> AuditChainHead:
    """Wait until that many entries have arrived."""

    async def enough() -> AuditChainHead | None:
        try:
            head = await owner.call(GetAuditChainHead(stream=stream))
        except Refused:
            return None
        return head if head.entry_count >= entries else None

    found: AuditChainHead = await eventually(enough, 15.0)
    return found


async def creations(owner: Person, count: int) -> list[AuditEntry]:
    """The entries of that many clients, once they have arrived; the newest first."""

    async def enough() -> list[AuditEntry] | None:
        items = (await owner.call(everything(actions=(CREATED,)))).items
        return list(items) if len(items) >= count else None

    found: list[AuditEntry] = await eventually(enough, 15.0)
    return found


async def test_what_other_actors_did_is_read_in_one_place(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    first, second = await made_clients(owner, 2)
    items = await creations(owner, 2)
    head = await copied(owner, "clients", 2)
    assert (head.first_seq, head.last_seq, head.broken_count) == (1, head.entry_count, 0)
    assert (head.last_seq, head.last_hash) == (items[0].seq, items[0].entry_hash)
    assert [item.target_id for item in items] == [str(second.id), str(first.id)]
    assert {(item.stream, item.result, item.chain_ok) for item in items} == {("clients", "ALLOWED", True)}
    assert items[0].actor.user_id == owner.user.user_id
    assert items[0].prev_hash == items[1].entry_hash
    assert "Jeanne" not in str(items) and "example.fr" not in str(items)


async def test_an_entry_knows_its_successor(owned: tuple[Person, Tenant], other: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    await made_clients(owner, 2)
    newer, older = await creations(owner, 2)
    found = await owner.call(GetAuditEntry(entry_id=older.id))
    assert (found.entry, found.next_hash) == (older, newer.entry_hash)
    assert (await owner.call(GetAuditEntry(entry_id=newer.id))).next_hash is None
    assert await code_of(other[0].call(GetAuditEntry(entry_id=older.id))) == "AUDIT_ENTRY_NOT_FOUND"
    theirs = (await other[0].call(everything(limit=100))).items
    assert older.id not in {item.id for item in theirs}


async def test_the_trail_is_filtered_and_paged(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    made = await made_clients(owner, 5)
    await creations(owner, 5)
    pages: list[str | None] = []
    cursor, wanted = None, everything(actions=(CREATED,), limit=2)
    while True:
        page = await owner.call(wanted.model_copy(update={"cursor": cursor}) if cursor else wanted)
        pages += [item.target_id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == [str(client.id) for client in reversed(made)]
    one = await owner.call(everything(target_id=str(made[2].id), target_type="client"))
    assert [item.target_id for item in one.items] == [str(made[2].id)]
    by = await owner.call(everything(actor_user_ids=(owner.user.user_id,), actions=(CREATED,)))
    assert len(by.items) == 5
    assert (await owner.call(everything(stream="clients", results=(AuditResult.DENIED,)))).items == ()
    same = await owner.call(everything(correlation_id=one.items[0].correlation_id))
    assert one.items[0].id in {item.id for item in same.items}


async def test_case_25_the_trail_is_read_by_right_and_the_reading_is_on_record(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    viewer, _ = await member(owner, "viewer")
    for request in (everything(), GetAuditChainHead(stream="clients"), GetAuditEntry(entry_id=new_id())):
        assert await code_of(viewer.call(request)) == "PERMISSION_MISSING"

    async def on_record() -> bool:
        read = await owner.call(everything(stream="identity.access", actor_user_ids=(owner.user.user_id,)))
        return "identity:audit:read" in {item.permission for item in read.items}

    assert await eventually(on_record, 15.0)


async def test_a_period_is_given_and_at_most_a_year_long() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    for until in (now, now - timedelta(days=1), now + timedelta(days=367)):
        with pytest.raises(ValueError, match="366 days"):
            ListAudit(occurred_from=now, occurred_to=until)


def entry(organisation_id: UUID, seq: int, previous: str, **changes: Any) -> dict[str, Any]:
    """An entry of the chain of payments, which does not run here, sealed honestly."""
    fields: dict[str, Any] = {
        "v": 1,
        "id": str(new_id()),
        "organisation_id": str(organisation_id),
        "stream": "payments",
        "occurred_at": "2026-03-01T10:00:00.000000Z",
        "request_id": "r",
        "correlation_id": "c",
        "actor": {"type": "SYSTEM", "user_id": None, "service": "payments", "breakglass_session_id": None},
        "action": "payments.payment.create",
        "permission": None,
        "result": "ALLOWED",
        "error_code": None,
        "target": {"type": "payment", "id": "p"},
        "before": None,
        "after": {"version": 1},
        "meta": {},
        "seq": seq,
    } | changes
    return fields | {"prev_hash": previous, "entry_hash": entry_hash(previous, fields)}


async def publish(
    running: Running, organisation_id: UUID, entries: list[dict[str, Any]], user: str = "payments"
) -> None:
    """As the sealer of payments would, over its own NATS user."""
    voice = await running.client(user, token="")
    for body in parts_of(organisation_id, "payments", entries):
        stream = voice.connection.jetstream()
        await stream.publish(f"crm.audit.{user}", body, headers={"Nats-Msg-Id": str(new_id())})


async def test_an_entry_that_does_not_follow_is_kept_marked_and_told_once(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    first = entry(tenant.id, 1, GENESIS)
    second = entry(tenant.id, 2, first["entry_hash"])
    rewritten = {**entry(tenant.id, 3, second["entry_hash"]), "action": "payments.payment.nothing"}
    fourth = entry(tenant.id, 4, rewritten["entry_hash"])
    await publish(running, tenant.id, [first, second])
    await publish(running, tenant.id, [second, rewritten, fourth])  # the second arrives twice and counts once
    head = await copied(owner, "payments", 4)
    assert (head.last_seq, head.entry_count, head.broken_count) == (4, 4, 1)
    old = ListAudit.model_validate(
        {"occurred_from": "2026-02-28T00:00:00Z", "occurred_to": "2026-03-02T00:00:00Z", "stream": "payments"}
    )
    marks = {item.seq: item.chain_ok for item in (await owner.call(old)).items}
    assert marks == {1: True, 2: True, 3: False, 4: True}
    await running.settled()
    [(_, fact)] = await running.events("audit_chain.broken", tenant.id)
    assert (fact["stream"], fact["got"]) == ("payments", "HASH_MISMATCH")


async def test_nobody_writes_into_another_actors_trail(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    forged = entry(tenant.id, 1, GENESIS)
    await publish(running, tenant.id, [forged], user="calendar")  # speaks of payments under its own name
    await made_clients(owner, 1)
    await creations(owner, 1)  # arrived after the forged part
    assert await code_of(owner.call(GetAuditChainHead(stream="payments"))) == "AUDIT_ENTRY_NOT_FOUND"


async def test_each_night_the_heads_are_signed_once(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    await made_clients(owner, 2)
    await creations(owner, 2)
    head = await owner.call(GetAuditChainHead(stream="clients"))
    night = datetime(2031, 5, 1, 0, 0, tzinfo=UTC)
    await running.tick("hour", night)
    await running.tick("hour", night + timedelta(hours=1))
    [signed] = (await owner.call(ListAuditCheckpoints(stream="clients"))).items
    assert (signed.last_seq, signed.last_hash) == (head.last_seq, head.last_hash)
    assert (await owner.call(VerifyAuditCheckpoint(checkpoint_id=signed.checkpoint_id))).valid
    await running.tick("hour", night + timedelta(days=1))
    heads = [found.last_seq for found in (await owner.call(ListAuditCheckpoints(stream="clients"))).items]
    assert len(heads) == len(set(heads))  # the night's jobs of clients may have written more, and that head is new


def test_large_parts_are_cut_into_messages_that_fit() -> None:
    organisation_id = new_id()
    many, previous = [], GENESIS
    for seq in range(1, 41):
        many.append(entry(organisation_id, seq, previous, after={"note": "x" * 20_000}))
        previous = many[-1]["entry_hash"]
    bodies = list(parts_of(organisation_id, "payments", many))
    assert len(bodies) > 1 and max(map(len, bodies)) < 300 * 1024
    read = [found for body in bodies for found in orjson.loads(body)["entries"]]
    assert read == many


async def test_a_refused_person_is_on_record_with_what_he_tried(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    viewer, membership = await member(owner, "viewer")
    request = CreateClient.model_validate(PERSON | {"emails": ["refused@example.fr"]})
    assert await code_of(viewer.call(request)) == "PERMISSION_MISSING"
    wanted = everything(stream="clients", results=(AuditResult.DENIED,))
    await owner.call(SuspendMembership(membership_id=membership.membership_id, reason="fraude"))

    async def withdrawn() -> bool:
        return await code_of(viewer.client.call(request)) == "MEMBERSHIP_INACTIVE"

    async def arrived() -> dict[str | None, AuditEntry]:
        found = {entry.error_code: entry for entry in (await owner.call(wanted)).items}
        return found if len(found) == 2 else {}

    await eventually(withdrawn)
    entries = await eventually(arrived, 15.0)
    entry = entries["PERMISSION_MISSING"]
    assert entries["MEMBERSHIP_INACTIVE"].actor.user_id == viewer.user.user_id
    assert (entry.actor.user_id, entry.action, entry.error_code) == (viewer.user.user_id, CREATED, "PERMISSION_MISSING")
    assert entry.permission == "clients:client:write"
