"""factures: what the client prefers and what products map is on the document without being typed again."""

from datetime import date
from uuid import UUID

import pytest

from actors.factures.rules.booking import RevenueAccount, mapped_account
from messages.clients import ClientFlags, ClientUpdated
from messages.clients.client import PreferenceRef
from messages.clients.dictionaries import InvoiceIssueModeSaved, IssueChannel, PaymentTermRetired, PaymentTermSaved
from messages.factures import CheckInvoice, GetInvoiceDocument, Invoice, InvoiceLineDraft, UpdateInvoice
from messages.factures.drafts import AddInvoiceLine
from messages.products import (
    AccountingMappingSaved,
    AccountNature,
    ProductCreated,
    ProductRangeCreated,
    ProductUpdated,
    ProductVersionEffective,
)
from messages.values.due_dates import TermBasis
from messages.values.identifiers import new_id
from tests.actors.factures.builders import ABONNEMENT, NOW, business, decoded, ready
from tests.actors.factures.test_correcting import known
from tests.actors.factures.test_issuing import issue, simple
from tests.harness import Running, Tenant


async def prefers(running: Running, tenant: Tenant, client_id: UUID, **preferences: PreferenceRef) -> None:
    """The client says how he pays and reads."""
    fields = known(tenant, client_id) | preferences | {"flags": ClientFlags(), "changed_fields": tuple(preferences)}
    mail = {"primary_email": "compta@dupont.example"}
    await running.state(ClientUpdated.model_validate(fields | mail), tenant.id, version=2, now=NOW)
    await running.settled()


async def has_term(running: Running, tenant: Tenant, term: PaymentTermSaved) -> None:
    await running.state(term, tenant.id, now=NOW)
    await running.settled()


def term(code: str, days: int, basis: TermBasis, *, is_default: bool = False) -> PaymentTermSaved:
    return PaymentTermSaved(
        id=new_id(), code=code, name=code, days=days, end_of_month=basis, is_default=is_default, active=True
    )


async def test_the_term_is_the_persons_the_clients_or_the_organisations(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)

    async def due(**changes: int) -> tuple[date | None, str | None]:
        order = simple(tenant, client_id).model_copy(update=changes)
        made = await issue(tenant, await tenant.client.call(order))
        return made.due_date, made.payment_terms_code

    await has_term(running, other_tenant, term("NET10", 10, TermBasis.NET, is_default=True))
    assert await due() == (date(2026, 4, 1), None)
    of_all = term("NET45", 45, TermBasis.NET, is_default=True)
    await has_term(running, tenant, of_all)
    assert await due() == (date(2026, 4, 16), "NET45")
    own = term("FDM", 30, TermBasis.NET_THEN_EOM)
    await has_term(running, tenant, own)
    await prefers(running, tenant, client_id, default_payment_term=PreferenceRef(id=own.id, code="FDM"))
    assert await due() == (date(2026, 4, 30), "FDM")
    assert await due(payment_days=7) == (date(2026, 3, 9), None)
    await running.state(PaymentTermRetired(id=own.id, code="FDM"), tenant.id, version=2, now=NOW)
    await running.settled()
    assert await due() == (date(2026, 4, 30), "FDM")  # retired terms stay with those who have them


