"""The tables of payments, by subject."""

from storage.payments.tables import (
    agreements,
    bank,
    charges,
    dues,
    ledger,
    means,
    others,
    payments,
    portal,
    providers,
    recovery,
    views,
)
from storage.payments.tables.metadata import metadata

__all__ = [
    "agreements", "bank", "charges", "dues", "ledger", "means", "metadata", "others", "payments", "portal", "providers", "recovery",
    "views",
]  # fmt: skip
