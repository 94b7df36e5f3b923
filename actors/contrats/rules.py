"""Pure rules of contrats: the status machine, the terms of a draft, amounts, gates."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from messages.clients import ClientKind
from messages.contrats import (
    INVALID_DATES,
    AdjustmentCause,
    BillingFrequency,
    BillingMode,
    ContractClientKind,
    ContractStatus,
    ContractType,
    DraftTerms,
    EarlyTerminationPolicy,
    Gate,
    InstalmentStatus,
    LegalRegime,
    LineKind,
    MandateScheme,
    NoticeUnit,
    PaymentMethod,
    ProrationMethod,
    QualityStatus,
    RenewalMode,
    TermKind,
)
from messages.problem import Refused
from messages.transitions import StateMachine
from messages.values.due_dates import add_months
from messages.values.money import prorata, round_cents

MONTHS_OF: Mapping[str, int] = {
    BillingFrequency.MONTHLY: 1,
    BillingFrequency.QUARTERLY: 3,
    BillingFrequency.SEMIANNUAL: 6,
    BillingFrequency.ANNUAL: 12,
}
TELECOM_NOTICE_DAYS = 10
"""Consumers leave a telecom contract after ten days at most (Code de la consommation, art. L224-39)."""
TELECOM_COMMITMENT_MONTHS = 24
"""The longest commitment of a consumer to a telecom contract (Code de la consommation, art. L224-30)."""
BUSINESS_PAYMENT_DAYS = 60
"""The longest payment term between businesses (Code de commerce, art. L441-10)."""
SEPA_LEAD_DAYS = 15
"""An invoice this early is itself the pre-notification of a SEPA debit, due 14 days ahead."""
LONGEST_TERM_MONTHS = 120
REFERENCE_PREFIX = "CTR"

_S = ContractStatus
CONTRACT = StateMachine(
    "contract",
    {
        ("record_signature", _S.DRAFT): _S.AWAITING_SIGNATURE,
        ("store_evidence", _S.AWAITING_SIGNATURE): _S.SIGNED,
        ("give_up_evidence", _S.AWAITING_SIGNATURE): _S.DRAFT,
        ("cancel", _S.DRAFT): _S.CANCELLED,
        ("cancel", _S.AWAITING_SIGNATURE): _S.CANCELLED,
        ("cancel", _S.SIGNED): _S.CANCELLED,
        ("activate", _S.SIGNED): _S.ACTIVE,
        ("suspend", _S.ACTIVE): _S.SUSPENDED,
        ("resume", _S.SUSPENDED): _S.ACTIVE,
        ("withdraw", _S.SIGNED): _S.WITHDRAWN,
        ("withdraw", _S.ACTIVE): _S.WITHDRAWN,
        ("withdraw", _S.SUSPENDED): _S.WITHDRAWN,
        ("terminate", _S.ACTIVE): _S.TERMINATED,
        ("terminate", _S.SUSPENDED): _S.TERMINATED,
        ("expire", _S.ACTIVE): _S.EXPIRED,
        ("expire", _S.SUSPENDED): _S.EXPIRED,
    },
)
IN_FORCE = (_S.ACTIVE, _S.SUSPENDED)
BOUND = (_S.SIGNED, _S.ACTIVE, _S.SUSPENDED)

Line = Mapping[str, Any]


# -- terms of a draft --------------------------------------------------------------------------------------------


def client_kind_of(terms: DraftTerms, kind: ClientKind) -> ContractClientKind:
    """How the law sees the client; only a business can be the small one that is protected off premises."""
    if kind is ClientKind.CONSUMER:
        return ContractClientKind.CONSUMER
    if terms.client_kind is ContractClientKind.SMALL_BUSINESS_OFF_PREMISES:
        return ContractClientKind.SMALL_BUSINESS_OFF_PREMISES
    return ContractClientKind.BUSINESS


def columns_of(terms: DraftTerms, kind: ClientKind) -> dict[str, Any]:
    """The columns of a draft: what was given, and the defaults of its regime for the rest."""
    client_kind = client_kind_of(terms, kind)
    regime = _regime_of(terms, client_kind)
    sepa = terms.payment_method is PaymentMethod.SEPA_DIRECT_DEBIT
    columns = terms.model_dump(exclude={"client_kind"}) | {
        "client_kind": client_kind,
        "legal_regime": regime,
        "early_termination_policy": terms.early_termination_policy or _policy_of(regime),
        "notice_value": _notice_of(terms, regime),
        "invoice_lead_days": _lead_of(terms, sepa=sepa),
        "mandate_scheme": (terms.mandate_scheme or MandateScheme.SEPA_CORE) if sepa else None,
        "effective_on": terms.starts_on,
    }
    columns |= _term_of(terms)
    _check(terms, columns)
    return columns


def _regime_of(terms: DraftTerms, client_kind: ContractClientKind) -> LegalRegime:
    if client_kind is not ContractClientKind.CONSUMER:
        return LegalRegime.BUSINESS
    if terms.legal_regime is LegalRegime.BUSINESS:
        raise Refused.field(
            "legal_regime", "consumer", "legal_regime BUSINESS is not for a consumer; leave it out to get the right one"
        )
    telecom = terms.type is ContractType.TELECOM
    return terms.legal_regime or (LegalRegime.CONSUMER_TELECOM if telecom else LegalRegime.CONSUMER_STANDARD)


def _policy_of(regime: LegalRegime) -> EarlyTerminationPolicy:
    business = regime is LegalRegime.BUSINESS
    return EarlyTerminationPolicy.FEE_RATE if business else EarlyTerminationPolicy.AT_TERM_ONLY


def _notice_of(terms: DraftTerms, regime: LegalRegime) -> int:
    if terms.notice_value is not None:
        return terms.notice_value
    return TELECOM_NOTICE_DAYS if regime is LegalRegime.CONSUMER_TELECOM else 30


def _lead_of(terms: DraftTerms, *, sepa: bool) -> int:
    if terms.invoice_lead_days is not None:
        return terms.invoice_lead_days
    return SEPA_LEAD_DAYS if sepa and terms.billing_mode is BillingMode.ADVANCE else 0


def _term_of(terms: DraftTerms) -> dict[str, Any]:
    commitment_ends_on = None
    if terms.commitment_months:
        commitment_ends_on = last_day_of_term(terms.starts_on, terms.commitment_months)
    if terms.term_kind is TermKind.OPEN_ENDED:
        if terms.ends_on is not None or terms.initial_term_months is not None:
            raise Refused.field(
                "ends_on",
                "open_ended",
                "an open-ended contract has no ends_on and no initial_term_months",
                INVALID_DATES,
            )
        months, ends_on, renewal = None, None, RenewalMode.NONE
    else:
        months = terms.initial_term_months or 12
        ends_on = terms.ends_on or last_day_of_term(terms.starts_on, months)
        renewal = terms.renewal_mode or RenewalMode.TACIT
    return {
        "initial_term_months": months,
        "ends_on": ends_on,
        "renewal_mode": renewal,
        "commitment_ends_on": commitment_ends_on,
    }


def _check(terms: DraftTerms, columns: Mapping[str, Any]) -> None:
    ends_on, commitment_ends_on = columns["ends_on"], columns["commitment_ends_on"]
    if ends_on is not None and ends_on < terms.starts_on:
        raise Refused.field("ends_on", "order", "ends_on lies before starts_on; correct one of them", INVALID_DATES)
    if ends_on is not None and ends_on > last_day_of_term(terms.starts_on, LONGEST_TERM_MONTHS):
        raise Refused.field("ends_on", "term", "a term has at most 120 months; bring ends_on forward", INVALID_DATES)
    if ends_on is not None and commitment_ends_on is not None and commitment_ends_on > ends_on:
        raise Refused.field(
            "commitment_months", "term", "the commitment is longer than the term; shorten it or lengthen the term",
            INVALID_DATES,
        )  # fmt: skip
    if columns["legal_regime"] is LegalRegime.CONSUMER_TELECOM:
        if terms.commitment_months > TELECOM_COMMITMENT_MONTHS:
            raise Refused.field(
                "commitment_months", "telecom", "a consumer commits to a telecom contract for at most 24 months"
            )
        if terms.notice_unit is NoticeUnit.MONTHS or columns["notice_value"] > TELECOM_NOTICE_DAYS:
            raise Refused.field(
                "notice_value",
                "telecom",
                "a consumer leaves a telecom contract after at most 10 DAYS; lower the notice",
            )
    business = columns["client_kind"] is ContractClientKind.BUSINESS
    if business and terms.payment_terms_days > BUSINESS_PAYMENT_DAYS:
        raise Refused.field("payment_terms_days", "law", "a business pays within 60 days at most; lower the term")
    if terms.mandate_scheme is MandateScheme.SEPA_B2B and not business:
        raise Refused.field("mandate_scheme", "consumer", "SEPA_B2B is for businesses; use SEPA_CORE")


def last_day_of_term(starts_on: date, months: int) -> date:
    """The last day of so many months that begin on a day."""
    return add_months(starts_on, months) - timedelta(days=1)


def moved_to(contract: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The dates of a contract whose service starts on another day than agreed, before anything was billed."""
    months, commitment = contract["initial_term_months"], contract["commitment_months"]
    return {
        "starts_on": day,
        "effective_on": day,
        "ends_on": last_day_of_term(day, months) if contract["ends_on"] is not None and months else contract["ends_on"],
        "commitment_ends_on": last_day_of_term(day, commitment) if commitment else None,
    }


