"""How a company collects: its own bank account and its rules."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Part, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.bank_vocabulary import Transport
from messages.payments.vocabulary import (
    AccountStatus,
    CustomerAction,
    MandateEffect,
    PrenotificationMode,
    ReasonCategory,
    RetryAdvice,
    SequenceType,
)
from messages.values.banking import Bic, Iban
from messages.values.companies import SepaCreditorId
from messages.values.instants import Instant
from messages.values.money import Amount
from messages.values.text import Label

MoneyLimit = Annotated[Amount, Field(ge=0)]
HolderName = Annotated[str, Field(min_length=1, max_length=70)]
PortalAddress = Annotated[
    str,
    Field(
        pattern=r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?)$",
        max_length=200,
        description="the origin where customers reach the payment pages, such as https://pay.example.fr",
    ),
]
Origin = Annotated[str, Field(pattern=r"^https://[^\s/?#@]+$", max_length=200)]
CutOffTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class PainVersion(StrEnum):
    """The message version a bank takes; some still want the one of 2009."""

    V08 = "pain.008.001.08"
    V02 = "pain.008.001.02"


class BankProfile(Part):
    """What the company's bank expects and how files reach it. Times are Europe/Paris."""

    pain_version: PainVersion = PainVersion.V08
    first_sequence: SequenceType = SequenceType.FRST
    lead_target_days: Annotated[int, Field(ge=1, le=14)] = 2
    cutoff_local: CutOffTime = "14:00"
    batch_booking: bool = True
    max_tx_per_file: Annotated[int, Field(ge=1, le=50_000)] = 10_000
    transport: Transport = Transport.MANUAL
    four_eyes_threshold: MoneyLimit | None = None


class CreditorAccount(Reply):
    """A bank account on which a company collects; its IBAN is shown masked."""

    id: UUID
    company_id: UUID
    iban_masked: str
    bic: str | None
    holder_name: str
    currency: str
    creditor_identifier: str
    bank_profile: BankProfile
    status: AccountStatus
    is_default: bool
    created_at: Instant
    version: int


class CreditorAccountPage(Page[CreditorAccount]):
    """Creditor accounts by creation."""


class PaymentSettingsValues(Part):
    """The rules of collection of one company."""

    emission_hour: Annotated[int, Field(ge=0, le=23)] = 6
    withdrawal_guard_days: Annotated[int, Field(ge=14, le=60)] = 14
    require_quality_check: bool = True
    require_invoice_before_debit: bool = False
    prenotification_days: Annotated[int, Field(ge=1, le=60)] = 14
    prenotification_mode: PrenotificationMode = PrenotificationMode.WARN
    min_debit_amount: MoneyLimit = Decimal("1.00")
    max_debit_amount: MoneyLimit = Decimal("9999999.99")
    max_live_payments_per_client_per_day: Annotated[int, Field(ge=1, le=1000)] = 5
    mandate_prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]{3,8}$")] = "CRM"
    mandate_dormancy_months: Annotated[int, Field(ge=1, le=36)] = 36
    unsigned_mandate_expiry_days: Annotated[int, Field(ge=1, le=365)] = 30
    schedule_horizon_days: Annotated[int, Field(ge=30, le=400)] = 90
    pause_on_contract_suspension: bool = True
    portal_base_url: PortalAddress | None = None
    portal_redirect_origins: Annotated[tuple[Origin, ...], Field(max_length=20)] = Field(
        default=(), description="where else a payment may lead back to, beside the portal itself"
    )


class PaymentSettings(PaymentSettingsValues, Reply):
    """The rules of collection of one company, with their version for the next change."""

    company_id: UUID
    version: int


class GetCreditorAccount(Request[CreditorAccount], query=True, permission="payments:settings:read"):
    """One account of a company."""

    creditor_account_id: UUID


class DisableCreditorAccount(Request[CreditorAccount], permission="payments:settings:write"):
    """Collect nothing more on an account. Files under way go on; without another default account debits are blocked."""

    creditor_account_id: UUID
    reason: Label


class ReasonScheme(StrEnum):
    """Whose word a reason code is."""

    SEPA = "SEPA"
    CARD = "CARD"


class RejectionReason(Reply):
    """What a reason code of a bank or of a card scheme means and what follows from it."""

    scheme: ReasonScheme
    code: str
    iso_name: str
    label_fr: str
    label_en: str
    category: ReasonCategory
    retry_advice: RetryAdvice
    default_retry_delay_days: int | None = None
    max_retries: int | None = None
    mandate_effect: MandateEffect
    customer_action: CustomerAction


class RejectionReasons(Reply):
    """All known reason codes."""

    items: tuple[RejectionReason, ...]


class CreateCreditorAccount(Request[CreditorAccount], permission="payments:settings:write"):
    """Record the bank account on which a company collects; the first one of a company becomes its default."""

    id: UUID | None = None
    company_id: UUID
    iban: Iban
    bic: Bic | None = None
    holder_name: HolderName
    creditor_identifier: SepaCreditorId | None = Field(
        default=None, description="left out: the one of the company's own record"
    )
    bank_profile: BankProfile = BankProfile()
    is_default: bool = True


class UpdateCreditorAccount(Request[CreditorAccount], permission="payments:settings:write"):
    """Change how an account collects; a field left out stays. Another IBAN is another account."""

    creditor_account_id: UUID
    expected_version: int
    bic: Bic | None = None
    holder_name: HolderName = ""
    bank_profile: BankProfile = BankProfile()
    status: AccountStatus = AccountStatus.ACTIVE
    is_default: bool = True


class ListCreditorAccounts(PageRequest, Request[CreditorAccountPage], query=True, permission="payments:settings:read"):
    """The creditor accounts of the organisation."""

    company_id: UUID | None = None


class GetPaymentSettings(Request[PaymentSettings], query=True, permission="payments:settings:read"):
    """The rules of collection of a company."""

    company_id: UUID


class UpdatePaymentSettings(Request[PaymentSettings], permission="payments:settings:write"):
    """Replace the rules of collection of a company."""

    company_id: UUID
    expected_version: int
    values: PaymentSettingsValues


class ListRejectionReasons(Request[RejectionReasons], query=True, permission="payments:settings:read"):
    """The reason codes of SEPA exceptions and of declined cards, and what each leads to."""

    scheme: ReasonScheme | None = None
