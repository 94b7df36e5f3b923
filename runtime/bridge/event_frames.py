"""How an event looks to one listener: a Server-Sent Event holding a CloudEvent, its data only if the token may read it."""

from typing import Any

import orjson

from messages import registry
from messages.base import Event
from runtime import headers
from runtime.context_tokens import ContextToken

_OUTCOMES = ("command.accepted", "command.refused")
_WHOLE_ORGANISATION = "ORGANISATION"


def event_types() -> dict[str, type[Event] | None]:
    """Every type the feed knows; the outcomes of durable commands belong to no actor."""
    return {event.type: event for event in registry.all_events()} | dict.fromkeys(_OUTCOMES)


class View:
    """What one token may see of its organisation's events."""

    def __init__(self, token: ContextToken) -> None:
        self._token = token
        self._known = event_types()
        self._decided: dict[str, bool] = {}

    def frame(self, message: Any) -> bytes:
        """The bytes of one event; empty when it is not this organisation's, whatever its subject says."""
        found = message.headers or {}
        if found.get(headers.CE_ORGANISATION) != str(self._token.organisation_id):
            return b""
        envelope = {name[3:]: value for name, value in found.items() if name.startswith("ce-")}
        shown = orjson.dumps(envelope)
        type_ = found.get(headers.CE_TYPE, "")
        if self._may_read(type_, message.data):
            # Raw line ends occur between JSON tokens only; in a frame each would begin a new field.
            data = message.data.replace(b"\r", b"").replace(b"\n", b"")
            shown = shown[:-1] + b',"data":' + data + b"}"
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (message.metadata.sequence.stream, type_.encode(), shown)

    def _may_read(self, type_: str, data: bytes) -> bool:
        allowed = self._decided.get(type_)
        if allowed is None:
            allowed = self._decided[type_] = self._allows(type_)
        return allowed and self._is_in_scope(data)

    def _allows(self, type_: str) -> bool:
        if type_ not in self._known:
            return False
        event = self._known[type_]
        if event is None or not event.contract.personal:
            return True
        contract = event.contract
        return self._token.permissions.allows(f"{contract.actor}:{contract.aggregate}:read")

    def _is_in_scope(self, data: bytes) -> bool:
        """A token limited to companies sees data that name one of them; one limited to his own or his team's sees none.

        Who is left without data still learns that something happened, and asks the owner, who knows the scopes.
        """
        token = self._token
        if token.company_ids is None and token.data_scope == _WHOLE_ORGANISATION:
            return True
        if token.company_ids is None or token.data_scope not in (_WHOLE_ORGANISATION, "COMPANY"):
            return False
        content = orjson.loads(data)
        named = content.get("company_id") if isinstance(content, dict) else None
        return named is not None and named in {str(company) for company in token.company_ids}