async def test_a_term_is_counted_from_the_issue_and_not_from_the_draft(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    draft = await tenant.client.call(simple(tenant, await business(running, tenant)))
    assert draft.due_date == date(2026, 4, 1)
    tenant.client.now = NOW.replace(day=20)
    assert (await issue(tenant, draft)).due_date == date(2026, 4, 19)


async def test_the_way_of_sending_is_the_clients_and_needs_an_address(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)

    async def made() -> Invoice:
        return await tenant.client.call(simple(tenant, client_id), key=str(new_id()))

    assert (await made()).delivery_channel == "EMAIL"
    by_post = InvoiceIssueModeSaved(
        id=new_id(), code="POST", channel=IssueChannel.POST, label="Courrier", is_default=True, active=True
    )
    await running.state(by_post, tenant.id, now=NOW)
    await running.settled()
    assert (await made()).delivery_channel == "POST"
    space = PreferenceRef(id=new_id(), code="ESPACE", channel="CLIENT_SPACE")
    await prefers(running, tenant, client_id, invoice_issue_mode=space)
    draft = await made()
    assert draft.delivery_channel == "PORTAL"
    changed = await tenant.client.call(
        UpdateInvoice(invoice_id=draft.invoice_id, expected_version=draft.version, channel="MANUAL")
    )
    assert changed.delivery_channel == "MANUAL"


async def test_mail_without_an_address_asks_for_a_second_look(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    fields = known(tenant, client_id) | {"flags": ClientFlags(), "changed_fields": ("primary_email",)}
    await running.state(ClientUpdated.model_validate(fields), tenant.id, version=2, now=NOW)
    await running.settled()
    draft = await tenant.client.call(simple(tenant, client_id).model_copy(update={"channel": "EMAIL"}))
    warnings = (await tenant.client.call(CheckInvoice(invoice_id=draft.invoice_id))).warnings
    assert [found.rule for found in warnings] == ["EMAIL_MISSING"]


async def test_revenue_is_booked_where_products_say(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    for owner, account in ((other_tenant, "709999"), (tenant, "706150")):
        mapping = AccountingMappingSaved(
            mapping_id=new_id(),
            product_id=ABONNEMENT,
            nature=AccountNature.REVENUE,
            gl_account=account,
            journal="VT",
            valid_from=date(2026, 1, 1),
        )
        await running.state(mapping, owner.id, now=NOW)
    await running.settled()
    line = InvoiceLineDraft.model_validate(
        {"name": "Abonnement", "quantity": "1", "unit_price": "10", "vat_rate": "20.00", "product_id": ABONNEMENT}
    )
    lines = (line, line.model_copy(update={"product_id": None}), line.model_copy(update={"revenue_account": "708500"}))
    await issue(tenant, await tenant.client.call(simple(tenant, client_id).model_copy(update={"lines": lines})))
    await running.settled()
    ((_, fact),) = await running.events("invoice.issued", tenant.id)
    assert [found["revenue_account"] for found in fact["lines"]] == ["706150", "706000", "708500"]


async def test_a_line_keeps_the_article_and_the_account_of_a_range_above(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await ready(tenant)
    box, version = new_id(), new_id()
    above, below = (
        ProductRangeCreated(range_id=new_id(), code=code, name=code, kind="FAMILY", parent_id=None, active=True)
        for code in ("INTERNET", "BOX")
    )
    product = ProductCreated(
        product_id=box, sku="BOX-4K", name="Box", kind="OWN", revenue_model="REVENUE", sector="TELECOM",
        product_type="TELECOM", nature="SERVICE", unit="C62", range_id=below.range_id, lifecycle="ACTIVE",
        tax_class="STANDARD", commitment_months=0, renewal="NONE", requires_shipping=False,
    )  # fmt: skip
    effective = ProductVersionEffective(
        version_id=version, product_id=box, number=1, effective_from=date(2026, 1, 1), breaking=False, changed_areas=()
    )
    mapping = AccountingMappingSaved(
        mapping_id=new_id(), range_id=above.range_id, nature=AccountNature.REVENUE, gl_account="706180", journal="VT",
        valid_from=date(2026, 1, 1),
    )  # fmt: skip
    for fact in (above, below.model_copy(update={"parent_id": above.range_id}), product, effective, mapping):
        await running.state(fact, tenant.id, now=NOW)
    await running.state(product.model_copy(update={"sku": "ELSEWHERE"}), other_tenant.id, now=NOW)
    await running.settled()
    line = InvoiceLineDraft.model_validate(
        {"name": "Box", "quantity": "1", "unit_price": "10", "vat_rate": "20.00", "product_id": box}
    )
    order = simple(tenant, await business(running, tenant)).model_copy(update={"lines": (line,)})
    draft = await tenant.client.call(order)
    assert [(found.sku, found.product_version_id) for found in draft.lines] == [("BOX-4K", version)]
    renamed = ProductUpdated(**product.model_dump() | {"sku": "BOX-5K", "changed_fields": ("sku",)})
    await running.state(renamed, tenant.id, version=2, now=NOW)
    await running.settled()
    longer = await tenant.client.call(AddInvoiceLine(invoice_id=draft.invoice_id, expected_version=1, line=line))
    assert [found.sku for found in longer.lines] == ["BOX-4K", "BOX-5K"]
    done = await issue(tenant, longer)
    xml = await tenant.client.call(GetInvoiceDocument(invoice_id=done.invoice_id, format="CII_XML"))
    assert "<ram:SellerAssignedID>BOX-4K</ram:SellerAssignedID>" in decoded(xml.content_base64).decode()
    await running.settled()
    ((_, fact),) = await running.events("invoice.issued", tenant.id)
    assert [found["revenue_account"] for found in fact["lines"]] == ["706180", "706180"]


PRODUCT, RANGE, COMPANY, ABOVE = (UUID(int=number) for number in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("known_accounts", "account"),
    [
        ((), None),
        ((RevenueAccount("1"), RevenueAccount("2", range_id=RANGE)), "2"),
        ((RevenueAccount("7", range_id=ABOVE, company_id=COMPANY), RevenueAccount("2", range_id=RANGE)), "2"),
        ((RevenueAccount("7", range_id=ABOVE), RevenueAccount("1", company_id=COMPANY)), "7"),
        ((RevenueAccount("2", range_id=RANGE, company_id=COMPANY), RevenueAccount("3", product_id=PRODUCT)), "3"),
        ((RevenueAccount("3", product_id=PRODUCT), RevenueAccount("4", product_id=PRODUCT, company_id=COMPANY)), "4"),
        ((RevenueAccount("5", product_id=COMPANY), RevenueAccount("6", range_id=COMPANY)), None),
    ],
)
def test_the_nearest_mapping_wins(known_accounts: tuple[RevenueAccount, ...], account: str | None) -> None:
    assert mapped_account(PRODUCT, (RANGE, ABOVE), known_accounts) == account
