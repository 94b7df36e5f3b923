"""The three registers in their own dialects: recherche-entreprises (DINUM), VIES (European Commission), BAN (IGN)."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from actors.clients.registers.line import Line
from messages.clients import AddressMatch, CompanyEntry, VatCheckStatus
from messages.errors import EXTERNAL_SERVICE_ERROR
from messages.problem import Refused
from runtime import clock

_DAY_SECONDS: Final = 86_400.0
_MOST_REMEMBERED: Final = 1_000
_PUBLISHED: Final = "O"


class RegisterSettings(BaseSettings):
    """`CRM_CLIENTS_*`: where the registers are. Unset ones are off, and nobody's address leaves the house."""

    model_config = SettingsConfigDict(env_prefix="CRM_CLIENTS_", extra="ignore")

    companies_url: str | None = Field(default=None, description="https://recherche-entreprises.api.gouv.fr")
    vies_url: str | None = Field(default=None, description="https://ec.europa.eu/taxation_customs/vies/rest-api")
    addresses_url: str | None = Field(default=None, description="https://data.geopf.fr/geocodage")
    vies_requester: str | None = Field(
        default=None, description="own VAT number: with it VIES gives the consultation number that proves the check"
    )


@dataclass(frozen=True, slots=True)
class VatAnswer:
    """What VIES says; the consultation number proves that it was asked."""

    status: VatCheckStatus
    consultation_number: str | None = None


class Registers:
    """What this installation may ask."""

    def __init__(self, settings: RegisterSettings) -> None:
        self._companies = Line("the company register", settings.companies_url) if settings.companies_url else None
        self._vies = Line("VIES", settings.vies_url) if settings.vies_url else None
        self._addresses = Line("the address file", settings.addresses_url) if settings.addresses_url else None
        self._requester = settings.vies_requester
        self._known: OrderedDict[tuple[str, int], tuple[float, tuple[CompanyEntry, ...]]] = OrderedDict()

    async def companies(self, sought: str, limit: int) -> tuple[CompanyEntry, ...]:
        """Entries by number or name."""
        known = self._known.get((sought, limit))
        if known is not None and clock.monotonic() < known[0]:
            return known[1]
        params = {"q": sought, "page": "1", "per_page": str(limit)}
        found = await _line(self._companies, "companies_url").ask("GET", "/search", params=params)
        entries = tuple(_company(entry) for entry in found.get("results", ())[:limit])
        self._known[sought, limit] = (clock.monotonic() + _DAY_SECONDS, entries)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return entries

    async def vat(self, number: str) -> VatAnswer:
        """VIES's word. An error inside a 200 is UNAVAILABLE, never INVALID, unless the number itself is malformed."""
        body = {"countryCode": number[:2], "vatNumber": number[2:]}
        if self._requester is not None:
            body |= {"requesterMemberStateCode": self._requester[:2], "requesterNumber": self._requester[2:]}
        found = await _line(self._vies, "vies_url").ask("POST", "/check-vat-number", json=body)
        errors = [wrapped.get("error") for wrapped in found.get("errorWrappers", ())]
        error = errors[0] if errors else found.get("userError")
        if error == "INVALID_INPUT":
            return VatAnswer(VatCheckStatus.INVALID)
        if error not in (None, "VALID", "INVALID") or "valid" not in found:
            return VatAnswer(VatCheckStatus.UNAVAILABLE)
        status = VatCheckStatus.VALID if found["valid"] else VatCheckStatus.INVALID
        return VatAnswer(status, found.get("requestIdentifier") or None)

    async def addresses(self, street: str, postal_code: str, city: str) -> list[tuple[AddressMatch, bool]]:
        """Matches, the best first, each with whether it is exact to the house number."""
        params = {"q": f"{street} {city}", "postcode": postal_code, "limit": "5", "autocomplete": "0"}
        found = await _line(self._addresses, "addresses_url").ask("GET", "/search", params=params)
        matches = [_match(feature["properties"]) for feature in found.get("features", ())]
        return sorted(matches, key=lambda match: -match[0].score)


def _line(line: Line | None, setting: str) -> Line:
    if line is None:
        raise Refused(EXTERNAL_SERVICE_ERROR, f"this register is off; set CRM_CLIENTS_{setting.upper()} to use it")
    return line


def _company(entry: Mapping[str, Any]) -> CompanyEntry:
    """Directors are never read; of who objects to publication (statut_diffusion P) only the numbers stay."""
    seat = entry.get("siege") or {}
    fields: dict[str, Any] = {
        "siren": entry["siren"],
        "active": entry.get("etat_administratif") == "A",
        "siret": seat.get("siret"),
        "legal_form_code": entry.get("nature_juridique"),
        "naf_code": entry.get("activite_principale"),
    }
    if entry.get("statut_diffusion", _PUBLISHED) == _PUBLISHED:
        fields |= {
            "legal_name": entry.get("nom_raison_sociale") or entry.get("nom_complet"),
            "created_on": entry.get("date_creation"),
            "headcount_band": entry.get("tranche_effectif_salarie"),
            "street": seat.get("adresse"),
            "postal_code": seat.get("code_postal"),
            "city": seat.get("libelle_commune"),
        }
    return CompanyEntry.model_validate(fields)


def _match(found: Mapping[str, Any]) -> tuple[AddressMatch, bool]:
    match = AddressMatch(
        label=found["label"],
        score=round(float(found["score"]), 4),
        street=found["name"],
        postal_code=found["postcode"],
        city=found["city"],
        insee_code=found.get("citycode"),
    )
    return match, found.get("type") == "housenumber"


@cache
def registers() -> Registers:
    """The registers of this process."""
    return Registers(RegisterSettings())
