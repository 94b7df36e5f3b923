"""GoCardless's webhooks: `Webhook-Signature` is the hex HMAC-SHA256 of the raw body; one call holds up to 250 events."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from actors.payments.psp.port import BadWebhookError, ProviderEvent, Subject, WebhookCall

HEADER = "webhook-signature"
_SUBJECTS = {
    "payments": (Subject.PAYMENT, "payment"),
    "refunds": (Subject.REFUND, "refund"),
    "billing_requests": (Subject.PAGE, "billing_request"),
    "mandates": (Subject.MEANS, "mandate"),
    "payouts": (Subject.PAYOUT, "payout"),
}


def signature_of(secret: str, body: bytes) -> str:
    """The hex signature of one secret."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(call: WebhookCall, secrets: Sequence[str]) -> None:
    """Raise BadWebhookError unless one of the secrets signed the body."""
    given = call.headers.get(HEADER, "").encode()
    if not any(hmac.compare_digest(signature_of(secret, call.raw).encode(), given) for secret in secrets):
        raise BadWebhookError("no active secret signed this body")


def events_of(call: WebhookCall) -> list[ProviderEvent]:
    """The events of a call, in the provider's order."""
    try:
        found = []
        for event in json.loads(call.raw)["events"]:
            subject, link = _SUBJECTS.get(event["resource_type"], (Subject.OTHER, ""))
            found.append(
                ProviderEvent(
                    event_id=str(event["id"]),
                    name=f"{event['resource_type']}.{event['action']}",
                    subject=subject,
                    object_id=str(event["links"].get(link, "")),
                    occurred_at=datetime.fromisoformat(event["created_at"]),
                )
            )
        return found
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWebhookError("the body holds no events of GoCardless") from error
