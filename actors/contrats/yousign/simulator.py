"""Plays Yousign's side over real HTTP, for development, demo and tests.

Nothing signs by itself: a test says `sign`, `decline` or `expire`. Each leaves signed webhooks in `webhooks`, for the test
to hand on in any order, twice or not at all. `lose(call)` does the work of a call and then answers 503, as a connection
that breaks before the answer.
"""

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from actors.contrats.yousign.webhooks import signature_of
from messages.values.instants import format_instant
from runtime.simulation import SentWebhook, Simulator

_FINAL = ("done", "declined", "expired", "canceled")


@dataclass
class Procedure:
    """A signature request as the provider keeps it."""

    id: str
    external_id: str
    status: str = "draft"
    documents: list[dict[str, Any]] = field(default_factory=list)
    signers: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """What GET answers."""
        names = ("id", "external_id", "status", "documents", "signers")
        return {name: getattr(self, name) for name in names}


class YousignSimulator(Simulator):
    """`async with YousignSimulator(secret) as provider:` listens on 127.0.0.1; `provider.url` says where."""

    def __init__(self, webhook_secret: str, *, api_key: str = "key") -> None:
        super().__init__()
        self.procedures: dict[str, Procedure] = {}
        self.webhooks: list[SentWebhook] = []
        self.calls: Counter[str] = Counter()
        self.api_key = api_key
        self._secret = webhook_secret
        self._ids = itertools.count(1)
        self._losses: Counter[str] = Counter()

    def application(self) -> FastAPI:
        """The paths, each one call of this object."""
        return _application(self)

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"{self.origin}/v3"

    def lose(self, call: str, times: int = 1) -> None:
        """Lose the answers of the next calls: create, document, signer or activate."""
        self._losses[call] = times

    def of(self, external_id: object) -> list[Procedure]:
        """The procedures made for one external id; more than one would be a file sent twice."""
        return [found for found in self.procedures.values() if found.external_id == str(external_id)]

    def sign(self, external_id: object, at: datetime) -> None:
        """Every signer signs."""
        (procedure,) = self.of(external_id)
        for signer in procedure.signers:
            signer |= {"status": "signed", "signed_at": format_instant(at)}
            self._report("signer.done", procedure)
        procedure.status = "done"
        self._report("signature_request.done", procedure)

    def decline(self, external_id: object, reason: str) -> None:
        """The first signer says no."""
        (procedure,) = self.of(external_id)
        procedure.signers[0] |= {"status": "declined", "decline_reason": reason}
        procedure.status = "declined"
        self._report("signature_request.declined", procedure)

    def expire(self, external_id: object) -> None:
        """Nobody signed in time."""
        (procedure,) = self.of(external_id)
        procedure.status = "expired"
        self._report("signature_request.expired", procedure)

    def _report(self, name: str, procedure: Procedure) -> None:
        body = {
            "event_id": f"evt-{next(self._ids)}",
            "event_name": name,
            "sandbox": True,
            "data": {
                "signature_request": {
                    "id": procedure.id,
                    "external_id": procedure.external_id,
                    "status": procedure.status,
                }
            },
        }
        raw = json.dumps(body).encode()
        self.webhooks.append(SentWebhook({"x-yousign-signature-256": signature_of(self._secret, raw)}, raw))

    # -- what the paths do ---------------------------------------------------------------------------------------

    def create(self, fields: dict[str, Any]) -> Response:
        """A new draft."""
        procedure = Procedure(f"sr-{next(self._ids)}", str(fields["external_id"]))
        self.procedures[procedure.id] = procedure
        return self.answer("create", procedure.shown(), 201)

    def add_document(self, procedure: Procedure, body: bytes) -> Response:
        """The file to sign."""
        if b"%PDF" not in body:
            return JSONResponse({"detail": "the file is no PDF"}, 400)
        procedure.documents.append({"id": f"doc-{next(self._ids)}"})
        return self.answer("document", procedure.documents[-1], 201)

    def add_signer(self, procedure: Procedure, fields: dict[str, Any]) -> Response:
        """Who is to sign."""
        needs_phone = fields["signature_authentication_mode"] == "otp_sms"
        if needs_phone and not fields["info"].get("phone_number"):
            return JSONResponse({"detail": "phone_number is needed for otp_sms"}, 400)
        procedure.signers.append(
            {"id": f"signer-{next(self._ids)}", "status": "initiated", "level": fields["signature_level"]}
        )
        return self.answer("signer", procedure.signers[-1], 201)

    def activate(self, procedure: Procedure) -> Response:
        """Ask the signers."""
        if procedure.status != "draft" or not (procedure.documents and procedure.signers):
            return JSONResponse({"detail": "only a complete draft can be activated"}, 400)
        procedure.status = "ongoing"
        for signer in procedure.signers:
            signer["status"] = "notified"
        self._report("signature_request.activated", procedure)
        return self.answer("activate", procedure.shown(), 201)

    def remind(self, procedure: Procedure, signer_id: str) -> Response:
        """Write to a signer again; only while it is his turn."""
        (signer,) = [signer for signer in procedure.signers if signer["id"] == signer_id]
        if procedure.status != "ongoing" or signer["status"] != "notified":
            return JSONResponse({"detail": "this signer is not waited for"}, 400)
        return self.answer("remind", {}, 201)

    def cancel(self, procedure: Procedure) -> Response:
        """Take it back."""
        if procedure.status in _FINAL:
            return JSONResponse({"detail": "it is over"}, 400)
        procedure.status = "canceled"
        self._report("signature_request.canceled", procedure)
        return self.answer("cancel", procedure.shown(), 201)

    def answer(self, call: str, body: dict[str, Any], status: int) -> Response:
        """The answer of a call, unless it gets lost."""
        self.calls[call] += 1
        if self._losses[call] > 0:
            self._losses[call] -= 1
            return JSONResponse({"detail": "the connection broke"}, 503)
        return JSONResponse(body, status)


