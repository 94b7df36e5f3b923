"""Plays an approved platform's side over real HTTP (XP Z12-013), for development, demo and tests.

Files are judged by the official rules. Each `advance` is one minute there: every invoice takes one more step of its
script, which the last three digits of the buyer's SIREN choose. Reports are left in `webhooks`, signed, for the test to hand
on in any order, twice or not at all.
"""

import io
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

import pikepdf
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from lxml import etree

from actors.factures.facturx import renderer, schematron
from actors.factures.platform import cdar
from actors.factures.platform.port import PlatformAddress
from actors.factures.platform.webhooks import signature_of
from actors.factures.rules.lifecycle import LABELS
from messages.factures.values import Profile
from messages.values.instants import format_instant, parse_instant
from runtime.simulation import SentWebhook, Simulator

_ON_THE_WAY = ((200, None), (201, None), (202, None), (203, None))
_SCRIPTS: dict[str, tuple[tuple[int, str | None], ...]] = {
    "001": ((200, None), (213, "DOUBLON")),
    "002": (*_ON_THE_WAY, (210, "TX_TVA_ERR")),
    "003": (*_ON_THE_WAY, (207, "PU_ERR"), (205, None)),
    "008": ((200, None), (203, None), (201, None), (205, None), (202, None)),
}
_ABSENT, _BUSY, _BROKEN, _TWICE = "004", "005", "006", "007"
_BUSY_ANSWERS = 2
_BROKEN_FOR = timedelta(hours=2)
_SIMULATOR = cdar.Party("732829320", "Plateforme simulée", "WK")
_XML = {"a": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"}


@dataclass(frozen=True, slots=True)
class Known:
    """What the platform reads in an invoice."""

    number: str
    type: str
    seller: cdar.Party
    buyer: cdar.Party
    gross: Decimal


@dataclass
class SimulatedFlow:
    """A flow as the platform keeps it; `steps` are still to come."""

    id: str
    info: dict[str, Any]
    type: str
    direction: str
    updated_at: datetime
    content: bytes
    invoice: Known | None = None
    steps: list[tuple[int, str | None]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """What a search lists."""
        return {
            "flowId": self.id,
            "flowType": self.type,
            "flowDirection": self.direction,
            "trackingId": self.info.get("trackingId"),
            "updatedAt": format_instant(self.updated_at),
            "acknowledgement": {"status": "Ok", "details": []},
        }


class PlatformSimulator(Simulator):
    """`async with PlatformSimulator(now) as platform:` listens on 127.0.0.1; `platform.address` says where."""

    def __init__(self, now: datetime, *, signing_key: str = "signing-key-of-the-platform") -> None:
        super().__init__()
        self.now = now
        self.signing_key = signing_key
        self.flows: dict[str, SimulatedFlow] = {}
        self.webhooks: list[SentWebhook] = []
        self.calls: Counter[str] = Counter()
        self.subscribed: list[str] = []
        self._ids = itertools.count(1)
        self._refusals: Counter[str] = Counter()
        self._first_tries: dict[str, datetime] = {}

    def application(self) -> FastAPI:
        """The paths, each one call of this object."""
        return _application(self)

    @property
    def address(self) -> PlatformAddress:
        """Where its services are."""
        return PlatformAddress(self.origin, self.origin, f"{self.origin}/oauth/token")

    def sent(self, type_: str) -> list[SimulatedFlow]:
        """What came in of one flow type: CustomerInvoice, CustomerInvoiceLC or EReporting."""
        return [flow for flow in self.flows.values() if flow.type == type_ and flow.direction == "Out"]

    def advance(self, now: datetime) -> None:
        """A minute is over: each invoice takes its next step."""
        self.now = now
        for flow in list(self.flows.values()):
            if flow.invoice is None or not flow.steps:
                continue
            code, reason = flow.steps.pop(0)
            for _ in range(2 if flow.invoice.buyer.siren.endswith(_TWICE) else 1):
                self._state(flow.invoice, code, reason)

    def _state(self, invoice: Known, code: int, reason: str | None) -> None:
        number = next(self._ids)
        status = cdar.Status(
            code=code,
            label=LABELS[code],
            occurred_at=self.now,
            invoice_number=invoice.number,
            invoice_type=invoice.type,
            invoice_date=self.now.date(),
            seller_siren=invoice.seller.siren,
            issuer=replace(invoice.buyer, role="BY") if code in (205, 207, 210) else _SIMULATOR,
            recipient=invoice.seller,
            message_id=f"lc-{number}",
            reason_code=reason,
            reason_text=reason,
        )
        self._keep({}, "CustomerInvoiceLC", "In", cdar.message(status))
        body = json.dumps({"flowId": f"flow-{number + 1}", "flowType": "CustomerInvoiceLC"}).encode()
        signature = signature_of(self.signing_key, int(self.now.timestamp()), body)
        self.webhooks.append(SentWebhook({"x-signature": signature}, body))

    def _keep(self, info: dict[str, Any], type_: str, direction: str, content: bytes) -> SimulatedFlow:
        number = next(self._ids)
        flow = SimulatedFlow(
            f"flow-{number}", info, type_, direction, self.now + timedelta(microseconds=number), content
        )
        self.flows[flow.id] = flow
        return flow

    # -- what the paths do ---------------------------------------------------------------------------------------

    def take(self, info: dict[str, Any], content: bytes) -> Response:
        """A new flow, unless it is known, wrong, or the script has it fail."""
        self.calls["send"] += 1
        if any(flow.info.get("trackingId") == info["trackingId"] for flow in self.flows.values()):
            return _problem(409, "AlreadyExistingFlow")
        match info["flowSyntax"]:
            case "Factur-X":
                return self._take_invoice(info, content)
            case "CDAR":
                return self._take_status(info, content)
            case _:
                etree.fromstring(content)
                return _accepted(self._keep(info, "EReporting", "Out", content))

    def _take_invoice(self, info: dict[str, Any], content: bytes) -> Response:
        xml = _attached(content)
        if renderer.schema_errors(xml) or schematron.findings(xml, Profile.EN16931, french=True):
            return _problem(422, "InvalidSchema")
        invoice = _known(xml)
        script = invoice.buyer.siren[-3:]
        if script == _BUSY and self._refusals[script] < _BUSY_ANSWERS:
            self._refusals[script] += 1
            return _problem(429, "TooManyRequests")
        first = self._first_tries.setdefault(info["trackingId"], self.now)
        if script == _BROKEN and self.now < first + _BROKEN_FOR:
            return _problem(500, "OtherTechnicalError")
        flow = self._keep(info, "CustomerInvoice", "Out", content)
        flow.invoice = invoice
        flow.steps = list(_SCRIPTS.get(script, _ON_THE_WAY))
        return _accepted(flow)

    def _take_status(self, info: dict[str, Any], content: bytes) -> Response:
        status = cdar.parsed(content)
        of = [flow.invoice for flow in self.flows.values() if flow.invoice]
        invoice = next((found for found in of if found.number == status.invoice_number), None)
        if invoice is None:
            return _problem(422, "InvoiceLCStatusError")
        if status.code == 212 and (
            not status.amounts or sum((amount for _, amount in status.amounts), Decimal(0)) > invoice.gross
        ):
            return _problem(422, "InvoiceLCAmountError")
        return _accepted(self._keep(info, "CustomerInvoiceLC", "Out", content))

    def search(self, asked: dict[str, Any]) -> Response:
        """Flows after an instant, or of a tracking id, oldest first."""
        self.calls["search"] += 1
        where = asked["where"]
        found = sorted(self.flows.values(), key=lambda flow: flow.updated_at)
        if "trackingId" in where:
            found = [flow for flow in found if flow.info.get("trackingId") == where["trackingId"]]
        if "updatedAfter" in where:
            found = [flow for flow in found if flow.updated_at > parse_instant(where["updatedAfter"])]
        start = int(asked.get("cursor") or 0)
        end = start + int(asked["limit"])
        following = str(end) if end < len(found) else None
        return JSONResponse({"results": [flow.shown() for flow in found[start:end]], "nextCursor": following})

    def directory(self, address: str) -> Response:
        """Everybody is there but for one script."""
        self.calls["directory"] += 1
        if address.endswith(_ABSENT):
            return _problem(404, "NotFound")
        line = {"addressingIdentifier": address, "platformType": "WK", "directoryLineStatus": "Enabled"}
        return JSONResponse(line)


def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart body by their names."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): bytes(part.get_payload(decode=True))
        for part in message.walk()
        if not part.is_multipart()
    }


def _attached(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return document.attachments["factur-x.xml"].get_file().read_bytes()


def _known(xml: bytes) -> Known:
    root = etree.fromstring(xml)

    def text(path: str) -> str:
        return root.findtext(f".//{path}", "", _XML)

    def party(name: str, role: str) -> cdar.Party:
        path = f"a:{name}TradeParty/a:"
        return cdar.Party(text(f"{path}SpecifiedLegalOrganization/a:ID"), text(f"{path}Name"), role)

    document = root.find("{*}ExchangedDocument")
    assert document is not None
    return Known(
        number=document.findtext("a:ID", "", _XML),
        type=document.findtext("a:TypeCode", "", _XML),
        seller=party("Seller", "SE"),
        buyer=party("Buyer", "BY"),
        gross=Decimal(text("a:GrandTotalAmount")),
    )


def _accepted(flow: SimulatedFlow) -> Response:
    return JSONResponse({"flowId": flow.id, "trackingId": flow.info["trackingId"]}, 202)


def _problem(status: int, code: str) -> Response:
    return JSONResponse({"errorCode": code, "errorMessage": code}, status)


def _application(simulator: PlatformSimulator) -> FastAPI:
    application = FastAPI()

    @application.post("/oauth/token")
    async def token(request: Request) -> Response:
        simulator.calls["token"] += 1
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "client_credentials" or form.get("client_secret") != "secret-of-the-account":
            return _problem(401, "invalid_client")
        return JSONResponse({"access_token": "token", "token_type": "Bearer", "expires_in": 3600})

    @application.post("/flow-service/v1/flows")
    async def send(request: Request) -> Response:
        parts = _parts(request.headers["content-type"], await request.body())
        return simulator.take(json.loads(parts["flowInfo"]), parts["file"])

    @application.post("/flow-service/v1/flows/search")
    async def search(request: Request) -> Response:
        return simulator.search(await request.json())

    @application.get("/flow-service/v1/flows/{flow_id}")
    async def read(flow_id: str) -> Response:
        return Response(simulator.flows[flow_id].content)

    @application.post("/flow-service/v1/webhooks")
    async def subscribe(request: Request) -> Response:
        simulator.subscribed.append((await request.json())["callbackUrl"])
        return JSONResponse({"webhookId": "wh-1", "signingKey": simulator.signing_key}, 201)

    @application.get("/directory-service/v1/directory-line/code:{address}")
    async def directory(address: str) -> Response:
        return simulator.directory(address)

    return application
