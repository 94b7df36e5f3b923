"""One bench per provider: its simulator, its adapter, and the few things that a test must do in the provider's world."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from actors.payments.psp.emerchantpay.client import EmerchantPayProvider
from actors.payments.psp.emerchantpay.simulator import EmerchantPaySimulator
from actors.payments.psp.gocardless.client import GoCardlessProvider
from actors.payments.psp.gocardless.simulator import GoCardlessSimulator
from actors.payments.psp.multisafepay.client import MultiSafepayProvider
from actors.payments.psp.multisafepay.simulator import MultiSafepaySimulator
from actors.payments.psp.paypal.client import PayPalProvider
from actors.payments.psp.paypal.simulator import PayPalSimulator
from actors.payments.psp.port import (
    Account,
    Customer,
    PageOrder,
    PagePurpose,
    PaymentOrder,
    PaymentProvider,
    RefundOrder,
    WebhookCall,
)
from actors.payments.psp.simulation import ProviderSimulator
from actors.payments.psp.slimpay.client import SlimpayProvider
from actors.payments.psp.slimpay.simulator import SlimpaySimulator
from actors.payments.psp.stripe.client import StripeProvider
from actors.payments.psp.stripe.debtors import DebitingStripe
from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.payments import PaymentMethod, PaymentStatus
from messages.values.identifiers import new_id
from runtime.simulation import SentWebhook

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CUSTOMER = Customer(new_id(), "Élodie Martin", "elodie@example.fr")


class Bench(ABC):
    """What the contract tests need of a provider."""

    simulator: Any
    provider: PaymentProvider
    method: PaymentMethod = PaymentMethod.CARD
    create_call = "create"
    refund_call = "refund"
    signs_in_header = True
    settles_at_once = True
    hosted: ClassVar[bool] = True

    @abstractmethod
    def account(self, *, wrong: bool = False) -> Account:
        """The account that the adapter opens; wrong credentials on demand."""

    @abstractmethod
    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        """A saved means of payment and its customer, both as the provider names them."""

    def charged(self, key: str) -> Decimal:
        """The money that was taken, or will be, under one of our keys; simulators count cents."""
        return Decimal(self.simulator.charged(key)) / 100

    async def settle(self, payment_id: str) -> None:  # noqa: B027 - nothing to do where money arrives at once
        """Money arrives, where the provider takes days."""

    @abstractmethod
    async def take_back(self, payment_id: str) -> None:
        """The payer takes his money back."""

    @abstractmethod
    async def pay_page(self, page_id: str) -> None:
        """The customer pays on the provider's page."""

    @abstractmethod
    def declining(self) -> tuple[str, str]:
        """A behaviour that is refused, and the reason that the adapter must give."""

    async def order(self, behaviour: str = "MARTIN", *, amount: str = "24.90", key: str | None = None) -> PaymentOrder:
        """A payment by a saved means."""
        token, customer = await self.means(behaviour)
        key = key or uuid4().hex
        return PaymentOrder(
            key=key,
            amount=Decimal(amount),
            currency="EUR",
            reference=f"PAY-{key[:8]}",
            description="Abonnement",
            means=token,
            customer=customer,
            method=self.method,
        )

    async def paid(self) -> tuple[PaymentOrder, str]:
        """A payment whose money is there: its order and its id."""
        order = await self.order()
        found = await self.provider.create_payment(order)
        await self.settle(found.provider_payment_id)
        found = await self.provider.get_payment(found.provider_payment_id)
        assert found.status is PaymentStatus.PAID
        return order, found.provider_payment_id

    def page_order(self, **changes: Any) -> PageOrder:
        """A page on which 24.90 are paid."""
        key = uuid4().hex
        fields: dict[str, Any] = {
            "key": key, "purpose": PagePurpose.PAY, "amount": Decimal("24.90"), "currency": "EUR",
            "reference": f"PAY-{key[:8]}", "description": "Facture F2026-0001", "success_url": "https://portal.test/ok",
            "cancel_url": "https://portal.test/no", "customer": CUSTOMER, "method": self.method,
            "expires_at": NOW + timedelta(minutes=30), "notify_url": "https://bridge.test/hook",
        }  # fmt: skip
        return PageOrder(**fields | changes)

    def refund_order(self, payment_id: str, amount: str, *, before: str = "0.00") -> RefundOrder:
        """Give a part of 24.90 back."""
        return RefundOrder(
            key=uuid4().hex,
            provider_payment_id=payment_id,
            amount=Decimal(amount),
            currency="EUR",
            payment_amount=Decimal("24.90"),
            refunded_before=Decimal(before),
            reference="REF-1",
            reason="REQUESTED_BY_CUSTOMER",
            method=self.method,
        )

    def calls(self, webhooks: Sequence[SentWebhook] | None = None) -> list[WebhookCall]:
        """The webhooks that were sent, as they come in."""
        return [WebhookCall(sent.body, sent.headers) for sent in webhooks or self.simulator.webhooks]

    @abstractmethod
    def forged(self) -> WebhookCall:
        """The last webhook, signed by somebody else."""

    async def __aenter__(self) -> "Bench":
        simulator: ProviderSimulator = self.simulator
        await simulator.__aenter__()
        self.provider = self.open(self.account())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.provider.close()
        await self.simulator.__aexit__()

    @abstractmethod
    def open(self, account: Account) -> PaymentProvider:
        """The adapter of an account."""


