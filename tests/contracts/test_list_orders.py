"""Every list comes out of an index in its order, or is named here as one that stays small, with the reason."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.list_cases import ELSEWHERE, LISTINGS, ONLY_THEIR_ORDER
from messages import registry
from messages.base import Request
from messages.paging import PageRequest
from runtime.actor import Endpoint
from storage.identity.tables import company
from tests.harness import Running, Tenant
from tests.plans import ONLY_WHAT_AN_INDEX_CAN, plans_of, smallest, sorts

# What a list needs beside its required fields, as far as any value of their type will not do.
EXAMPLES: dict[str, dict[str, Any]] = {
    "identity.list_audit": {"occurred_to": datetime(2026, 2, 1, tzinfo=UTC)},
    "products.get_catalog": {"channel": "WEB"},
}
SMALL = {
    "clients.list_addresses": "a client has a handful of addresses",
    "clients.list_client_timeline": "of one client and those merged into him; measured by `make bench`",
    "clients.list_consents": "of one client and those merged into him",
    "clients.list_payment_terms": "a dictionary of the organisation",
    "identity.list_roles": "the system's roles and the organisation's own: some dozens",
    "payments.list_psp_accounts": "a company has one or two at each provider",
    "products.get_catalog": "the statement that sorts orders the price lists of an organisation: some dozens",
}
WHOLE = {
    "calendar.list_cutoff_policies": "a few for each rail",
    "calendar.list_debit_lots": "at most 31, one for each day of a month",
    "calendar.list_holiday_zones": "some for each country",
    "calendar.list_holidays": "of one zone and year",
    "clients.list_bank_refs": "the accounts of a client",
    "clients.list_dictionary": "a closed dictionary",
    "documents.list_document_templates": "in the code",
    "factures.list_late_interest_rates": "two for each year",
    "factures.list_invoice_statuses": "in the code, with the organisation's words for them",
    "identity.list_my_partner_memberships": "of one person",
    "identity.list_my_pending_invitations": "of one person",
    "identity.list_retention_policies": "one for each kind of data",
    "payments.list_rejection_reasons": "in the code",
    "products.list_pricing_rules": "of one version, at most 200",
    "products.list_required_documents": "the types of documents",
}


def name_of(request: type[Request[Any]]) -> str:
    return f"{request.contract.actor}.{request.contract.name}"


def lists(*, paged: bool) -> list[type[Request[Any]]]:
    """The list requests of the language: those with pages, or those that come whole."""
    found = [request for request in registry.all_requests() if issubclass(request, PageRequest) is paged]
    return [request for request in found if paged or request.contract.name.startswith("list_")]


async def sorting(running: Running, tenant: Tenant, request: type[Request[Any]], endpoint: Endpoint) -> list[str]:
    """The statements of a list's pages that sort what no index has in their order."""
    heart = running.hosts[request.contract.actor].heart
    example = smallest(request, **EXAMPLES.get(name_of(request), {}))
    found = await plans_of(heart, endpoint, example, tenant.id, ONLY_WHAT_AN_INDEX_CAN)
    assert found.pages(), f"{name_of(request)} has no statement with an order and a limit"
    return [sql for sql, plan in found.pages() if sorts(plan)]


async def test_every_list_comes_out_of_an_index_in_its_order(running: Running, tenant: Tenant) -> None:
    found = set()
    for request in lists(paged=True):
        endpoint = running.hosts[request.contract.actor].heart.actor.endpoints[request.contract.name]
        if await sorting(running, tenant, request, endpoint):
            found.add(name_of(request))
    assert found == set(SMALL), "add an index in the order of the list, or say in SMALL why it stays small"


def test_every_list_has_pages_or_a_reason_to_come_whole() -> None:
    assert {name_of(request) for request in lists(paged=False)} == set(WHOLE)


async def test_the_rule_catches_a_list_without_an_index(running: Running, tenant: Tenant) -> None:
    (request,) = (found for found in lists(paged=True) if name_of(found) == "identity.list_companies")

    async def by_trade_name(_: Any, work: Any) -> None:
        own = select(company).where(company.c.organisation_id == work.organisation_id)
        await work.fetch(own.order_by(company.c.trade_name, company.c.id).limit(20))

    assert await sorting(running, tenant, request, Endpoint(request, by_trade_name))


def test_every_list_of_the_measured_actors_is_measured() -> None:
    actors = {listing.actor for listing in LISTINGS}
    listed = {request for request in lists(paged=True) if request.contract.actor in actors}
    measured = {name_of(listing.request) for listing in LISTINGS if listing.filters}
    assert measured == {name_of(request) for request in listed - set(ELSEWHERE)} - set(ONLY_THEIR_ORDER)


def test_every_measured_filter_is_one_of_its_list() -> None:
    for listing in LISTINGS:
        for chosen in listing.filters:
            listing.request.model_validate(dict(chosen))


@pytest.mark.parametrize("known", [SMALL, WHOLE, ONLY_THEIR_ORDER])
def test_every_reason_is_about_a_list_that_exists(known: dict[str, str]) -> None:
    assert set(known) <= {name_of(request) for request in registry.all_requests()}
    assert all(known.values())
