"""The bridge as a FastAPI application: which addresses exist and what serves them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from messages import registry
from messages.errors import INTERNAL, NOT_FOUND
from messages.problem import Refused
from runtime.bridge.event_feed import EventFeed
from runtime.bridge.files import Files
from runtime.bridge.gateway import Gateway
from runtime.bridge.logout import BackchannelLogout
from runtime.bridge.machine_tokens import MachineTokens
from runtime.bridge.metrics import BridgeMetrics
from runtime.bridge.openapi import add_requests
from runtime.bridge.operations import BridgeOperations
from runtime.bridge.portal import Portal
from runtime.bridge.problems import HttpRefused, no_such_route, refusal_response
from runtime.bridge.protection import SecurityHeaders
from runtime.bridge.requests import RequestPassage
from runtime.bridge.routes import Route, Schemas, load_messages, requests_served, routes_of
from runtime.bridge.settings import BridgeSettings
from runtime.bridge.sign_in import SignIns
from runtime.bridge.tokens import Tokens
from runtime.bridge.webhooks import Webhooks, configured
from runtime.calls import Calls
from runtime.local_issuer import Accounts, LocalIssuerSettings, create_local_issuer
from runtime.nats_surfaces import BRIDGE
from runtime.operations import VERSION
from runtime.settings import Environment, Settings

log = structlog.get_logger()

_MACHINE_TOKEN = "crm.identity.issue_machine_token"
_SENT_HEADERS = (
    *("authorization", "content-type", "accept-language", "idempotency-key", "if-match", "last-event-id"),
    *("range", "traceparent", "x-correlation-id", "x-organisation-id"),
)
_READ_HEADERS = (
    *("content-disposition", "content-range", "etag", "idempotency-replayed", "retry-after"),
    *("x-correlation-id", "x-request-id"),
)


def create_app(
    settings: Settings, bridge: BridgeSettings | None = None, local_issuer: LocalIssuerSettings | None = None
) -> FastAPI:
    """The application; it connects to NATS when it starts. Raises ValueError when the settings contradict the registry."""
    bridge = bridge or BridgeSettings()
    load_messages(bridge.actors)
    requests = requests_served(bridge.actors)
    schemas = Schemas(requests)
    routes = routes_of(requests, schemas)
    webhooks = configured(bridge.webhooks)
    gateway, metrics = Gateway(settings), BridgeMetrics()
    calls = Calls(BRIDGE, gateway.connection)
    tokens, sign_ins = Tokens(calls), SignIns(calls)
    feed = EventFeed(gateway, tokens, sign_ins, bridge, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await gateway.open()
        log.info("bridge.serving", routes=len(routes), webhooks=sorted(webhooks))
        yield
        feed.close()
        await gateway.close()

    app = FastAPI(title="CRM", version=VERSION, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.feed = feed
    _add_middleware(app, settings, bridge)
    _add_failures(app)
    passage = RequestPassage(
        gateway, routes, sign_ins, metrics, simulated_time=settings.simulated_time, seconds=bridge.timeout_seconds
    )
    app.add_route("/v1/events", feed.__call__, methods=["GET"], include_in_schema=False)
    _add_portal(app, Portal(calls, simulated_time=settings.simulated_time, secure=_is_production(settings)))
    _add_files(app, Files(calls, tokens, sign_ins, simulated_time=settings.simulated_time))
    app.add_route("/v1/{actor}/{name}", passage.__call__, methods=["GET", "POST"], include_in_schema=False)
    receiver = Webhooks(gateway, webhooks, metrics, bridge.timeout_seconds)
    app.add_route("/webhooks/{path:path}", receiver.__call__, methods=["POST"], include_in_schema=False)
    if registry.request_for(_MACHINE_TOKEN) is not None:
        machine_tokens = MachineTokens(gateway, _MACHINE_TOKEN, bridge.timeout_seconds)
        app.add_route("/oauth/token", machine_tokens.__call__, methods=["POST"], include_in_schema=False)
    app.add_route(
        "/oidc/backchannel-logout", BackchannelLogout(calls).__call__, methods=["POST"], include_in_schema=False
    )
    _add_local_issuer(app, settings, local_issuer or LocalIssuerSettings())
    _add_operations(app, BridgeOperations(gateway, sorted({actor for actor, _ in routes}), metrics))
    _add_document(app, routes, schemas)
    return app


def _add_local_issuer(app: FastAPI, settings: Settings, issuer: LocalIssuerSettings) -> None:
    issuer.check(settings)
    if issuer.url is not None:
        app.router.routes.extend(create_local_issuer(issuer, Accounts.existing(issuer.folder)).routes)


def _add_middleware(app: FastAPI, settings: Settings, bridge: BridgeSettings) -> None:
    if bridge.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=bridge.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=_SENT_HEADERS,
            expose_headers=_READ_HEADERS,
            max_age=600,
        )
    app.add_middleware(SecurityHeaders, strict_transport=_is_production(settings))


def _add_failures(app: FastAPI) -> None:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow")
            return refusal_response(
                request, HttpRefused(405, NOT_FOUND, f"{request.url.path} answers {allowed} only", allow=allowed)
            )
        if error.status_code == 404:
            return refusal_response(request, no_such_route(request.url.path))
        return refusal_response(request, HttpRefused(error.status_code, INTERNAL, str(error.detail)))

    async def failed(request: Request, error: Exception) -> Response:
        log.error("bridge.failed", path=request.url.path, error=repr(error))
        return refusal_response(request, Refused(INTERNAL, "unexpected failure in the bridge; quote the request id"))

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, failed)


def _add_portal(app: FastAPI, portal: Portal) -> None:
    app.add_route("/p/return", portal.come_back, methods=["GET"], include_in_schema=False)
    app.add_route("/p/{token}", portal.open, methods=["GET"], include_in_schema=False)
    app.add_route("/p/{token}/{action}", portal.pay, methods=["POST"], include_in_schema=False)


def _is_production(settings: Settings) -> bool:
    return settings.environment is Environment.PRODUCTION


def _add_files(app: FastAPI, files: Files) -> None:
    app.add_route("/v1/files", files.store, methods=["POST"], include_in_schema=False)
    app.add_route("/v1/files/{document_id}", files.read, methods=["GET"], include_in_schema=False)
    app.add_route("/v1/downloads/{organisation_id}/{token}", files.download, methods=["GET"], include_in_schema=False)


def _add_operations(app: FastAPI, operations: BridgeOperations) -> None:
    tags: list[str | Enum] = ["operations"]
    app.add_api_route("/healthz", operations.alive, methods=["GET"], tags=tags, operation_id="alive")
    app.add_api_route("/readyz", operations.ready, methods=["GET"], tags=tags, operation_id="ready")
    app.add_api_route(
        "/metrics",
        operations.metrics,
        methods=["GET"],
        tags=tags,
        operation_id="metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )


def _add_document(app: FastAPI, routes: dict[tuple[str, str], Route], schemas: Schemas) -> None:
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document = add_requests(found, routes.values(), schemas)
    text = orjson.dumps(document)

    def described() -> dict[str, Any]:
        return document

    async def send(_: Request) -> Response:
        return Response(text, media_type="application/json")

    app.openapi = described  # type: ignore[method-assign] # FastAPI's documented way to extend the document
    app.add_route("/openapi.json", send, methods=["GET"], include_in_schema=False)
