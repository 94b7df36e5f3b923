"""Tenants suspended by platform staff and closed by their owner, companies archived, signing keys rotated."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from messages.clients import Client, CreateClient, ListClients
from messages.contrats import ContractActivated, ContractTerminated
from messages.identity import (
    ActivateOrganisation,
    ArchiveCompany,
    CancelOrganisationClosure,
    CloseOrganisation,
    GetCompany,
    GetOrganisation,
    GetSigningKeys,
    ListCompanies,
    ListMembers,
    ListOrganisations,
    ListUserMemberships,
    ReactivateOrganisation,
    RotateSigningKey,
    SigningKeyPurpose,
    SuspendOrganisation,
    UpdateCompany,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.clients.builders import contract
from tests.actors.identity.people import IssuerServer, Person, as_bridge, founder, member, person, told_from_outside
from tests.actors.identity.test_sign_in import code_of
from tests.harness import SIRENS, Running, Tenant, company_request, eventually

MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def refused_with(someone: Person, request: Any, code: str) -> None:
    """The client actor's runtime hears of it within a second or two."""

    async def is_refused() -> bool:
        try:
            await someone.client.call(request)
        except Refused as refused:
            return refused.details.get("code") == code
        return False

    assert await eventually(is_refused, 3.0)


async def test_platform_staff_list_and_suspend_tenants(
    running: Running, issuer: IssuerServer, staff: Person, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    slug = (await owner.call(GetOrganisation())).slug
    (shown,) = (await staff.call(ListOrganisations(search=slug))).items
    assert (shown.organisation_id, shown.status) == (tenant.id, "ACTIVE")
    suspended = await staff.call(SuspendOrganisation(organisation_id=tenant.id, reason="NON_PAYMENT"))
    assert (suspended.status, suspended.suspended_reason) == ("SUSPENDED", "NON_PAYMENT")
    await refused_with(owner, ListClients(), "ORGANISATION_SUSPENDED")
    assert await code_of(owner.enter(tenant.id)) == "ORGANISATION_SUSPENDED"
    again = SuspendOrganisation(organisation_id=tenant.id, reason="SECURITY")
    assert await code_of(staff.call(again)) == "INVALID_TRANSITION"
    assert [item.slug for item in (await staff.call(ListOrganisations(search=slug, status="SUSPENDED"))).items] == [
        slug
    ]
    back = await staff.call(ReactivateOrganisation(organisation_id=tenant.id, reason="payé"))
    assert (back.status, back.suspended_reason) == ("ACTIVE", None)
    await owner.call(GetOrganisation())
    for fact, reason in (("suspended", "NON_PAYMENT"), ("reactivated", "payé")):
        assert [body["reason"] for _, body in await running.events(f"organisation.{fact}", tenant.id)] == [reason]
    unknown = SuspendOrganisation(organisation_id=new_id(), reason="ADMIN")
    assert await code_of(staff.call(unknown)) == "ORGANISATION_NOT_FOUND"


async def test_a_trial_ends_in_a_subscription_or_a_suspension(
    running: Running, issuer: IssuerServer, staff: Person
) -> None:
    with told_from_outside({"CRM_IDENTITY_TRIAL_DAYS": "1"}):
        (paying, kept), (trying, lost) = await founder(running, issuer), await founder(running, issuer)
    begun = await paying.call(GetOrganisation())
    assert begun.status == "TRIAL"
    assert begun.trial_ends_at is not None
    await paying.call(CloseOrganisation(confirmation=begun.slug, reason="doute"))
    assert (await paying.call(CancelOrganisationClosure())).status == "TRIAL"
    activate = ActivateOrganisation(organisation_id=kept.id, reason="abonnement")
    assert await code_of(paying.call(activate)) == "PERMISSION_MISSING"
    activated = await staff.call(activate)
    assert (activated.status, activated.trial_ends_at) == ("ACTIVE", None)
    assert await code_of(staff.call(activate)) == "INVALID_TRANSITION"
    last_night = datetime.combine(begun.trial_ends_at.date() - timedelta(days=1), time(23, 10), UTC)
    await running.tick("hour", last_night)
    assert (await trying.call(GetOrganisation())).status == "TRIAL"
    await running.tick("hour", last_night + timedelta(days=2))
    assert await code_of(trying.enter(lost.id)) == "ORGANISATION_SUSPENDED"
    (said,) = [body for _, body in await running.events("organisation.suspended", lost.id)]
    assert said["reason"] == "NON_PAYMENT"
    assert await running.events("organisation.suspended", kept.id) == []
    assert (await paying.call(GetOrganisation())).status == "ACTIVE"


async def test_owners_are_no_platform_staff(
    running: Running, issuer: IssuerServer, staff: Person, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    requests = (
        ListOrganisations(),
        SuspendOrganisation(organisation_id=tenant.id, reason="ADMIN"),
        RotateSigningKey(purpose=SigningKeyPurpose.PROOF),
    )
    for request in requests:
        assert await code_of(owner.call(request)) == "PERMISSION_MISSING"
    stranger = await person(running, issuer)
    assert await code_of(stranger.call(ListOrganisations())) == "PERMISSION_MISSING"
    assert await code_of(staff.call(ListMembers())) in ("TENANT_SCOPE_VIOLATION", "PERMISSION_MISSING")
    (found,) = (await staff.call(ListUserMemberships(user_id=owner.user.user_id))).items
    assert (found.organisation_id, found.is_owner) == (tenant.id, True)


async def test_case_18_an_organisation_closes_thirty_days_later(running: Running, issuer: IssuerServer) -> None:
    owner, tenant = await founder(running, issuer)
    _, membership = await member(owner, "viewer")
    owner.client.now = MARCH_2
    slug = (await owner.call(GetOrganisation())).slug
    assert await code_of(owner.call(CloseOrganisation(confirmation="yes", reason="fin"))) == "VALIDATION_FAILED"
    closing = await owner.call(CloseOrganisation(confirmation=slug, reason="fin d'activité"))
    assert (closing.status, closing.closing_at) == ("CLOSING", MARCH_2 + timedelta(days=30))
    await refused_with(
        owner, CreateClient(given_name="A", family_name="B", emails=("a@x.fr",)), "ORGANISATION_READ_ONLY"
    )
    await owner.client.call(ListClients())
    stays = await owner.call(CancelOrganisationClosure())
    assert (stays.status, stays.closing_at) == ("ACTIVE", None)
    await owner.call(CloseOrganisation(confirmation=slug, reason="fin d'activité"))
    await running.tick("hour", datetime(2026, 3, 31, 22, 10, tzinfo=UTC))
    assert (await owner.call(GetOrganisation())).status == "CLOSING"
    await running.tick("hour", datetime(2026, 4, 2, 0, 10, tzinfo=UTC))
    assert await code_of(owner.enter(tenant.id)) == "MEMBERSHIP_INACTIVE"
    (closed,) = [body for _, body in await running.events("organisation.closed", tenant.id)]
    assert closed["closed_at"].startswith("2026-04-02T00:10:00")
    suspended = {body["membership_id"] for _, body in await running.events("membership.suspended", tenant.id)}
    assert suspended == {str(membership.membership_id), str(tenant.membership_id)}
    assert len(await running.events("organisation.closing_scheduled", tenant.id)) == 2
    assert len(await running.events("organisation.closure_cancelled", tenant.id)) == 1


async def test_a_company_without_live_contracts_is_archived(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    second = await owner.call(company_request("SEC", SIRENS[1]))
    archive = ArchiveCompany(company_id=second.company_id, reason="fusion")
    contract_id = new_id()
    facts = contract(tenant, cast(Client, SimpleNamespace(id=new_id())), contract_id, "ACTIVE")
    activated = ContractActivated.model_validate(facts | {"company_id": second.company_id})
    await running.state(activated, tenant.id, version=5)
    await running.settled()
    assert await code_of(owner.call(archive)) == "COMPANY_IN_USE"
    over = {"company_id": second.company_id, "status": "TERMINATED", "ends_on": date(2026, 6, 30)}
    ended = ContractTerminated.model_validate(facts | over)
    await running.state(ended, tenant.id, version=6)
    await running.state(activated, tenant.id, version=5)
    await running.settled()
    assert await code_of(other[0].call(archive)) == "COMPANY_NOT_FOUND"
    archived = await owner.call(archive)
    assert archived.status == "ARCHIVED"
    assert await code_of(owner.call(archive)) == "INVALID_TRANSITION"
    change = UpdateCompany(company_id=second.company_id, trade_name="Nom", expected_version=archived.version)
    assert await code_of(owner.call(change)) == "INVALID_TRANSITION"
    assert [item.code for item in (await owner.call(ListCompanies(status="ACTIVE"))).items] == ["DUP"]
    again = await owner.call(company_request("NEW", SIRENS[1]))
    assert again.siren == archived.siren
    await owner.call(ArchiveCompany(company_id=tenant.company_id, reason="fusion"))
    assert (await owner.call(GetOrganisation())).default_company_id == again.company_id
    stated = [body["company_id"] for _, body in await running.events("company.archived", tenant.id)]
    assert stated == [str(second.company_id), str(tenant.company_id)]
    assert (await owner.call(GetCompany(company_id=tenant.company_id))).status == "ARCHIVED"


async def test_tokens_of_a_retired_key_go_on_and_those_of_a_revoked_one_do_not(
    running: Running, staff: Person, owned: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    first = await staff.call(RotateSigningKey(purpose=SigningKeyPurpose.CONTEXT_TOKEN))
    await owner.client.call(ListClients())
    await owner.call(ListClients())
    second = await staff.call(RotateSigningKey(purpose=SigningKeyPurpose.CONTEXT_TOKEN, revoke_current=True))
    await refused_with(owner, ListClients(), "UNAUTHORIZED")
    await owner.call(ListClients())
    keys = {key.kid: key.status for key in (await as_bridge(running, GetSigningKeys())).keys}
    assert (keys[first.kid], keys[second.kid]) == ("REVOKED", "CURRENT")
    stated = [body["kid"] for _, body in await running.events("signing_key.rotated", UUID(int=0))]
    assert stated[-2:] == [first.kid, second.kid]
    with pytest.raises(Refused):
        await staff.client.call(ListOrganisations())
