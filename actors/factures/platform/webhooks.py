"""Reports of a platform: signed with HMAC-SHA-256 over time and raw body, refused when they are old."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

from messages.factures.platform import BAD_WEBHOOK_SIGNATURE
from messages.problem import Refused

SIGNATURE = "x-signature"
_TOLERANCE_SECONDS = 300
_FORM = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


def signature_of(key: str, timestamp: int, body: bytes) -> str:
    """`t=<unix>,v1=<hex>`: over the timestamp, a dot and the raw body."""
    digest = hmac.new(key.encode(), str(timestamp).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def verified_body(headers: Mapping[str, str], raw_body_b64: str, keys: Iterable[str], now: float) -> tuple[bytes, int]:
    """The raw body, and which of the keys signed it; BAD_WEBHOOK_SIGNATURE otherwise."""
    try:
        body = base64.b64decode(raw_body_b64, validate=True)
    except binascii.Error:
        raise Refused(BAD_WEBHOOK_SIGNATURE, "raw_body_b64 is not base64; hand the body on as it came") from None
    given = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE, "")
    parts = _FORM.fullmatch(given)
    if parts is None or abs(now - int(parts[1])) > _TOLERANCE_SECONDS:
        raise Refused(BAD_WEBHOOK_SIGNATURE, f"sign the body, at most {_TOLERANCE_SECONDS} s ago, in X-Signature")
    for position, key in enumerate(keys):
        if hmac.compare_digest(signature_of(key, int(parts[1]), body), given):
            return body, position
    raise Refused(BAD_WEBHOOK_SIGNATURE, "the signature does not fit the body; check the platform's subscription")
