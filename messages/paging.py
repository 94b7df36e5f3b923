"""Keyset pages: the shape of every list (cross_cutting 6.9)."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from messages.base import Reply

ItemType = TypeVar("ItemType", bound=BaseModel)


class Page(Reply, Generic[ItemType]):
    """One page; `next_cursor` is null on the last one."""

    items: tuple[ItemType, ...]
    next_cursor: str | None = None


class PageRequest(BaseModel):
    """What every list request has. A cursor only continues the list it came from: same filters, same order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1024)] | None = None
