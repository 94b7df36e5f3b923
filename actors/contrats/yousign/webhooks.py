"""Yousign's webhooks: signed with HMAC-SHA256 over the raw body (header X-Yousign-Signature-256)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from messages.contrats.signatures import BAD_SIGNATURE
from messages.problem import Refused

SIGNATURE = "x-yousign-signature-256"


@dataclass(frozen=True, slots=True)
class Report:
    """What a webhook says; which envelope it is about, and nothing that is believed."""

    event_id: str
    name: str
    provider_request_id: str
    external_id: UUID | None


def signature_of(secret: str, body: bytes) -> str:
    """`sha256=<hex>` over the raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def report_of(headers: Mapping[str, str], raw_body_b64: str, *, secret: str, sandbox: bool) -> Report:
    """The report, once its signature fits the raw bytes; BAD_SIGNATURE otherwise, and from the other environment."""
    try:
        body = base64.b64decode(raw_body_b64, validate=True)
    except binascii.Error:
        raise Refused(BAD_SIGNATURE, "raw_body_b64 is not base64; hand the body on as it came") from None
    given = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE, "")
    if not secret or not hmac.compare_digest(signature_of(secret, body).encode(), given.encode()):
        raise Refused(BAD_SIGNATURE, "the signature does not fit the body; check the webhook's secret")
    try:
        found = json.loads(body)
        if bool(found["sandbox"]) is not sandbox:
            raise Refused(BAD_SIGNATURE, "the event is of the provider's other environment; check the subscription")
        about = found["data"]["signature_request"]
        external = UUID(about["external_id"]) if about.get("external_id") else None
        return Report(str(found["event_id"]), str(found["event_name"]), str(about["id"]), external)
    except (ValueError, KeyError, TypeError):
        raise Refused(
            BAD_SIGNATURE, "the body is signed but is no event of the provider; check the subscription"
        ) from None
