"""Accounts at providers: their secrets, and one kept client for each."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from actors.payments.psp.emerchantpay.client import EmerchantPayProvider
from actors.payments.psp.gocardless.client import GoCardlessProvider
from actors.payments.psp.multisafepay.client import MultiSafepayProvider
from actors.payments.psp.paypal.client import PayPalProvider
from actors.payments.psp.port import Account, PaymentProvider
from actors.payments.psp.settings import ProviderSettings
from actors.payments.psp.slimpay.client import SlimpayProvider
from actors.payments.psp.stripe.client import StripeProvider
from actors.payments.rules.providers import PROFILES
from messages.payments import Provider, PspMode
from runtime.keys import Keys
from runtime.unit_of_work import Row

_DOMAIN: Final = "SECRETS"
_TABLE: Final = "psp_account"

ADAPTERS: dict[Provider, Callable[[Account], PaymentProvider]] = {
    Provider.EMERCHANTPAY: EmerchantPayProvider,
    Provider.GOCARDLESS: GoCardlessProvider,
    Provider.MULTISAFEPAY: MultiSafepayProvider,
    Provider.PAYPAL: PayPalProvider,
    Provider.SLIMPAY: SlimpayProvider,
    Provider.STRIPE: StripeProvider,
}

_kept: dict[tuple[int, UUID], tuple[int, PaymentProvider]] = {}
"""By event loop and account: the version of the account and its client."""


async def sealed(
    *,
    account_id: UUID,
    organisation_id: UUID,
    keys: Keys,
    credentials: Mapping[str, str] | None = None,
    webhook_secrets: Sequence[str] | None = None,
) -> dict[str, bytes]:
    """The encrypted columns of what is given."""
    clear: dict[str, Any] = {"credentials": credentials, "webhook_secrets": webhook_secrets}
    return {
        column: await keys.encrypt(
            json.dumps(value),
            organisation_id=organisation_id,
            domain=_DOMAIN,
            table=_TABLE,
            column=column,
            row_id=account_id,
        )
        for column, value in clear.items()
        if value is not None
    }


async def opened(row: Row, column: str, keys: Keys) -> Any:
    """The clear credentials or webhook secrets of an account."""
    text = await keys.decrypt(
        row[column],
        organisation_id=row["organisation_id"],
        domain=_DOMAIN,
        table=_TABLE,
        column=column,
        row_id=row["id"],
    )
    return json.loads(text)


async def provider_of(row: Row, keys: Keys) -> PaymentProvider:
    """The kept client of an account; a changed account gets a new one."""
    place = (id(asyncio.get_running_loop()), row["id"])
    version, known = _kept.get(place, (0, None))
    if known is not None and version == row["version"]:
        return known
    account = Account(
        base_url=base_url(Provider(row["provider"]), PspMode(row["mode"])),
        credentials=await opened(row, "credentials", keys),
        webhook_secrets=await opened(row, "webhook_secrets", keys),
        live=row["mode"] == PspMode.LIVE,
    )
    found = ADAPTERS[Provider(row["provider"])](account)
    _kept[place] = (row["version"], found)
    if known is not None:
        await known.close()
    return found


def base_url(provider: Provider, mode: PspMode) -> str:
    """Where an account's provider answers."""
    profile = PROFILES[provider]
    told = ProviderSettings().provider_urls.get(provider)
    return told or (profile.live_url if mode is PspMode.LIVE else profile.sandbox_url)
