"""The tables of payments, by subject."""

from storage.payments.tables import bank, dues, means, others, payments, recovery, views
from storage.payments.tables.metadata import metadata

__all__ = ["bank", "dues", "means", "metadata", "others", "payments", "recovery", "views"]
