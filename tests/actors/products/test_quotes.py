"""products: prices and quotes, from the catalogue to the signed contract."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from messages.clients import (
    ClientCreated,
    ClientKind,
    ClientSource,
    ClientType,
    ClientUpdated,
    RecordState,
    StatusCategory,
    VatStatus,
)
from messages.contrats import ContractSigned
from messages.problem import Refused
from messages.products.catalogue import Lifecycle, TransitionProduct
from messages.products.price_lists import CreatePriceItem, CreatePriceList, ListPriceLists, UpdatePriceItem
from messages.products.pricing import CalculatePrice, CalculatePrices, LineDraft, PriceContext, PricePurpose
from messages.products.publications import Channel
from messages.products.quotes import CreatePriceQuote, GetPriceQuote, ListPriceQuotes, QuoteStatus
from messages.products.ranges import Sector
from messages.products.vat import UpsertVatRate
from messages.products.versions import (
    PlanDraft,
    PlanOption,
    PriceRole,
    PricingRuleDraft,
    Recurrence,
    TaxClass,
    VersionDraft,
)
from messages.values.addresses import Address
from messages.values.money import Money
from tests.actors.products.contracts import signed_contract
from tests.actors.products.test_catalogue import MARCH_10, box, on_sale
from tests.harness import Running, Tenant


def quote(*skus: str, **context: object) -> CreatePriceQuote:
    return CreatePriceQuote(
        lines=tuple(LineDraft(sku=sku) for sku in skus), context=PriceContext.model_validate(context)
    )


async def sign(running: Running, tenant: Tenant, quote_id: UUID, day: date) -> ContractSigned:
    event = signed_contract(tenant.company_id, quote_id, day)
    await running.state(event, tenant.id, version=3, now=datetime(day.year, day.month, day.day, 10, tzinfo=UTC))
    await running.settled()
    return event


async def test_step_1_the_website_gets_a_quote(running: Running, tenant: Tenant) -> None:
    await on_sale(tenant, box())
    made = await tenant.client.call(quote("FT-BOX-001", channel=Channel.WEB))
    assert (made.net.amount, made.vat.amount, made.gross.amount) == (
        Decimal("24.92"),
        Decimal("4.98"),
        Decimal("29.90"),
    )
    assert (made.status, made.valid_until, made.company_id) == ("OPEN", date(2026, 4, 9), tenant.company_id)
    (line,) = made.lines
    assert (line.kind, line.billing_period, line.unit_net) == ("RECURRING", "MONTHLY", Decimal("24.92"))
    assert [step.step for step in line.trace] == [
        "gate", "version", "plan", "source", "base", "list_discount", "promotion", "manual_discount", "bounds", "options",
        "rounding", "vat", "result",
    ]  # fmt: skip
    assert await tenant.client.call(GetPriceQuote(quote_id=made.quote_id)) == made
    ((_, body),) = await running.events("price_quote.created", tenant.id)
    assert (body["content_hash"], body["gross"]["amount"]) == (made.content_hash, "29.90")


async def test_a_quote_repeated_with_its_id_is_the_same_quote(running: Running, tenant: Tenant) -> None:
    await on_sale(tenant, box())
    request = quote("FT-BOX-001").model_copy(update={"id": uuid4()})
    assert await tenant.client.call(request) == await tenant.client.call(request)
    assert len(await running.events("price_quote.created", tenant.id)) == 1


async def test_case_23_a_signed_quote_keeps_its_price_although_the_list_rises(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    lists = await tenant.client.call(ListPriceLists(is_default=True))
    item = await tenant.client.call(
        CreatePriceItem(list_id=lists.items[0].list_id, product_id=product.product_id, unit_price=Decimal("20.00"))
    )
    made = await tenant.client.call(quote("FT-BOX-001"))
    assert (made.net.amount, made.gross.amount) == (Decimal("20.00"), Decimal("24.00"))
    tenant.client.now = datetime(2026, 3, 12, 9, tzinfo=UTC)
    await tenant.client.call(
        UpdatePriceItem(item_id=item.item_id, expected_version=item.version, unit_price=Decimal("25.00"))
    )
    assert (await tenant.client.call(quote("FT-BOX-001"))).net.amount == Decimal("25.00")
    event = await sign(running, tenant, made.quote_id, date(2026, 3, 15))
    await running.state(event, tenant.id, version=3, now=datetime(2026, 3, 15, 11, tzinfo=UTC))
    await running.settled()
    accepted = await tenant.client.call(GetPriceQuote(quote_id=made.quote_id))
    assert (accepted.status, accepted.net.amount) == ("ACCEPTED", Decimal("20.00"))
    assert accepted.accepted_contract_id == event.contract_id
    assert len(await running.events("price_quote.accepted", tenant.id)) == 1


async def test_case_23_an_unsigned_quote_expires_after_thirty_days(running: Running, tenant: Tenant) -> None:
    await on_sale(tenant, box())
    made = await tenant.client.call(quote("FT-BOX-001"))
    await running.tick("day", datetime(2026, 4, 8, 22, tzinfo=UTC))
    assert await running.events("price_quote.expired", tenant.id) == []
    await running.tick("day", datetime(2026, 4, 9, 22, tzinfo=UTC))
    assert len(await running.events("price_quote.expired", tenant.id)) == 1
    await sign(running, tenant, made.quote_id, date(2026, 4, 20))
    assert (await tenant.client.call(GetPriceQuote(quote_id=made.quote_id))).status == "EXPIRED"
    assert await running.events("price_quote.accepted", tenant.id) == []
    listed = await tenant.client.call(ListPriceQuotes(status=QuoteStatus.EXPIRED))
    assert [item.quote_id for item in listed.items] == [made.quote_id]


async def test_another_tenants_quote_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    await on_sale(tenant, box())
    made = await tenant.client.call(quote("FT-BOX-001"))
    with pytest.raises(Refused, match="QUOTE_NOT_FOUND"):
        await other_tenant.client.call(GetPriceQuote(quote_id=made.quote_id))
    with pytest.raises(Refused, match="PERMISSION_MISSING"):
        await tenant.client.call(quote("FT-BOX-001"), token=tenant.token("products:price_quote:read"))


async def test_a_frozen_product_takes_its_open_quotes_with_it(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    made = await tenant.client.call(quote("FT-BOX-001"))
    await tenant.client.call(TransitionProduct(product_id=product.product_id, to=Lifecycle.FROZEN, reason="pause"))
    await running.tick("minute", datetime(2026, 3, 10, 9, 1, tzinfo=UTC))
    assert (await tenant.client.call(GetPriceQuote(quote_id=made.quote_id))).status == "EXPIRED"


async def test_case_3_a_seller_discounts_within_his_limit(tenant: Tenant) -> None:
    product = await on_sale(tenant, box(amount="120.00"))
    lists = await tenant.client.call(ListPriceLists(is_default=True))
    await tenant.client.call(
        CreatePriceItem(
            list_id=lists.items[0].list_id,
            product_id=product.product_id,
            unit_price=Decimal("100"),
            discount_percent=Decimal(10),
        )
    )
    seller = tenant.token("products:price:read")

    async def price(percent: str) -> tuple[Decimal, Decimal, Decimal]:
        line = LineDraft(product_id=product.product_id, additional_discount_percent=Decimal(percent))
        found = await tenant.client.call(CalculatePrice(line=line), token=seller)
        return found.lines[0].unit, found.vat.amount, found.gross.amount

    assert await price("5.00") == (Decimal("85.50"), Decimal("17.10"), Decimal("102.60"))
    with pytest.raises(Refused, match="DISCOUNT_NOT_ALLOWED"):
        await price("25.00")


async def test_case_12_a_list_holds_to_the_end_of_its_last_day_in_paris(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    seasonal = await tenant.client.call(
        CreatePriceList(code="MARS", name="Mars", valid_from=date(2026, 3, 1), valid_to=date(2026, 3, 31))
    )
    await tenant.client.call(
        CreatePriceItem(list_id=seasonal.list_id, product_id=product.product_id, unit_price=Decimal("15.00"))
    )
    line = LineDraft(product_id=product.product_id)
    context = PriceContext(price_list_id=seasonal.list_id)
    request = CalculatePrice(line=line, context=context, as_of=datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC))
    found = await tenant.client.call(request)
    assert found.net.amount == Decimal("15.00")
    assert found.price_valid_until == datetime(2026, 3, 31, 22, tzinfo=UTC)
    with pytest.raises(Refused, match="PRICE_LIST_INVALID"):
        await tenant.client.call(request.model_copy(update={"as_of": datetime(2026, 3, 31, 22, tzinfo=UTC)}))
    made = await tenant.client.call(CreatePriceQuote(lines=(line,), context=context))
    assert made.valid_until == date(2026, 3, 31)
    await running.tick("day", datetime(2026, 3, 31, 22, tzinfo=UTC))
    assert len(await running.events("price_list.expired", tenant.id)) == 1


async def test_options_and_setup_fees_are_lines_of_their_own(tenant: Tenant) -> None:
    option = PlanOption(code="TV", name="TV", price=Money.of("5.00"), tax_class=TaxClass.TV_LINEAR)
    version = VersionDraft(
        plans=(PlanDraft(code="FIBRE", name="Fibre", options=(option,)),),
        pricing=(
            PricingRuleDraft(amount=Decimal("29.90")),
            PricingRuleDraft(role=PriceRole.SETUP_FEE, amount=Decimal("49.00")),
        ),
    )
    await on_sale(tenant, box(first_version=version))
    found = await tenant.client.call(CalculatePrice(line=LineDraft(sku="FT-BOX-001", option_codes=("TV",))))
    assert [(line.component, line.kind, line.gross.amount) for line in found.lines] == [
        ("PRODUCT", "RECURRING", Decimal("29.90")),
        ("SETUP_FEE", "ONE_OFF", Decimal("49.00")),
        ("OPTION", "RECURRING", Decimal("5.00")),
    ]
    assert [(total.rate, total.amount.amount) for total in found.vat_totals] == [
        (Decimal("10.00"), Decimal("0.45")),
        (Decimal("20.00"), Decimal("13.15")),
    ]
    assert found.gross.amount == Decimal("83.90")
    with pytest.raises(Refused, match="OPTION_UNKNOWN"):
        await tenant.client.call(CalculatePrice(line=LineDraft(sku="FT-BOX-001", option_codes=("RADIO",))))


async def test_a_one_off_product_is_priced_once(tenant: Tenant) -> None:
    version = VersionDraft(
        plans=(PlanDraft(name="Intervention", recurrence=Recurrence.ONE_SHOT),),
        pricing=(PricingRuleDraft(amount=Decimal("100.00")),),
    )
    await on_sale(tenant, box("DEP-001", sector=Sector.SERVICE, first_version=version, commitment_months=0))
    made = await tenant.client.call(quote("DEP-001"))
    assert (made.lines[0].kind, made.lines[0].billing_period) == ("ONE_OFF", "ONE_SHOT")
    assert (made.net.amount, made.vat.amount) == (Decimal("83.33"), Decimal("16.67"))


async def test_case_15_totals_of_a_quote_have_vat_once_per_rate(tenant: Tenant) -> None:
    version = VersionDraft(pricing=(PricingRuleDraft(amount=Decimal("0.99"), tax_included=False),))
    await on_sale(tenant, box(first_version=version))
    lines = (LineDraft(sku="FT-BOX-001"),) * 7
    found = await tenant.client.call(CalculatePrices(lines=lines))
    assert (found.vat.amount, found.gross.amount) == (Decimal("1.39"), Decimal("8.32"))


async def test_an_upcoming_vat_rate_ends_the_quotes_before_it(tenant: Tenant) -> None:
    await on_sale(tenant, box())
    change = UpsertVatRate(
        zone="FR_METRO", tax_class=TaxClass.STANDARD, rate=Decimal("21.00"), valid_from=date(2026, 4, 1)
    )
    with pytest.raises(Refused, match="VAT_RATE_OVERLAP"):
        await tenant.client.call(change)
    await tenant.client.call(
        UpsertVatRate(
            zone="FR_METRO",
            tax_class=TaxClass.STANDARD,
            rate=Decimal("20.00"),
            valid_from=date(2014, 1, 1),
            valid_to=date(2026, 3, 31),
        )
    )
    await tenant.client.call(change)
    assert (await tenant.client.call(quote("FT-BOX-001"))).valid_until == date(2026, 3, 31)


async def test_a_simulation_is_no_quote(tenant: Tenant) -> None:
    await on_sale(tenant, box())
    with pytest.raises(Refused, match="calculate_prices"):
        await tenant.client.call(quote("FT-BOX-001", purpose=PricePurpose.SIMULATION))
    assert tenant.client.now == MARCH_10


async def test_case_14_a_client_overseas_pays_the_rate_of_his_zone(running: Running, tenant: Tenant) -> None:
    version = VersionDraft(pricing=(PricingRuleDraft(amount=Decimal("29.90"), tax_included=False),))
    await on_sale(tenant, box(sector=Sector.SERVICE, first_version=version))
    client = ClientCreated(
        client_id=uuid4(),
        client_code="CLI-000001",
        kind=ClientKind.CONSUMER,
        type=ClientType.INDIVIDUAL,
        display_name="Marie Hoarau",
        language="fr",
        status_code="PROSPECT",
        status_category=StatusCategory.PROSPECT,
        record_state=RecordState.LIVE,
        company_id=tenant.company_id,
        source=ClientSource.WEB,
        vat_status=VatStatus.CONSUMER,
        billing_address=Address(street="1 rue de Paris", postal_code="97400", city="Saint-Denis"),
    )
    await running.state(client, tenant.id)
    await running.settled()
    made = await tenant.client.call(quote("FT-BOX-001", client_id=client.client_id))
    assert (made.vat.amount, made.gross.amount, made.client_id) == (Decimal("2.54"), Decimal("32.44"), client.client_id)
    moved = ClientUpdated(
        **{**dict(client), "billing_address": Address(street="1 rue", postal_code="97300", city="Cayenne")},
        changed_fields=("billing_address",),
    )
    await running.state(moved, tenant.id, version=2)
    await running.state(client, tenant.id, version=1)  # an older fact, delivered late
    await running.settled()
    (line,) = (await tenant.client.call(quote("FT-BOX-001", client_id=client.client_id))).lines
    assert (line.vat.amount, line.vat_category) == (Decimal("0.00"), "E")
    assert line.exemption_text == "TVA non applicable, art. 294-1 du CGI"
