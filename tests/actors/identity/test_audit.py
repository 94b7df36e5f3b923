"""The audit centre: all chains from one place, and checkpoints that a rewritten past contradicts."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actors.identity.rules.checkpoints import canonical_checkpoint, checkpoint_hash
from messages.clients import CreateClient
from messages.identity import (
    CreateAuditCheckpoint,
    ListAuditCheckpoints,
    VerifyAuditChain,
    VerifyAuditCheckpoint,
)
from tests.actors.identity.people import Person, member
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually

PERSON = {"given_name": "Jeanne", "family_name": "Martin", "emails": ["jeanne@example.fr"]}


def test_x04_a_checkpoint_is_hashed_and_signed_as_the_vector_says() -> None:
    canonical = canonical_checkpoint(
        UUID("0190a6f0-0000-7000-8000-0000000000a1"),
        "clients",
        3,
        3,
        "10fdfc1bca852e084cd21c405255d82615bade6d84d36a9f2befee805d000c9c",
        datetime(2026, 3, 3, 1, tzinfo=UTC),
    )
    assert checkpoint_hash(canonical) == "9396e553a42ecf39072c511fa663309c5c0c44854b3cf232da45a74d102216b2"
    signature = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).sign(canonical)
    assert base64.b64encode(signature).decode() == (
        "FpfiWeSPcK5JAsonJ/j0xIi1Hriwsof1XQihj/2zgxQddSpsK5BdeJ9r31MWxU8vYwzuoMBUSJRLr12R7no5Ag=="
    )


async def sealed(owner: Person, stream: str, entries: int) -> None:
    """Wait until the sealer has chained that many entries."""

    async def enough() -> bool:
        (chain,) = (await owner.call(VerifyAuditChain(stream=stream))).chains
        return chain.entries_checked >= entries

    await eventually(enough, 10.0)


async def test_chains_of_several_actors_are_verified_from_one_place(owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    await tenant.running.settled()
    await owner.call(CreateClient.model_validate(PERSON))
    await sealed(owner, "clients", 1)
    await sealed(owner, "identity", 2)
    found = {chain.stream: chain for chain in (await owner.call(VerifyAuditChain())).chains}
    assert len(found) == 24
    for stream in ("clients", "identity", "products"):
        assert found[stream].valid, found[stream]
    assert found["payments"].valid is False  # it does not run here, so it proves nothing
    assert found["payments"].reason in ("ACTOR_UNAVAILABLE", "SUBJECT_NOT_PERMITTED")
    assert await code_of(owner.call(VerifyAuditChain(stream="nobody"))) == "VALIDATION_FAILED"


async def test_a_rewritten_history_no_longer_passes_through_its_checkpoint(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    await owner.call(CreateClient.model_validate(PERSON))
    await sealed(owner, "clients", 1)
    signed = await owner.call(CreateAuditCheckpoint(stream="clients"))
    assert (await owner.call(CreateAuditCheckpoint(stream="clients"))) == signed
    check = VerifyAuditCheckpoint(checkpoint_id=signed.checkpoint_id)
    assert (await owner.call(check)).valid
    assert await code_of(other[0].call(check)) == "AUDIT_CHECKPOINT_NOT_FOUND"
    assert (await other[0].call(ListAuditCheckpoints())).items == ()
    await _rewrite(running, tenant.id)
    found = await owner.call(check)
    assert (found.valid, found.signature_valid, found.chain_valid) == (False, True, False)
    assert not (await owner.call(VerifyAuditChain(stream="clients"))).valid
    assert await code_of(owner.call(CreateAuditCheckpoint(stream="clients"))) == "AUDIT_CHAIN_INVALID"


async def _rewrite(running: Running, organisation_id: UUID, seq: int = 1) -> None:
    """What only somebody with the database's own rights can do."""
    connection = await asyncpg.connect(running.database("clients"))
    try:
        await connection.execute("alter table audit_entry disable trigger user")
        await connection.execute(
            "update audit_entry set action = 'clients.client.nothing' where organisation_id = $1 and seq = $2"
            " and stream = 'clients'",
            organisation_id,
            seq,
        )
        await connection.execute("alter table audit_entry enable trigger user")
    finally:
        await connection.close()


async def test_each_new_head_is_signed_once_and_stated(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    heads: list[int] = []
    for number in (1, 2):
        await owner.call(CreateClient.model_validate(PERSON | {"emails": [f"j{number}@example.fr"]}))
        await sealed(owner, "clients", heads[-1] + 1 if heads else 1)
        heads += [(await owner.call(CreateAuditCheckpoint(stream="clients"))).last_seq for _ in range(2)]
    stated = [body["last_seq"] for _, body in await running.events("audit_checkpoint.created", tenant.id)]
    assert stated == sorted(set(heads)) and len(stated) >= 2
    shown = (await owner.call(ListAuditCheckpoints(stream="clients"))).items
    assert [item.last_seq for item in shown] == stated[::-1]


async def test_case_25_only_who_was_given_the_audit_trail_reads_it(owned: tuple[Person, Tenant]) -> None:
    viewer, _ = await member(owned[0], "viewer")
    for request in (VerifyAuditChain(), ListAuditCheckpoints(), CreateAuditCheckpoint(stream="clients")):
        assert await code_of(viewer.call(request)) == "PERMISSION_MISSING"
