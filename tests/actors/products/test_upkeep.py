"""products: quotes that look ahead, the tree of ranges, what may be removed, merged clients, and files."""

import base64
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from messages.clients import ClientCreated, ClientMerged, ClientUnmerged
from messages.problem import Refused
from messages.products.catalogue import CreateProduct, DeleteProduct, GetProduct
from messages.products.client_prices import ClientPriceMode, ListClientPrices, SetClientPrice
from messages.products.files import ExportCatalogue, ExportPriceList, FileReport, ImportCatalogue, ImportPriceList
from messages.products.price_lists import AssignmentCriteria, AssignPriceList, CreatePriceItem, CreatePriceList
from messages.products.pricing import LineDraft, PriceContext
from messages.products.publications import Channel, GetPublication, ListPublications, UpdatePublication, Visibility
from messages.products.quotes import CreatePriceQuote, GetPriceQuote
from messages.products.ranges import CreateRange, DeleteRange, GetRangeTree, MoveRange, ProductRange
from tests.actors.contrats.builders import fact
from tests.actors.products.builders import default_list, known_client, priced
from tests.actors.products.test_catalogue import MARCH_10, box, on_sale
from tests.actors.products.test_promotions import promotion
from tests.harness import Running, Tenant


def encoded(*lines: str) -> str:
    return base64.b64encode("\n".join(lines).encode()).decode()


async def quoted_until(tenant: Tenant, sku: str = "FT-BOX-001") -> date:
    request = CreatePriceQuote(lines=(LineDraft(sku=sku),), context=PriceContext(channel=Channel.WEB))
    return (await tenant.client.call(request)).valid_until


