"""How a class name becomes a subject, a permission and an event type."""

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|\d+[a-z]*")
_PLURAL_ENDINGS = (("ies", "y"), ("sses", "ss"), ("s", ""))

_ACTION_OF_VERB = {
    **dict.fromkeys(("get", "list", "find", "search", "count", "preview", "check", "compare", "verify"), "read"),
    **dict.fromkeys(("create", "update", "upsert", "set", "add", "import", "duplicate"), "write"),
    **dict.fromkeys(("delete", "archive", "remove"), "delete"),
}


def snake_case(name: str) -> str:
    """`SendContractForSignature` -> `send_contract_for_signature`, `GetClient360` -> `get_client_360`."""
    return "_".join(word.lower() for word in _WORD.findall(name))


def action_of(request_name: str) -> str:
    """The third segment of a request's permission: read, write, delete or the verb itself (cross_cutting 6.4)."""
    verb = request_name.partition("_")[0]
    return _ACTION_OF_VERB.get(verb, verb)


def resource_of(request_name: str) -> str:
    """The aggregate a request names: `list_price_quotes` -> `price_quote`."""
    verb, _, resource = request_name.partition("_")
    if verb in {"list", "search", "find", "count"}:
        for ending, singular in _PLURAL_ENDINGS:
            if resource.endswith(ending):
                return resource.removesuffix(ending) + singular
    return resource


def fact_of(event_name: str, aggregate: str) -> str:
    """What happened to the aggregate: `ContractSigned` of `contract` -> `signed`."""
    name = snake_case(event_name)
    if not name.startswith(aggregate + "_"):
        raise TypeError(f"event {event_name} of aggregate '{aggregate}' must be named after it, or give fact='...'")
    return name.removeprefix(aggregate + "_")
