"""The terms of a draft: what was given, the defaults of its regime, and what the law forbids."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from messages.clients import ClientKind
from messages.contrats import (
    INVALID_DATES,
    BillingMode,
    ContractClientKind,
    ContractType,
    DraftTerms,
    EarlyTerminationPolicy,
    LegalRegime,
    MandateScheme,
    NoticeUnit,
    PaymentMethod,
    RenewalMode,
    TermKind,
)
from messages.contrats.settings import ContractDefaults
from messages.problem import Refused
from messages.values.due_dates import TermBasis, add_months, term_exceeds_legal_cap

TELECOM_NOTICE_DAYS = 10
"""Consumers leave a telecom contract after ten days at most (Code de la consommation, art. L224-39)."""
TELECOM_COMMITMENT_MONTHS = 24
"""The longest commitment of a consumer to a telecom contract (Code de la consommation, art. L224-30)."""
LONGEST_TERM_MONTHS = 120


def client_kind_of(terms: DraftTerms, kind: ClientKind) -> ContractClientKind:
    """How the law sees the client; only a business can be the small one that is protected off premises."""
    if kind is ClientKind.CONSUMER:
        return ContractClientKind.CONSUMER
    if terms.client_kind is ContractClientKind.SMALL_BUSINESS_OFF_PREMISES:
        return ContractClientKind.SMALL_BUSINESS_OFF_PREMISES
    return ContractClientKind.BUSINESS


def with_defaults(terms: DraftTerms, defaults: ContractDefaults) -> DraftTerms:
    """The terms, with the seller's defaults for what was left out; an open-ended contract has no term to default."""
    fixed = terms.term_kind is TermKind.FIXED
    only_fixed = set() if fixed else {"initial_term_months", "renewal_mode"}
    if terms.ends_on is not None:
        only_fixed.add("initial_term_months")
    own = {"notice_value", "invoice_lead_days", *only_fixed}  # these depend on the regime and the way of paying
    missing = ContractDefaults.model_fields.keys() - terms.model_fields_set - own
    return terms.model_copy(update={name: getattr(defaults, name) for name in missing})


def columns_of(
    terms: DraftTerms,
    kind: ClientKind,
    defaults: ContractDefaults | None = None,
    payment_term: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The columns of a draft: what was given, and the defaults of the seller and of the regime for the rest."""
    defaults = defaults or ContractDefaults()
    terms = with_defaults(terms, defaults)
    if payment_term is not None:
        terms = terms.model_copy(update={"payment_terms_days": payment_term["days"]})
    client_kind = client_kind_of(terms, kind)
    regime = _regime_of(terms, client_kind)
    sepa = terms.payment_method is PaymentMethod.SEPA_DIRECT_DEBIT
    columns = terms.model_dump(exclude={"client_kind"}) | {
        "client_kind": client_kind,
        "legal_regime": regime,
        "early_termination_policy": terms.early_termination_policy or _policy_of(regime),
        "notice_value": _notice_of(terms, regime, defaults),
        "invoice_lead_days": _lead_of(terms, defaults, sepa=sepa),
        "mandate_scheme": (terms.mandate_scheme or MandateScheme.SEPA_CORE) if sepa else None,
        "effective_on": terms.starts_on,
        "payment_terms_basis": payment_term["basis"] if payment_term is not None else None,
        "payment_terms_day": payment_term["day_of_month"] if payment_term is not None else None,
    }
    columns |= _term_of(terms)
    _check(terms, columns)
    return columns


_REGIMES = {
    ContractType.TELECOM: LegalRegime.CONSUMER_TELECOM,
    ContractType.ENERGY: LegalRegime.CONSUMER_ENERGY,
}


def _regime_of(terms: DraftTerms, client_kind: ContractClientKind) -> LegalRegime:
    if client_kind is not ContractClientKind.CONSUMER:
        return LegalRegime.BUSINESS
    if terms.legal_regime is LegalRegime.BUSINESS:
        raise Refused.field(
            "legal_regime", "consumer", "legal_regime BUSINESS is not for a consumer; leave it out to get the right one"
        )
    return terms.legal_regime or _REGIMES.get(terms.type, LegalRegime.CONSUMER_STANDARD)


def _policy_of(regime: LegalRegime) -> EarlyTerminationPolicy:
    business = regime is LegalRegime.BUSINESS
    return EarlyTerminationPolicy.FEE_RATE if business else EarlyTerminationPolicy.AT_TERM_ONLY


def _notice_of(terms: DraftTerms, regime: LegalRegime, defaults: ContractDefaults) -> int:
    if terms.notice_value is not None:
        return terms.notice_value
    return TELECOM_NOTICE_DAYS if regime is LegalRegime.CONSUMER_TELECOM else defaults.notice_value


def _lead_of(terms: DraftTerms, defaults: ContractDefaults, *, sepa: bool) -> int:
    if terms.invoice_lead_days is not None:
        return terms.invoice_lead_days
    return defaults.invoice_lead_days if sepa and terms.billing_mode is BillingMode.ADVANCE else 0


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
    basis = columns["payment_terms_basis"] or TermBasis.NET
    if business and term_exceeds_legal_cap(terms.payment_terms_days, basis):
        raise Refused.field(
            "payment_terms_days", "law", "a business pays within 60 days, or 45 to the end of a month; lower the term"
        )
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
