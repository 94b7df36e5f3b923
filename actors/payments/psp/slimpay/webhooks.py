"""Slimpay's webhooks: `slimpay-signature: t={milliseconds},v1={hex}`, HMAC-SHA256 over `{t}:{body}`."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from actors.payments.psp.port import BadWebhookError, ProviderEvent, Subject, WebhookCall

HEADER = "slimpay-signature"
TOLERANCE_SECONDS = 300
_SUBJECTS = {"payment": (Subject.PAYMENT, "id"), "order": (Subject.PAGE, "reference")}
_MILLISECONDS = 1000


def signature_of(secret: str, milliseconds: int, body: bytes) -> str:
    """The hex signature of one secret."""
    return hmac.new(secret.encode(), f"{milliseconds}:".encode() + body, hashlib.sha256).hexdigest()


def verify(call: WebhookCall, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadWebhookError unless one of the secrets signed the body within the tolerance."""
    parts = dict(part.split("=", 1) for part in call.headers.get(HEADER, "").split(",") if "=" in part)
    stamp, given = parts.get("t", ""), parts.get("v1", "").encode()
    if not stamp.isdigit():
        raise BadWebhookError("there is no slimpay-signature with a time")
    if abs(now.timestamp() - int(stamp) / _MILLISECONDS) > TOLERANCE_SECONDS:
        raise BadWebhookError(f"the signature's time is more than {TOLERANCE_SECONDS} s away")
    if not any(hmac.compare_digest(signature_of(secret, int(stamp), call.raw).encode(), given) for secret in secrets):
        raise BadWebhookError("no active secret signed this body")


def events_of(call: WebhookCall) -> list[ProviderEvent]:
    """The one event of a call; what is no payment and no order is kept and not followed."""
    try:
        body = json.loads(call.raw)
        kind = str(body["eventType"])
        subject, name = _SUBJECTS.get(kind.partition(".")[0], (Subject.OTHER, "id"))
        about = str(body["data"].get(name) or "")
        subject = subject if about else Subject.OTHER
        created = datetime.fromtimestamp(int(body["createdAt"]) // _MILLISECONDS, UTC)
        return [ProviderEvent(str(body["Id"]), kind, subject, about, created)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWebhookError("the body is no event of Slimpay") from error
