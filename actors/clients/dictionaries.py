"""The dictionaries every organisation starts with, and how a payment term is told to the others."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from messages.base import Event
from messages.clients import (
    BillingModeRetired,
    BillingModeSaved,
    BillingPeriodRetired,
    BillingPeriodSaved,
    ClientStatusDefinitionRetired,
    ClientStatusDefinitionSaved,
    DictionaryKind,
    InvoiceIssueModeRetired,
    InvoiceIssueModeSaved,
    PaymentTermSaved,
    TermAudience,
)
from messages.values.due_dates import TermBasis
from messages.values.identifiers import derived_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import dictionary_entry, payment_term

_TERMS: tuple[tuple[str, str, int, TermBasis], ...] = (
    ("IMMEDIATE", "Paiement immédiat", 0, TermBasis.NET),
    ("NET_15", "15 jours", 15, TermBasis.NET),
    ("NET_30", "30 jours", 30, TermBasis.NET),
    ("NET_45", "45 jours", 45, TermBasis.NET),
    ("NET_45_EOM", "45 jours puis fin de mois", 45, TermBasis.NET_THEN_EOM),
    ("EOM_45", "Fin de mois puis 45 jours", 45, TermBasis.EOM_THEN_NET),
    ("NET_60", "60 jours", 60, TermBasis.NET),
)
_DEFAULT_TERM = "NET_30"

_ENTRIES: dict[DictionaryKind, tuple[tuple[str, str, bool, dict[str, Any]], ...]] = {
    DictionaryKind.BILLING_PERIOD: (
        ("ONE_OFF", "Ponctuel", False, {"unit": "ONE_OFF", "count": 1}),
        ("WEEKLY", "Hebdomadaire", False, {"unit": "WEEK", "count": 1}),
        ("MONTHLY", "Mensuel", True, {"unit": "MONTH", "count": 1}),
        ("BIMONTHLY", "Bimestriel", False, {"unit": "MONTH", "count": 2}),
        ("QUARTERLY", "Trimestriel", False, {"unit": "MONTH", "count": 3}),
        ("SEMIANNUAL", "Semestriel", False, {"unit": "MONTH", "count": 6}),
        ("ANNUAL", "Annuel", False, {"unit": "YEAR", "count": 1}),
    ),
    DictionaryKind.BILLING_MODE: (
        ("COMPANY_PER_CONTRACT", "La société, par contrat", True, {"issuer": "COMPANY", "scope": "PER_CONTRACT"}),
        ("COMPANY_PER_CLIENT", "La société, par client", False, {"issuer": "COMPANY", "scope": "PER_CLIENT"}),
        ("PARTNER", "Le partenaire", False, {"issuer": "PARTNER", "scope": "PER_CONTRACT"}),
        ("SUPPLIER", "Le fournisseur", False, {"issuer": "SUPPLIER", "scope": "PER_CONTRACT"}),
    ),
    DictionaryKind.INVOICE_ISSUE_MODE: (
        ("EMAIL", "E-mail", True, {"channel": "EMAIL"}),
        ("POST", "Courrier", False, {"channel": "POST"}),
        ("CLIENT_SPACE", "Espace client", False, {"channel": "CLIENT_SPACE"}),
        ("EINVOICE_PLATFORM", "Plateforme agréée", False, {"channel": "EINVOICE_PLATFORM"}),
        ("PUBLIC_PORTAL", "Portail public", False, {"channel": "PUBLIC_PORTAL"}),
        ("MANUAL", "Manuel", False, {"channel": "MANUAL"}),
    ),
    DictionaryKind.CLIENT_STATUS: (
        ("PROSPECT", "Prospect", True, {"category": "PROSPECT"}),
        ("ACTIF", "Actif", True, {"category": "ACTIVE"}),
        ("IMPAYE", "Impayé", True, {"category": "OVERDUE"}),
        ("SUSPENDU", "Suspendu", True, {"category": "SUSPENDED"}),
        ("INACTIF", "Inactif", True, {"category": "INACTIVE"}),
    ),
}
_ALIASES: dict[str, tuple[str, ...]] = {
    "ONE_OFF": ("PONCTUEL", "UNIQUE"),
    "WEEKLY": ("HEBDOMADAIRE",),
    "MONTHLY": ("MENSUEL", "MENSUELLE"),
    "BIMONTHLY": ("BIMESTRIEL", "BIMESTRIELLE"),
    "QUARTERLY": ("TRIMESTRIEL", "TRIMESTRIELLE"),
    "SEMIANNUAL": ("SEMESTRIEL", "SEMESTRIELLE"),
    "ANNUAL": ("ANNUEL", "ANNUELLE"),
}
"""How files and people name the billing periods in French."""
_FACTS: dict[DictionaryKind, type[Event]] = {
    DictionaryKind.BILLING_PERIOD: BillingPeriodSaved,
    DictionaryKind.BILLING_MODE: BillingModeSaved,
    DictionaryKind.INVOICE_ISSUE_MODE: InvoiceIssueModeSaved,
    DictionaryKind.CLIENT_STATUS: ClientStatusDefinitionSaved,
}
_RETIREMENTS: dict[DictionaryKind, type[Event]] = {
    DictionaryKind.BILLING_PERIOD: BillingPeriodRetired,
    DictionaryKind.BILLING_MODE: BillingModeRetired,
    DictionaryKind.INVOICE_ISSUE_MODE: InvoiceIssueModeRetired,
    DictionaryKind.CLIENT_STATUS: ClientStatusDefinitionRetired,
}


async def seed_dictionaries(work: UnitOfWork) -> None:
    """Write and state what is missing; the ids follow from the codes, so a repetition changes nothing."""
    for code, name, days, basis in _TERMS:
        await _seed_term(code, name, days, basis, work)
    for kind, entries in _ENTRIES.items():
        for position, (code, name, is_default, settings) in enumerate(entries):
            await _seed_entry(kind, position, code, name, is_default, settings, work)


async def _seed_term(code: str, name: str, days: int, basis: TermBasis, work: UnitOfWork) -> None:
    row = {
        "id": derived_id("payment_term", work.organisation_id, code),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "code": code,
        "name": name,
        "description": None,
        "days": days,
        "basis": basis,
        "day_of_month": None,
        "audience": TermAudience.ANY,
        "is_default": code == _DEFAULT_TERM,
        "active": True,
    }
    if await work.execute(insert(payment_term).values(**row).on_conflict_do_nothing()):
        state_term(row, work)


async def _seed_entry(
    kind: DictionaryKind,
    position: int,
    code: str,
    name: str,
    is_default: bool,
    settings: dict[str, Any],
    work: UnitOfWork,
) -> None:
    row = {
        "id": derived_id("dictionary", work.organisation_id, kind, code),
        "organisation_id": work.organisation_id,
        "kind": kind,
        "code": code,
        "name": name,
        "position": position,
        "is_default": is_default,
        "active": True,
        "settings": settings,
        "aliases": list(_ALIASES.get(code, ())),
    }
    if await work.execute(insert(dictionary_entry).values(**row).on_conflict_do_nothing()):
        state_entry({**row, "version": 1}, work)


def state_term(row: Row | dict[str, Any], work: UnitOfWork) -> None:
    """Tell the others a payment term as it is now."""
    fact = PaymentTermSaved.model_validate({**row, "end_of_month": row["basis"]})
    work.emit(fact, version=row["version"])


def state_entry(row: Row | dict[str, Any], work: UnitOfWork) -> None:
    """Tell the others an entry as it is now."""
    fact = _FACTS[row["kind"]].model_validate({**row, **row["settings"], "label": row["name"]})
    work.emit(fact, version=row["version"])


def state_retirement(row: Row | dict[str, Any], work: UnitOfWork) -> None:
    """Tell the others that an entry is no longer offered."""
    work.emit(_RETIREMENTS[row["kind"]].model_validate(dict(row)), version=row["version"])
