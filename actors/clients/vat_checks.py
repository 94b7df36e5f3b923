"""VIES in the background: its answer is evidence kept with the client, its silence is asked again."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select

from actors.clients.changes import change_client, find_client
from actors.clients.registers.client import VatAnswer, registers
from messages.clients import RecordState, VatCheckStatus
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.clients.tables import client

_GOOD_FOR: Final = timedelta(days=90)
_A_DAY: Final = 500
NOT_CHECKED: Final[dict[str, Any]] = {
    "vat_check_status": VatCheckStatus.NOT_CHECKED,
    "vat_checked_at": None,
    "vat_consultation_number": None,
}
"""What a changed number begins with."""


class CheckVat(WorkItem):
    """Ask VIES about a client's number."""

    client_id: UUID
    vat_number: str


async def ask_vies(item: CheckVat, outside: Outside) -> VatAnswer:
    """One question; a member state that does not answer is asked another day."""
    return await registers().vat(item.vat_number)


async def keep_answer(item: CheckVat, answer: VatAnswer, work: UnitOfWork) -> None:
    """Evidence of the number that was asked about; what was valid stays valid while VIES is silent."""
    row = await find_client(item.client_id, work)
    if row is None or row["vat_number"] != item.vat_number:
        return
    silent = answer.status is VatCheckStatus.UNAVAILABLE
    if silent and row["vat_check_status"] == VatCheckStatus.VALID:
        return
    changes: dict[str, Any] = {"vat_check_status": answer.status, "vat_checked_at": work.now}
    if not silent:
        changes["vat_consultation_number"] = answer.consultation_number
    await change_client(row, changes, work)


async def unanswered(item: CheckVat, error: Exception, work: UnitOfWork) -> None:
    """VIES could not be reached at all: as if the member state had been silent."""
    await keep_answer(item, VatAnswer(VatCheckStatus.UNAVAILABLE), work)


async def refresh_vat_numbers(moment: Moment, work: UnitOfWork) -> None:
    """Numbers of other member states that were checked long ago, and those that VIES said nothing about."""
    own = client.c
    rows = await work.fetch(
        select(own.id, own.vat_number)
        .where(
            own.organisation_id == work.organisation_id,
            own.record_state == RecordState.LIVE,
            own.vat_number.is_not(None),
            or_(
                own.vat_check_status == VatCheckStatus.UNAVAILABLE,
                (own.vat_status == "TAXABLE_EU") & (own.vat_checked_at < moment.as_of - _GOOD_FOR),
            ),
        )
        .order_by(own.vat_checked_at, own.id)
        .limit(_A_DAY)
    )
    for row in rows:
        item = CheckVat(client_id=row["id"], vat_number=row["vat_number"])
        work.order(item, key=f"{row['id']}:{moment.as_of.isoformat()}")
