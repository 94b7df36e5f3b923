"""Genesis notifications: form fields, `signature` = hash of unique id and API password.

The signature says nothing of the rest: so what a notification claims is never believed, only read again.
"""

import hashlib
import hmac
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from actors.payments.psp.port import BadWebhookError, ProviderEvent, Subject, WebhookAnswer, WebhookCall

PAGE = "wpf:"
"""What a hosted page is called where payments are meant too."""
_HASHES = {40: hashlib.sha1, 64: hashlib.sha256, 128: hashlib.sha512}


def signature_of(unique_id: str, password: str, length: int = 40) -> str:
    """The hex signature; its length tells the algorithm."""
    return _HASHES[length](f"{unique_id}{password}".encode()).hexdigest()


def verify(call: WebhookCall, password: str) -> None:
    """Raise BadWebhookError unless the API password signed the unique id."""
    given = _fields(call).get("signature", "")
    if len(given) not in _HASHES:
        raise BadWebhookError("there is no signature of a known length")
    expected = signature_of(_unique_id(call), password, len(given))
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise BadWebhookError("the API password did not sign this notification")


def events_of(call: WebhookCall) -> list[ProviderEvent]:
    """The one event of a call: a transaction or a page in a state."""
    told = _fields(call)
    unique_id = _unique_id(call)
    page = "wpf_unique_id" in told
    state = told.get("wpf_status") or told.get("status", "")
    parts = (
        unique_id,
        state,
        told.get("payment_transaction_unique_id", ""),
        told.get("event", ""),
        told.get("amount", ""),
    )
    event_id = hashlib.sha256("|".join(parts).encode()).hexdigest()
    subject, about = (Subject.PAGE, PAGE + unique_id) if page else (Subject.PAYMENT, unique_id)
    if told.get("transaction_type", "").endswith("refund"):
        subject = Subject.REFUND
    return [ProviderEvent(event_id, f"{told.get('transaction_type', 'wpf')}.{state}", subject, about)]


def echo(call: WebhookCall) -> WebhookAnswer:
    """The acknowledgement that the gateway wants."""
    name = "wpf_unique_id" if "wpf_unique_id" in _fields(call) else "unique_id"
    inner = f"<{name}>{escape(_unique_id(call))}</{name}>"
    body = f'<?xml version="1.0" encoding="UTF-8"?><notification_echo>{inner}</notification_echo>'
    return WebhookAnswer(200, body, "application/xml")


def _fields(call: WebhookCall) -> dict[str, str]:
    try:
        return dict(parse_qsl(call.raw.decode()))
    except UnicodeDecodeError as error:
        raise BadWebhookError("the body is no form") from error


def _unique_id(call: WebhookCall) -> str:
    told = _fields(call)
    found = told.get("wpf_unique_id") or told.get("unique_id")
    if not found:
        raise BadWebhookError("the notification names no transaction")
    return found
