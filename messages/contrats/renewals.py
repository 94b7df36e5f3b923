"""contrats: the end of a term - what the client must be told, when he may refuse, and what follows."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from messages.base import Event, Request
from messages.contrats.contract import ContractSnapshot
from messages.contrats.replies import Contract, RenewalCycle
from messages.contrats.states import RenewalStatus
from messages.contrats.terms import RenewalMode
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND
from messages.paging import Page, PageRequest
from messages.shared import LetterOrder
from messages.values.money import Money

REFUSAL_TOO_LATE = BUSINESS_RULE_VIOLATION.specific(
    "REFUSAL_TOO_LATE", "Dénonciation trop tardive", "The renewal can no longer be refused"
)
COMMITMENT_RUNNING = BUSINESS_RULE_VIOLATION.specific(
    "COMMITMENT_RUNNING", "Engagement en cours", "The commitment is still running"
)
NOTHING_TO_RENEW = BUSINESS_RULE_VIOLATION.specific(
    "NOTHING_TO_RENEW", "Aucune reconduction prévue", "No tacit renewal is ahead"
)
RENEWAL_CYCLE_NOT_FOUND = NOT_FOUND.specific(
    "RENEWAL_CYCLE_NOT_FOUND", "Échéance introuvable", "Renewal cycle not found"
)
RENEWAL_NOTICE = "contract.renewal_notice"
"""The template of the mail; email.sent of this purpose proves that the client was told."""


class RenewalCyclePage(Page[RenewalCycle]):
    """Ends of terms, the earliest deadline first."""


# -- requests ----------------------------------------------------------------------------------------------------


class RefuseRenewal(Request[RenewalCycle], permission="contrats:renewal:write"):
    """The client or the company does not want another term; the contract ends with this one."""

    contract_id: UUID
    expected_version: int
    received_on: date


class SetRenewal(Request[Contract], resource="renewal", permission="contrats:renewal:write"):
    """Agree on what follows the running term, as long as nobody refused it."""

    contract_id: UUID
    expected_version: int
    mode: RenewalMode
    term_months: Annotated[int, Field(ge=1, le=120)] | None = None


class GetRenewalCycle(Request[RenewalCycle], query=True, permission="contrats:contract:read"):
    """The end of the contract's running term."""

    contract_id: UUID


class ListRenewals(PageRequest, Request[RenewalCyclePage], query=True, permission="contrats:contract:read"):
    """Ends of terms by deadline: what will renew, what was refused, whom nobody told."""

    status: tuple[RenewalStatus, ...] = ()
    deadline_from: date | None = None
    deadline_to: date | None = None


# -- events ------------------------------------------------------------------------------------------------------


class ContractRenewalNoticeDue(ContractSnapshot, Event, aggregate="contract", personal=True):
    """The client must now be told that he may refuse the renewal; the deadline is shown in a box (art. L215-1)."""

    refusal_deadline: date
    term_ends_on: date
    new_term_ends_on: date | None = None
    new_price: Money
    letter: LetterOrder | None = None
    boxed_text_data: dict[str, Any]


class ContractRenewalInfoMissed(Event, aggregate="contract"):
    """Nobody can prove that the client was told in time: once renewed he may leave free at any moment."""

    contract_id: UUID
    client_id: UUID
    term_ends_on: date


class ContractRenewalRefused(ContractSnapshot, Event, aggregate="contract"):
    """The contract ends with its term."""

    received_on: date
    ends_on: date | None = None


class ContractExpiringSoon(ContractSnapshot, Event, aggregate="contract"):
    """The term ends in 90, 60, 30 or 7 days."""

    days_left: int
