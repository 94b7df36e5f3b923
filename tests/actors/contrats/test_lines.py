"""Lines of a draft one by one; a signed contract is amended."""

from datetime import date

import pytest

from messages.contrats.lines import (
    AddContractLine,
    GetContractLine,
    ListContractLines,
    RemoveContractLine,
    UpdateContractLine,
)
from tests.actors.contrats.builders import Sale
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A draft of one line at 29.90 a month."""
    sale = await Sale(running, tenant).prepare()
    await sale.draft()
    return sale


async def test_lines_are_added_changed_and_removed_one_by_one(sale: Sale, tenant: Tenant) -> None:
    call = tenant.client.call
    more = await call(
        AddContractLine(contract_id=sale.contract_id, expected_version=sale.drafted_version, line=sale.line("10.00"))
    )
    first, second = more.lines
    assert (str(more.mrr), str(more.total_contract_value)) == ("39.90 EUR", "478.80 EUR")
    half = sale.line("10.00", discount_pct="50.00")
    changed = await call(UpdateContractLine(line_id=second.line_id, expected_version=more.version, line=half))
    assert [line.line_id for line in changed.lines] == [first.line_id, second.line_id]
    assert str(changed.mrr) == "34.90 EUR"
    (_, updated) = (await sale.stated("contract.updated"))[-1]
    assert updated["changed_fields"] == ["lines"]
    remove = RemoveContractLine(line_id=first.line_id, expected_version=changed.version)
    assert str((await call(remove)).mrr) == "5.00 EUR"
    assert await refused(call(remove)) == "CONTRACT_LINE_NOT_FOUND"


async def test_a_line_costs_the_contracts_currency_and_more_than_nothing(sale: Sale, tenant: Tenant) -> None:
    add = {"contract_id": sale.contract_id, "expected_version": sale.drafted_version}
    dollars = sale.line(unit_price_net={"amount": "10.00", "currency": "USD"})
    assert await refused(tenant.client.call(AddContractLine.model_validate(add | {"line": dollars}))) == (
        "CURRENCY_MISMATCH"
    )
    clerk = tenant.token("contrats:contract:write", "contrats:contract:read")
    typed = AddContractLine.model_validate(add | {"line": sale.line()})
    assert await refused(tenant.client.call(typed, token=clerk)) == "PERMISSION_MISSING"
    assert (await sale.contract()).version == sale.drafted_version


async def test_lines_are_read_by_their_own_organisation_only(sale: Sale, tenant: Tenant, other_tenant: Tenant) -> None:
    (line,) = (await sale.contract()).lines
    assert await tenant.client.call(GetContractLine(line_id=line.line_id)) == line
    listed = ListContractLines(contract_id=sale.contract_id)
    assert (await tenant.client.call(listed)).items == (line,)
    early = listed.model_copy(update={"as_of": date(2026, 3, 31)})  # the contract begins on 1 April
    assert (await tenant.client.call(early)).items == ()
    stranger = other_tenant.client
    assert await refused(stranger.call(GetContractLine(line_id=line.line_id))) == "CONTRACT_LINE_NOT_FOUND"
    assert await refused(stranger.call(listed)) == "CONTRACT_NOT_FOUND"
    taken = RemoveContractLine(line_id=line.line_id, expected_version=sale.drafted_version)
    assert await refused(stranger.call(taken)) == "CONTRACT_LINE_NOT_FOUND"


async def test_the_lines_of_a_signed_contract_are_amended(sale: Sale, tenant: Tenant) -> None:
    signed = await sale.sign()
    add = AddContractLine(contract_id=sale.contract_id, expected_version=signed.version, line=sale.line())
    assert await refused(tenant.client.call(add)) == "USE_AMENDMENT"
    remove = RemoveContractLine(line_id=signed.lines[0].line_id, expected_version=signed.version)
    assert await refused(tenant.client.call(remove)) == "USE_AMENDMENT"
