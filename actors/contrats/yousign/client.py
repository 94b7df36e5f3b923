"""Speaks Yousign's HTTP dialect (API v3)."""

from datetime import datetime
from typing import Any

import httpx

from actors.contrats.yousign.provider import Envelope, EnvelopeState, Person, ProviderUnavailableError, SignerState
from messages.contrats.signatures import (
    SIGNATURE_PROVIDER_REFUSED,
    AuthenticationMode,
    SignatureLevel,
    SignatureStatus,
    SignerStatus,
)
from messages.problem import Refused
from runtime.outgoing_http import http_client

_TIMEOUT = httpx.Timeout(30.0, connect=10.0, write=60.0)
_REPEATABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_LEVELS = {
    SignatureLevel.SES: "electronic_signature",
    SignatureLevel.AES: "advanced_electronic_signature",
    SignatureLevel.QES: "qualified_electronic_signature",
}
_AUTHENTICATION = {
    AuthenticationMode.OTP_SMS: "otp_sms",
    AuthenticationMode.OTP_EMAIL: "otp_email",
    AuthenticationMode.NONE: "no_otp",
}
_STATUS = {
    "draft": SignatureStatus.PREPARING,
    "approval": SignatureStatus.ONGOING,
    "ongoing": SignatureStatus.ONGOING,
    "done": SignatureStatus.DONE,
    "declined": SignatureStatus.DECLINED,
    "rejected": SignatureStatus.DECLINED,
    "expired": SignatureStatus.EXPIRED,
    "canceled": SignatureStatus.CANCELLED,
    "deleted": SignatureStatus.CANCELLED,
}
_SIGNER_STATUS = {
    "notified": SignerStatus.NOTIFIED,
    "verified": SignerStatus.OPENED,
    "processing": SignerStatus.OPENED,
    "signed": SignerStatus.SIGNED,
    "declined": SignerStatus.DECLINED,
}


class YousignClient:
    """An account at the provider, with its connections; `url` ends before /signature_requests."""

    def __init__(self, url: str, api_key: str) -> None:
        self._http = http_client(
            base_url=url.rstrip("/"), timeout=_TIMEOUT, headers={"Authorization": f"Bearer {api_key}"}
        )

    async def open(self, envelope: Envelope) -> EnvelopeState:
        """Each step looks at what is there before it adds anything, so that a crash between two steps repeats none."""
        found = await self._find(envelope.external_id) or await self._create(envelope)
        path = f"/signature_requests/{found['id']}"
        if found["status"] == "draft":
            documents = found.get("documents") or [await self._add_document(path, envelope)]
            for person in envelope.signers[len(found.get("signers") or ()) :]:
                await self._json("POST", f"{path}/signers", json=_signer(person, envelope.level, documents[0]["id"]))
            await self._json("POST", f"{path}/activate")
        return await self.read(found["id"])

    async def read(self, provider_request_id: str) -> EnvelopeState:
        """Where the envelope stands."""
        found = await self._json("GET", f"/signature_requests/{provider_request_id}")
        signers = tuple(_state_of(signer) for signer in found.get("signers") or ())
        return EnvelopeState(str(found["id"]), _STATUS[found["status"]], signers)

    async def signed_file(self, provider_request_id: str) -> bytes:
        """The signed PDF."""
        answer = await self._call("GET", f"/signature_requests/{provider_request_id}/documents/download")
        return answer.content

    async def audit_trail(self, provider_request_id: str, provider_signer_id: str) -> bytes:
        """The proof of what one signer did."""
        path = f"/signature_requests/{provider_request_id}/signers/{provider_signer_id}/audit_trails/download"
        return (await self._call("GET", path)).content

    async def remind(self, provider_request_id: str, provider_signer_id: str) -> None:
        """The provider writes once more to a signer whose turn it is."""
        await self._call(
            "POST", f"/signature_requests/{provider_request_id}/signers/{provider_signer_id}/send_reminder"
        )

    async def cancel(self, provider_request_id: str) -> None:
        """A draft is deleted, what is under way is cancelled, the rest is over."""
        path = f"/signature_requests/{provider_request_id}"
        status = (await self._json("GET", path))["status"]
        if status == "draft":
            await self._call("DELETE", path)
        elif status in ("approval", "ongoing"):
            await self._json("POST", f"{path}/cancel", json={"reason": "other", "custom_note": "recalled"})

    async def _find(self, external_id: str) -> dict[str, Any] | None:
        listed = await self._json("GET", "/signature_requests", params={"external_id": external_id})
        own = [item for item in listed["data"] if item.get("external_id") == external_id]
        return await self._json("GET", f"/signature_requests/{own[0]['id']}") if own else None

    async def _create(self, envelope: Envelope) -> dict[str, Any]:
        body = {
            "name": envelope.name,
            "delivery_mode": "email",
            "timezone": "Europe/Paris",
            "expiration_date": envelope.expires_at.date().isoformat(),
            "external_id": envelope.external_id,
            "ordered_signers": True,
            "reminder_settings": {"interval_in_days": 3, "max_occurrences": 3},
        }
        return await self._json("POST", "/signature_requests", json=body)

    async def _add_document(self, path: str, envelope: Envelope) -> dict[str, Any]:
        files = {"file": (envelope.filename, envelope.content, "application/pdf")}
        fields = {"nature": "signable_document", "parse_anchors": "true"}
        return await self._json("POST", f"{path}/documents", files=files, data=fields)

    async def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer = await self._call(method, path, **arguments)
        return dict(answer.json()) if answer.content else {}

    async def _call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ProviderUnavailableError(f"{method} {path}: {error!r}") from error
        if answer.status_code in _REPEATABLE:
            raise ProviderUnavailableError(f"{method} {path} answered {answer.status_code}")
        if answer.is_error:
            raise Refused(
                SIGNATURE_PROVIDER_REFUSED,
                f"the provider answered {answer.status_code} to {method} {path}: {answer.text[:200]}",
            )
        return answer


def _signer(person: Person, level: SignatureLevel, document_id: str) -> dict[str, Any]:
    info = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone_number": person.phone,
        "locale": "fr",
    }
    return {
        "info": {name: value for name, value in info.items() if value is not None},
        "signature_level": _LEVELS[level],
        "signature_authentication_mode": _AUTHENTICATION[person.authentication],
        "fields": [{"document_id": document_id, "type": "signature", "page": 1, "x": 77, "y": 581}],
    }


def _state_of(signer: dict[str, Any]) -> SignerState:
    signed_at = signer.get("signed_at")
    return SignerState(
        provider_signer_id=str(signer["id"]),
        status=_SIGNER_STATUS.get(signer["status"], SignerStatus.PENDING),
        signed_at=datetime.fromisoformat(signed_at) if signed_at else None,
        decline_reason=signer.get("decline_reason"),
    )
