"""logistics: accounts at the postal provider."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Label, Line


class CarrierAccount(Reply):
    """An account at the provider; its password goes in and never comes out."""

    id: UUID
    name: str
    base_url: str
    username: str
    has_password: bool
    is_default: bool
    active: bool
    created_at: Instant
    version: int


class CarrierAccountPage(Page[CarrierAccount]):
    """Carrier accounts by creation."""


class CreateCarrierAccount(Request[CarrierAccount]):
    """Record an account at the postal provider; the first one becomes the default."""

    name: Label
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", max_length=200)]
    username: Line
    password: str = Field(min_length=1, max_length=500, repr=False)


class ListCarrierAccounts(PageRequest, Request[CarrierAccountPage], query=True, resource="carrier_account"):
    """The accounts of the organisation, without their passwords."""
