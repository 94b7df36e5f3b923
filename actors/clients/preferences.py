"""Billing preferences of a client name entries of the dictionaries; only those that are offered may be chosen."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, select

from messages.clients import PREFERENCE_UNKNOWN, DictionaryKind
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import dictionary_entry, payment_term

_REFERENCES: Final[dict[str, tuple[Table, DictionaryKind | None]]] = {
    "default_payment_term_id": (payment_term, None),
    "default_billing_period_id": (dictionary_entry, DictionaryKind.BILLING_PERIOD),
    "billing_mode_id": (dictionary_entry, DictionaryKind.BILLING_MODE),
    "invoice_issue_mode_id": (dictionary_entry, DictionaryKind.INVOICE_ISSUE_MODE),
}
PREFERENCES: Final = frozenset(
    {*_REFERENCES, "buyer_reference", "purchase_order_required", "einvoice_scheme", "einvoice_address"}
)
"""The fields of a client that say how he is billed."""


async def check_preferences(chosen: Mapping[str, Any], work: UnitOfWork) -> None:
    """Refuse a preference that names no entry on offer (PREFERENCE_UNKNOWN); asks for those that are chosen only."""
    for name, (table, kind) in _REFERENCES.items():
        if chosen.get(name) is not None and not await _offered(table, kind, chosen[name], work):
            message = f"{name} names no entry that is offered; take one from the dictionary"
            raise Refused.field(name, "unknown", message, PREFERENCE_UNKNOWN)


async def _offered(table: Table, kind: DictionaryKind | None, entry_id: UUID, work: UnitOfWork) -> bool:
    wanted = select(table.c.id).where(
        table.c.organisation_id == work.organisation_id, table.c.id == entry_id, table.c.active.is_(True)
    )
    if kind is not None:
        wanted = wanted.where(table.c.kind == kind)
    return await work.fetch_value(wanted) is not None
