"""Plays Maileva's side over real HTTP, for development, demo and tests.

After `submit` the recipient goes PENDING, ACCEPTED, PREPARING, PROCESSED: one step at each look, or as a test says.
What the post does after that, and its proofs, the program around it says with `scan` and `prove`.
`lose(call, times)` does the work of a call and then answers 503, as a connection that breaks before the answer.
"""

import asyncio
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from runtime.simulation import Simulator

_STEPS = ("PENDING", "ACCEPTED", "PREPARING", "PROCESSED")
_SMALL_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)
_LONGEST_LINE = 38
_FRENCH_LINE_6 = re.compile(r"[0-9]{5} .+")
_BIGGEST_DOCUMENT = 20 * 1024 * 1024


@dataclass
class Draft:
    """A sending as the provider keeps it."""

    id: str
    custom_id: str
    options: dict[str, Any]
    status: str = "DRAFT"
    documents: list[int] = field(default_factory=list)
    recipients: list[dict[str, Any]] = field(default_factory=list)
    scans: list[dict[str, str]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    submitted: int = 0


class MailevaSimulator(Simulator):
    """`async with MailevaSimulator() as provider:` listens on 127.0.0.1; `provider.url` says where."""

    def __init__(self, port: int = 0, *, password: str = "secret", advances: bool = True) -> None:
        super().__init__(port)
        self.sendings: dict[str, Draft] = {}
        self.calls: Counter[str] = Counter()
        self.advances = advances
        self.rejects = False
        self._password = password
        self._tokens: set[str] = set()
        self._ids = itertools.count(1)
        self._losses: Counter[str] = Counter()

    def application(self) -> FastAPI:
        """The paths, each one call of this object."""
        return _application(self)

    @property
    def url(self) -> str:
        """The base URL of an account."""
        return self.origin

    def lose(self, call: str, times: int = 1) -> None:
        """Lose the answers of the next calls: create, document, recipient or submit."""
        self._losses[call] = times

    def expire_tokens(self) -> None:
        """Every token given so far is refused from now on."""
        self._tokens.clear()

    def of(self, custom_id: object) -> list[Draft]:
        """The sendings made for one custom id; more than one would be a letter sent twice."""
        return [draft for draft in self.sendings.values() if draft.custom_id == str(custom_id)]

    # -- what the paths do ---------------------------------------------------------------------------------------

    def sign_in(self, password: str) -> Response:
        """A token for the right password."""
        self.calls["token"] += 1
        if password != self._password:
            return _error(401, "invalid_grant", "wrong user or password")
        token = f"token-{next(self._ids)}"
        self._tokens.add(token)
        return JSONResponse({"access_token": token, "expires_in": 3600})

    def knows(self, authorization: str | None) -> bool:
        """Whether the bearer token is one of ours."""
        return (authorization or "").removeprefix("Bearer ") in self._tokens

    def create(self, options: dict[str, Any]) -> Response:
        """A new draft."""
        if len(str(options.get("custom_id", ""))) > 36:
            return _error(400, "CUSTOM_ID_WRONG_FORMAT", "custom_id has more than 36 characters")
        draft = Draft(f"sending-{next(self._ids)}", str(options["custom_id"]), options)
        self.sendings[draft.id] = draft
        return self._answer("create", {"id": draft.id, "status": draft.status}, 201)

    def add_document(self, draft: Draft, body: bytes) -> Response:
        """A document of the draft."""
        if len(body) > _BIGGEST_DOCUMENT:
            return _error(400, "INVALID_DOCUMENT_SIZE", "a document has at most 20 MB")
        if b"%PDF" not in body:
            return _error(400, "DOCUMENT_TYPE_NOT_ACCEPTED", "the document is no PDF")
        draft.documents.append(len(body))
        return self._answer("document", {"id": f"document-{next(self._ids)}"}, 201)

    def add_recipient(self, draft: Draft, fields: dict[str, Any]) -> Response:
        """The recipient of the draft, its lines checked as the provider does."""
        for number in range(1, 7):
            if len(fields.get(f"address_line_{number}") or "") > _LONGEST_LINE:
                return _error(400, f"ADDRESS_LINE_{number}_TOO_LONG", "a line has at most 38 characters")
        if not (fields.get("address_line_1") or fields.get("address_line_2")):
            return _error(400, "EMPTY_ADDRESS_LINE_1_OR_ADDRESS_LINE_2", "line 1 or 2 is needed")
        if fields.get("country_code") == "FR" and not _FRENCH_LINE_6.fullmatch(fields.get("address_line_6") or ""):
            return _error(400, "INVALID_ADDRESS_LINE_6", "line 6 is five digits, a space and the city")
        draft.recipients.append({**fields, "id": f"recipient-{next(self._ids)}", "status": "DRAFT"})
        return self._answer("recipient", {"id": draft.recipients[-1]["id"]}, 201)

    def submit(self, draft: Draft) -> Response:
        """Take the order."""
        if draft.status != "DRAFT":
            return _error(400, "SENDING_STATUS_IS_NOT_DRAFT", f"the sending is {draft.status}")
        if not (draft.documents and draft.recipients):
            return _error(400, "INVALID_DOCUMENTS_COUNT", "a sending needs a document and a recipient")
        draft.submitted += 1
        self.set_status(draft, "REJECTED" if self.rejects else "PENDING")
        return self._answer("submit", {}, 200)

    def set_status(self, draft: Draft, status: str) -> None:
        """The provider's word from now on."""
        draft.status = status
        for recipient in draft.recipients:
            recipient["status"] = status

    def scan(self, draft: Draft, code: str, at: datetime) -> None:
        """The post reports a code, in whatever order."""
        draft.scans.append({"status": code, "label": f"scan {code}", "date": at.isoformat()})

    def prove(self, draft: Draft, proof: str, at: datetime) -> None:
        """A proof is there: deposit_proof, content_proof, acknowledgement_of_receipt or undelivered_mail."""
        draft.details |= {f"{proof}_url": f"{self.url}/{draft.id}/{proof}", f"{proof}_date": at.isoformat()}

    def proof(self, draft: Draft, proof: str) -> Response:
        """The PDF of a proof."""
        self.calls[proof] += 1
        if f"{proof}_url" not in draft.details:
            return _error(404, "NOT_FOUND", "no such proof yet")
        return Response(_SMALL_PDF, media_type="application/pdf")

    def recipient(self, draft: Draft) -> dict[str, Any]:
        """All about the recipient of a registered sending."""
        number = {"registered_number": f"2C{draft.id.removeprefix('sending-'):0>13}"}
        return {**draft.recipients[0], **number, "delivery_statuses": draft.scans, **draft.details}

    def look(self, draft: Draft) -> dict[str, Any]:
        """The recipients of a sending; a look moves it one step on."""
        self.calls["look"] += 1
        shown = {"recipients": [dict(recipient) for recipient in draft.recipients], "paging": {"total_results": 1}}
        if self.advances and draft.status in _STEPS[:-1]:
            self.set_status(draft, _STEPS[_STEPS.index(draft.status) + 1])
        return shown

    def _answer(self, call: str, body: dict[str, Any], status: int) -> Response:
        self.calls[call] += 1
        if self._losses[call] > 0:
            self._losses[call] -= 1
            return _error(503, "UNAVAILABLE", "the answer is lost")
        return JSONResponse(body, status)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"errors": [{"code": code, "message": message}]}, status)


