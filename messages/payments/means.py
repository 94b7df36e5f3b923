"""Customers' bank details and mandates: what may be debited, and by which authorisation."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from messages.base import Event, Idempotency, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.snapshots import BankDetailsSnapshot, MandateSnapshot
from messages.payments.vocabulary import FirstCollection, MandateParty, MandateScheme, MandateStatus, SignatureChannel
from messages.registry import ACTORS
from messages.values.banking import Bic, Iban
from messages.values.instants import Instant
from messages.values.text import Code, Label, Paragraph

HolderName = Annotated[str, Field(min_length=1, max_length=70)]


class BankDetails(BankDetailsSnapshot):
    """A debtor's account, masked."""

    bank_name: str | None = None
    comment: str | None = None
    external_id: str | None = None
    created_at: Instant
    version: int


class BankDetailsPage(Page[BankDetails]):
    """Bank details by creation."""


class RevealedIban(Reply):
    """The full number of one account; each reading of it is in the audit trail."""

    bank_details_id: UUID
    iban: str


class CreateBankDetails(Request[BankDetails]):
    """Record a client's account before his contract is signed; the number is encrypted and never travels in an event."""

    id: UUID | None = None
    client_id: UUID
    iban: Iban
    bic: Bic | None = None
    holder_name: HolderName
    comment: Paragraph | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=255)] | None = None


class UpdateBankDetails(Request[BankDetails]):
    """Correct an account; a field left out stays. The number changes only while no live mandate uses it."""

    bank_details_id: UUID
    expected_version: int
    iban: Iban | None = None
    bic: Bic | None = None
    holder_name: HolderName = ""
    comment: Paragraph | None = None


class DisableBankDetails(Request[BankDetails]):
    """Take an account out of use; refused while a live mandate uses it."""

    bank_details_id: UUID
    reason: Label | None = None


class GetBankDetails(Request[BankDetails], query=True):
    """One account, masked."""

    bank_details_id: UUID


class ListBankDetails(PageRequest, Request[BankDetailsPage], query=True, permission="payments:bank_details:read"):
    """The accounts of a client, masked."""

    client_id: UUID | None = None
    external_id: str | None = None


class RevealIban(Request[RevealedIban], query=True, permission="payments:bank_details:reveal", audited=True):
    """Read a full account number for a stated purpose; audited one by one."""

    bank_details_id: UUID
    purpose: Label


class Mandate(MandateSnapshot):
    """A mandate in full."""

    signed_at: Instant | None = None
    signature_method: str | None = None
    document_id: UUID | None = None
    iban_masked: str | None = None
    first_collection_state: FirstCollection
    last_settled_on: date | None = None
    blocked_until: date | None = None
    cancelled_by: MandateParty | None = None
    usable: bool
    psp_account_id: UUID | None = None
    reused: bool = Field(default=False, description="setup_mandate found it usable and made no new one")
    redirect_url: str | None = Field(
        default=None, description="where the debtor signs at the provider; get_mandate has it once the page is open"
    )
    created_at: Instant
    version: int


class MandatePage(Page[Mandate]):
    """Mandates by creation."""


class GetMandate(
    Request[Mandate], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "payments")
):
    """One mandate; also answers an actor that met an unknown id."""

    mandate_id: UUID


class ListMandates(PageRequest, Request[MandatePage], query=True, resource="mandate"):
    """Mandates by client, reference and state."""

    client_id: UUID | None = None
    company_id: UUID | None = None
    contract_id: UUID | None = None
    rum: Code | None = None
    status: tuple[MandateStatus, ...] = ()
    usable: bool | None = None


class SetupMandate(Request[Mandate], permission="payments:mandate:setup", idempotency=Idempotency.REQUIRED):
    """Ask a client for a mandate on one of his accounts, or at a provider; a usable one there is answered instead."""

    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    bank_details_id: UUID | None = None
    psp_account_id: UUID | None = Field(
        default=None,
        description="the provider's page asks for the account: in place of bank_details_id, with return_url",
    )
    scheme: MandateScheme = MandateScheme.SEPA_CORE
    signature_channel: SignatureChannel = SignatureChannel.ESIGN
    return_url: Annotated[str, Field(pattern="^https://", max_length=500)] | None = None


class ConfirmMandateSignature(Request[Mandate], permission="payments:mandate:confirm"):
    """Say that a mandate was signed and where the proof lies; the contract's debits run under it from now on."""

    mandate_id: UUID
    signed_at: Instant
    method: SignatureChannel
    document_id: UUID | None = None
    signature_place: Label | None = None


class BlockMandate(Request[Mandate]):
    """Stop debits under a mandate until it is unblocked or the date has passed."""

    mandate_id: UUID
    reason: Label
    until: date | None = None


class UnblockMandate(Request[Mandate]):
    """Allow debits under a blocked mandate again."""

    mandate_id: UUID


class CancelMandate(Request[Mandate]):
    """End a mandate for good; what is not transmitted under it is taken out."""

    mandate_id: UUID
    cancelled_by: MandateParty = MandateParty.CREDITOR
    reason: Label


class BankDetailsCreated(BankDetailsSnapshot, Event, aggregate="bank_details", personal=True):
    """A client's account is known."""


class BankDetailsUpdated(BankDetailsSnapshot, Event, aggregate="bank_details", personal=True):
    """A client's account was corrected."""

    changed_fields: tuple[str, ...]


class BankDetailsDisabled(BankDetailsSnapshot, Event, aggregate="bank_details", personal=True):
    """A client's account is out of use."""

    reason: str | None = None


class MandateCreated(MandateSnapshot, Event, aggregate="mandate"):
    """A mandate has its reference."""


class MandateSignatureRequested(MandateSnapshot, Event, aggregate="mandate", personal=True):
    """A mandate waits for the debtor's proven consent."""

    signature_channel: SignatureChannel
    action_url: str | None = None
    expires_at: Instant | None = None
    template_key: str
    data: dict[str, Any]


class MandateSigned(MandateSnapshot, Event, aggregate="mandate"):
    """The debtor's consent is proven."""

    signed_at: Instant
    document_id: UUID | None = None


class MandateActivated(MandateSnapshot, Event, aggregate="mandate"):
    """Debits under the mandate are possible."""


class MandateBlocked(MandateSnapshot, Event, aggregate="mandate"):
    """Debits under the mandate stop until somebody decides."""

    reason: str
    until: date | None = None


class MandateUnblocked(MandateSnapshot, Event, aggregate="mandate"):
    """Debits under the mandate are possible again."""


class MandateCancelled(MandateSnapshot, Event, aggregate="mandate"):
    """The mandate has ended."""

    cancelled_by: MandateParty
    reason: str


class MandateExpired(MandateSnapshot, Event, aggregate="mandate"):
    """Never signed, or unused for 36 months."""
