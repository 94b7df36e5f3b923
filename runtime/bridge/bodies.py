"""The bytes an actor gets: a body passed on as it came, query parameters as JSON, a version taken from If-Match."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request

from messages.errors import VALIDATION_FAILED
from messages.problem import Refused
from runtime.bridge.problems import HttpRefused
from runtime.unit_of_work import MAXIMUM_BODY

_VERSION_TAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')


async def read_body(request: Request) -> bytes:
    """The whole body; 413 as soon as it is known to be larger than 512 KiB."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAXIMUM_BODY:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY:
            raise _too_large()
    return bytes(body)


def body_of_query(given: QueryParams, parameters: Mapping[str, str]) -> bytes:
    """A query's parameters as the request's JSON; values stay texts, the actor's model reads and judges them."""
    found: dict[str, Any] = {}
    for name, value in given.multi_items():
        if parameters.get(name) == "list":
            found.setdefault(name, []).append(value)
        elif name in found:
            raise Refused.field(name, "repeated", f"{name} takes one value; give the parameter once")
        else:
            found[name] = value
    return orjson.dumps(found)


def with_expected_version(body: bytes, if_match: str, *, takes_version: bool) -> bytes:
    """The body with `expected_version` from If-Match. The rest stays byte for byte: no amount passes through a float."""
    tag = _VERSION_TAG.fullmatch(if_match.strip())
    if tag is None:
        raise Refused.field("If-Match", "etag", 'the header If-Match must be one ETag of a reply, such as "3"')
    if not takes_version:
        raise Refused.field("If-Match", "not_supported", "this request compares no version; leave out If-Match")
    try:
        content = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return body  # the actor refuses it and says where
    if not isinstance(content, dict):
        return body
    if "expected_version" in content:
        if content["expected_version"] != int(tag[1]):
            raise Refused.field(
                "expected_version", "contradiction", "expected_version and If-Match differ; send one of them"
            )
        return body
    rest = body.lstrip()[1:] if content else b"}"
    return b'{"expected_version":' + tag[1].encode() + (b"," if content else b"") + rest


def entity_tag(reply: bytes) -> str | None:
    """The ETag of a reply that carries its aggregate's version."""
    version = orjson.loads(reply).get("version")
    return f'"{version}"' if isinstance(version, int) else None


def _too_large() -> HttpRefused:
    return HttpRefused(
        413, VALIDATION_FAILED, f"the body is larger than {MAXIMUM_BODY} bytes; send files to documents in parts"
    )
