"""What invoice tests are made of: clients, billing orders, and documents that need no database."""

import base64
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.factures.facturx.sheet import Sheet, SheetAllowance, SheetLine, SheetNote, SheetParty, SheetPayment
from actors.factures.rules.amounts import VatKey, line_net, totals_of
from actors.factures.rules.mentions import MentionFacts, mentions
from messages.clients import (
    ClientCreated,
    ClientKind,
    ClientSource,
    ClientType,
    RecordState,
    StatusCategory,
    VatStatus,
)
from messages.contrats import (
    AdjustmentCause,
    AdjustmentKind,
    BillingAdjustment,
    BillingFrequency,
    BillingInstalment,
    ContractBillingDue,
    InstalmentLine,
    PaymentMethod,
    Proration,
)
from messages.factures import Invoice, ListInvoices, Nature, Processing, UpdateInvoicingSettings
from messages.payments import (
    InstalmentPlanned,
    InstalmentStatus,
    MandateActivated,
    MandateKind,
    MandateScheme,
    MandateStatus,
    PlannedBy,
)
from messages.payments import PaymentMethod as Rail
from messages.shared import PartyKind
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from messages.values.money import Money, round_cents
from tests.harness import Running, Tenant

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
IBAN = "FR7630006000011234567890189"
ABONNEMENT = UUID("0190a6f0-0000-7000-8000-00000000a001")


async def ready(tenant: Tenant) -> Tenant:
    """The tenant's company can be paid by transfer; requests happen at NOW."""
    tenant.client.now = NOW
    await tenant.client.call(
        UpdateInvoicingSettings(company_id=tenant.company_id, iban=IBAN, account_name="Société DUP"), key=str(new_id())
    )
    return tenant


async def consumer(running: Running, tenant: Tenant, postal_code: str = "69001") -> UUID:
    """A consumer with an address."""
    return await _client(
        running,
        tenant,
        kind=ClientKind.CONSUMER,
        type=ClientType.INDIVIDUAL,
        display_name="Zoé Gaïté",
        primary_email="zoe@example.fr",
        vat_status=VatStatus.CONSUMER,
        billing_address=Address(street="2 rue de la République", postal_code=postal_code, city="Ville"),
    )


async def business_of(running: Running, tenant: Tenant, siren: str) -> UUID:
    """A French business with that SIREN; its last three digits choose what the platform's simulator does."""
    return await _client(
        running,
        tenant,
        kind=ClientKind.BUSINESS,
        type=ClientType.BUSINESS,
        display_name="Acheteur",
        legal_name="Acheteur SARL",
        siren=siren,
        primary_email="compta@acheteur.example",
        vat_status=VatStatus.TAXABLE_FR,
        billing_address=Address(street="3 rue Z", postal_code="69003", city="Lyon"),
    )


async def business(running: Running, tenant: Tenant) -> UUID:
    """A French business."""
    return await _client(
        running,
        tenant,
        kind=ClientKind.BUSINESS,
        type=ClientType.BUSINESS,
        display_name="Dupont & Fils",
        legal_name="Dupont & Fils",
        siren="552100554",
        siret="55210055400005",
        vat_number="FR96552100554",
        primary_email="compta@dupont.example",
        vat_status=VatStatus.TAXABLE_FR,
        billing_address=Address(street="2 rue Y", postal_code="69001", city="Lyon"),
    )


async def _client(running: Running, tenant: Tenant, **fields: Any) -> UUID:
    """A client, known as clients would state him."""
    fact = ClientCreated(
        client_id=new_id(),
        client_code="CLI-000001",
        language="fr",
        status_code="PROSPECT",
        status_category=StatusCategory.PROSPECT,
        record_state=RecordState.LIVE,
        company_id=tenant.company_id,
        source=ClientSource.MANUAL,
        **fields,
    )
    await running.state(fact, tenant.id, now=NOW)
    await running.settled()
    return fact.client_id