def _application(simulator: MailevaSimulator) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.middleware("http")
    async def _needs_a_token(request: Request, call_next: Any) -> Response:
        if not request.url.path.startswith("/auth/") and not simulator.knows(request.headers.get("authorization")):
            return _error(401, "UNAUTHORIZED", "the token is unknown or expired")
        answer: Response = await call_next(request)
        return answer

    @app.post("/auth/realms/services/protocol/openid-connect/token")
    async def _token(request: Request) -> Response:
        return simulator.sign_in((await _form(request)).get("password", ""))

    @app.get("/{product}/{version}/sendings")
    async def _list(custom_id: str) -> dict[str, Any]:
        found = [{"id": draft.id, "status": draft.status} for draft in simulator.of(custom_id)]
        return {"sendings": found, "paging": {"total_results": len(found)}}

    @app.post("/{product}/{version}/sendings")
    async def _create(request: Request) -> Response:
        return simulator.create(await request.json())

    @app.get("/{product}/{version}/sendings/{sending_id}")
    async def _get(sending_id: str) -> Response:
        draft = simulator.sendings.get(sending_id)
        if draft is None:
            return _error(404, "NOT_FOUND", "no such sending")
        return JSONResponse({"id": draft.id, "custom_id": draft.custom_id, "status": draft.status})

    @app.delete("/{product}/{version}/sendings/{sending_id}")
    async def _delete(sending_id: str) -> Response:
        draft = simulator.sendings.get(sending_id)
        if draft is None:
            return _error(404, "NOT_FOUND", "no such sending")
        if draft.status != "DRAFT":
            return _error(400, "SENDING_STATUS_IS_NOT_DRAFT", f"the sending is {draft.status}")
        del simulator.sendings[sending_id]
        return Response(status_code=204)

    _add_parts(app, simulator)
    return app


def _add_parts(app: FastAPI, simulator: MailevaSimulator) -> None:
    """Documents, recipients and the order of a sending."""

    @app.get("/{product}/{version}/sendings/{sending_id}/documents")
    async def _documents(sending_id: str) -> dict[str, Any]:
        documents = [{"size": size} for size in simulator.sendings[sending_id].documents]
        return {"documents": documents, "paging": {"total_results": len(documents)}}

    @app.post("/{product}/{version}/sendings/{sending_id}/documents")
    async def _add_document(sending_id: str, request: Request) -> Response:
        return simulator.add_document(simulator.sendings[sending_id], await request.body())

    @app.get("/{product}/{version}/sendings/{sending_id}/recipients")
    async def _recipients(sending_id: str) -> dict[str, Any]:
        return simulator.look(simulator.sendings[sending_id])

    @app.post("/{product}/{version}/sendings/{sending_id}/recipients")
    async def _add_recipient(sending_id: str, request: Request) -> Response:
        return simulator.add_recipient(simulator.sendings[sending_id], await request.json())

    @app.get("/{product}/{version}/sendings/{sending_id}/recipients/{recipient_id}")
    async def _recipient(sending_id: str) -> dict[str, Any]:
        return simulator.recipient(simulator.sendings[sending_id])

    @app.get("/mail/v2/sendings/{sending_id}/recipients/{recipient_id}/delivery_statuses")
    async def _delivery_statuses(sending_id: str) -> dict[str, Any]:
        scans = simulator.sendings[sending_id].scans
        return {"delivery_statuses": scans, "paging": {"total_results": len(scans)}}

    @app.get("/{product}/{version}/sendings/{sending_id}/recipients/{recipient_id}/download_{proof}")
    async def _proof(sending_id: str, proof: str) -> Response:
        return simulator.proof(simulator.sendings[sending_id], proof)

    @app.post("/{product}/{version}/sendings/{sending_id}/submit")
    async def _submit(sending_id: str) -> Response:
        return simulator.submit(simulator.sendings[sending_id])


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))


async def _main(port: int) -> None:
    async with MailevaSimulator(port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    import sys

    asyncio.run(_main(int(sys.argv[1])))
