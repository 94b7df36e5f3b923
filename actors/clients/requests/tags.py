"""Requests that put one tag on a client, or take one off."""

from typing import Final

from actors.clients import views
from actors.clients.changes import change_client, live_client
from messages.clients import AddTag, Client, RemoveTag
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries

_MOST_TAGS: Final = 30


async def add_tag(request: AddTag, work: UnitOfWork) -> Client:
    """A tag that is there already changes nothing."""
    row = await live_client(request.client_id, work)
    tags = {*row["tags"], request.tag}
    if len(tags) > _MOST_TAGS:
        raise Refused.field("tag", "too_many", f"a client has at most {_MOST_TAGS} tags; remove one first")
    return await _tagged(row, tags, work)


async def remove_tag(request: RemoveTag, work: UnitOfWork) -> Client:
    """A tag that is gone already changes nothing."""
    row = await live_client(request.client_id, work)
    return await _tagged(row, {*row["tags"]} - {request.tag}, work)


async def _tagged(row: Row, tags: set[str], work: UnitOfWork) -> Client:
    await change_client(row, {"tags": sorted(tags)}, work)
    return await views.client_of(await work.load(queries.CLIENT_BY_ID, "client", id=row["id"]), work)
