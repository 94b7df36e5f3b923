"""contrats: numbers brought from another operator."""

from datetime import date
from uuid import UUID

from pydantic import Field

from messages.base import Event, Reply, Request
from messages.contrats.replies import ContractOperation
from messages.contrats.states import PortInStatus
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.text import Label

INVALID_MSISDN = VALIDATION_FAILED.specific("INVALID_MSISDN", "Numéro invalide", "The number is invalid")
INVALID_RIO = VALIDATION_FAILED.specific("INVALID_RIO", "RIO invalide", "The RIO is invalid")
RIO_MISMATCH = VALIDATION_FAILED.specific("RIO_MISMATCH", "RIO d'un autre numéro", "The RIO belongs to another number")
PORT_DATE_TOO_EARLY = BUSINESS_RULE_VIOLATION.specific(
    "PORT_DATE_TOO_EARLY", "Date de portage trop proche", "The port date is too early"
)
ALREADY_PORTING = PRECONDITION_FAILED.specific(
    "ALREADY_PORTING", "Portage déjà en cours", "The number is being ported already"
)
PORT_IN_NOT_FOUND = NOT_FOUND.specific("PORT_IN_NOT_FOUND", "Portage introuvable", "Port-in not found")


class PortIn(Reply):
    """A number that is being brought; shown without its middle digits."""

    id: UUID
    contract_id: UUID
    line_id: UUID
    operation_id: UUID
    msisdn_masked: str
    scheduled_on: date
    status: PortInStatus
    refusal_code: str | None = None


class PortInPage(Page[PortIn]):
    """Numbers brought, newest first."""


class PortInContract(Request[ContractOperation], permission="contrats:contract:port_in"):
    """Bring the client's number; the contract starts on the day it arrives.

    The contract with the other operator ends by itself: tell the client not to end it.
    """

    contract_id: UUID
    expected_version: int
    line_id: UUID
    msisdn: Label = Field(description="ten digits, as in France: 0612345678")
    rio: Label = Field(description="twelve characters, spaces allowed")
    wanted_on: date | None = None


class CancelPortIn(Request[PortIn], permission="contrats:contract:port_in"):
    """Keep the number where it is, until the day before it moves."""

    port_in_id: UUID


class ListPortIns(PageRequest, Request[PortInPage], query=True, permission="contrats:contract:read"):
    """The numbers of a contract that were or are being brought."""

    contract_id: UUID


class ContractPortInRequested(Event, aggregate="contract"):
    """The operator is to bring the number; it answers by handle_provider_callback."""

    contract_id: UUID
    port_in_id: UUID
    msisdn_masked: str
    scheduled_on: date


class ContractPortInCompleted(Event, aggregate="contract"):
    """The number has arrived."""

    contract_id: UUID
    port_in_id: UUID
    msisdn_masked: str
    scheduled_on: date


class ContractPortInRefused(Event, aggregate="contract"):
    """The other operator refused; the contract stays signed."""

    contract_id: UUID
    port_in_id: UUID
    msisdn_masked: str
    scheduled_on: date
    refusal_code: str
