"""Sales, providers and other actors' facts for the tests of contrats."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Any, TypeVar
from uuid import UUID, uuid4

from messages.base import Event
from messages.clients import AddressDraft, Client, CreateClient
from messages.contrats import (
    ApproveQuality,
    Contract,
    CreateContract,
    DraftTerms,
    GetContract,
    HandleProviderCallback,
    LineDraft,
    ProviderOutcome,
    SignatureMethod,
    SignContract,
    SignerFacts,
)
from messages.payments import MandateActivated
from messages.products import Product
from messages.products.catalogue import CreateProduct, Lifecycle, TransitionProduct
from messages.products.pricing import LineDraft as QuotedLine
from messages.products.pricing import PriceContext
from messages.products.publications import Channel, CreatePublication
from messages.products.quotes import CreatePriceQuote, PriceQuote
from messages.products.ranges import Sector
from messages.products.versions import PricingRuleDraft, VersionDraft
from messages.values.money import Money
from tests.harness import Running, Tenant

EventType = TypeVar("EventType", bound=Event)
MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)
SHA = "a" * 64
_ticks = count()


def at(day: date, hour: int = 9) -> datetime:
    """An instant of that day, in working hours."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def fact(event: type[EventType], **given: Any) -> EventType:
    """Another actor's fact; fields that do not matter to the test get any valid value."""
    missing = {name: field for name, field in event.model_fields.items() if field.is_required() and name not in given}
    return event.model_validate(given | {name: _any(field.annotation) for name, field in missing.items()})