# -- amounts -----------------------------------------------------------------------------------------------------


def net_of(quantity: Decimal, unit_price: Decimal, percent: Decimal | None, amount: Decimal | None) -> Decimal:
    """A line's net amount for one full period: quantity times price, discount off, never below zero."""
    net = quantity * unit_price * (1 - (percent or Decimal(0)) / 100) - (amount or Decimal(0))
    return max(round_cents(net), Decimal("0.00"))


def vat_of(amounts: Iterable[tuple[str, Decimal, Decimal]]) -> Decimal:
    """VAT of (category, rate, net) amounts, computed once per category and rate (EN 16931 BR-CO-17)."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for category, rate, net in amounts:
        bases[category, rate] = bases.get((category, rate), Decimal(0)) + net
    return sum((round_cents(net * rate / 100) for (_, rate), net in bases.items()), Decimal("0.00"))


def amounts_of(lines: Sequence[Line], frequency: str) -> dict[str, Decimal]:
    """Monthly and yearly recurring revenue, and what one regular period at the contract's frequency costs."""
    recurring = [line for line in lines if line["kind"] == LineKind.RECURRING]
    regular = [line for line in recurring if line["billing_period"] == frequency]
    net = sum((line["net"] for line in regular), Decimal("0.00"))
    vat = vat_of((line["vat_category"], line["vat_rate"], line["net"]) for line in regular)
    return {
        "mrr": _sum(round_cents(line["net"] / MONTHS_OF[line["billing_period"]]) for line in recurring),
        "arr": _sum(round_cents(line["net"] * 12 / MONTHS_OF[line["billing_period"]]) for line in recurring),
        "recurring_net": net,
        "recurring_gross": net + vat,
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))


