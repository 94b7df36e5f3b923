"""What the tests of products put on sale, and how they ask for its price."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from messages.clients import (
    ClientCreated,
    ClientKind,
    ClientSource,
    ClientType,
    RecordState,
    StatusCategory,
    VatStatus,
)
from messages.products.price_lists import ListPriceLists
from messages.products.pricing import CalculatePrice, LineDraft, PriceContext, PricedLine, PricePurpose
from tests.harness import Running, Tenant


async def default_list(tenant: Tenant) -> UUID:
    """The list "Tarif public" of a new organisation."""
    (found,) = (await tenant.client.call(ListPriceLists(is_default=True))).items
    return found.list_id


async def priced(tenant: Tenant, product_id: UUID, quantity: str = "1", **changes: Any) -> PricedLine:
    """The product's line for a context; `as_of` and `token` apart, everything else is the context."""
    as_of, token = changes.pop("as_of", None), changes.pop("token", None)
    context = PriceContext(**({"purpose": PricePurpose.SALE} | changes))
    line = LineDraft(product_id=product_id, quantity=Decimal(quantity))
    request = CalculatePrice(line=line, context=context, as_of=as_of)
    return (await tenant.client.call(request, token=token)).lines[0]


async def known_client(running: Running, tenant: Tenant, kind: ClientKind = ClientKind.CONSUMER) -> UUID:
    """A client that products has heard of."""
    client = ClientCreated(
        client_id=uuid4(),
        client_code="CLI-000001",
        kind=kind,
        type=ClientType.INDIVIDUAL if kind is ClientKind.CONSUMER else ClientType.BUSINESS,
        display_name="Marie Dupont",
        language="fr",
        status_code="PROSPECT",
        status_category=StatusCategory.PROSPECT,
        record_state=RecordState.LIVE,
        company_id=tenant.company_id,
        source=ClientSource.WEB,
        vat_status=VatStatus.CONSUMER if kind is ClientKind.CONSUMER else VatStatus.TAXABLE_FR,
    )
    await running.state(client, tenant.id)
    await running.settled()
    return client.client_id


def noon(day: date) -> datetime:
    """Noon of a day, in UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
