"""`POST /oidc/backchannel-logout`: the issuer says that a session ended (OpenID Connect Back-Channel Logout 1.0)."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from messages.base import NIL_ORGANISATION
from messages.identity import HandleBackchannelLogout
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.bridge.bodies import read_body
from runtime.headers import Cause
from runtime.port import Asking

_NOT_CACHED = {"cache-control": "no-store"}


class BackchannelLogout:
    """Answers 200 once every actor is about to refuse the session, and 400 for what is no logout token."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def __call__(self, request: Request) -> Response:
        """The issuer's answer (section 2.8)."""
        cause = Cause(own := str(new_id()), own)
        try:
            form = parse_qs((await read_body(request)).decode("utf-8", "replace"), max_num_fields=20)
            [token] = form.get("logout_token", [])
            await self._asking.ask(
                HandleBackchannelLogout(logout_token=token), organisation_id=NIL_ORGANISATION, cause=cause
            )
        except Refused as refused:
            status = 503 if refused.code.retriable else 400
            return _error(status, refused.detail or refused.code.title)
        except ValueError:  # none, several, too long, or more fields than the issuer sends
            return _error(400, "send logout_token once, as a form")
        return Response(status_code=200, headers=_NOT_CACHED)


def _error(status: int, description: str) -> Response:
    error = "invalid_request" if status == 400 else "temporarily_unavailable"
    return JSONResponse({"error": error, "error_description": description}, status, _NOT_CACHED)
