"""What must hold before an instalment is presented; the first guard that fails names the block."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from actors.payments.rules.dates import first_debit_floor, mandate_is_dormant
from messages.payments import BlockReason, PaymentSettingsValues, PrenotificationMode

SEPA_MAXIMUM = Decimal("999999999.99")
WAIVABLE = frozenset(
    {
        BlockReason.INVOICE_MISSING,
        BlockReason.PRENOTIFICATION_MISSING,
        BlockReason.QUALITY_CHECK_PENDING,
        BlockReason.VELOCITY_LIMIT,
    }
)
"""Guards of the house, which a person may open for one instalment. Quality is the last gate of a contract: it hides none."""


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """What the gates of a contract say."""

    status: str | None
    locked: bool
    quality_approved_on: date | None
    concluded_on: date | None
    withdrawal_applicable: bool | None
    withdrawal_ends_on: date | None
    first_payment_not_before: date | None
    collectable_from: date | None
    sales_channel: str | None

    def debit_floor(self, guard_days: int) -> date | None:
        """The first day on which the contract may be debited."""
        return first_debit_floor(
            concluded_on=self.concluded_on,
            withdrawal_applicable=self.withdrawal_applicable,
            withdrawal_ends_on=self.withdrawal_ends_on,
            first_payment_not_before=self.first_payment_not_before,
            collectable_from=self.collectable_from,
            off_premises=self.sales_channel == "OFF_PREMISES",
            guard_days=guard_days,
        )


@dataclass(frozen=True, slots=True)
class MandateFacts:
    """Whether a mandate carries a debit."""

    status: str
    creditor_identifier: str
    signed_on: date | None
    last_presented_on: date | None
    bank_details_status: str | None


@dataclass(frozen=True, slots=True)
class EmissionFacts:
    """Everything the guards look at for one instalment."""

    amount: Decimal
    collection_date: date
    contract: ContractFacts | None
    client_blocked: bool
    client_deceased: bool
    has_invoice: bool
    mandate: MandateFacts | None
    prenotified_on: date | None
    prenotified_amount: Decimal | None
    live_payments_of_client: int
    creditor_identifier: str | None
    announced_by_provider: bool = False
    waived: frozenset[str] = frozenset()


def blocking_reason(facts: EmissionFacts, settings: PaymentSettingsValues) -> BlockReason | None:
    """The first guard that holds the debit back and was not waived, or None."""
    return next((reason for reason in _failing(facts, settings) if reason not in facts.waived), None)


def _failing(facts: EmissionFacts, settings: PaymentSettingsValues) -> Iterator[BlockReason]:
    """The guards that fail, in their order; of a contract and of the means the first one each."""
    if facts.contract is not None:
        reason = contract_block(facts.contract, facts.collection_date, settings)
        if reason is not None:
            yield reason
    if facts.client_blocked or facts.client_deceased:
        yield BlockReason.CLIENT_BLOCKED
    if settings.require_invoice_before_debit and not facts.has_invoice:
        yield BlockReason.INVOICE_MISSING
    highest = min(settings.max_debit_amount, SEPA_MAXIMUM)
    if not settings.min_debit_amount <= facts.amount <= highest:
        yield BlockReason.AMOUNT_OUT_OF_RANGE
    means = _means_block(facts, settings)
    if means is not None:
        yield means
    yield from _last_guards(facts, settings)


def contract_block(contract: ContractFacts, day: date, settings: PaymentSettingsValues) -> BlockReason | None:
    """The gate of the contract that holds a debit of that day back, or None."""
    if contract.status != "ACTIVE":
        return BlockReason.CONTRACT_NOT_ACTIVE
    if contract.locked:
        return BlockReason.COLLECTION_LOCKED
    floor = contract.debit_floor(settings.withdrawal_guard_days)
    if floor is not None and day < floor:
        return BlockReason.WITHDRAWAL_PERIOD
    if settings.require_quality_check and contract.quality_approved_on is None:
        return BlockReason.QUALITY_CHECK_PENDING
    return None


def _means_block(facts: EmissionFacts, settings: PaymentSettingsValues) -> BlockReason | None:
    mandate = facts.mandate
    if mandate is None:
        return BlockReason.NO_PAYMENT_MEANS
    if facts.creditor_identifier is None:
        return BlockReason.ROUTING_NOT_FOUND
    dormant = mandate_is_dormant(
        facts.collection_date, mandate.last_presented_on, mandate.signed_on, settings.mandate_dormancy_months
    )
    usable = mandate.status == "ACTIVE" and mandate.bank_details_status == "ACTIVE" and not dormant
    if not usable or not same_creditor(mandate.creditor_identifier, facts.creditor_identifier):
        return BlockReason.MANDATE_NOT_USABLE
    return None


def _last_guards(facts: EmissionFacts, settings: PaymentSettingsValues) -> Iterator[BlockReason]:
    enforced = settings.prenotification_mode is PrenotificationMode.ENFORCE and not facts.announced_by_provider
    if enforced and not prenotified_in_time(facts, settings):
        yield BlockReason.PRENOTIFICATION_MISSING
    if facts.live_payments_of_client >= settings.max_live_payments_per_client_per_day:
        yield BlockReason.VELOCITY_LIMIT


def warns_of_notice(facts: EmissionFacts, settings: PaymentSettingsValues) -> bool:
    """Whether a debit goes out although its debtor was not told in time, and the company wants to hear of it."""
    if settings.prenotification_mode is not PrenotificationMode.WARN or facts.announced_by_provider:
        return False
    return not prenotified_in_time(facts, settings)


def prenotified_in_time(facts: EmissionFacts, settings: PaymentSettingsValues) -> bool:
    """Whether the debtor was told this amount early enough; a smaller amount needs no new notice."""
    if facts.prenotified_on is None or facts.prenotified_amount is None:
        return False
    early = facts.prenotified_on <= facts.collection_date - timedelta(days=settings.prenotification_days)
    return early and facts.amount <= facts.prenotified_amount


def same_creditor(left: str, right: str) -> bool:
    """Whether two creditor identifiers name one creditor: the business code at positions 5 to 7 is free."""
    return (left[:4], left[7:]) == (right[:4], right[7:])
