"""Client codes: the organisation's prefix and a number that nobody had before."""

from sqlalchemy import select

from messages.clients import ClientSettings
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import client_code_block, client_settings
from storage.shared.statements import Statement, prepare

_PREFIX: Statement = prepare(select(client_settings.c.settings["client_code_prefix"].astext))
"""Row-level security leaves the organisation's own row."""
_DEFAULT = ClientSettings().client_code_prefix


async def next_code(work: UnitOfWork) -> str:
    """The next code; numbers may leave gaps."""
    prefix: str | None = await work.fetch_value(_PREFIX)
    return f"{_DEFAULT if prefix is None else prefix}{await work.next_number(client_code_block):06d}"
