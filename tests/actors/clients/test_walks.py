"""clients: status, consents and imports walked at random through real facts and requests, and compared with a model."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.clients.rules.imports import IMPORT
from actors.clients.rules.standing import Facts, category_of
from messages.base import Event
from messages.clients import (
    CancelImport,
    ClearStatusOverride,
    CommitImport,
    ConsentDecision,
    ConsentPurpose,
    CreateClient,
    GetClient,
    GetConsentMatrix,
    GetImport,
    ImportStatus,
    ListConsents,
    RecordConsent,
    SetClientStatus,
    StatusCategory,
    UpdateImportMapping,
    ValidateImport,
)
from messages.contrats import ContractActivated, ContractResumed, ContractSuspended, ContractTerminated
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.clients.builders import contract, noon, person, standing
from tests.actors.clients.test_imports import created
from tests.harness import Running, Tenant

pytestmark = pytest.mark.chaos

WALKS = settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), database=None)
MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONTRACT: dict[str, tuple[type[Event], str]] = {
    "activate": (ContractActivated, "ACTIVE"),
    "suspend": (ContractSuspended, "SUSPENDED"),
    "resume": (ContractResumed, "ACTIVE"),
    "terminate": (ContractTerminated, "TERMINATED"),
}
STEPS = (*CONTRACT, "GOOD", "OVERDUE", "SUSPENDED", "by_hand", "clear")


def somebody() -> CreateClient:
    unique = new_id().hex[-10:]
    return person(emails=(f"{unique}@example.fr",), phones=(), family_name=f"Nom{unique.translate(_LETTERS)}")


_LETTERS = str.maketrans("0123456789", "ghijklmnop")


@WALKS
@given(steps=st.lists(st.sampled_from(STEPS), min_size=4, max_size=10))
async def test_a_status_follows_contracts_and_standing_unless_set_by_hand(
    running: Running, tenant: Tenant, steps: list[str]
) -> None:
    call = tenant.client.call
    client, contract_id = await call(somebody()), new_id()
    status: str | None = None
    found: list[str] = []
    by_hand, was_in_force = False, False
    expected, changes = StatusCategory.PROSPECT, []
    for number, step in enumerate(steps, 1):
        if step in CONTRACT:
            event, status = CONTRACT[step]
            was_in_force = True
            fact = event.model_validate(contract(tenant, client, contract_id, status))
            await running.state(fact, tenant.id, version=number, now=noon(date(2026, 3, 1)))
        elif step in ("by_hand", "clear"):
            await running.settled()
            by_hand = step == "by_hand"
            await call(
                SetClientStatus(client_id=client.id, status_code="SUSPENDU", reason="test")
                if by_hand
                else ClearStatusOverride(client_id=client.id)
            )
        else:
            found = [step]
            await running.state(standing(client, step), tenant.id, version=number, now=noon(date(2026, 3, 1)))
        live = [status] if status in ("ACTIVE", "SUSPENDED") else []
        derived = category_of(Facts(live, was_in_force, found))
        now = StatusCategory.SUSPENDED if by_hand else derived
        if now is not expected:
            changes.append(now)
        expected = now
    await running.settled()
    assert (await call(GetClient(client_id=client.id))).status_category == expected
    stated = await running.events("client.status_changed", tenant.id)
    own = [body["to_category"] for headers, body in stated if headers["ce-subject"] == str(client.id)]
    assert [category for category, _ in groupby(own)] == changes  # setting by hand what is so already is told as well


@WALKS
@given(
    decisions=st.lists(
        st.tuples(
            st.sampled_from([ConsentPurpose.MARKETING_EMAIL, ConsentPurpose.MARKETING_SMS]),
            st.sampled_from(ConsentDecision),
            st.sampled_from([None, 1]),
        ),
        min_size=2,
        max_size=7,
    )
)
async def test_the_newest_consent_counts_until_it_ends_and_the_ledger_keeps_them_all(
    running: Running, tenant: Tenant, decisions: list[tuple[ConsentPurpose, ConsentDecision, int | None]]
) -> None:
    call = tenant.client.call
    client = await call(somebody())
    newest: dict[ConsentPurpose, tuple[ConsentDecision, datetime | None]] = {}
    try:
        for number, (purpose, decision, days) in enumerate(decisions):
            now = tenant.client.now = MARCH_2 + timedelta(hours=number)
            ends = now + timedelta(days=days) if days and decision is ConsentDecision.GRANTED else None
            request = RecordConsent(
                client_id=client.id, purpose=purpose, decision=decision, legal_basis="CONSENT",
                channel_of_collection="WEB_FORM", expires_at=ends,
            )  # fmt: skip
            await call(request)
            newest[purpose] = (decision, ends)
        for at in (now, now + timedelta(days=2)):
            tenant.client.now = at
            shown = (await call(GetConsentMatrix(client_id=client.id))).items
            counts = {purpose: decision for purpose, (decision, ends) in newest.items() if ends is None or ends > at}
            assert {item.purpose: item.decision for item in shown} == counts
        ledger = (await call(ListConsents(client_id=client.id, limit=100))).items
    finally:
        tenant.client.now = None
    assert len(ledger) == len(decisions)
    await running.settled()
    stated = await running.events("client_consent.recorded", tenant.id)
    own = [(body["purpose"], body["decision"]) for headers, body in stated if headers["ce-subject"] == str(client.id)]
    assert own == [(purpose, decision) for purpose, decision, _ in decisions]


@WALKS
@given(triggers=st.lists(st.sampled_from(["map", "validate", "commit", "cancel"]), min_size=3, max_size=6))
async def test_an_import_lives_as_its_table_says(running: Running, tenant: Tenant, triggers: list[str]) -> None:
    call, unique = tenant.client.call, new_id().hex[-8:]
    job = await created(tenant, f"Nom;Email\r\nDupont;{unique}@example.fr\r\n")
    requests: dict[str, Any] = {
        "map": UpdateImportMapping(job_id=job.id, mapping=job.mapping),
        "validate": ValidateImport(job_id=job.id),
        "commit": CommitImport(job_id=job.id),
        "cancel": CancelImport(job_id=job.id),
    }
    in_background = {ImportStatus.VALIDATING: "validated", ImportStatus.COMMITTING: "complete"}
    state = ImportStatus.CREATED
    for trigger in triggers:
        allowed = IMPORT.allows(trigger, state)
        try:
            await call(requests[trigger])
        except Refused as refusal:
            assert not allowed, f"{trigger} of a {state} import was refused: {refusal}"
            continue
        assert allowed, f"{trigger} of a {state} import was done"
        state = IMPORT.after(trigger, state)
        await running.settled()
        if state in in_background:
            state = IMPORT.after(in_background[state], state)
        assert (await call(GetImport(job_id=job.id))).status == state
    done = await running.events("client_import.completed", tenant.id)
    told = [body for headers, body in done if headers["ce-subject"] == str(job.id)]
    assert len(told) == (state is ImportStatus.COMPLETED)
