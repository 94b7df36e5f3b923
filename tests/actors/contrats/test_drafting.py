"""Drafts: terms, prices from quotes, and who may see and change them."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from uuid import uuid4

import pytest

from messages.clients import ArchiveClient
from messages.contrats import (
    CancelContract,
    GetContract,
    ListContracts,
    ListContractStatusHistory,
    PriceCheck,
    TerminateContract,
    UpdateContract,
)
from messages.problem import Refused
from tests.actors.contrats.builders import MARCH_2, Sale
from tests.harness import Running, Tenant


async def refused(call: object) -> str:
    with pytest.raises(Refused) as refusal:
        await call  # type: ignore[misc]
    return refusal.value.code.code


async def test_a_draft_takes_its_lines_from_the_quote(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    quote = await sale.quote()
    made = await sale.draft(price_quote_id=quote.quote_id, provider_code="TELCO")
    assert (made.status, made.price_check, made.reference) == ("DRAFT", "VERIFIED", "CTR-2026-000001")
    (line,) = made.lines
    assert (line.product_code, str(line.net), str(line.unit_price_net)) == (sale.product.sku, "29.90 EUR", "29.90 EUR")
    assert (str(made.mrr), str(made.arr), str(made.recurring_gross)) == ("29.90 EUR", "358.80 EUR", "35.88 EUR")
    assert (made.legal_regime, made.client_kind) == ("CONSUMER_TELECOM", "CONSUMER")
    assert (made.ends_on, made.renewal_mode, made.invoice_lead_days) == (date(2027, 3, 31), "TACIT", 15)
    ((header, body),) = await sale.stated("contract.created")
    assert (header["ce-crmversion"], body["lines"][0]["net"]["amount"]) == ("1", "29.90")
    assert (await sale.draft()).reference == "CTR-2026-000002"


async def test_case_38_a_draft_waits_for_products_and_is_verified_when_it_is_back(
    running: Running, tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    quote = await sale.quote()
    await running.settled()
    await running.stop_actor("products")
    try:
        made = await sale.draft(price_quote_id=quote.quote_id)
        assert (made.price_check, made.lines) == ("UNVERIFIED", ())
        assert await refused(tenant.client.call(sale.signature())) == "PRICE_NOT_VERIFIED"
        await sale.tick("minute", MARCH_2 + timedelta(minutes=1))
        assert (await sale.contract()).price_check == PriceCheck.UNVERIFIED
    finally:
        await running.start_actor("products")
    await sale.tick("minute", MARCH_2 + timedelta(minutes=2))
    verified = await sale.contract()
    assert (verified.price_check, str(verified.mrr)) == ("VERIFIED", "29.90 EUR")
    assert (await sale.sign()).status == "SIGNED"


async def test_case_38_lines_that_differ_from_the_quote_are_refused(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    quote = await sale.quote()
    cheaper = sale.request(price_quote_id=quote.quote_id, lines=(sale.line("28.90"),))
    assert await refused(tenant.client.call(cheaper)) == "PRICE_MISMATCH"
    same = sale.request(price_quote_id=quote.quote_id, lines=(sale.line("29.90"),))
    assert (await tenant.client.call(same)).price_check == "VERIFIED"


async def test_prices_by_hand_need_their_own_permission(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    seller = tenant.token("contrats:contract:write")
    assert await refused(tenant.client.call(sale.request(), token=seller)) == "PERMISSION_MISSING"
    priced = tenant.token("contrats:contract:write", "contrats:contract:price_manual")
    assert (await tenant.client.call(sale.request(), token=priced)).price_check == "MANUAL"


async def test_another_tenant_and_another_permission_see_nothing(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    made = await sale.draft()
    other_tenant.client.now = MARCH_2
    stranger = other_tenant.client
    assert await refused(stranger.call(GetContract(contract_id=made.contract_id))) == "CONTRACT_NOT_FOUND"
    assert await refused(stranger.call(sale.request())) == "CLIENT_NOT_FOUND"
    assert (await stranger.call(ListContracts())).items == ()
    token = tenant.token("other:x:read")
    assert (
        await refused(tenant.client.call(GetContract(contract_id=made.contract_id), token=token))
        == "PERMISSION_MISSING"
    )


async def test_contracts_are_found_by_client_name_reference_and_state(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    made = await sale.draft(reference="Dossier 42")
    for search in ("moreau", "dossier", "more", "42 DOSS"):
        found = await tenant.client.call(ListContracts(search=search, status=("DRAFT",)))
        assert [item.id for item in found.items] == [made.contract_id]
    for search in ("ossier", "moreau 42"):
        assert (await tenant.client.call(ListContracts(search=search))).items == ()
    assert await refused(tenant.client.call(ListContracts(search="%%"))) == "VALIDATION_FAILED"
    assert (await tenant.client.call(GetContract(reference="DOSSIER 42"))).contract_id == made.contract_id
    assert await refused(tenant.client.call(sale.request(reference="dossier 42"))) == "REFERENCE_TAKEN"


async def test_free_fields_are_written_at_any_time_and_cleared_with_null(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    made = await sale.draft(external_reference="P-77", title="Fibre du siège", notes="rappeler en mai")
    assert (made.external_reference, made.title, made.notes) == ("P-77", "Fibre du siège", "rappeler en mai")
    for search in ("p-77", "siege"):
        found = await tenant.client.call(ListContracts(search=search))
        assert [item.id for item in found.items] == [made.contract_id]
        assert (await other_tenant.client.call(ListContracts(search=search))).items == ()
    assert await refused(tenant.client.call(sale.request(external_reference="P-77"))) == "REFERENCE_TAKEN"
    signed = await sale.sign()
    change = {"contract_id": made.contract_id, "expected_version": signed.version, "notes": None, "title": "Fibre"}
    changed = await tenant.client.call(UpdateContract.model_validate(change))
    assert (changed.title, changed.notes, changed.external_reference) == ("Fibre", None, "P-77")
    _, updated = (await sale.stated("contract.updated"))[-1]
    assert updated["changed_fields"] == ["notes", "title"]
    assert (await tenant.client.call(ListContracts(search="siege"))).items == ()


async def test_a_draft_is_changed_with_its_version_and_given_up(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    made = await sale.draft()
    change = UpdateContract(contract_id=made.contract_id, expected_version=1, lines=(sale.line("39.90"),))
    changed = await tenant.client.call(change)
    assert (changed.version, str(changed.mrr)) == (2, "39.90 EUR")
    assert await refused(tenant.client.call(change)) == "VERSION_CONFLICT"
    cancelled = await tenant.client.call(
        CancelContract(
            contract_id=made.contract_id, expected_version=await sale.version(), reason_code="CLIENT_CHANGED_MIND"
        )
    )
    assert cancelled.status == "CANCELLED"
    late = UpdateContract(contract_id=made.contract_id, expected_version=await sale.version(), lines=(sale.line(),))
    assert await refused(tenant.client.call(late)) == "USE_AMENDMENT"
    history = await tenant.client.call(ListContractStatusHistory(contract_id=made.contract_id))
    assert [(entry.from_status, entry.to_status, entry.actor_kind) for entry in history.items] == [
        ("DRAFT", "CANCELLED", "USER")
    ]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"commitment_months": 30, "initial_term_months": 36}, "VALIDATION_FAILED"),
        ({"notice_value": 30}, "VALIDATION_FAILED"),
        ({"mandate_scheme": "SEPA_B2B"}, "VALIDATION_FAILED"),
        ({"ends_on": date(2026, 3, 1)}, "INVALID_DATES"),
        ({"commitment_months": 18}, "INVALID_DATES"),
        ({"ends_on": date(9999, 12, 31)}, "INVALID_DATES"),
        ({"term_kind": "OPEN_ENDED", "initial_term_months": 12}, "INVALID_DATES"),
    ],
)
async def test_terms_the_law_forbids_are_refused(
    running: Running, tenant: Tenant, terms: dict[str, object], code: str
) -> None:
    sale = await Sale(running, tenant).prepare()
    assert await refused(tenant.client.call(sale.request(terms=terms))) == code


async def test_an_archived_client_gets_no_contract(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    await tenant.client.call(ArchiveClient(client_id=sale.client.id, reason="doublon"))
    await running.settled()
    assert await refused(tenant.client.call(sale.request())) == "CLIENT_ARCHIVED"


async def test_a_product_nobody_knows_is_not_sold_by_hand(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    unknown = sale.request(lines=(sale.line(product_id=uuid4()),))
    assert await refused(tenant.client.call(unknown)) == "CONTRACT_PRODUCT_NOT_SELLABLE"


async def test_case_32_a_draft_cannot_be_terminated(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    made = await sale.draft()
    end = TerminateContract(
        contract_id=made.contract_id,
        expected_version=await sale.version(),
        received_on=date(2026, 3, 2),
        reason_code="OTHER",
        channel="ONLINE",
    )
    assert await refused(tenant.client.call(end)) == "INVALID_TRANSITION"
    assert await sale.stated("contract.termination_scheduled") == []


@pytest.mark.parametrize("key", ["reference", "external_reference"])
async def test_of_twenty_contracts_at_once_one_has_the_number(running: Running, tenant: Tenant, key: str) -> None:
    sale = await Sale(running, tenant).prepare()

    async def draft() -> str:
        try:
            await sale.draft(**{key: "PART-77"})
        except Refused as refusal:
            return refusal.code.code
        return "STORED"

    told = Counter(await asyncio.gather(*(draft() for _ in range(20))))
    assert told == {"STORED": 1, "REFERENCE_TAKEN": 19}
    assert len((await tenant.client.call(ListContracts(search="PART-77"))).items) == 1