# -- gates -------------------------------------------------------------------------------------------------------


def closed_gates(contract: Mapping[str, Any], today: date) -> list[Gate]:
    """The gates that keep the service from starting."""
    shut = {
        Gate.SIGNATURE: contract["status"] != ContractStatus.SIGNED,
        Gate.QUALITY: contract["quality_status"] != QualityStatus.APPROVED,
        Gate.WITHDRAWAL: not (withdrawal_is_over(contract, today) or contract["early_performance_requested"]),
        Gate.MANDATE: not mandate_allows_collection(contract),
        Gate.START_DATE: contract["starts_on"] > today,
    }
    return [gate for gate, closed in shut.items() if closed]


def collection_is_open(contract: Mapping[str, Any], today: date) -> bool:
    """Whether money may be taken: here the withdrawal period must really be over, whatever the client asked for."""
    return (
        contract["status"] in BOUND
        and contract["quality_status"] == QualityStatus.APPROVED
        and withdrawal_is_over(contract, today)
        and mandate_allows_collection(contract)
    )


def withdrawal_is_over(contract: Mapping[str, Any], today: date) -> bool:
    """Whether the client can no longer withdraw."""
    return not contract["withdrawal_applicable"] or contract["withdrawal_ends_on"] < today


def mandate_allows_collection(contract: Mapping[str, Any]) -> bool:
    """Whether the way of paying needs no mandate, or has one."""
    return contract["payment_method"] != PaymentMethod.SEPA_DIRECT_DEBIT or contract["mandate_id"] is not None


def collection_not_before(contract: Mapping[str, Any]) -> date:
    """The first day money may be taken."""
    days = [contract["approved_on"], contract["first_payment_not_before"]]
    if contract["withdrawal_applicable"]:
        days.append(contract["withdrawal_ends_on"] + timedelta(days=1))
    known: list[date] = [day for day in days if day is not None]
    return max(known)


# -- corrections -------------------------------------------------------------------------------------------------


def creditable_states(cause: AdjustmentCause) -> tuple[InstalmentStatus, ...]:
    """Which instalments are corrected: a pause also lowers one that is still to be billed."""
    billed = (InstalmentStatus.DUE, InstalmentStatus.INVOICED)
    return (*billed, InstalmentStatus.PLANNED) if cause is AdjustmentCause.SUSPENSION else billed


def credits_unused_days(contract: Mapping[str, Any], cause: AdjustmentCause) -> bool:
    """Days not served are given back unless the parties agreed on full periods; withdrawals and mistakes always are."""
    by_days = cause in (AdjustmentCause.TERMINATION, AdjustmentCause.SUSPENSION)
    return not by_days or contract["proration_method"] != ProrationMethod.NONE


def days_price(net: Decimal, first: date, last: date, days_of_period: int) -> Decimal:
    """The price of the days from first to last, both included, of a period of so many days."""
    return prorata(net, max((last - first).days + 1, 0), days_of_period)


def renewed_end(contract: Mapping[str, Any], old_end: date, months_since_start: int) -> date:
    """The last day of the next term: counted from the first day of the contract, so that month ends do not drift."""
    months = contract["renewal_term_months"]
    from_start = last_day_of_term(contract["starts_on"], months_since_start)
    follows = last_day_of_term(contract["starts_on"], months_since_start - months) == old_end
    return from_start if follows else last_day_of_term(old_end + timedelta(days=1), months)
