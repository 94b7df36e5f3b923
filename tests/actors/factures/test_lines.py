"""factures: single lines of a draft come, change and go, and the totals follow."""

from decimal import Decimal

from messages.factures import Invoice, InvoiceLineDraft
from messages.factures.drafts import AddInvoiceLine, RemoveInvoiceLine, UpdateInvoiceLine
from tests.actors.factures.builders import amounts_of, business, ready
from tests.actors.factures.test_issuing import issue, refused, simple
from tests.harness import Running, Tenant


def line(name: str, price: str) -> InvoiceLineDraft:
    return InvoiceLineDraft(name=name, quantity=Decimal(1), unit_price=Decimal(price), vat_rate=Decimal("5.50"))


def names(invoice: Invoice) -> list[tuple[int, str]]:
    return [(found.line_no, found.name) for found in invoice.lines]


async def test_single_lines_come_change_and_go(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await ready(tenant)
    draft = await tenant.client.call(simple(tenant, await business(running, tenant)))
    mine = {"invoice_id": draft.invoice_id}
    first = AddInvoiceLine(**mine, expected_version=1, line=line("Livre", "10.00"), position=1)
    assert await refused(other_tenant.client.call(first)) == "INVOICE_NOT_FOUND"
    added = await tenant.client.call(first)
    assert (added.version, names(added)) == (2, [(1, "Livre"), (2, "Service")])
    assert amounts_of(added) == ("110.00", "20.55", "130.55")
    assert await refused(tenant.client.call(AddInvoiceLine(**mine, expected_version=1, line=line("x", "1")))) == (
        "VERSION_CONFLICT"
    )
    changed = await tenant.client.call(
        UpdateInvoiceLine(**mine, expected_version=2, line_no=1, line=line("Atlas", "20"))
    )
    assert (names(changed)[0], amounts_of(changed)) == ((1, "Atlas"), ("120.00", "21.10", "141.10"))
    unknown = RemoveInvoiceLine(**mine, expected_version=3, line_no=3)
    assert await refused(tenant.client.call(unknown)) == "VALIDATION_FAILED"
    left = await tenant.client.call(RemoveInvoiceLine(**mine, expected_version=3, line_no=1))
    assert (names(left), amounts_of(left)) == ([(1, "Service")], ("100.00", "20.00", "120.00"))
    last = RemoveInvoiceLine(**mine, expected_version=4, line_no=1)
    assert await refused(tenant.client.call(last)) == "VALIDATION_FAILED"
    done = await issue(tenant, left)
    late = RemoveInvoiceLine(**mine, expected_version=done.version, line_no=1)
    assert await refused(tenant.client.call(late)) == "INVOICE_LOCKED"
