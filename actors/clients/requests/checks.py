"""Requests that check identifiers and count billing periods; they store nothing."""

from collections.abc import Callable
from datetime import date

from pydantic_core import PydanticCustomError
from sqlalchemy import select

from messages.clients import (
    DICTIONARY_ENTRY_NOT_FOUND,
    BillingPeriodDates,
    BillingPeriods,
    ComputeBillingPeriods,
    DictionaryKind,
    IdentifierCheck,
    ValidateBic,
    ValidateIban,
    ValidateSiren,
    ValidateSiret,
    ValidateVat,
)
from messages.problem import Refused
from messages.values.banking import bic_fits_iban, checked_bic, checked_iban, iban_country, is_sepa_country, mask_iban
from messages.values.companies import (
    french_vat_number,
    normalise_siren,
    normalise_siret,
    normalise_vat_number,
    siren_of,
    vat_number_matches_siren,
)
from messages.values.due_dates import billing_period
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import dictionary_entry


async def validate_siren(request: ValidateSiren, work: UnitOfWork) -> IdentifierCheck:
    """Whether it is a SIREN, and the VAT number that follows from it."""
    return _checked(normalise_siren, request.value, lambda siren: {"vat_number": french_vat_number(siren)})


async def validate_siret(request: ValidateSiret, work: UnitOfWork) -> IdentifierCheck:
    """Whether it is a SIRET, and the legal unit it belongs to."""
    return _checked(normalise_siret, request.value, lambda siret: {"siren": siren_of(siret), "nic": siret[9:]})


async def validate_vat(request: ValidateVat, work: UnitOfWork) -> IdentifierCheck:
    """Whether it is a VAT number, of that company if one is named."""
    found = _checked(normalise_vat_number, request.value, lambda number: {"country": number[:2]})
    if found.normalised is None or request.siren is None:
        return found
    owner = _checked(normalise_siren, request.siren, lambda siren: {})
    if owner.normalised is None:
        return owner
    if vat_number_matches_siren(found.normalised, owner.normalised):
        return found
    return IdentifierCheck(valid=False, reason="VAT_SIREN_MISMATCH")


async def validate_iban(request: ValidateIban, work: UnitOfWork) -> IdentifierCheck:
    """Whether it is an IBAN. A country outside SEPA is valid but cannot be debited."""
    found = _checked(checked_iban, request.value, _account)
    return found.model_copy(update={"normalised": None})


async def validate_bic(request: ValidateBic, work: UnitOfWork) -> IdentifierCheck:
    """Whether it is a BIC, of the IBAN's country if one is given."""
    found = _checked(checked_bic, request.value, lambda bic: {"country": bic[4:6]})
    if found.normalised is None or request.iban is None or bic_fits_iban(found.normalised, request.iban):
        return found
    return IdentifierCheck(valid=False, reason="BIC_INVALID")


async def compute_billing_periods(request: ComputeBillingPeriods, work: UnitOfWork) -> BillingPeriods:
    """The periods from `from_index` on."""
    entry = dictionary_entry.c
    key = entry.code == request.code if request.code is not None else entry.id == request.billing_period_id
    found = await work.load(
        select(entry.settings).where(
            entry.organisation_id == work.organisation_id, entry.kind == DictionaryKind.BILLING_PERIOD, key
        ),
        "billing_period",
        code=DICTIONARY_ENTRY_NOT_FOUND,
    )
    unit, count = found["settings"]["unit"], found["settings"]["count"]
    indexes = range(request.from_index, request.from_index + request.count)
    return BillingPeriods(items=tuple(_period(request.anchor, unit, count, index) for index in indexes))


def _period(anchor: date, unit: str, count: int, index: int) -> BillingPeriodDates:
    try:
        start, end = billing_period(anchor, unit, count, index)
    except (ValueError, OverflowError):
        raise Refused.field(
            "from_index",
            "range",
            "the period lies beyond the calendar, or the charge has one period only; ask for less",
        ) from None
    return BillingPeriodDates(index=index, start=start, end=end)


def _account(iban: str) -> dict[str, str]:
    country = iban_country(iban)
    derived = {"masked": mask_iban(iban), "country": country, "sepa_eligible": str(is_sepa_country(country)).lower()}
    if country in ("FR", "MC"):
        derived |= {"bank_code": iban[4:9], "branch_code": iban[9:14]}
    return derived


def _checked(normalise: Callable[[str], str], value: str, derive: Callable[[str], dict[str, str]]) -> IdentifierCheck:
    try:
        normalised = normalise(value)
    except PydanticCustomError as refused:
        return IdentifierCheck(valid=False, reason=refused.type)
    return IdentifierCheck(valid=True, normalised=normalised, derived=derive(normalised))
