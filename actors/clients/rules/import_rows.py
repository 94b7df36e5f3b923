"""What a row of a client file says: every cell is checked, and all that is wrong with a row is told at once."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pydantic_core import PydanticCustomError

from messages.clients import ClientType, ImportField, Title
from messages.values.addresses import check_postal_code, checked_country_code
from messages.values.banking import checked_bic, checked_iban
from messages.values.companies import normalise_siren, normalise_siret, normalise_vat_number, vat_number_matches_siren
from messages.values.contact import checked_email, normalise_phone
from messages.values.text import search_form, without_control_characters

_TYPES: Final = {
    **dict.fromkeys(("particulier", "individuel", "personne", "individual"), ClientType.INDIVIDUAL),
    **dict.fromkeys(("entreprise", "societe", "professionnel", "pro", "business"), ClientType.BUSINESS),
    **dict.fromkeys(("association", "asso"), ClientType.ASSOCIATION),
    **dict.fromkeys(("administration", "public", "collectivite", "public_body"), ClientType.PUBLIC_BODY),
}
_TITLES: Final = {
    **dict.fromkeys(("m", "m.", "mr", "monsieur"), Title.MR),
    **dict.fromkeys(("mme", "mlle", "mrs", "madame"), Title.MRS),
}
_LONGEST: Final = {
    ImportField.FAMILY_NAME: 100, ImportField.GIVEN_NAME: 100, ImportField.LEGAL_NAME: 255, ImportField.LINE1: 255,
    ImportField.LINE2: 255, ImportField.CITY: 100, ImportField.POSTAL_CODE: 20, ImportField.CLIENT_CODE: 50,
}  # fmt: skip
_DAMAGED_PHONE: Final = re.compile(r"[1-79]\d{8}")
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_FRENCH_DATE: Final = re.compile(r"(\d{2})/(\d{2})/(\d{4})")


@dataclass(frozen=True, slots=True)
class CellError:
    """One thing that is wrong, and its cure."""

    field: str
    code: str
    message: str


@dataclass(slots=True)
class ReadRow:
    """A row as read: its values by field, all normalised, or its errors."""

    line: int
    raw: str
    values: dict[ImportField, str] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    type: ClientType = ClientType.INDIVIDUAL
    title: Title | None = None
    birth_date: date | None = None

    def get(self, name: ImportField) -> str | None:
        """A value; None where the cell is empty."""
        return self.values.get(name)

    def refuse(self, name: str, code: str, message: str) -> None:
        """Note what is wrong."""
        self.errors.append(CellError(name, code, message))


def read_row(line: int, raw: str, cells: Iterable[tuple[ImportField, str]], country: str, today: date) -> ReadRow:
    """Check every cell of a row."""
    row = ReadRow(line, raw)
    for name, text in cells:
        if text:
            row.values.setdefault(name, " ".join(text.split()))
    row.values.setdefault(ImportField.COUNTRY, country)
    _read_type(row)
    _read_names(row)
    _read_birth_date(row, today)
    for name, normalise in _NORMALISED.items():
        _normalise(row, name, normalise)
    _read_address(row)
    _read_company(row)
    reachable = {ImportField.EMAIL, ImportField.PHONE, ImportField.LINE1, ImportField.SIREN} & row.values.keys()
    if not row.errors and not reachable:
        row.refuse("email", "NO_CONTACT_POINT", "fill in an e-mail address, a phone number or a postal address")
    return row


def _read_type(row: ReadRow) -> None:
    typed = row.get(ImportField.TYPE)
    if typed is None:
        named = {ImportField.LEGAL_NAME, ImportField.SIREN, ImportField.SIRET} & row.values.keys()
        row.type = ClientType.BUSINESS if named else ClientType.INDIVIDUAL
    elif (known := _TYPES.get(search_form(typed))) is not None:
        row.type = known
    else:
        row.refuse("type", "TYPE_INVALID", "write particulier, entreprise, association or administration")
    title = row.get(ImportField.TITLE)
    if title is not None and row.type is ClientType.INDIVIDUAL:
        row.title = _TITLES.get(search_form(title))
        if row.title is None:
            row.refuse("title", "TITLE_INVALID", "write M. or Mme, or leave it empty")


def _read_names(row: ReadRow) -> None:
    for name, longest in _LONGEST.items():
        text = row.get(name)
        if text is None:
            continue
        if len(text) > longest:
            row.refuse(name.value, "TOO_LONG", f"shorten it to {longest} characters")
        _normalise(row, name, without_control_characters)
    if row.type is ClientType.INDIVIDUAL:
        for name in (ImportField.FAMILY_NAME, ImportField.GIVEN_NAME):
            if row.get(name) is None and not any(error.field == "type" for error in row.errors):
                row.refuse(name.value, "NAME_REQUIRED", "a person needs a family name and a given name; fill in both")
    elif row.get(ImportField.LEGAL_NAME) is None:
        family = row.get(ImportField.FAMILY_NAME)
        if family is None:
            row.refuse("legal_name", "NAME_REQUIRED", "fill in the company's name")
        else:
            row.values[ImportField.LEGAL_NAME] = family


def _read_birth_date(row: ReadRow, today: date) -> None:
    text = row.get(ImportField.BIRTH_DATE)
    if text is None:
        return
    try:
        if found := _ISO_DATE.fullmatch(text):
            row.birth_date = date(*map(int, found.groups()))
        elif found := _FRENCH_DATE.fullmatch(text):
            day, month, year = map(int, found.groups())
            row.birth_date = date(year, month, day)
    except ValueError:
        row.birth_date = None
    if row.birth_date is None or not date(1900, 1, 1) <= row.birth_date <= today:
        row.refuse("birth_date", "BIRTH_DATE_INVALID", "write a past date such as 1990-01-15 or 15/01/1990")


def _phone(text: str) -> str:
    """Spreadsheets eat the leading zero of French numbers: nine digits get it back."""
    digits = re.sub(r"[\s.-]", "", text)
    return normalise_phone(f"0{digits}" if _DAMAGED_PHONE.fullmatch(digits) else text)


_NORMALISED: Final[Mapping[ImportField, Callable[[str], str]]] = {
    ImportField.EMAIL: checked_email,
    ImportField.PHONE: _phone,
    ImportField.SIREN: normalise_siren,
    ImportField.SIRET: normalise_siret,
    ImportField.VAT_NUMBER: normalise_vat_number,
    ImportField.IBAN: checked_iban,
    ImportField.BIC: checked_bic,
    ImportField.COUNTRY: checked_country_code,
}


def _normalise(row: ReadRow, name: ImportField, normalise: Callable[[str], str]) -> None:
    text = row.get(name)
    if text is None:
        return
    try:
        row.values[name] = normalise(text)
    except PydanticCustomError as refused:
        row.refuse(name.value, refused.type, refused.message())


def _read_address(row: ReadRow) -> None:
    given = {ImportField.LINE1, ImportField.POSTAL_CODE, ImportField.CITY} & row.values.keys()
    if not given:
        return
    missing = {ImportField.LINE1, ImportField.POSTAL_CODE, ImportField.CITY} - given
    for name in sorted(missing):
        row.refuse(name.value, "ADDRESS_INCOMPLETE", "an address needs street, postal code and city; fill in all three")
    postal_code = row.get(ImportField.POSTAL_CODE)
    if postal_code is not None:
        _normalise(
            row, ImportField.POSTAL_CODE, lambda code: check_postal_code(row.values[ImportField.COUNTRY], code.upper())
        )


def _read_company(row: ReadRow) -> None:
    if row.type is ClientType.INDIVIDUAL:
        return
    siret = row.get(ImportField.SIRET)
    siren = row.values.setdefault(ImportField.SIREN, siret[:9]) if siret else row.get(ImportField.SIREN)
    if siret and siren and not siret.startswith(siren):
        row.refuse("siret", "SIRET_SIREN_MISMATCH", "the SIRET does not begin with the SIREN; correct one of them")
    vat_number = row.get(ImportField.VAT_NUMBER)
    if row.errors or not (siren and vat_number):
        return
    if not vat_number_matches_siren(vat_number, siren):
        row.refuse("vat_number", "VAT_SIREN_MISMATCH", "the VAT number is another company's; correct it or the SIREN")
