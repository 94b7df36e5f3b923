"""What the rows of aggregates have in common."""

from typing import Any

from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork


def new_row(work: UnitOfWork) -> dict[str, Any]:
    """The columns that every aggregate begins with, under a new id."""
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }
