"""Pure rules of identity: slugs, legal mentions, the membership machine."""

import re

from messages.identity import LEGAL_MENTIONS_REQUIRED, CreateCompany, MembershipStatus
from messages.problem import Refused
from messages.transitions import StateMachine
from messages.values.companies import french_vat_number, vat_number_matches_siren
from messages.values.text import search_form

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LENGTH = 30
_FORMS_WITH_CAPITAL = frozenset({"SA", "SAS", "SASU", "SARL", "EURL", "SCA"})

MEMBERSHIP = StateMachine(
    "membership",
    {
        ("suspend", MembershipStatus.ACTIVE): MembershipStatus.SUSPENDED,
        ("reactivate", MembershipStatus.SUSPENDED): MembershipStatus.ACTIVE,
    },
)


def slug_of(name: str, attempt: int = 1) -> str:
    """The short name in addresses: lower case without accents, at most 30 characters, `-2`, `-3` ... on a clash."""
    suffix = "" if attempt == 1 else f"-{attempt}"
    plain = _NOT_SLUG.sub("-", search_form(name)).strip("-")[: _SLUG_LENGTH - len(suffix)].strip("-")
    return (plain or "organisation") + suffix


def check_legal_identity(company: CreateCompany) -> None:
    """Refuse a company whose identifiers contradict one another or whose invoices would lack mandatory mentions.

    Source: Commercial Code R123-237 (capital and register city of companies with share capital).
    """
    if company.siret_hq is not None and not company.siret_hq.startswith(company.siren):
        raise Refused.field("siret_hq", "SIRET_INVALID", "siret_hq does not begin with the siren; correct one of them")
    if company.vat_number is not None and not vat_number_matches_siren(company.vat_number, company.siren):
        expected = french_vat_number(company.siren)
        raise Refused.field(
            "vat_number", "VAT_NUMBER_INVALID", f"the VAT number of this siren is {expected}; correct it"
        )
    if company.legal_form in _FORMS_WITH_CAPITAL and (company.share_capital is None or company.rcs_city is None):
        raise Refused.field(
            "share_capital" if company.share_capital is None else "rcs_city",
            "required",
            f"invoices of a {company.legal_form} must show capital and register city; fill in share_capital and rcs_city",
            LEGAL_MENTIONS_REQUIRED,
        )