def instalment_line(price: str, rate: str = "20", **changes: Any) -> InstalmentLine:
    """A billed subscription at full price unless `net` says otherwise."""
    quantity = Decimal(changes.pop("quantity", "1"))
    net = changes.pop("net", None)
    fields: dict[str, Any] = {
        "line_id": new_id(),
        "product_id": ABONNEMENT,
        "description": "Abonnement fibre",
        "quantity": quantity,
        "unit_price": Money.of(price),
        "net": Money.of(net) if net else Money(amount=round_cents(quantity * Decimal(price))),
        "vat_rate": Decimal(rate),
        "vat_category": "S",
        "recurring": True,
    }
    return InstalmentLine.model_validate(fields | changes)


def prorated(price: str, net: str, used: int, total: int) -> InstalmentLine:
    """A line of a broken period."""
    return instalment_line(price, net=net, proration=Proration(used=used, total=total))


def instalment(*lines: InstalmentLine, **changes: Any) -> BillingInstalment:
    """A billed month."""
    net = sum((line.net for line in lines), Money.zero())
    fields: dict[str, Any] = {
        "billing_instalment_id": new_id(),
        "frequency": BillingFrequency.MONTHLY,
        "period_no": 1,
        "period_start": date(2026, 3, 1),
        "period_end": date(2026, 3, 31),
        "bill_on": TODAY,
        "due_on": date(2026, 3, 20),
        "version_no": 1,
        "lines": lines,
        "net_total": net,
        "vat_total": Money.zero(),
        "gross_total": net,
    }
    return BillingInstalment.model_validate(fields | changes)


def adjustment(
    kind: AdjustmentKind, net: str, of: BillingInstalment | None = None, **changes: Any
) -> BillingAdjustment:
    """A credit or charge, on a billed instalment when one is given."""
    fields: dict[str, Any] = {
        "adjustment_id": new_id(),
        "kind": kind,
        "cause": next(iter(AdjustmentCause)),
        "billing_instalment_id": of.billing_instalment_id if of else None,
        "net": Money.of(net),
        "vat_rate": Decimal("20"),
        "vat_category": "S",
        "label": "Régularisation",
    }
    return BillingAdjustment.model_validate(fields | changes)


def mandate_of(order: ContractBillingDue) -> MandateActivated:
    """The mandate that lets an order be debited."""
    return MandateActivated(
        mandate_id=new_id(),
        rum=f"RUM{order.contract_id.hex[:12]}",
        client_id=order.client_id,
        company_id=order.company_id,
        contract_id=order.contract_id,
        scheme=MandateScheme.SEPA_CORE,
        kind=MandateKind.RECURRENT,
        creditor_identifier="FR72ZZZ123456",
        bank_details_id=new_id(),
        status=MandateStatus.ACTIVE,
    )


def planned_debit(order: ContractBillingDue, period_start: date, day: date) -> InstalmentPlanned:
    """A debit that payments plans for a month of the order's contract."""
    return InstalmentPlanned(
        instalment_id=new_id(),
        attempt=1,
        company_id=order.company_id,
        client_id=order.client_id,
        contract_id=order.contract_id,
        period_index=0,
        period_start=period_start,
        period_end=period_start + timedelta(days=30),
        original_target_date=day,
        planned_debit_date=day,
        planned_by=PlannedBy.CALENDAR,
        rail=Rail.SEPA_CORE,
        amount=order.gross_total,
        paid_amount=Money.zero(),
        status=InstalmentStatus.PLANNED,
    )


def billing_due(
    tenant: Tenant,
    client_id: UUID,
    *instalments: BillingInstalment,
    adjustments: tuple[BillingAdjustment, ...] = (),
    **changes: Any,
) -> ContractBillingDue:
    """The order to bill one contract."""
    net = sum((found.net_total for found in instalments), Money.zero())
    fields: dict[str, Any] = {
        "contract_id": new_id(),
        "reference": "CTR-2026-000001",
        "client_id": client_id,
        "company_id": tenant.company_id,
        "sales_rep_id": new_id(),
        "instalments": instalments,
        "adjustments": adjustments,
        "net_total": net,
        "vat_total": Money.zero(),
        "gross_total": net,
        "due_on": date(2026, 3, 20),
        "billing_address_id": new_id(),
        "payment_method": PaymentMethod.TRANSFER,
        "payment_terms_days": 18,
    }
    return ContractBillingDue.model_validate(fields | changes)


