"""Looking after accounts at providers: trying them, changing their webhook secret, seeing how they are."""

from uuid import UUID

from messages.base import Reply, Request
from messages.payments.providers import Provider, PspAccount, Secret
from messages.payments.routing import CircuitState


class TestPspAccount(Request[PspAccount], permission="payments:settings:write"):
    """Ask the provider something harmless in the background; get_psp_account has the answer as `last_test`.

    Credentials that it refuses make the account INVALID_CREDENTIALS and raise an alert.
    """

    __test__ = False  # no test of pytest's

    psp_account_id: UUID


class RotatePspWebhookSecret(Request[PspAccount], permission="payments:settings:write"):
    """Give an account a new webhook secret; calls signed with the one before are believed for seven days more."""

    psp_account_id: UUID
    new_secret: Secret


class PspAccountSummary(Reply):
    """How an account is."""

    psp_account_id: UUID
    company_id: UUID
    provider: Provider
    name: str
    is_active: bool
    is_live: bool
    is_configured: bool
    has_webhook_secret: bool
    health: CircuitState


class PspAccountsSummary(Reply):
    """The accounts by provider and name."""

    items: tuple[PspAccountSummary, ...]


class GetPspAccountsSummary(Request[PspAccountsSummary], query=True, permission="payments:settings:read"):
    """How the accounts of the organisation, or of one of its companies, are: at most 200 of them."""

    company_id: UUID | None = None
