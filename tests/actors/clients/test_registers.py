"""clients: companies, VAT numbers and addresses in public registers, and what happens while those are away."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.clients.registers.simulator import RegistersSimulator
from messages.clients import (
    Client,
    CreateClient,
    GetClient,
    LookupCompany,
    UpdateBusinessProfile,
    ValidateAddress,
    VatVerification,
    VerifyVat,
)
from tests.actors.clients.builders import code_of, person
from tests.harness import Tenant

MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIREN_OF_00, VAT_OF_00 = "700000300", "FR91700000300"


async def company(tenant: Tenant, vat_number: str, siren: str | None = None) -> Client:
    """A business client."""
    business = {"legal_name": f"Société {vat_number}", "vat_number": vat_number, "siren": siren}
    kind = "BUSINESS" if siren else "ASSOCIATION"  # a foreign business would wait for its registration
    fields = {"type": kind, "business": business, "emails": (f"{vat_number}@example.fr".lower(),)}
    return await tenant.client.call(CreateClient.model_validate(fields))


async def known(tenant: Tenant, client: Client) -> VatVerification:
    """What is known of the number now; asking once more changes nothing that this shows."""
    await tenant.running.settled()
    found = await tenant.client.call(VerifyVat(client_id=client.id))
    await tenant.running.settled()
    return found


async def test_case_22_a_silent_member_state_is_asked_again(tenant: Tenant, registers: RegistersSimulator) -> None:
    tenant.client.now = MARCH_2
    try:
        client = await company(tenant, "DE136695976")
        asked = await tenant.client.call(VerifyVat(client_id=client.id))
        assert (asked.status, asked.pending) == ("NOT_CHECKED", True)
        await tenant.running.settled()
        saved = await tenant.client.call(GetClient(client_id=client.id))
        assert saved.business is not None and saved.business.vat_number == "DE136695976"
        assert (await known(tenant, client)).status == "UNAVAILABLE"
        registers.away.clear()
        await tenant.running.tick("day", MARCH_2 + timedelta(days=1, seconds=51))
        found = await known(tenant, client)
    finally:
        tenant.client.now = None
    assert (found.status, found.checked_at) == ("VALID", MARCH_2 + timedelta(days=1, seconds=51))
    assert found.consultation_number is not None and found.consultation_number.startswith("WAPI")
    stated = await tenant.running.events("client.updated", tenant.id)
    assert [body["vat_verified"] for _, body in stated][-1] is True
    assert registers.bodies[-1]["requesterNumber"] == "44732829320"


@pytest.mark.chaos
async def test_what_was_valid_stays_valid_while_vies_is_silent(tenant: Tenant, registers: RegistersSimulator) -> None:
    client = await company(tenant, "FR44732829320", "732829320")
    first = await known(tenant, client)
    assert (await known(tenant, client)).status == "VALID"
    registers.down = True
    assert (await known(tenant, client)).status == "VALID"
    registers.down = False
    assert first.status == "NOT_CHECKED"
    row = await tenant.client.call(GetClient(client_id=client.id))
    change = UpdateBusinessProfile(client_id=client.id, vat_number=None, expected_version=row.version)
    await tenant.client.call(change)
    assert await code_of(tenant.client.call(VerifyVat(client_id=client.id))) == "VALIDATION_FAILED"


async def test_numbers_that_vies_does_not_know_are_invalid(
    tenant: Tenant, other_tenant: Tenant, registers: RegistersSimulator
) -> None:
    client = await company(tenant, VAT_OF_00, SIREN_OF_00)
    await known(tenant, client)
    found = await known(tenant, client)
    assert (found.status, found.vat_number) == ("INVALID", VAT_OF_00)
    assert await code_of(other_tenant.client.call(VerifyVat(client_id=client.id))) == "CLIENT_NOT_FOUND"
    private = await tenant.client.call(person())
    assert await code_of(tenant.client.call(VerifyVat(client_id=private.id))) == "VALIDATION_FAILED"


async def test_companies_are_found_remembered_and_never_needed(tenant: Tenant, registers: RegistersSimulator) -> None:
    ask = LookupCompany(siren="732829320")
    (entry,) = (await tenant.client.call(ask)).items
    assert (entry.legal_name, entry.siret, entry.active) == ("SOCIETE TEST", "73282932000074", True)
    await tenant.client.call(ask)
    assert registers.calls["732829320"] == 1
    (ceased,) = (await tenant.client.call(LookupCompany(siren="552100554"))).items
    assert not ceased.active
    (slow,) = (await tenant.client.call(LookupCompany(siren="404833048"))).items
    assert (slow.legal_name, registers.calls["404833048"]) == ("SOCIETE LENTE", 3)
    (discreet,) = (await tenant.client.call(LookupCompany(siren="800397291"))).items
    assert (discreet.siren, discreet.legal_name, discreet.city) == ("800397291", None, None)
    registers.down = True
    assert (await tenant.client.call(ask)).items == (entry,)
    away = LookupCompany(search="SOCIETE")
    for _ in range(5):
        assert await code_of(tenant.client.call(away)) == "EXTERNAL_SERVICE_ERROR"
    before = registers.calls["/companies/search"]
    assert await code_of(tenant.client.call(away)) == "EXTERNAL_SERVICE_ERROR"
    assert registers.calls["/companies/search"] == before, "after five failures in a row nobody knocks for a minute"


async def test_an_address_is_sure_possible_or_unknown(tenant: Tenant, registers: RegistersSimulator) -> None:
    async def checked(line1: str) -> tuple[str, float | None, int]:
        found = await tenant.client.call(ValidateAddress(line1=line1, postal_code="75011", city="Paris"))
        return found.status, found.score, len(found.suggestions)

    assert await checked("12 rue de la Roquette") == ("VALIDATED", 0.97, 0)
    assert await checked("12 rue approx") == ("NOT_VALIDATED", 0.62, 1)
    assert await checked("1 rue introuvable") == ("UNKNOWN_ADDRESS", 0.31, 0)
    registers.down = True
    ask = ValidateAddress(line1="1 rue", postal_code="75011", city="Paris")
    assert await code_of(tenant.client.call(ask)) == "EXTERNAL_SERVICE_ERROR"