class StripeBench(Bench):
    """Stripe: cards, at once."""

    def __init__(self) -> None:
        self.simulator = StripeSimulator()

    def open(self, account: Account) -> PaymentProvider:
        return StripeProvider(account)

    def account(self, *, wrong: bool = False) -> Account:
        key = "sk_wrong" if wrong else self.simulator.secret_key
        return Account(self.simulator.url, {"secret_key": key}, [self.simulator.webhook_secret])

    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        return self.simulator.card(behaviour), "cus_1"

    async def take_back(self, payment_id: str) -> None:
        self.simulator.dispute(payment_id, NOW)

    async def pay_page(self, page_id: str) -> None:
        self.simulator.pay(page_id, NOW)

    def declining(self) -> tuple[str, str]:
        return "ISSUE-CARD-insufficient_funds", "insufficient_funds"

    def forged(self) -> WebhookCall:
        good, other = self.simulator.webhooks[-1], StripeSimulator("whsec_other")
        return WebhookCall(good.body, other.report("payment_intent.succeeded", {}, NOW).headers)


class StripeDebitBench(StripeBench):
    """Stripe: direct debits, days later."""

    method = PaymentMethod.SEPA_CORE
    settles_at_once = False
    hosted = False

    def __init__(self) -> None:
        self.simulator = DebitingStripe()

    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        return self.simulator.mandate(behaviour), "cus_1"

    async def settle(self, payment_id: str) -> None:
        self.simulator.collect(payment_id, NOW)

    async def pay_page(self, page_id: str) -> None:
        self.simulator.sign(page_id, NOW)

    def declining(self) -> tuple[str, str]:
        return "ISSUE-SEPA-REJ-AM04", "AM04"


class GoCardlessBench(Bench):
    """GoCardless: direct debits, days later."""

    method = PaymentMethod.SEPA_CORE
    settles_at_once = False
    hosted = False

    def __init__(self) -> None:
        self.simulator = GoCardlessSimulator()

    def open(self, account: Account) -> PaymentProvider:
        return GoCardlessProvider(account)

    def account(self, *, wrong: bool = False) -> Account:
        token = "wrong" if wrong else self.simulator.access_token
        return Account(self.simulator.url, {"access_token": token}, [self.simulator.webhook_secret])

    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        return self.simulator.mandate(behaviour), None

    async def settle(self, payment_id: str) -> None:
        self.simulator.collect(payment_id, NOW)

    async def take_back(self, payment_id: str) -> None:
        self.simulator.charge_back(payment_id, NOW)

    async def pay_page(self, page_id: str) -> None:
        self.simulator.fulfil(page_id, NOW)

    def declining(self) -> tuple[str, str]:
        return "ISSUE-SEPA-REJ-AM04", "AM04"

    def forged(self) -> WebhookCall:
        good = self.simulator.webhooks[-1]
        return WebhookCall(good.body, GoCardlessSimulator("whsec_other").send().headers)


class MultiSafepayBench(Bench):
    """MultiSafepay: cards, an order is the payment."""

    def __init__(self) -> None:
        self.simulator = MultiSafepaySimulator()

    def open(self, account: Account) -> PaymentProvider:
        return MultiSafepayProvider(account)

    def account(self, *, wrong: bool = False) -> Account:
        return Account(self.simulator.url, {"api_key": "wrong" if wrong else self.simulator.api_key})

    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        return self.simulator.recurring(behaviour), None

    async def take_back(self, payment_id: str) -> None:
        self.simulator.charge_back(payment_id, NOW)

    async def pay_page(self, page_id: str) -> None:
        self.simulator.pay(page_id, NOW)

    def declining(self) -> tuple[str, str]:
        return "ISSUE-CARD-51", "insufficient_funds"

    def forged(self) -> WebhookCall:
        good = self.simulator.webhooks[-1]
        return WebhookCall(good.body, MultiSafepaySimulator("other").report({}, NOW).headers)