async def test_a_quote_ends_before_the_next_list_or_promotion_begins(tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    assert await quoted_until(tenant) == date(2026, 4, 9)
    await tenant.client.call(promotion(product.product_id, starts_on=date(2026, 4, 6), ends_on=date(2026, 4, 30)))
    assert await quoted_until(tenant) == date(2026, 4, 5)
    spring = CreatePriceList(code="AVRIL", name="Avril", valid_from=date(2026, 4, 1))
    made = await tenant.client.call(spring)
    item = CreatePriceItem(list_id=made.list_id, product_id=product.product_id, unit_price=Decimal(25))
    await tenant.client.call(item)
    assert await quoted_until(tenant) == date(2026, 4, 5)  # nobody gets that list
    await tenant.client.call(AssignPriceList(list_id=made.list_id, criteria=AssignmentCriteria(channel=Channel.WEB)))
    assert await quoted_until(tenant) == date(2026, 3, 31)


async def new_range(tenant: Tenant, code: str, parent: ProductRange | None = None) -> ProductRange:
    return await tenant.client.call(CreateRange(code=code, name=code, parent_id=parent.id if parent else None))


async def test_a_branch_of_the_tree_moves_with_all_below_it(tenant: Tenant, other_tenant: Tenant) -> None:
    root, other = await new_range(tenant, "BRANCH"), await new_range(tenant, "OTHER")
    child = await new_range(tenant, "CHILD", root)
    leaf = await new_range(tenant, "LEAF", child)
    cycle = MoveRange(range_id=root.id, expected_version=1, new_parent_id=leaf.id)
    with pytest.raises(Refused, match="RANGE_CYCLE"):
        await tenant.client.call(cycle)
    deep = MoveRange(range_id=root.id, expected_version=1, new_parent_id=(await new_range(tenant, "X", other)).id)
    with pytest.raises(Refused, match="RANGE_DEPTH"):
        await tenant.client.call(deep)
    moved = await tenant.client.call(MoveRange(range_id=child.id, expected_version=1, new_parent_id=other.id))
    assert (moved.level, moved.path) == (1, "OTHER/CHILD")
    tree = await tenant.client.call(GetRangeTree(root_id=other.id))
    (node,) = tree.roots
    below = {child.range.code: [leaf.range.path for leaf in child.children] for child in node.children}
    assert below == {"CHILD": ["OTHER/CHILD/LEAF"], "X": []}
    for request in (cycle, GetRangeTree(root_id=other.id), DeleteRange(range_id=root.id, expected_version=1)):
        with pytest.raises(Refused, match="RANGE_NOT_FOUND"):
            await other_tenant.client.call(request)


async def test_only_empty_ranges_are_removed(running: Running, tenant: Tenant) -> None:
    held = await new_range(tenant, "HELD")
    await tenant.client.call(CreateProduct(sku="FT-X-1", name="X", range_id=held.id))
    with pytest.raises(Refused, match="RANGE_NOT_EMPTY"):
        await tenant.client.call(DeleteRange(range_id=held.id, expected_version=1))
    empty = await new_range(tenant, "EMPTY")
    await tenant.client.call(DeleteRange(range_id=empty.id, expected_version=1))
    ((_, body),) = await running.events("product_range.deleted", tenant.id)
    assert body["range_id"] == str(empty.id)
    tree = await tenant.client.call(GetRangeTree())
    counts = {node.range.code: node.product_count for node in tree.roots}
    assert counts["HELD"] == 1
    assert "EMPTY" not in counts


async def test_a_product_nobody_saw_is_removed_any_other_is_not(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sold = await on_sale(tenant, box())
    with pytest.raises(Refused, match="PRODUCT_IN_USE"):
        await tenant.client.call(DeleteProduct(product_id=sold.product_id, expected_version=sold.version))
    draft = await tenant.client.call(box(sku="FT-BOX-002"))
    removal = DeleteProduct(product_id=draft.product_id, expected_version=draft.version)
    with pytest.raises(Refused, match="NOT_FOUND"):
        await other_tenant.client.call(removal)
    await tenant.client.call(removal)
    with pytest.raises(Refused, match="NOT_FOUND"):
        await tenant.client.call(GetProduct(product_id=draft.product_id))
    ((_, body),) = await running.events("product.deleted", tenant.id)
    assert body["sku"] == "FT-BOX-002"
    await tenant.client.call(box(sku="FT-BOX-002"))


async def test_an_open_publication_may_be_hidden_and_ended_later(tenant: Tenant, other_tenant: Tenant) -> None:
    await on_sale(tenant, box())
    (published,) = (await tenant.client.call(ListPublications())).items
    change = UpdatePublication(
        publication_id=published.publication_id,
        expected_version=published.version,
        visibility=Visibility.HIDDEN,
        end_at=MARCH_10 + timedelta(days=30),
    )
    for request in (change, GetPublication(publication_id=published.publication_id)):
        with pytest.raises(Refused, match="PUBLICATION_NOT_FOUND"):
            await other_tenant.client.call(request)
    changed = await tenant.client.call(change)
    assert (changed.visibility, changed.version) == ("HIDDEN", published.version + 1)
    assert await tenant.client.call(GetPublication(publication_id=published.publication_id)) == changed
    past = change.model_copy(update={"expected_version": changed.version, "end_at": MARCH_10 - timedelta(days=1)})
    with pytest.raises(Refused, match="end_at"):
        await tenant.client.call(past)


async def test_the_lower_agreed_price_survives_a_merge_and_an_unmerge_undoes_it(
    running: Running, tenant: Tenant
) -> None:
    product = await on_sale(tenant, box())
    survivor_id, merged_id = await known_client(running, tenant), await known_client(running, tenant)
    for client_id, value in ((survivor_id, "29.00"), (merged_id, "28.00")):
        await tenant.client.call(
            SetClientPrice(
                client_id=client_id, product_id=product.product_id, mode=ClientPriceMode.FIXED_PRICE,
                value=Decimal(value), valid_from=date(2026, 3, 10), reason="accord",
            )
        )  # fmt: skip
    lines = (LineDraft(sku="FT-BOX-001"),)
    quote = await tenant.client.call(CreatePriceQuote(lines=lines, context=PriceContext(client_id=merged_id)))
    operation_id = uuid4()
    merge = ClientMerged(
        survivor_id=survivor_id, merged_ids=(merged_id,), merge_operation_id=operation_id,
        survivor=fact(ClientCreated, client_id=survivor_id),
    )  # fmt: skip
    for _ in range(2):
        await running.state(merge, tenant.id, version=5)
    await running.settled()
    assert (await priced(tenant, product.product_id, client_id=survivor_id)).unit == Decimal("28.00")
    assert (await tenant.client.call(GetPriceQuote(quote_id=quote.quote_id))).client_id == survivor_id
    unmerge = ClientUnmerged(
        survivor_id=survivor_id, restored_id=merged_id, merge_operation_id=operation_id,
        restored=fact(ClientCreated, client_id=merged_id),
    )  # fmt: skip
    await running.state(unmerge, tenant.id, version=6)
    await running.settled()
    assert (await priced(tenant, product.product_id, client_id=survivor_id)).unit == Decimal("29.00")
    assert (await priced(tenant, product.product_id, client_id=merged_id)).unit == Decimal("28.00")
    owners = {price.client_id for price in (await tenant.client.call(ListClientPrices())).items}
    assert owners == {survivor_id, merged_id}


def errors_of(report: FileReport) -> list[tuple[int, str]]:
    return [(error.row, error.code) for error in report.errors]


async def test_a_price_list_goes_out_and_comes_back(tenant: Tenant, other_tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    list_id = await default_list(tenant)
    bad = ImportPriceList(
        list_id=list_id,
        content_base64=encoded("sku;price;from_qty", "FT-BOX-001;abc;", "NOPE;1;", "FT-BOX-001;9;2"),
    )
    assert errors_of(await tenant.client.call(bad)) == [
        (2, "NUMBER_INVALID"),
        (3, "PRODUCT_UNKNOWN"),
        (4, "PRICE_INVALID"),
    ]
    content = encoded("sku;price;from_qty", "ft-box-001;30,00;1", "ft-box-001;27.50;10")
    wanted = ImportPriceList(list_id=list_id, content_base64=content)
    dry = await tenant.client.call(wanted)
    assert (dry.dry_run, dry.created, dry.errors) == (True, 1, ())
    assert (await priced(tenant, product.product_id)).unit_net == Decimal("24.92")
    with pytest.raises(Refused, match="NOT_FOUND"):
        await other_tenant.client.call(wanted)
    await tenant.client.call(wanted.model_copy(update={"dry_run": False}))
    assert (await priced(tenant, product.product_id, "9")).unit == Decimal("30.00")
    assert (await priced(tenant, product.product_id, "10")).unit == Decimal("27.50")
    written = await tenant.client.call(ExportPriceList(list_id=list_id))
    again = await tenant.client.call(ImportPriceList(list_id=list_id, content_base64=written.content_base64))
    assert (written.row_count, again.updated, again.errors) == (2, 1, ())


async def test_products_are_read_in_by_sku(tenant: Tenant, other_tenant: Tenant) -> None:
    header = "sku;name;range;sector;price;tax_included"
    bad = ImportCatalogue(content_base64=encoded(header, "A-1;A;NOWHERE;;;", "B-1;;;;;", "C-1;C;;ROCKETS;;"))
    assert errors_of(await tenant.client.call(bad)) == [(2, "RANGE_UNKNOWN"), (3, "REQUIRED"), (4, "VALUE_INVALID")]
    wanted = ImportCatalogue(
        content_base64=encoded(header, "FT-AST-001;Assistance;SERVICES;ASSISTANCE;12,99;true"), dry_run=False
    )
    assert (await tenant.client.call(wanted)).created == 1
    renamed = ImportCatalogue(content_base64=encoded("sku;name", "ft-ast-001;Assistance 24/7"), dry_run=False)
    report = await tenant.client.call(renamed)
    assert (report.created, report.updated) == (0, 1)
    detail = await tenant.client.call(GetProduct(sku="FT-AST-001"))
    assert (detail.name, detail.lifecycle) == ("Assistance 24/7", "DRAFT")
    written = await tenant.client.call(ExportCatalogue())
    line = base64.b64decode(written.content_base64).decode("utf-8-sig").splitlines()[1]
    assert line == "FT-AST-001;Assistance 24/7;;SERVICES;service;ASSISTANCE;STANDARD;12.99;true"
    assert (await other_tenant.client.call(ExportCatalogue())).row_count == 0
