"""Accounts at providers: recorded with their secrets, which are shown to nobody."""

import pytest

from messages.payments import (
    CreatePspAccount,
    DisablePspAccount,
    GetPspAccount,
    ListPspAccounts,
    PaymentMethod,
    Provider,
    PspAccount,
    PspMode,
    UpdatePspAccount,
)
from messages.problem import Refused
from tests.actors.payments.builders import look_behind
from tests.harness import Running, Tenant, tenant_fixture

other = tenant_fixture("Fibre Durand")
BOTH = (PaymentMethod.CARD, PaymentMethod.SEPA_CORE)
KEY = {"secret_key": "sk_test_plain"}


async def stripe(tenant: Tenant, name: str = "Stripe", **changes: object) -> PspAccount:
    fields = {"company_id": tenant.company_id, "provider": Provider.STRIPE, "name": name, "credentials": KEY}
    return await tenant.client.call(CreatePspAccount.model_validate(fields | changes))


async def refused(tenant: Tenant, request: object) -> str:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(request)  # type: ignore[call-overload]
    return refusal.value.code.code


async def test_the_first_account_is_the_default_and_hides_its_secrets(running: Running, tenant: Tenant) -> None:
    account = await stripe(tenant, webhook_secret="whsec_plain")
    assert account.methods == account.default_methods == BOTH
    assert (account.is_configured, account.has_webhook_secret, account.is_live) == (True, True, False)
    assert account.clearing_account == "517300"
    assert "plain" not in account.model_dump_json()
    (row,) = await look_behind(running, tenant, "select * from psp_account")
    assert b"plain" not in row["credentials"] + row["webhook_secrets"]
    second = await stripe(tenant, "Stripe 2")
    shown = {found.name: found.default_methods for found in (await tenant.client.call(ListPspAccounts())).items}
    assert shown == {"Stripe": (), "Stripe 2": BOTH}
    disabled = await tenant.client.call(DisablePspAccount(psp_account_id=second.psp_account_id, reason="moved"))
    assert (disabled.status, disabled.default_methods) == ("DISABLED", ())


async def test_an_account_is_complete_or_refused(running: Running, tenant: Tenant) -> None:
    assert await refused(tenant, _draft(tenant, credentials={"publishable_key": "pk"})) == "CREDENTIALS_INCOMPLETE"
    assert await refused(tenant, _draft(tenant, mode=PspMode.LIVE)) == "WEBHOOK_SECRET_REQUIRED"
    assert await refused(tenant, _draft(tenant, methods=(PaymentMethod.CASH,))) == "VALIDATION_FAILED"
    assert await refused(tenant, _draft(tenant, provider=Provider.BANK_SEPA)) == "VALIDATION_FAILED"
    await stripe(tenant)
    assert await refused(tenant, _draft(tenant)) == "ALREADY_EXISTS"


async def test_a_changed_account_keeps_its_old_webhook_secret(running: Running, tenant: Tenant) -> None:
    account = await stripe(tenant)
    for version, secret in enumerate(("whsec_1", "whsec_2", "whsec_3"), start=1):
        change = UpdatePspAccount(
            psp_account_id=account.psp_account_id, expected_version=version, webhook_secret=secret
        )
        changed = await tenant.client.call(change)
    assert (changed.version, changed.has_webhook_secret, changed.default_methods) == (4, True, BOTH)
    assert await refused(tenant, change) == "VERSION_CONFLICT"


async def test_case_34_another_tenant_sees_no_account(running: Running, tenant: Tenant, other: Tenant) -> None:
    account = await stripe(tenant)
    assert (await other.client.call(ListPspAccounts())).items == ()
    id_ = account.psp_account_id
    assert await refused(other, DisablePspAccount(psp_account_id=id_)) == "PSP_ACCOUNT_NOT_FOUND"
    change = UpdatePspAccount(psp_account_id=id_, expected_version=1, name="mine")
    assert await refused(other, change) == "PSP_ACCOUNT_NOT_FOUND"


def _draft(tenant: Tenant, **changes: object) -> CreatePspAccount:
    fields = {"company_id": tenant.company_id, "provider": Provider.STRIPE, "name": "Stripe", "credentials": KEY}
    return CreatePspAccount.model_validate(fields | changes)


async def test_one_account_is_read_by_its_own_organisation_only(
    running: Running, tenant: Tenant, other: Tenant
) -> None:
    account = await stripe(tenant)
    request = GetPspAccount(psp_account_id=account.psp_account_id)
    assert await tenant.client.call(request) == account
    assert await refused(other, request) == "PSP_ACCOUNT_NOT_FOUND"
