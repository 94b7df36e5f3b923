"""What each provider needs and offers."""

from dataclasses import dataclass

from messages.payments import PaymentMethod, Provider


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """Where a provider answers, which credentials open an account, and what it collects."""

    live_url: str
    sandbox_url: str
    credentials: frozenset[str]
    methods: frozenset[PaymentMethod]
    clearing_account: str
    signs_with_secret: bool = True
    """Whether its webhooks are signed with a secret of their own, not with the credentials."""
    debit_lead_days: int | None = None
    """TARGET days between the order of a direct debit and its collection; None where it keeps no mandates."""


PROFILES = {
    Provider.EMERCHANTPAY: ProviderProfile(
        live_url="https://gate.emerchantpay.net",
        sandbox_url="https://staging.gate.emerchantpay.net",
        credentials=frozenset({"username", "password", "terminal_token"}),
        methods=frozenset({PaymentMethod.CARD}),
        clearing_account="517600",
        signs_with_secret=False,
    ),
    Provider.GOCARDLESS: ProviderProfile(
        live_url="https://api.gocardless.com",
        sandbox_url="https://api-sandbox.gocardless.com",
        credentials=frozenset({"access_token"}),
        methods=frozenset({PaymentMethod.SEPA_CORE}),
        clearing_account="517100",
        debit_lead_days=3,
    ),
    Provider.MULTISAFEPAY: ProviderProfile(
        live_url="https://api.multisafepay.com/v1/json",
        sandbox_url="https://testapi.multisafepay.com/v1/json",
        credentials=frozenset({"api_key"}),
        methods=frozenset({PaymentMethod.CARD}),
        clearing_account="517500",
        signs_with_secret=False,
    ),
    Provider.PAYPAL: ProviderProfile(
        live_url="https://api-m.paypal.com",
        sandbox_url="https://api-m.sandbox.paypal.com",
        credentials=frozenset({"client_id", "client_secret", "webhook_id"}),
        methods=frozenset({PaymentMethod.PAYPAL}),
        clearing_account="517400",
        signs_with_secret=False,
    ),
    Provider.SLIMPAY: ProviderProfile(
        live_url="https://api.slimpay.com",
        sandbox_url="https://api.preprod.slimpay.com",
        credentials=frozenset({"app_name", "app_secret", "creditor_reference"}),
        methods=frozenset({PaymentMethod.SEPA_CORE}),
        clearing_account="517200",
        debit_lead_days=3,
    ),
    Provider.STRIPE: ProviderProfile(
        live_url="https://api.stripe.com/v1",
        sandbox_url="https://api.stripe.com/v1",
        credentials=frozenset({"secret_key"}),
        methods=frozenset({PaymentMethod.CARD, PaymentMethod.SEPA_CORE}),
        clearing_account="517300",
        debit_lead_days=2,
    ),
}


def missing_credentials(provider: Provider, given: frozenset[str]) -> list[str]:
    """The names of credentials that an account still needs."""
    return sorted(PROFILES[provider].credentials - given)