def _any(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    values: dict[Any, Any] = {
        UUID: uuid4(),
        int: 1,
        bool: False,
        str: "text",
        date: date(2026, 3, 2),
        Money: Money.of("1.00"),
    }
    return values.get(annotation, MARCH_2 if annotation is datetime else ())


class Sale:
    """One sale of a tenant, driven through its life by the people and systems around it."""

    def __init__(self, running: Running, tenant: Tenant, *, now: datetime = MARCH_2) -> None:
        self.running, self.tenant = running, tenant
        self.rep_id = uuid4()
        self.at(now)
        self.client: Client
        self.product: Product
        self.contract_id: UUID
        self.drafted_version = 1

    def at(self, now: datetime) -> None:
        """Let the tenant's client speak at that time."""
        self.tenant.client.now = now

    async def prepare(self, amount: str = "29.90", **client: Any) -> "Sale":
        """A client and a product at that net price a month, known to contrats."""
        fields: dict[str, Any] = {
            "given_name": "Jeanne", "family_name": "Moreau", "emails": ("jeanne@example.fr",),
            "addresses": (AddressDraft(line1="3 rue Haute", postal_code="75011", city="Paris"),),
        }  # fmt: skip
        self.client = await self.tenant.client.call(CreateClient.model_validate(fields | client))
        rule = PricingRuleDraft(amount=Decimal(amount), tax_included=False)
        product = CreateProduct(
            sku=f"FT-{uuid4().hex[:8]}", name="Forfait fibre", sector=Sector.TELECOM, first_version=VersionDraft(pricing=(rule,)),
        )  # fmt: skip
        created = await self.tenant.client.call(product)
        self.product = await self.tenant.client.call(
            TransitionProduct(product_id=created.product_id, to=Lifecycle.ACTIVE)
        )
        await self.tenant.client.call(
            CreatePublication(product_id=created.product_id, channels=frozenset({Channel.WEB, Channel.TELESALES}))
        )
        await self.running.settled()
        return self

    def terms(self, **changes: Any) -> DraftTerms:
        """A consumer's telecom contract of twelve months, by direct debit."""
        fields: dict[str, Any] = {
            "type": "TELECOM", "starts_on": date(2026, 4, 1), "bank_details_id": uuid4(), "sales_rep_id": self.rep_id,
        }  # fmt: skip
        return DraftTerms.model_validate(fields | changes)

    async def quote(self) -> PriceQuote:
        """A quote of products for this client."""
        context = PriceContext(client_id=self.client.id, channel=Channel.WEB)
        line = QuotedLine(product_id=self.product.product_id)
        return await self.tenant.client.call(CreatePriceQuote(lines=(line,), context=context))

    def line(self, price: str = "29.90", **changes: Any) -> LineDraft:
        """A line typed by hand, delivered by TELCO."""
        fields: dict[str, Any] = {
            "product_id": self.product.product_id, "unit_price_net": {"amount": price}, "provider_code": "TELCO",
        }  # fmt: skip
        return LineDraft.model_validate(fields | changes)

    def request(self, **changes: Any) -> CreateContract:
        """A draft on typed lines."""
        lines = () if "price_quote_id" in changes else (self.line(),)
        terms = changes.pop("terms", {})
        fields = {"client_id": self.client.id, "terms": self.terms(**terms), "lines": lines}
        return CreateContract.model_validate(fields | changes)

    async def draft(self, **changes: Any) -> Contract:
        """Draft a contract."""
        made = await self.tenant.client.call(self.request(**changes))
        self.contract_id, self.drafted_version = made.contract_id, made.version
        return made

    async def sign(self, now: datetime = MARCH_2, **changes: Any) -> Contract:
        """The client signs in the portal; the contract as it is when the proof is stored."""
        self.at(now)
        changes.setdefault("expected_version", await self.version())
        await self.tenant.client.call(self.signature(now, **changes))
        await self.running.settled()
        return await self.contract()

    def signature(self, now: datetime = MARCH_2, **changes: Any) -> SignContract:
        """The evidence of a signature given in the portal."""
        signer = SignerFacts(full_name="Jeanne Moreau", signed_at=now, ip_sha256=SHA)
        fields: dict[str, Any] = {
            "contract_id": self.contract_id, "expected_version": self.drafted_version, "signed_at": now,
            "method": SignatureMethod.PORTAL, "signers": (signer,),
            "signed_document_sha256": SHA, "mandate_consent": True,
        }  # fmt: skip
        return SignContract.model_validate(fields | changes)

    async def approve(self, now: datetime = MARCH_2 + timedelta(hours=1)) -> None:
        """The back office approves the sale."""
        self.at(now)
        await self.tenant.client.call(
            ApproveQuality(contract_id=self.contract_id, expected_version=await self.version())
        )

    async def activate_mandate(self, now: datetime = MARCH_2 + timedelta(hours=2)) -> None:
        """payments has made the mandate usable."""
        contract = await self.contract()
        await self.hears(
            fact(
                MandateActivated,
                mandate_id=uuid4(), client_id=contract.client_id, company_id=contract.company_id,
                contract_id=contract.contract_id, status="ACTIVE",
            ),
            now=now,
        )  # fmt: skip

    async def hears(self, event: Event, *, now: datetime = MARCH_2, version: int = 1, times: int = 1) -> None:
        """Let contrats hear a fact, so many times."""
        for _ in range(times):
            await self.running.state(event, self.tenant.id, version=version, now=now)
        await self.running.settled()

    async def day(self, day: date) -> None:
        """That day has come."""
        await self.tick("day", datetime(day.year, day.month, day.day, 1, tzinfo=UTC))

    async def tick(self, kind: str, now: datetime) -> None:
        """The clock ticks; each call is an instant of its own, because a repeated one would not be delivered."""
        await self.running.tick(kind, now + timedelta(microseconds=next(_ticks)))

    async def provider(self, outcome: ProviderOutcome = ProviderOutcome.OK, *, times: int = 1, **changes: Any) -> None:
        """TELCO answers the last order, so many times."""
        _, order = (await self.stated("contract.provisioning_requested"))[-1]
        fields = {"provider": "TELCO", "callback_id": str(uuid4()), "operation_id": order["operation_id"]}
        for _ in range(times):
            await self.tenant.client.call(HandleProviderCallback(**(fields | {"outcome": outcome} | changes)))
        await self.running.settled()

    async def contract(self, *, with_details: bool = False) -> Contract:
        """The contract as it is now."""
        return await self.tenant.client.call(GetContract(contract_id=self.contract_id, with_details=with_details))

    async def version(self) -> int:
        """The version of the contract now; every change names the one it was decided on."""
        return (await self.contract()).version

    async def stated(self, type_: str) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """The facts of that type about this contract."""
        await self.running.settled()
        found = await self.running.events(type_, self.tenant.id)
        return [(header, body) for header, body in found if body.get("contract_id") == str(self.contract_id)]

    async def in_force(self, **changes: Any) -> Contract:
        """Signed on 2 March, approved, with a mandate, active since 1 April, first period billed on 17 March."""
        await self.draft(**changes)
        await self.sign()
        await self.approve()
        await self.activate_mandate()
        await self.day(date(2026, 3, 17))
        await self.day(date(2026, 4, 1))
        self.at(at(date(2026, 4, 1)))
        if await self.stated("contract.provisioning_requested"):
            await self.provider()
        return await self.contract()
