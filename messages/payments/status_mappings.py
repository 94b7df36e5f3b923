"""What an organisation takes a provider's own word for the state of a payment to mean."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.providers import Provider
from messages.payments.vocabulary import PaymentStatus
from messages.values.instants import Instant
from messages.values.refusal import refusal

RawWord = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,64}$", description="as the provider says it, in small letters")]
_MEANINGS = frozenset(
    {
        PaymentStatus.PENDING,
        PaymentStatus.SUBMITTED,
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.PAID,
        PaymentStatus.REJECTED,
        PaymentStatus.RETURNED,
        PaymentStatus.CANCELLED,
        PaymentStatus.FAILED,
    }
)


class ProviderStatusMapping(Reply):
    """A word and its meaning; one with a reason wins over one without, both over what is built in."""

    mapping_id: UUID
    provider: Provider
    raw_status: str
    raw_reason: str | None
    status: PaymentStatus
    is_active: bool
    updated_at: Instant
    version: int


class ProviderStatusMappingPage(Page[ProviderStatusMapping]):
    """Mappings by creation."""


class ListProviderStatusMappings(
    PageRequest, Request[ProviderStatusMappingPage], query=True, permission="payments:settings:read"
):
    """The organisation's own mappings."""

    provider: Provider | None = None


class UpsertProviderStatusMapping(Request[ProviderStatusMapping], permission="payments:settings:write"):
    """Say what a provider's word means for payments read from now on; inactive, the built-in meaning counts again.

    To take a word for PAID needs payments:settings:approve as well: a payment is booked on it.
    """

    provider: Provider
    raw_status: RawWord
    raw_reason: RawWord | None = None
    status: PaymentStatus
    is_active: bool = True

    @model_validator(mode="after")
    def _is_a_meaning(self) -> "UpsertProviderStatusMapping":
        if self.status not in _MEANINGS:
            raise refusal("STATUS_MEANING", f"a provider's word never means {self.status}; choose another status")
        return self
