"""Accounts that come from another system, known by that system's id: sent again and again, taken once."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.payments.means import BankDetails, HolderName
from messages.values.banking import Bic, Iban
from messages.values.instants import Instant
from messages.values.text import Paragraph


class UpsertedBankDetails(Reply):
    """The account as it stands, and what the request did to it."""

    bank_details: BankDetails
    created: bool
    stale: bool = Field(default=False, description="what is stored is newer than what was sent, so it stayed")


class UpsertBankDetailsByExternalId(
    Request[UpsertedBankDetails], permission="payments:bank_details:write", internal_callers=("clients",)
):
    """Record the account of an imported client, or bring it up to date; what was true last wins.

    Optional fields left out stay as they are. The number changes only while no live mandate uses it.
    """

    external_id: Annotated[str, Field(min_length=1, max_length=255)]
    client_id: UUID
    iban: Iban
    bic: Bic | None = None
    holder_name: HolderName
    comment: Paragraph | None = None
    updated_at: Instant = Field(description="when the source last changed the account")
