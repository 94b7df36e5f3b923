"""`POST /oauth/token`: the client credentials grant (RFC 6749 4.4) in front of identity's issue_machine_token."""

import base64
import binascii
from urllib.parse import parse_qs, unquote_plus

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from messages.problem import Refused
from runtime import headers
from runtime.bridge.bodies import read_body
from runtime.bridge.gateway import Gateway
from runtime.bridge.networks import address_of
from runtime.bridge.problems import status_of

_NOT_CACHED = {"cache-control": "no-store"}


class MachineTokens:
    """Offered only where identity knows the request."""

    def __init__(self, gateway: Gateway, subject: str, seconds: float) -> None:
        self._gateway = gateway
        self._subject = subject
        self._seconds = seconds

    async def __call__(self, request: Request) -> Response:
        """An access token, or an error in the words of OAuth."""
        try:
            form = parse_qs((await read_body(request)).decode("utf-8", "replace"), max_num_fields=20)
            if form.get("grant_type") != ["client_credentials"]:
                return _error(400, "unsupported_grant_type", "send grant_type=client_credentials")
            credentials = credentials_of(request.headers.get("authorization"), form)
            if credentials is None:
                return _error(401, "invalid_client", "send client_id and client_secret, in the form or as Basic")
            body = orjson.dumps({"client_id": credentials[0], "client_secret": credentials[1]})
            found = {headers.REMOTE_ADDRESS: address_of(request)}
            answer = await self._gateway.ask(self._subject, body, found, self._seconds)
        except Refused as refused:
            return _error(refused.code.http_status, "temporarily_unavailable", refused.detail or refused.code.title)
        except ValueError:  # more fields than a token request has
            return _error(400, "invalid_request", "send grant_type, client_id and client_secret as a form")
        problem = answer.problem
        if problem is None:
            return Response(answer.body, headers=_NOT_CACHED, media_type="application/json")
        status = status_of(problem)
        error = "invalid_client" if status in (401, 403, 422) else "temporarily_unavailable"
        return _error(401 if status == 422 else status, error, problem.detail or problem.title)


def credentials_of(authorization: str | None, form: dict[str, list[str]]) -> tuple[str, str] | None:
    """Client id and secret, from HTTP Basic (percent-encoded, RFC 6749 2.3.1) or from the form."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (unquote_plus(name), unquote_plus(secret)) if name and secret else None
    found = form.get("client_id", []), form.get("client_secret", [])
    return (found[0][0], found[1][0]) if all(len(values) == 1 for values in found) else None


def _error(status: int, error: str, description: str) -> Response:
    found = _NOT_CACHED | ({"www-authenticate": "Basic"} if status == 401 else {})
    return JSONResponse({"error": error, "error_description": description}, status, found)
