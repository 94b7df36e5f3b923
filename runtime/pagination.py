"""Keyset pages with signed cursors: a cursor continues only the list it was made for (cross_cutting 6.9)."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.types import Date, DateTime, Uuid

from messages.base import Reply
from messages.paging import Page, PageRequest
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork

ItemType = TypeVar("ItemType", bound=Reply)
PageType = TypeVar("PageType", bound=Page[Any])
_SIGNATURE = 12


async def page(
    work: UnitOfWork,
    request: PageRequest,
    statement: Select[Any],
    *,
    order: Sequence[ColumnElement[Any]],
    reply: type[PageType],
    item: Callable[[Row], Any],
    descending: bool = False,
) -> PageType:
    """Run one page of a list. `order` ends with a unique column; all columns of it must be selected under their names."""
    names = [column.key or "" for column in order]
    if request.cursor is not None:
        values = _opened(request, work.keys.cursor_key, order)
        position = tuple_(*order)
        statement = statement.where(position < tuple_(*values) if descending else position > tuple_(*values))
    ordering = [column.desc() if descending else column.asc() for column in order]
    rows = await work.fetch(statement.order_by(*ordering).limit(request.limit + 1))
    shown = rows[: request.limit]
    cursor = None
    if len(rows) > request.limit:
        cursor = _sealed(request, work.keys.cursor_key, [shown[-1][name] for name in names])
    return reply(items=tuple(item(row) for row in shown), next_cursor=cursor)


def _filters(request: PageRequest) -> bytes:
    """The list a cursor belongs to: the request's class, filters and order, without limit and cursor."""
    fields = request.model_dump(mode="json", exclude={"limit", "cursor"})
    return hashlib.sha256(type(request).__name__.encode() + orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()


def _sealed(request: PageRequest, key: bytes, values: list[Any]) -> str:
    body = orjson.dumps(values, default=str)
    signature = hmac.new(key, _filters(request) + body, hashlib.sha256).digest()[:_SIGNATURE]
    return base64.urlsafe_b64encode(signature + body).decode().rstrip("=")


def _opened(request: PageRequest, key: bytes, order: Sequence[ColumnElement[Any]]) -> list[Any]:
    refused = Refused.field("cursor", "cursor", "this cursor belongs to another list; start again without a cursor")
    text = request.cursor or ""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
            raise refused
        signature, body = raw[:_SIGNATURE], raw[_SIGNATURE:]
    except ValueError:
        raise refused from None
    expected = hmac.new(key, _filters(request) + body, hashlib.sha256).digest()[:_SIGNATURE]
    if not hmac.compare_digest(signature, expected):
        raise refused
    return [_typed(column, value) for column, value in zip(order, orjson.loads(body), strict=True)]


def _typed(column: ColumnElement[Any], value: Any) -> Any:
    if isinstance(column.type, Uuid):
        return UUID(value)
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return value


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """A search term matched literally inside a search column; `%` and `_` are ordinary characters."""
    from messages.values.text import search_form

    form = search_form(text)
    if len(form.replace(" ", "")) < 2:
        raise Refused.field("search", "too_short", "search for at least two letters or digits")
    return column.contains(form, autoescape=True)
