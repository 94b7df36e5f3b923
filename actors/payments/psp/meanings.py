"""The meaning of a provider's word: the organisation's own, else the built-in one; an unknown word changes nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from actors.payments.alerts import raise_alert
from actors.payments.psp.port import ProviderPayment
from messages.payments import AlertSeverity, PaymentStatus
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.providers import provider_status_mapping as mapping


async def understood(work: UnitOfWork, row: Mapping[str, Any], seen: ProviderPayment) -> ProviderPayment | None:
    """What was read, in our words; None, with an alert, when nobody knows what the provider said of the payment."""
    own = await work.fetch_value(
        select(mapping.c.status)
        .where(
            mapping.c.organisation_id == work.organisation_id,
            mapping.c.provider == row["provider"],
            mapping.c.raw_status == seen.raw_status.lower(),
            mapping.c.raw_reason.in_(("", (seen.reason_code or "").lower())),
            mapping.c.is_active,
        )
        .order_by(mapping.c.raw_reason.desc())
        .limit(1)
    )
    if own is not None:
        return replace(seen, status=PaymentStatus(own))
    if seen.known:
        return seen
    await raise_alert(
        work, "UNKNOWN_STATUS_MAPPING", AlertSeverity.WARNING, "Statut inconnu chez le prestataire",
        f"{row['provider']} says {seen.raw_status} of payment {row['reference']}, which stays {row['status']}; record what "
        "that means with upsert_provider_status_mapping",
        about=f"{row['provider']}|{seen.raw_status}", company_id=row["company_id"],
        refs=[Ref(type="payment", id=row["id"])],
    )  # fmt: skip
    return None
