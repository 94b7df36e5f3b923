"""The statements of engagement that run for every fact; compiled once, for building them anew costs more than they do."""

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from storage.engagement.read_models import freshness
from storage.engagement.tables import waiting_message
from storage.shared.statements import Statement, prepare

_FRESH = insert(freshness).values(organisation_id=bindparam("organisation_id"), fresh_at=bindparam("fresh_at"))
FRESH: Statement = prepare(
    _FRESH.on_conflict_do_update(
        index_elements=["organisation_id"],
        set_={"fresh_at": _FRESH.excluded.fresh_at},
        where=freshness.c.fresh_at < _FRESH.excluded.fresh_at,
    )
)
NO_LONGER_WAITING: Statement = prepare(
    delete(waiting_message)
    .where(
        waiting_message.c.organisation_id == bindparam("organisation_id"),
        waiting_message.c.client_id == bindparam("client_id"),
    )
    .returning(waiting_message.c.message)
)
