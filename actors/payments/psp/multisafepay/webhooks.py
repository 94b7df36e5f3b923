"""MultiSafepay's webhooks: `Auth` is base64 of `{t}:{hex}`, HMAC-SHA512 with the API key over `{t}:{body}`.

They carry no event id: what an order says of itself is the event, so that two states of one order are two events.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime

from actors.payments.psp.port import BadWebhookError, ProviderEvent, Subject, WebhookCall

HEADER = "auth"
TOLERANCE_SECONDS = 600


def signature_of(api_key: str, timestamp: int, body: bytes) -> str:
    """The hex signature."""
    return hmac.new(api_key.encode(), f"{timestamp}:".encode() + body, hashlib.sha512).hexdigest()


def header_of(api_key: str, timestamp: int, body: bytes) -> str:
    """The header as the provider sends it."""
    return base64.b64encode(f"{timestamp}:{signature_of(api_key, timestamp, body)}".encode()).decode()


def verify(call: WebhookCall, api_key: str, now: datetime) -> None:
    """Raise BadWebhookError unless the API key signed the body within the tolerance."""
    try:
        stamp, _, given = base64.b64decode(call.headers.get(HEADER, ""), validate=True).decode().partition(":")
        timestamp = int(stamp)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadWebhookError("there is no Auth header with time and signature") from error
    if abs(now.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise BadWebhookError(f"the signature's time is more than {TOLERANCE_SECONDS} s away")
    if not hmac.compare_digest(signature_of(api_key, timestamp, call.raw).encode(), given.encode()):
        raise BadWebhookError("the API key did not sign this body")


def events_of(call: WebhookCall) -> list[ProviderEvent]:
    """The one event of a call: an order in a state."""
    try:
        order = json.loads(call.raw)
        told = (order["order_id"], order["status"], order.get("modified"), order.get("amount_refunded"))
        event_id = hashlib.sha256("|".join(map(str, told)).encode()).hexdigest()
        name = f"order.{order['status']}"
        return [ProviderEvent(event_id, name, Subject.PAGE, str(order["order_id"]), key=str(order["order_id"]))]
    except (ValueError, KeyError, TypeError) as error:
        raise BadWebhookError("the body is no order of MultiSafepay") from error
