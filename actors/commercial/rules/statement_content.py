"""The content of a frozen statement: its canonical hash and its CSV file (commercial 6.16)."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

_HEADINGS = (
    "Section", "Type", "Contrat", "Client", "Produit", "Période d'origine", "Mois d'échéance", "Base HT", "Taux",
    "Barème", "Version", "Motif", "Montant",
)  # fmt: skip
_COLUMNS = (
    "section", "line_type", "contract_reference", "client_name", "product_name", "origin_period", "instalment_month",
    "base_amount", "rate_percent", "plan_code", "plan_version_no", "reason", "amount",
)  # fmt: skip
_TEXT_COLUMNS = frozenset({"contract_reference", "client_name", "product_name", "plan_code", "reason"})
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Sorted keys, no spaces, amounts as texts of two decimals, ISO dates, nothing that is null."""
    return orjson.dumps(_plain(content), option=orjson.OPT_SORT_KEYS)


def content_sha256(content: Mapping[str, Any]) -> str:
    """The hash that stands for the whole content of a statement."""
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _plain(found) for name, found in value.items() if found is not None}
        case Decimal():
            return f"{value:.2f}"
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return [_plain(found) for found in value]
        case str():
            return str(value)
        case _:
            return value


def csv_of(lines: Sequence[Mapping[str, Any]], totals: Mapping[str, Decimal]) -> bytes:
    """The statement as spreadsheets read it in France: UTF-8 with BOM, semicolons, decimal commas, CRLF."""
    rows = [";".join(_HEADINGS)]
    rows += [";".join(_cell(name, line.get(name)) for name in _COLUMNS) for line in lines]
    rows += [";".join((f"TOTAL {name}", *[""] * 11, _number(value))) for name, value in totals.items()]
    return ("\ufeff" + "\r\n".join(rows) + "\r\n").encode()


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return _number(value)
    text = str(value)
    if column in _TEXT_COLUMNS and text.startswith(_FORMULA_STARTS):
        text = "'" + text
    if any(character in text for character in ';"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    return text


def _number(value: Decimal) -> str:
    return f"{value:f}".replace(".", ",")


def file_name(company_code: str, period: str, number: str, extension: str) -> str:
    """`Bordereau_Commissions_DUP_2025-03_BDR-2025-03-001.csv`."""
    return f"Bordereau_Commissions_{company_code}_{period}_{number}.{extension}"
