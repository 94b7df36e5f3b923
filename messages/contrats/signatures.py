"""contrats: electronic signature - the file is frozen, put before the signers, and the contract follows what they do."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from messages.base import Access, Empty, Event, Part, Reply, Request
from messages.contrats.contract import ContractSnapshot
from messages.contrats.terms import SignerRole
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.values.instants import Instant
from messages.values.text import Code, Label

SIGNATURE_REQUEST_NOT_FOUND = NOT_FOUND.specific(
    "SIGNATURE_REQUEST_NOT_FOUND", "Demande de signature introuvable", "Signature request not found"
)
MISSING_SIGNER_CONTACT = VALIDATION_FAILED.specific(
    "MISSING_SIGNER_CONTACT", "Coordonnées du signataire manquantes", "A signer's contact is missing"
)
WITHDRAWAL_FORM_MISSING = BUSINESS_RULE_VIOLATION.specific(
    "WITHDRAWAL_FORM_MISSING", "Formulaire de rétractation absent", "The withdrawal form is missing"
)
SIGNATURE_NOT_ONGOING = PRECONDITION_FAILED.specific(
    "SIGNATURE_NOT_ONGOING", "Aucune signature en cours", "No signature is under way"
)
SIGNATURE_PROVIDER_MISSING = PRECONDITION_FAILED.specific(
    "SIGNATURE_PROVIDER_MISSING", "Prestataire de signature non configuré", "No signature provider is configured"
)
SIGNATURE_PROVIDER_REFUSED = BUSINESS_RULE_VIOLATION.specific(
    "SIGNATURE_PROVIDER_REFUSED", "Refus du prestataire de signature", "The signature provider refused"
)
BAD_SIGNATURE = BUSINESS_RULE_VIOLATION.specific(
    "BAD_SIGNATURE", "Signature du message invalide", "The message is not signed by the provider"
)
_PHONE = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
_EMAIL = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class SignatureProvider(StrEnum):
    """Who collects electronic signatures."""

    YOUSIGN = "YOUSIGN"


class SignatureLevel(StrEnum):
    """How strong the signature is (eIDAS): simple, advanced, qualified."""

    SES = "SES"
    AES = "AES"
    QES = "QES"


class SignatureStatus(StrEnum):
    """Where a request for signatures stands."""

    PREPARING = "PREPARING"
    ONGOING = "ONGOING"
    DONE = "DONE"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class AuthenticationMode(StrEnum):
    """How a signer proves that it is he."""

    OTP_SMS = "OTP_SMS"
    OTP_EMAIL = "OTP_EMAIL"
    NONE = "NONE"


class SignerStatus(StrEnum):
    """What a signer did."""

    PENDING = "PENDING"
    NOTIFIED = "NOTIFIED"
    OPENED = "OPENED"
    SIGNED = "SIGNED"
    DECLINED = "DECLINED"


class DocumentPurpose(StrEnum):
    """What a file is rendered for."""

    CONTRACT_SIGNATURE = "CONTRACT_SIGNATURE"
    AMENDMENT = "AMENDMENT"
    TERMINATION_LETTER = "TERMINATION_LETTER"
    RENEWAL_NOTICE = "RENEWAL_NOTICE"


class Signer(Reply):
    """A signer without his addresses."""

    role: SignerRole
    position: int
    full_name: str
    authentication: AuthenticationMode
    status: SignerStatus
    signed_at: Instant | None = None
    decline_reason: str | None = None


class SignatureRequest(Reply):
    """A file put before signers."""

    id: UUID
    contract_id: UUID
    provider: SignatureProvider
    provider_request_id: str | None
    level: SignatureLevel
    status: SignatureStatus
    document_id: UUID | None
    document_sha256: str | None
    include_mandate: bool
    expires_at: Instant
    last_error: str | None
    signers: tuple[Signer, ...] = ()
    created_at: Instant


# -- requests ----------------------------------------------------------------------------------------------------


class SignerDraft(Part):
    """Who is to sign; the phone, for the code by SMS, in international form."""

    role: SignerRole = SignerRole.CLIENT
    first_name: Label
    last_name: Label
    email: _EMAIL
    phone: _PHONE | None = None
    authentication: AuthenticationMode = AuthenticationMode.OTP_SMS


class SendContractForSignature(Request[SignatureRequest], permission="contrats:signature:send"):
    """Freeze the draft and have it signed electronically; without document_id the file is rendered first."""

    contract_id: UUID
    expected_version: int
    level: SignatureLevel | None = Field(
        default=None, description="the level the law and the value ask for when left out"
    )
    signers: Annotated[tuple[SignerDraft, ...], Field(min_length=1, max_length=10)]
    document_id: UUID | None = None
    withdrawal_form_included: bool = Field(default=False, description="the given file holds the withdrawal form")
    include_mandate: bool = False
    bank_details_id: UUID | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    early_performance_requested: bool = False
    expires_in_days: Annotated[int, Field(ge=1, le=180)] = 30


class RecallSignature(Request[SignatureRequest], permission="contrats:signature:send"):
    """Take the file back from the signers; the contract is a draft again."""

    signature_request_id: UUID


class ResendSignature(Request[SignatureRequest], permission="contrats:signature:send"):
    """Have the provider remind those who have not signed; refused with SIGNATURE_NOT_ONGOING unless they were asked."""

    signature_request_id: UUID


class GetSignatureRequest(Request[SignatureRequest], query=True, permission="contrats:signature:read"):
    """Where a request for signatures stands, signer by signer."""

    signature_request_id: UUID


class HandleSignatureWebhook(Request[Empty], access=Access.INTERNAL, internal_callers=("bridge",)):
    """What the provider reports, raw and signed; the contract follows what is then read from the provider itself.

    Repeating an event changes nothing, and neither does their order. Refused with BAD_SIGNATURE when not the provider's.
    """

    provider: SignatureProvider
    headers: dict[str, str] = Field(max_length=100)
    raw_body_b64: Annotated[str, Field(max_length=400_000)]


# -- events ------------------------------------------------------------------------------------------------------


class ContractDocumentRequested(Event, aggregate="contract", personal=True):
    """A file must be rendered; document.generated with this request_id answers."""

    request_id: UUID
    contract_id: UUID
    client_id: UUID
    company_id: UUID
    purpose: DocumentPurpose
    template_key: Code
    locale: str
    data: dict[str, Any]
    include_mandate: bool


class ContractSentForSignature(ContractSnapshot, Event, aggregate="contract"):
    """The signers have been asked."""

    request_id: UUID
    level: SignatureLevel
    expires_at: Instant


class ContractSignatureDeclined(ContractSnapshot, Event, aggregate="contract"):
    """A signer said no; the contract is a draft again."""

    request_id: UUID
    reason: str | None = None


class ContractSignatureExpired(ContractSnapshot, Event, aggregate="contract"):
    """Nobody signed in time; the contract is a draft again."""

    request_id: UUID
