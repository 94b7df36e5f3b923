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


PROFILES = {
    Provider.GOCARDLESS: ProviderProfile(
        live_url="https://api.gocardless.com",
        sandbox_url="https://api-sandbox.gocardless.com",
        credentials=frozenset({"access_token"}),
        methods=frozenset({PaymentMethod.SEPA_CORE}),
        clearing_account="517100",
    ),
    Provider.STRIPE: ProviderProfile(
        live_url="https://api.stripe.com/v1",
        sandbox_url="https://api.stripe.com/v1",
        credentials=frozenset({"secret_key"}),
        methods=frozenset({PaymentMethod.CARD}),
        clearing_account="517300",
    ),
}


def missing_credentials(provider: Provider, given: frozenset[str]) -> list[str]:
    """The names of credentials that an account still needs."""
    return sorted(PROFILES[provider].credentials - given)