def _application(simulator: YousignSimulator) -> FastAPI:
    application = FastAPI()

    @application.middleware("http")
    async def authorised(request: Request, call_next: Any) -> Response:
        if request.headers.get("authorization") != f"Bearer {simulator.api_key}":
            return JSONResponse({"detail": "wrong key"}, 401)
        return await call_next(request)  # type: ignore[no-any-return]

    @application.get("/v3/signature_requests")
    async def listed(external_id: str) -> dict[str, Any]:
        return {"data": [procedure.shown() for procedure in simulator.of(external_id)]}

    @application.post("/v3/signature_requests")
    async def create(request: Request) -> Response:
        return simulator.create(await request.json())

    @application.get("/v3/signature_requests/{identity}")
    async def shown(identity: str) -> dict[str, Any]:
        return simulator.procedures[identity].shown()

    @application.post("/v3/signature_requests/{identity}/{part}")
    async def changed(identity: str, part: str, request: Request) -> Response:
        procedure = simulator.procedures[identity]
        match part:
            case "documents":
                return simulator.add_document(procedure, await request.body())
            case "signers":
                return simulator.add_signer(procedure, await request.json())
            case "activate":
                return simulator.activate(procedure)
            case "cancel":
                return simulator.cancel(procedure)
        return JSONResponse({"detail": "no such path"}, 404)

    @application.post("/v3/signature_requests/{identity}/signers/{signer}/send_reminder")
    async def reminded(identity: str, signer: str) -> Response:
        return simulator.remind(simulator.procedures[identity], signer)

    @application.get("/v3/signature_requests/{identity}/documents/download")
    async def signed(identity: str) -> Response:
        return Response(f"%PDF-1.7 signed {identity}\n%%EOF\n", media_type="application/pdf")

    @application.get("/v3/signature_requests/{identity}/signers/{signer}/audit_trails/download")
    async def trail(identity: str, signer: str) -> Response:
        return Response(f"%PDF-1.7 audit {identity} {signer}\n%%EOF\n", media_type="application/pdf")

    return application
