"""Organisations and companies: slugs, legal mentions, what may still change."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from messages.identity import COMPANY_SIREN_LOCKED, LEGAL_MENTIONS_REQUIRED
from messages.problem import Refused
from messages.values.companies import french_vat_number, vat_number_matches_siren
from messages.values.money import Money
from messages.values.text import search_form

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LENGTH = 30
_FORMS_WITH_CAPITAL = frozenset({"SA", "SAS", "SASU", "SARL", "EURL", "SCA"})


def slug_of(name: str, attempt: int = 1) -> str:
    """The short name in addresses: lower case without accents, at most 30 characters, `-2`, `-3` ... on a clash."""
    suffix = "" if attempt == 1 else f"-{attempt}"
    plain = _NOT_SLUG.sub("-", search_form(name)).strip("-")[: _SLUG_LENGTH - len(suffix)].strip("-")
    return (plain or "organisation") + suffix


class LegalIdentity(Protocol):
    """What a new company and a changed one have in common."""

    @property
    def siren(self) -> str: ...
    @property
    def siret_hq(self) -> str | None: ...
    @property
    def vat_number(self) -> str | None: ...
    @property
    def legal_form(self) -> str | None: ...
    @property
    def share_capital(self) -> Money | None: ...
    @property
    def rcs_city(self) -> str | None: ...


def check_legal_identity(company: LegalIdentity) -> None:
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


def check_siren_is_free(*, in_use: bool, siren: str, changed_to: str) -> None:
    """The SIREN of a company that has issued an invoice stays: it is printed on numbered, sealed documents."""
    if in_use and siren != changed_to:
        raise Refused(
            COMPANY_SIREN_LOCKED, "invoices were issued under this SIREN; create another company for another SIREN"
        )


def changed_fields(changes: Mapping[str, Any], row: Mapping[str, Any], *, required: Iterable[str]) -> dict[str, Any]:
    """What a partial update really changes; null clears a field, except the required ones."""
    for name in required:
        if name in changes and changes[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be cleared; leave it out or give a value")
    return {name: value for name, value in changes.items() if row[name] != value}
