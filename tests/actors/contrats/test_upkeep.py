"""What keeps a contract right while it lives: lost mandates, expired quotes, undone invoices, failed orders, other sellers."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from messages.base import Event
from messages.contrats import (
    GetBillingSchedule,
    ListContracts,
    ListOperations,
    ProviderOutcome,
    RetryOperation,
    SuspendContract,
    UpdateContract,
)
from messages.factures import InvoiceCancelled, InvoiceIssued
from messages.payments.means import MandateBlocked, MandateCancelled
from messages.payments.provider_mandates import MandateFailed
from messages.products import PriceQuoteExpired
from tests.actors.contrats.builders import Sale, at, fact
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

APRIL_2 = at(date(2026, 4, 2))


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A client and a product."""
    return await Sale(running, tenant).prepare()


@pytest.mark.parametrize(("end", "status"), [(MandateCancelled, "CANCELLED"), (MandateFailed, "FAILED")])
async def test_a_lost_mandate_stops_collection_until_there_is_another(
    sale: Sale, end: type[Event], status: str
) -> None:
    contract = await sale.in_force()
    facts = {"mandate_id": contract.mandate_id, "client_id": contract.client_id, "company_id": contract.company_id}
    lost = fact(end, contract_id=sale.contract_id, status=status, **facts)
    await sale.hears(lost, now=APRIL_2, version=2, times=2)
    ((_, locked),) = await sale.stated("contract.collection_locked")
    ((_, asked),) = await sale.stated("contract.mandate_requested")
    assert (locked["reasons"], asked["scheme"]) == (["MANDATE"], "SEPA_CORE")
    assert asked["bank_details_id"] == str(contract.bank_details_id)
    await sale.activate_mandate(now=APRIL_2)
    assert len(await sale.stated("contract.collection_unlocked")) == 2


async def test_a_blocked_mandate_asks_for_no_other(sale: Sale) -> None:
    contract = await sale.in_force()
    facts = {"mandate_id": contract.mandate_id, "client_id": contract.client_id, "company_id": contract.company_id}
    await sale.hears(fact(MandateBlocked, contract_id=sale.contract_id, status="BLOCKED", **facts), version=2)
    assert len(await sale.stated("contract.collection_locked")) == 1
    assert await sale.stated("contract.mandate_requested") == []


async def test_a_draft_on_an_expired_quote_cannot_be_signed(sale: Sale, tenant: Tenant) -> None:
    quote = await sale.quote()
    await sale.draft(price_quote_id=quote.quote_id)
    await sale.hears(fact(PriceQuoteExpired, quote_id=quote.quote_id), times=2, version=2)
    assert (await sale.contract()).price_check == "EXPIRED"
    signature = sale.signature(expected_version=await sale.version())
    assert await refused(tenant.client.call(signature)) == "PRICE_NOT_VERIFIED"
    assert len(await sale.stated("contract.updated")) == 1


@pytest.mark.parametrize(("rebill", "status"), [(True, "DUE"), (False, "INVOICED")])
async def test_a_period_waits_for_its_new_invoice_only_when_one_follows(sale: Sale, rebill: bool, status: str) -> None:
    await sale.in_force()
    ((_, due),) = await sale.stated("contract.billing_due")
    issued = fact(InvoiceIssued, billing_instalment_ids=[due["instalments"][0]["billing_instalment_id"]])
    await sale.hears(issued)
    by = {"id": uuid4(), "number": "AV-1", "kind": "CREDIT_NOTE"}
    await sale.hears(fact(InvoiceCancelled, invoice_id=issued.invoice_id, rebill=rebill, by=by), version=2)
    (first, *_) = (await sale.contract(with_details=True)).instalments
    assert (first.status, first.invoice_id) == (status, None if rebill else issued.invoice_id)


async def test_a_failed_order_is_given_once_more(sale: Sale, tenant: Tenant, other_tenant: Tenant) -> None:
    await sale.in_force()
    sale.at(APRIL_2)
    await tenant.client.call(
        SuspendContract(contract_id=sale.contract_id, expected_version=await sale.version(), reason="TECHNICAL")
    )
    await sale.provider(ProviderOutcome.REFUSED, error_code="LINE_LOCKED")
    failed, done = (await tenant.client.call(ListOperations(contract_id=sale.contract_id))).items
    assert await refused(tenant.client.call(RetryOperation(operation_id=done.id))) == "OPERATION_NOT_FAILED"
    assert await refused(other_tenant.client.call(RetryOperation(operation_id=failed.id))) == "OPERATION_NOT_FOUND"
    again = await tenant.client.call(RetryOperation(operation_id=failed.id))
    assert (again.operation, again.status) == ("SUSPEND", "RUNNING")
    assert (await tenant.client.call(RetryOperation(operation_id=failed.id))).id == again.id
    await sale.provider()
    assert (await sale.contract()).status == "SUSPENDED"


async def test_after_the_draft_only_the_seller_changes(sale: Sale, tenant: Tenant) -> None:
    contract, seller = await sale.in_force(), uuid4()
    change = UpdateContract(contract_id=sale.contract_id, expected_version=contract.version, sales_rep_id=seller)
    clerk = tenant.token("contrats:contract:write")
    assert await refused(tenant.client.call(change, token=clerk)) == "PERMISSION_MISSING"
    assert (await tenant.client.call(change)).sales_rep_id == seller
    _, body = (await sale.stated("contract.updated"))[-1]
    assert body["changed_fields"] == ["sales_rep_id"]


async def test_the_list_is_filtered_and_sorted_by_what_one_asks_for(sale: Sale, tenant: Tenant) -> None:
    cheap = await sale.draft()
    dear = await sale.draft(lines=(sale.line("99.00"),), terms={"starts_on": date(2026, 6, 1)})
    open_ended = await sale.draft(terms={"term_kind": "OPEN_ENDED"}, lines=(sale.line("50.00"),))
    call = tenant.client.call

    async def ids(**filters: object) -> list[object]:
        first = await call(ListContracts.model_validate({"descending": False, "limit": 2} | filters))
        rest = await call(
            ListContracts.model_validate({"descending": False, "limit": 2, "cursor": first.next_cursor} | filters)
        )
        return [item.id for item in (*first.items, *rest.items)]

    assert await ids(sort_by="mrr") == [cheap.contract_id, open_ended.contract_id, dear.contract_id]
    assert await ids(sort_by="ends_on") == [cheap.contract_id, dear.contract_id, open_ended.contract_id]
    ending = ListContracts(ends_from=date(2027, 4, 1), ends_to=date(2027, 6, 30), product_id=sale.product.product_id)
    assert [item.id for item in (await call(ending)).items] == [dear.contract_id]
    assert (await call(ListContracts(product_id=uuid4()))).items == ()


async def test_the_schedule_is_projected_beyond_what_is_planned(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force()
    span = {"from_day": date(2027, 2, 1), "to_day": date(2027, 6, 1)}
    schedule = await tenant.client.call(GetBillingSchedule(contract_id=sale.contract_id, **span))
    assert [(row.period_start.month, row.status) for row in schedule.instalments] == [
        (2, "PLANNED"), (3, "PLANNED"), (4, "PROJECTED"), (5, "PROJECTED"), (6, "PROJECTED"),
    ]  # fmt: skip
    details = await sale.contract(with_details=True)
    assert [entry.to_status for entry in details.history] == ["ACTIVE", "SIGNED", "AWAITING_SIGNATURE"]
    assert details.renewal is not None and details.renewal.refusal_deadline == date(2027, 3, 21)
    assert details.created_at < APRIL_2 - timedelta(days=1)