async def bill(running: Running, tenant: Tenant, order: ContractBillingDue) -> None:
    """State the order as contrats does, and wait for what follows."""
    await running.state(order, tenant.id, now=NOW)
    await running.settled()


async def invoices(tenant: Tenant, **filters: Any) -> list[Any]:
    """The tenant's documents, newest first."""
    return list((await tenant.client.call(ListInvoices(**filters))).items)


def decoded(content: str | None) -> bytes:
    """The bytes of a reply."""
    assert content is not None
    return base64.b64decode(content)


def amounts_of(invoice: Invoice) -> tuple[str, str, str]:
    """Net, VAT and gross as people write them."""
    return tuple(f"{money.amount}" for money in (invoice.net, invoice.vat, invoice.gross))  # type: ignore[return-value]


# -- documents without a database --------------------------------------------------------------------------------

CASE_1 = (
    ("Abonnement", "1", "24.99", "20", None),
    ("Option", "1", "5.99", "20", None),
    ("Livres", "3", "7.05", "5.5", None),
    ("Dépannage", "2.5", "48.333", "10", "5.00"),
)
"""Name, quantity, price, rate and discount of the lines of acceptance case 1."""


def sheet_line(number: int, name: str, quantity: str, price: str, rate: str, discount: str | None) -> SheetLine:
    """A line whose net follows from quantity, price and discount."""
    allowances = (SheetAllowance(Decimal(discount), "Remise"),) if discount else ()
    net = line_net(Decimal(quantity), Decimal(price), [item.amount for item in allowances])
    key = VatKey("S", Decimal(rate))
    return SheetLine(number, name, Decimal(quantity), "C62", Decimal(price), net, key, allowances=allowances)


def sheet(
    lines: tuple[SheetLine, ...] | None = None,
    allowances: tuple[SheetAllowance, ...] = (SheetAllowance(Decimal("3.00"), "Remise", VatKey("S", Decimal(20))),),
    **changes: Any,
) -> Sheet:
    """The document of acceptance case 1 unless lines are given."""
    if lines is None:
        lines = tuple(sheet_line(number, *fields) for number, fields in enumerate(CASE_1, 1))
    keyed = [(item.key, item.amount) for item in allowances if item.key is not None]
    totals = totals_of([(line.key, line.net) for line in lines], keyed)
    seller = SheetParty(
        "TéléSérénité SAS", "BUSINESS", Address(street="1 rue X", postal_code="75001", city="Paris"),
        siren="732829320", siret="73282932000074", vat_number="FR44732829320", legal_form_line="SAS",
    )  # fmt: skip
    buyer = SheetParty(
        "Dupont & Fils", "BUSINESS", Address(street="2 rue Y", postal_code="69001", city="Lyon"),
        siren="552100554", siret="55210055400005", vat_number="FR96552100554",
    )  # fmt: skip
    found = mentions(
        MentionFacts(
            PartyKind.BUSINESS,
            Nature.SERVICES,
            Processing.B2B,
            False,
            False,
            "SAS",
            None,
            None,
            None,
            None,
            Decimal("12.15"),
        )
    )
    fields: dict[str, Any] = {
        "number": "FA2026-000123", "type_code": "380", "issue_date": date(2026, 3, 1), "due_date": date(2026, 3, 31),
        "currency": "EUR", "process_code": "S1", "nature": "SERVICES", "vat_due_code": "72", "seller": seller, "buyer": buyer,
        "lines": lines, "allowances": allowances, "totals": totals, "due": totals.gross,
        "notes": tuple(SheetNote(item.code, item.text, item.printed) for item in found),
        "payment": SheetPayment("30", "Virement", IBAN), "terms_text": None, "delivery_date": date(2026, 3, 1),
    }  # fmt: skip
    return Sheet(**(fields | changes))
