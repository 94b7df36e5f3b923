"""contrats: the lines of a draft one by one, and the lines of any contract to read."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Request
from messages.contrats.contract import ContractLine
from messages.contrats.drafts import LineDraft
from messages.contrats.replies import Contract
from messages.errors import NOT_FOUND, VALIDATION_FAILED
from messages.paging import Page, PageRequest

CONTRACT_LINE_NOT_FOUND = NOT_FOUND.specific(
    "CONTRACT_LINE_NOT_FOUND", "Ligne de contrat introuvable", "Contract line not found"
)
CURRENCY_MISMATCH = VALIDATION_FAILED.specific(
    "CURRENCY_MISMATCH", "Devise différente de celle du contrat", "The currency is not the contract's"
)


class ContractLinePage(Page[ContractLine]):
    """Lines in their order."""


class AddContractLine(Request[Contract], permission="contrats:contract:write"):
    """Sell one thing more in a draft; a signed contract is amended."""

    contract_id: UUID
    expected_version: int
    line: LineDraft


class UpdateContractLine(Request[Contract], permission="contrats:contract:write"):
    """Write a line of a draft anew; its number and its id stay."""

    line_id: UUID
    expected_version: int = Field(description="of the contract")
    line: LineDraft


class RemoveContractLine(Request[Contract], permission="contrats:contract:write"):
    """Take a line out of a draft."""

    line_id: UUID
    expected_version: int = Field(description="of the contract")


class GetContractLine(Request[ContractLine], query=True, permission="contrats:contract:read"):
    """One line, one that has ended too."""

    line_id: UUID


class ListContractLines(PageRequest, Request[ContractLinePage], query=True, permission="contrats:contract:read"):
    """The lines of a contract: those of the newest version, or those in force on a day."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    contract_id: UUID
    as_of: date | None = None
