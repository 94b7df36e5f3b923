"""clients: status by hand, blocks, death, insolvency, identity checks, deletion; contact persons and permission to contact."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.clients.rules.contact_permission import ContactFacts, is_open, next_window, permission_of
from actors.clients.rules.imports import IMPORT
from actors.clients.rules.kyc import KYC
from actors.clients.rules.merging import PAIR
from messages.activites import ActivityRecorded
from messages.clients import (
    AddContactPerson,
    BlockClient,
    CheckContactPermission,
    ClearStatusOverride,
    Client,
    ConsentDecision,
    ContactChannel,
    ContactPurpose,
    CreateClient,
    DeclareDeath,
    DeleteClient,
    GetClient,
    GetClient360,
    KycStatus,
    ListContactPersons,
    ListStatusHistory,
    RecordConsent,
    RemoveContactPerson,
    SetClientStatus,
    SetInsolvency,
    SetKycStatus,
    SetLegalProtection,
    UnblockClient,
    UpdateContactPerson,
)
from messages.contrats import ContractActivated
from messages.engagement import EmailBounced
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from tests.actors.clients.builders import code_of, contract, issued, noon, person, say, standing
from tests.harness import Tenant

COMPANY = {"type": "BUSINESS", "business": {"legal_name": "Dépann SARL", "siren": "732829320"}}


async def test_case_13_a_status_set_by_hand_stays_until_its_last_day(tenant: Tenant, other_tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    await say(tenant, ContractActivated.model_validate(contract(tenant, client, new_id(), "ACTIVE")), 3)
    tenant.client.now = noon(date(2026, 3, 10))
    try:
        by_hand = SetClientStatus(
            client_id=client.id, status_code="SUSPENDU", reason="negotiating", until=date(2026, 3, 31)
        )
        assert await code_of(other_tenant.client.call(by_hand)) == "CLIENT_NOT_FOUND"
        changed = await tenant.client.call(by_hand)
        assert (changed.status_category, changed.status_mode) == ("SUSPENDED", "MANUAL")
        wrong = by_hand.model_copy(update={"status_code": "ACTIVE"})
        assert await code_of(tenant.client.call(wrong)) == "STATUS_UNKNOWN"
    finally:
        tenant.client.now = None
    await say(tenant, standing(client, "OVERDUE"), 1, date(2026, 3, 15))
    assert (await tenant.client.call(GetClient(client_id=client.id))).status_code == "SUSPENDU"
    await tenant.running.tick("day", datetime(2026, 3, 31, 0, 0, tzinfo=UTC))
    assert (await tenant.client.call(GetClient(client_id=client.id))).status_code == "SUSPENDU"
    await tenant.running.tick("day", datetime(2026, 4, 1, 0, 0, tzinfo=UTC))
    found = await tenant.client.call(GetClient(client_id=client.id))
    assert (found.status_code, found.status_mode) == ("IMPAYE", "AUTO")
    history = (await tenant.client.call(ListStatusHistory(client_id=client.id))).items
    assert [(change.to_code, change.mode) for change in history] == [
        ("IMPAYE", "AUTO"),
        ("SUSPENDU", "MANUAL"),
        ("ACTIF", "AUTO"),
    ]


async def test_a_status_set_by_hand_is_cleared(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    await tenant.client.call(SetClientStatus(client_id=client.id, status_code="SUSPENDU", reason="x"))
    cleared = await tenant.client.call(ClearStatusOverride(client_id=client.id))
    assert (cleared.status_code, cleared.status_mode) == ("PROSPECT", "AUTO")


async def test_a_block_is_told_and_ends_after_its_last_day(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    tenant.client.now = noon(date(2026, 5, 1))
    try:
        block = BlockClient(client_id=client.id, scope="SALES", reason="dispute", until=date(2026, 5, 10))
        blocked = await tenant.client.call(block)
        assert (blocked.blocked_scope, blocked.blocked_until) == ("SALES", date(2026, 5, 10))
        await tenant.client.call(block)
        assert "BLOCKED" in (await tenant.client.call(GetClient360(client_id=client.id))).alerts
    finally:
        tenant.client.now = None
    assert len(await tenant.running.events("client.blocked", tenant.id)) == 1
    await tenant.running.tick("day", datetime(2026, 5, 11, 0, 0, tzinfo=UTC))
    assert (await tenant.client.call(GetClient(client_id=client.id))).blocked_scope is None
    assert len(await tenant.running.events("client.unblocked", tenant.id)) == 1
    await tenant.client.call(UnblockClient(client_id=client.id))
    assert len(await tenant.running.events("client.unblocked", tenant.id)) == 1


async def test_death_protection_and_insolvency_are_noted_and_told(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    company = await tenant.client.call(CreateClient.model_validate(COMPANY))
    protected = await tenant.client.call(SetLegalProtection(client_id=client.id, kind="GUARDIANSHIP"))
    assert protected.legal_protection == "GUARDIANSHIP"
    dead = await tenant.client.call(DeclareDeath(client_id=client.id, deceased_on=date(2026, 1, 2)))
    assert (dead.deceased_on, dead.do_not_contact) == (date(2026, 1, 2), True)
    opened = {"client_id": company.id, "kind": "REDRESSEMENT", "opened_on": "2026-02-01"}
    assert (await tenant.client.call(SetInsolvency.model_validate(opened))).in_insolvency
    wrong = SetInsolvency.model_validate(opened | {"client_id": client.id})
    assert await code_of(tenant.client.call(wrong)) == "CLIENT_IS_INDIVIDUAL"
    closed = SetInsolvency(client_id=company.id, closed_on=date(2026, 9, 1), outcome="plan")
    assert not (await tenant.client.call(closed)).in_insolvency
    for fact in ("deceased", "insolvency_opened", "insolvency_closed"):
        assert len(await tenant.running.events(f"client.{fact}", tenant.id)) == 1, fact


async def test_an_identity_check_goes_its_way_and_expires(tenant: Tenant) -> None:
    client = await tenant.client.call(person())

    async def move(status: str, **more: Any) -> Client:
        return await tenant.client.call(SetKycStatus.model_validate({"client_id": client.id, "status": status, **more}))

    assert await code_of(move("VERIFIED")) == "INVALID_TRANSITION"
    await move("PENDING")
    assert (await move("VERIFIED", expires_on="2026-06-30")).kyc_verified_at is not None
    await tenant.running.tick("day", datetime(2026, 6, 30, 0, 0, tzinfo=UTC))
    assert (await tenant.client.call(GetClient(client_id=client.id))).kyc_status == "EXPIRED"
    assert "KYC_EXPIRED" in (await tenant.client.call(GetClient360(client_id=client.id))).alerts
    told = await tenant.running.events("client_kyc.changed", tenant.id)
    assert [(body["from"], body["to"]) for _, body in told] == [
        ("NOT_STARTED", "PENDING"),
        ("PENDING", "VERIFIED"),
        ("VERIFIED", "EXPIRED"),
    ]


async def test_case_26_a_client_with_a_history_is_not_deleted(tenant: Tenant, other_tenant: Tenant) -> None:
    home = {"line1": "1 rue X", "postal_code": "75011", "city": "Paris"}
    unused = await tenant.client.call(person(addresses=[home]))
    used = await tenant.client.call(person(given_name="Zoé", phones=("0699999999",), emails=()))
    await say(tenant, issued(tenant, used, "29.90", date(2026, 1, 31)), 1)
    assert await code_of(tenant.client.call(DeleteClient(client_id=used.id, reason="x"))) == "HAS_HISTORY"
    deletion = DeleteClient(client_id=unused.id, reason="typed by mistake")
    assert await code_of(other_tenant.client.call(deletion)) == "CLIENT_NOT_FOUND"
    await tenant.client.call(deletion)
    assert await code_of(tenant.client.call(GetClient(client_id=unused.id))) == "CLIENT_NOT_FOUND"
    assert len(await tenant.running.events("client.deleted", tenant.id)) == 1


async def test_persons_of_a_company(tenant: Tenant, other_tenant: Tenant) -> None:
    company = await tenant.client.call(CreateClient.model_validate(COMPANY))
    someone = await tenant.client.call(person())
    first = await tenant.client.call(AddContactPerson(client_id=company.id, family_name="Roux", role="BILLING"))
    assert first.is_primary
    second = AddContactPerson(client_id=company.id, family_name="Petit", is_primary=True, phone="0612345678")
    added = await tenant.client.call(second)
    listed = (await tenant.client.call(ListContactPersons(client_id=company.id))).items
    assert [(found.family_name, found.is_primary) for found in listed] == [("Roux", False), ("Petit", True)]
    change = UpdateContactPerson(contact_person_id=added.id, expected_version=1, job_title="DAF")
    assert await code_of(other_tenant.client.call(change)) == "CONTACT_PERSON_NOT_FOUND"
    assert (await tenant.client.call(change)).job_title == "DAF"
    assert await code_of(tenant.client.call(change)) == "VERSION_CONFLICT"
    await tenant.client.call(RemoveContactPerson(contact_person_id=first.id))
    refused = AddContactPerson(client_id=someone.id, family_name="X")
    assert await code_of(tenant.client.call(refused)) == "CLIENT_IS_INDIVIDUAL"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def call(moment: str, **facts: Any) -> tuple[list[str], datetime | None]:
    fields: dict[str, Any] = {"channel": ContactChannel.PHONE, "purpose": ContactPurpose.MARKETING, "person": True}
    fields["at"] = at(moment)
    found = permission_of(ContactFacts(**(fields | facts)))
    assert found.allowed == (not found.reasons)
    return [reason.value for reason in found.reasons], found.next_window_at


@pytest.mark.parametrize(
    ("moment", "reasons"),
    [
        ("2026-03-10T09:30:00+00:00", []),
        ("2026-03-10T12:00:00+00:00", ["OUTSIDE_WINDOW"]),
        ("2026-07-07T18:30:00+00:00", ["OUTSIDE_WINDOW"]),
        ("2026-07-07T07:59:59+00:00", ["OUTSIDE_WINDOW"]),
        ("2026-05-01T11:00:00+02:00", ["OUTSIDE_WINDOW"]),
        ("2026-03-14T11:00:00+01:00", ["OUTSIDE_WINDOW"]),
        ("2026-08-11T10:30:00+02:00", ["NO_CONSENT"]),
    ],
)
def test_case_17_when_a_consumer_may_be_called(moment: str, reasons: list[str]) -> None:
    assert call(moment)[0] == reasons


def test_case_17_where_only_the_moment_is_wrong_the_next_one_is_told() -> None:
    assert call("2026-03-10T12:00:00+00:00")[1] == at("2026-03-10T14:00:00+01:00")
    four = [at(f"2026-03-0{day}T10:00:00+01:00") for day in (3, 4, 5, 6)]
    assert call("2026-03-10T09:30:00+00:00", calls=four)[0] == ["FREQUENCY"]
    cooled = call("2026-04-10T11:00:00+02:00", refused_at=at("2026-03-10T10:30:00+01:00"))
    assert cooled == (["COOL_OFF"], at("2026-05-11T10:00:00+02:00"))
    assert call("2026-08-15T11:00:00+02:00", decision=ConsentDecision.GRANTED)[0] == []


@given(st.integers(0, 5 * 365 * 24 * 60).map(lambda minutes: noon(date(2025, 1, 1)) + timedelta(minutes=minutes)))
def test_the_next_window_is_open_and_not_before(moment: datetime) -> None:
    opens = next_window(moment, frozenset())
    assert opens >= moment and is_open(opens, frozenset())


async def test_permission_follows_consent_calls_and_bounces(tenant: Tenant, other_tenant: Tenant) -> None:
    client = await tenant.client.call(person())

    async def reasons(channel: str, moment: str = "2026-03-10T09:30:00+00:00", purpose: str = "MARKETING") -> list[str]:
        fields = {"client_id": client.id, "channel": channel, "purpose": purpose, "as_of": moment}
        found = await tenant.client.call(CheckContactPermission.model_validate(fields))
        return [reason.value for reason in found.reasons]

    stranger = CheckContactPermission(client_id=client.id, channel="POST")
    assert await code_of(other_tenant.client.call(stranger)) == "CLIENT_NOT_FOUND"
    assert await reasons("EMAIL") == ["NO_CONSENT"]
    consent = {"client_id": client.id, "purpose": "MARKETING_EMAIL", "decision": "GRANTED"}
    consent |= {"channel_of_collection": "WEB_FORM", "decided_at": "2026-01-01T00:00:00Z"}
    await tenant.client.call(RecordConsent.model_validate(consent))
    assert await reasons("EMAIL") == []
    for day in (3, 4, 5, 6):
        deed = {"activity_id": new_id(), "type_code": "CALL", "client_id": client.id, "direction": "OUTBOUND"}
        deed |= {"occurred_at": noon(date(2026, 3, day)), "purpose": "MARKETING", "counts_as_contact": True}
        await say(tenant, ActivityRecorded.model_validate(deed | {"outcome": "NO_ANSWER", "source": "MANUAL"}), 1)
    assert await reasons("PHONE") == ["FREQUENCY"]
    found = await tenant.client.call(GetClient(client_id=client.id))
    assert (found.first_contact_at, found.last_contact_at) == (noon(date(2026, 3, 3)), noon(date(2026, 3, 6)))
    hash_ = tenant.running.hosts["clients"].heart.keys.fingerprint(IndexKind.EMAIL, "jp@example.fr")
    bounce = {"email_id": new_id(), "purpose": "welcome", "category": "TRANSACTIONAL", "address_hash": hash_}
    bounce |= {"bounce_type": "HARD", "at": noon(date(2026, 3, 7)), "client_id": client.id}
    await say(tenant, EmailBounced.model_validate(bounce), 1)
    assert await reasons("EMAIL", purpose="SERVICE") == ["TECHNICAL"]
    assert "EMAIL_BOUNCED" in (await tenant.client.call(GetClient360(client_id=client.id))).alerts
    assert len(await tenant.running.events("client_contact_point.bounced", tenant.id)) == 1


class _Walk(RuleBasedStateMachine):
    """Any walk through the identity check stays inside its table, and every refusal names the state it left alone."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [KycStatus.NOT_STARTED]

    @rule(to=st.sampled_from(KycStatus))
    def move(self, to: KycStatus) -> None:
        try:
            self.path.append(KYC.after(to, self.path[-1]))
        except Refused as refused:
            assert refused.code.code == "INVALID_TRANSITION"
            assert (to, self.path[-1]) not in KYC.table

    @invariant()
    def verified_only_after_a_check(self) -> None:
        for before, after in pairwise(self.path):
            assert after is not KycStatus.VERIFIED or before is KycStatus.PENDING
            assert after is not KycStatus.EXPIRED or before is KycStatus.VERIFIED


TestIdentityCheck = _Walk.TestCase


@pytest.mark.parametrize("machine", [IMPORT, PAIR], ids=["import", "pair"])
def test_whatever_is_over_stays_over(machine: Any) -> None:
    over = {"COMPLETED", "CANCELLED", "MERGED"}
    assert not [step for step in machine.table if step[1] in over]
