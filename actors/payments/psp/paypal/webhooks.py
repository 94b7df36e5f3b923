"""PayPal's webhooks: RSA-SHA256 over `{transmission id}|{time}|{webhook id}|{CRC-32 of the body}`, by its certificate."""

import base64
import binascii
import json
import zlib
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from actors.payments.psp.port import BadWebhookError, ProviderEvent, Subject, WebhookCall

ID, TIME, SIGNATURE = "paypal-transmission-id", "paypal-transmission-time", "paypal-transmission-sig"
CERTIFICATE, ALGORITHM = "paypal-cert-url", "paypal-auth-algo"
CAPTURE = "capture:"
"""What an event's object is called when only its capture is known."""


def signed_text(transmission_id: str, time: str, webhook_id: str, body: bytes) -> bytes:
    """What PayPal signs."""
    return f"{transmission_id}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()


def certificate_url(call: WebhookCall, own_host: str) -> str:
    """Where the certificate lies, if that is PayPal's own place."""
    url = call.headers.get(CERTIFICATE, "")
    parts = urlsplit(url)
    own = parts.netloc == own_host
    if not own and not (parts.scheme == "https" and (parts.hostname or "").endswith(".paypal.com")):
        raise BadWebhookError("the certificate does not lie at PayPal")
    return url


def verify(call: WebhookCall, webhook_id: str, certificate: bytes) -> None:
    """Raise BadWebhookError unless the certificate's key signed the call for this webhook."""
    if call.headers.get(ALGORITHM) != "SHA256withRSA":
        raise BadWebhookError("the algorithm is not SHA256withRSA")
    try:
        key = load_pem_x509_certificate(certificate).public_key()
        signature = base64.b64decode(call.headers.get(SIGNATURE, ""), validate=True)
        if not isinstance(key, RSAPublicKey):
            raise BadWebhookError("the certificate holds no RSA key")
        text = signed_text(call.headers.get(ID, ""), call.headers.get(TIME, ""), webhook_id, call.raw)
        key.verify(signature, text, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise BadWebhookError("the signature does not fit the body") from error


def events_of(call: WebhookCall) -> list[ProviderEvent]:
    """The one event of a call."""
    try:
        body = json.loads(call.raw)
        subject, about = _subject(str(body["event_type"]), body["resource"])
        return [
            ProviderEvent(
                event_id=str(body["id"]),
                name=str(body["event_type"]),
                subject=subject,
                object_id=about,
                occurred_at=datetime.fromisoformat(body["create_time"]),
            )
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWebhookError("the body is no event of PayPal") from error


def _subject(name: str, found: dict[str, Any]) -> tuple[Subject, str]:
    if name.startswith("CHECKOUT.ORDER."):
        return Subject.PAGE, str(found["id"])
    if name == "PAYMENT.CAPTURE.REFUNDED":
        return Subject.REFUND, str(found["id"])
    if name.startswith("PAYMENT.CAPTURE."):
        order = ((found.get("supplementary_data") or {}).get("related_ids") or {}).get("order_id")
        return Subject.PAYMENT, str(order) if order else CAPTURE + _capture_of(found)
    if name.startswith("CUSTOMER.DISPUTE."):
        return Subject.PAYMENT, CAPTURE + str(found["disputed_transactions"][0]["seller_transaction_id"])
    return Subject.OTHER, str(found.get("id", ""))


def _capture_of(found: dict[str, Any]) -> str:
    """A reversal names its capture by a link upwards; a capture is itself."""
    up = next((link["href"] for link in found.get("links") or () if link["rel"] == "up"), None)
    return str(up).rsplit("/", 1)[-1] if up and "/captures/" in up else str(found["id"])
