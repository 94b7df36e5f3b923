"""Stripe's webhooks: `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>]`, HMAC-SHA256 over `{t}.{body}`."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from actors.payments.psp.port import BadWebhookError, ProviderEvent, Subject, WebhookCall

HEADER = "stripe-signature"
TOLERANCE_SECONDS = 300


def signature_of(secret: str, timestamp: int, body: bytes) -> str:
    """The hex signature of one secret."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def verify(call: WebhookCall, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadWebhookError unless one of the secrets signed the body within the tolerance."""
    timestamp, given = _parts(call.headers.get(HEADER, ""))
    if abs(now.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise BadWebhookError(f"the signature's time is more than {TOLERANCE_SECONDS} s away")
    for secret in secrets:
        expected = signature_of(secret, timestamp, call.raw).encode()
        if any(hmac.compare_digest(expected, signature.encode()) for signature in given):
            return
    raise BadWebhookError("no active secret signed this body")


def events_of(call: WebhookCall) -> list[ProviderEvent]:
    """The one event of a call."""
    try:
        body = json.loads(call.raw)
        found = body["data"]["object"]
        subject, about = _subject(found)
        return [
            ProviderEvent(
                event_id=str(body["id"]),
                name=str(body["type"]),
                subject=subject,
                object_id=str(about),
                occurred_at=datetime.fromtimestamp(int(body["created"]), UTC),
                key=(found.get("metadata") or {}).get("crm_key"),
            )
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWebhookError("the body is no event of Stripe") from error


def _subject(found: dict[str, Any]) -> tuple[Subject, str]:
    match found["object"]:
        case "payment_intent":
            return Subject.PAYMENT, found["id"]
        case "charge" | "dispute" if found.get("payment_intent"):
            return Subject.PAYMENT, found["payment_intent"]
        case "checkout.session":
            return Subject.PAGE, found["id"]
        case "refund":
            return Subject.REFUND, found["id"]
        case "mandate":
            return Subject.MEANS, found["id"]
        case "payout":
            return Subject.PAYOUT, found["id"]
        case _:
            return Subject.OTHER, str(found.get("id", ""))


def _parts(header: str) -> tuple[int, list[str]]:
    pairs = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name.strip() == "t" and value.isdigit()]
    if not times:
        raise BadWebhookError("there is no Stripe-Signature with a time")
    return int(times[0]), [value for name, _, value in pairs if name.strip() == "v1"]