class PayPalBench(Bench):
    """PayPal: accounts in its vault, at once."""

    method = PaymentMethod.PAYPAL

    def __init__(self) -> None:
        self.simulator = PayPalSimulator()

    def open(self, account: Account) -> PaymentProvider:
        return PayPalProvider(account)

    def account(self, *, wrong: bool = False) -> Account:
        secret = "wrong" if wrong else self.simulator.client_secret
        credentials = {"client_id": "client", "client_secret": secret, "webhook_id": self.simulator.webhook_id}
        return Account(self.simulator.url, credentials)

    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        return self.simulator.vault(behaviour), None

    async def take_back(self, payment_id: str) -> None:
        self.simulator.dispute(payment_id, NOW)

    async def pay_page(self, page_id: str) -> None:
        self.simulator.approve(page_id, NOW)

    def declining(self) -> tuple[str, str]:
        return "ISSUE-PAYPAL-5120", "insufficient_funds"

    def forged(self) -> WebhookCall:
        good, other = self.simulator.webhooks[-1], PayPalSimulator()
        headers = other.report("PAYMENT.CAPTURE.REVERSED", {}, NOW).headers
        return WebhookCall(good.body, headers | {"paypal-cert-url": good.headers["paypal-cert-url"]})


class EmerchantPayBench(Bench):
    """emerchantpay: cards over the Genesis gateway."""

    signs_in_header = False

    def __init__(self) -> None:
        self.simulator = EmerchantPaySimulator()

    def open(self, account: Account) -> PaymentProvider:
        return EmerchantPayProvider(account)

    def account(self, *, wrong: bool = False) -> Account:
        password = "wrong" if wrong else self.simulator.password
        credentials = {"username": "user", "password": password, "terminal_token": self.simulator.terminal}
        return Account(self.simulator.url, credentials)

    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        return self.simulator.saved(behaviour), None

    async def take_back(self, payment_id: str) -> None:
        self.simulator.charge_back(payment_id)

    async def pay_page(self, page_id: str) -> None:
        self.simulator.pay(page_id.removeprefix("wpf:"))

    def declining(self) -> tuple[str, str]:
        return "ISSUE-CARD-51", "insufficient_funds"

    def forged(self) -> WebhookCall:
        other = EmerchantPaySimulator("other").notification({"status": "approved"}, "unique_id", "44177a21")
        return WebhookCall(other.body, other.headers)


class SlimpayBench(Bench):
    """Slimpay: direct debits, days later."""

    method = PaymentMethod.SEPA_CORE
    settles_at_once = False
    hosted = False

    def __init__(self) -> None:
        self.simulator = SlimpaySimulator()

    def open(self, account: Account) -> PaymentProvider:
        return SlimpayProvider(account)

    def account(self, *, wrong: bool = False) -> Account:
        secret = "wrong" if wrong else self.simulator.app_secret
        credentials = {"app_name": "app", "app_secret": secret, "creditor_reference": self.simulator.creditor}
        return Account(self.simulator.url, credentials, [self.simulator.webhook_secret])

    async def means(self, behaviour: str = "MARTIN") -> tuple[str, str | None]:
        return self.simulator.mandate(behaviour), None

    def charged(self, key: str) -> Decimal:
        return self.simulator.charged(key)

    async def settle(self, payment_id: str) -> None:
        self.simulator.collect(payment_id, NOW)

    async def take_back(self, payment_id: str) -> None:
        self.simulator.contest(payment_id, NOW)

    async def pay_page(self, page_id: str) -> None:
        self.simulator.sign(page_id)

    def declining(self) -> tuple[str, str]:
        return "ISSUE-SEPA-REJ-AM04", "AM04"

    def forged(self) -> WebhookCall:
        good = self.simulator.webhooks[-1]
        return WebhookCall(good.body, SlimpaySimulator("whsec_other").report({}, NOW).headers)


BENCHES: dict[str, type[Bench]] = {
    "EMERCHANTPAY": EmerchantPayBench,
    "GOCARDLESS": GoCardlessBench,
    "MULTISAFEPAY": MultiSafepayBench,
    "PAYPAL": PayPalBench,
    "SLIMPAY": SlimpayBench,
    "STRIPE": StripeBench,
    "STRIPE debits": StripeDebitBench,
}
