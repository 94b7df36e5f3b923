"""Companies' accounts at approved platforms, and the kept connections to them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import select

from actors.factures.platform.client import PlatformClient
from actors.factures.settings import FacturesSettings
from messages.factures import PLATFORM_PROCESSING
from messages.factures.platform import PLATFORM_NOT_CONNECTED, CompanySize
from messages.problem import Refused
from runtime.keys import Keys
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import platform_account

SECRET: Final = "SECRET"
START: Final = {
    CompanySize.LARGE: date(2026, 9, 1),
    CompanySize.MID: date(2026, 9, 1),
    CompanySize.SMALL: date(2027, 9, 1),
    CompanySize.MICRO: date(2027, 9, 1),
}
"""From when a company must send its invoices through a platform (finance law for 2024, art. 91)."""


class Reading(Protocol):
    """What can run queries: a unit of work, or a worker's read-only connection."""

    async def fetch(self, statement: Any, **values: Any) -> list[Row]:
        """All rows."""


async def account_of(company_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """The account of a company; PLATFORM_NOT_CONNECTED when it has none."""
    statement = select(platform_account).where(
        platform_account.c.organisation_id == work.organisation_id, platform_account.c.company_id == company_id
    )
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise Refused(PLATFORM_NOT_CONNECTED, "the company has no account at a platform; connect one first")
    return row


async def known_account(company_id: UUID, organisation_id: UUID, reading: Reading) -> Row | None:
    """The account of a company, if it has one."""
    rows = await reading.fetch(queries.PLATFORM_ACCOUNT, organisation_id=organisation_id, company_id=company_id)
    return rows[0] if rows else None


def must_be_sent(row: Mapping[str, Any], account: Row | None, issue_date: date) -> bool:
    """Whether the law sends a document through the platform (CGI art. 289 bis)."""
    if account is None or row["internal_only"] or row["processing"] not in PLATFORM_PROCESSING:
        return False
    return bool(account["einvoicing_start_on"] <= issue_date)


async def hidden(value: str, column: str, account_id: UUID, work: UnitOfWork) -> bytes:
    """A secret of an account as it is stored."""
    return await work.keys.encrypt(
        value,
        organisation_id=work.organisation_id,
        domain=SECRET,
        table="platform_account",
        column=column,
        row_id=account_id,
    )


async def revealed(account: Row, column: str, keys: Keys) -> str:
    """A secret of an account in clear."""
    return await keys.decrypt(
        account[column],
        organisation_id=account["organisation_id"],
        domain=SECRET,
        table="platform_account",
        column=column,
        row_id=account["id"],
    )


_CLIENTS: dict[tuple[UUID, int], PlatformClient] = {}


async def platform_of(account: Row, keys: Keys) -> PlatformClient:
    """The kept connection of an account; a changed account gets a new one."""
    key = (account["id"], account["version"])
    if key not in _CLIENTS:
        address = FacturesSettings().address(account["platform_code"])
        _CLIENTS[key] = PlatformClient(address, account["client_id"], await revealed(account, "client_secret", keys))
        for old in [known for known in _CLIENTS if known[0] == key[0] and known != key]:
            await _CLIENTS.pop(old).close()
    return _CLIENTS[key]
