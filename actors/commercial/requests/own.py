"""A representative sees what is his own; everybody else what his permissions say."""

from typing import Any

from sqlalchemy import ColumnElement, select, true

from runtime.unit_of_work import UnitOfWork
from storage.commercial.tables import sales_rep


def visible(rep_column: ColumnElement[Any], work: UnitOfWork) -> ColumnElement[bool]:
    """The rows a caller may read: with data scope OWN, those of the representative he is."""
    if not is_restricted(work):
        return true()
    own = select(sales_rep.c.id).where(
        sales_rep.c.organisation_id == work.organisation_id, sales_rep.c.user_id == work.caller.user_id
    )
    return rep_column.in_(own)


def is_restricted(work: UnitOfWork) -> bool:
    """Whether the caller reads only his own."""
    return work.caller.data_scope == "OWN" and work.caller.user_id is not None
