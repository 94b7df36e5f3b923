"""Mandates that a provider keeps: signed on its page, followed by what it says, ended there when they end here."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.payments.rules.machines import ENDED_MANDATE, MANDATE
from actors.payments.rules.provider_mandates import step_of, takes_debits
from messages.payments import (
    BlockMandate,
    CancelMandate,
    GetMandate,
    ListMandates,
    ListSchedules,
    Mandate,
    MandateParty,
    MandateStatus,
    SetupMandate,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import at
from tests.actors.payments.psp.debits import DebitDesk
from tests.actors.payments.steps import SIGNED
from tests.harness import Tenant, tenant_fixture

other = tenant_fixture("Fibre Durand")
FACTS = ("created", "signed", "activated", "suspended", "failed", "cancelled", "expired", "consumed", "blocked")


async def stated(debits: DebitDesk, mandate: Mandate) -> list[str]:
    """The facts about a mandate, in their order."""
    found = [(await debits.running.events(f"mandate.{fact}", debits.tenant.id), fact) for fact in FACTS]
    mine = [
        (int(headers["ce-crmversion"]), fact)
        for events, fact in found
        for headers, body in events
        if body["mandate_id"] == str(mandate.mandate_id)
    ]
    return [fact for _, fact in sorted(mine)]


async def test_a_mandate_is_signed_on_the_providers_page_and_collects_its_contract(debits: DebitDesk) -> None:
    asked = await debits.ask()
    assert (asked.status, asked.usable, asked.creditor_identifier) == ("PENDING_CUSTOMER_APPROVAL", False, "GOCARDLESS")
    assert asked.redirect_url is not None
    assert (await debits.ask()).mandate_id == asked.mandate_id, "asked twice, one mandate"
    signed = await debits.sign("pending_submission")
    (request,) = debits.gocardless.things["billing_requests"].values()
    assert request["mandate_request"]["reference"] == signed.rum, "our reference is printed on the mandate"
    assert (signed.status, signed.signature_method, str(signed.next_possible_charge_date)) == (
        "PENDING_SUBMISSION", "PSP_HOSTED", "2026-04-09",
    )  # fmt: skip
    (schedule,) = (await debits.tenant.client.call(ListSchedules())).items
    assert schedule.mandate_id == signed.mandate_id
    await debits.tell("submitted")
    await debits.tell("active")
    active = await debits.read(signed.mandate_id)
    assert (active.status, active.usable, active.redirect_url) == ("ACTIVE", True, None)
    assert await stated(debits, signed) == ["created", "signed", "activated"]


async def test_what_the_provider_says_ends_or_holds_the_mandate(debits: DebitDesk) -> None:
    told = {
        "suspended_by_payer": ("SUSPENDED_BY_PAYER", "suspended"),
        "failed": ("FAILED", "failed"),
        "cancelled": ("CANCELLED", "cancelled"),
        "expired": ("EXPIRED", "expired"),
        "consumed": ("CONSUMED", "consumed"),
        "blocked": ("BLOCKED", "blocked"),
    }
    for word, (status, said) in told.items():
        signed = await debits.sign()
        await debits.tell(word)
        assert await debits.report() == [204], "delivered twice"
        found = await debits.read(signed.mandate_id)
        assert (found.status, found.usable) == (status, False)
        assert await stated(debits, signed) == ["created", "signed", "activated", said]


async def test_a_suspended_and_a_reinstated_mandate_is_active_again(debits: DebitDesk) -> None:
    signed = await debits.sign()
    for told in ("suspended_by_payer", "active", "cancelled"):
        await debits.tell(told)
    ended = await debits.read(signed.mandate_id)
    assert (ended.status, ended.cancelled_by) == ("CANCELLED", "PSP")
    await debits.tell("active", "reinstated")
    assert (await debits.read(signed.mandate_id)).status == "ACTIVE"
    assert await stated(debits, signed) == [
        "created", "signed", "activated", "suspended", "activated", "cancelled", "activated",
    ]  # fmt: skip


async def test_a_replaced_mandate_is_debited_under_its_new_name(debits: DebitDesk) -> None:
    signed = await debits.sign()
    debits.gocardless.replace_mandate(debits.token, at(SIGNED, 10))
    await debits.report()
    found = await debits.read(signed.mandate_id)
    assert (found.status, found.cancelled_by) == ("ACTIVE", None)
    await debits.tell("cancelled")
    assert (await debits.read(signed.mandate_id)).status == "CANCELLED", "it follows its successor"


async def test_ending_a_mandate_ends_it_at_the_provider_and_nothing_revives_it(debits: DebitDesk) -> None:
    signed = await debits.sign()
    await debits.tenant.client.call(CancelMandate(mandate_id=signed.mandate_id, reason="asked for"))
    await debits.running.settled()
    assert debits.gocardless.things["mandates"][debits.token]["status"] == "cancelled"
    await debits.tell("active", "reinstated")
    found = await debits.read(signed.mandate_id)
    assert (found.status, found.cancelled_by) == ("CANCELLED", "CREDITOR")


async def test_what_a_person_blocked_the_provider_does_not_free(debits: DebitDesk) -> None:
    signed = await debits.sign()
    await debits.tenant.client.call(BlockMandate(mandate_id=signed.mandate_id, reason="disputed"))
    await debits.tell("active")
    assert (await debits.read(signed.mandate_id)).status == "BLOCKED"


async def test_a_lost_webhook_is_made_up_for_at_night(debits: DebitDesk) -> None:
    signed = await debits.sign("pending_submission")
    debits.gocardless.things["mandates"][debits.token]["status"] = "active"
    await debits.running.tick("hour", at(SIGNED, 2))
    await debits.running.settled()
    assert (await debits.read(signed.mandate_id)).status == "ACTIVE"


async def test_what_is_asked_wrongly_is_refused(debits: DebitDesk, other: Tenant) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"return_url": None}, "VALIDATION_FAILED"),
        ({"psp_account_id": None}, "VALIDATION_FAILED"),
        ({"psp_account_id": new_id()}, "PSP_ACCOUNT_NOT_FOUND"),
        ({"client_id": new_id()}, "CLIENT_NOT_FOUND"),
    ]
    for changes, code in refused:
        with pytest.raises(Refused) as refusal:
            await debits.ask(**changes)
        assert refusal.value.code.code == code
    signed = await debits.sign()
    foreign = SetupMandate(
        company_id=other.company_id,
        client_id=debits.subscriber.client_id,
        psp_account_id=debits.account.psp_account_id,
        return_url="https://shop.test/back",
    )
    for request in (foreign, GetMandate(mandate_id=signed.mandate_id)):
        with pytest.raises(Refused) as unknown:
            await other.client.call(request, key=str(new_id()))  # type: ignore[call-overload]
        assert unknown.value.code.code.endswith("NOT_FOUND")
    assert (await other.client.call(ListMandates())).items == ()


@given(told=st.lists(st.sampled_from(MandateStatus), max_size=12), ender=st.sampled_from([*MandateParty, None]))
def test_whatever_a_provider_says_a_mandate_goes_only_where_the_machine_lets_it(
    told: list[MandateStatus], ender: MandateParty | None
) -> None:
    status = MandateStatus.PENDING_CUSTOMER_APPROVAL
    for word in told:
        step = step_of(status, word, ender)
        if status in ENDED_MANDATE and ender is not MandateParty.PSP:
            assert step is None
        if status is MandateStatus.CONSUMED:
            assert step is None
        if step is not None:
            after = MANDATE.after(step, status)
            assert after in (word, MandateStatus.ACTIVE)
            status = after
    assert takes_debits(status, None) is (status is MandateStatus.ACTIVE)
