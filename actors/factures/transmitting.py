"""What is to go to the platform: queued in the transaction that is its reason, and the states a sending passes."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.factures.ordering import SendFlow
from actors.factures.rules.lifecycle import SENDING
from messages.factures import Processing, TransmissionStatus
from messages.factures.platform import Flow, TransmissionState
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import transmission


async def queue_invoices(issued: Sequence[Row], work: UnitOfWork) -> None:
    """Send issued documents that must pass the platform; their files are there already."""
    wanted = [row for row in issued if row["transmission_status"] == TransmissionStatus.QUEUED]
    if not wanted:
        return
    hashes = {
        found["invoice_id"]: found["sha256"]
        for found in await work.fetch(
            queries.PDF_HASHES, organisation_id=work.organisation_id, ids=[row["id"] for row in wanted]
        )
    }
    for row in wanted:
        await _queue(
            work,
            flow=Flow.FLOW2,
            company_id=row["company_id"],
            invoice_id=row["id"],
            processing_rule=row["processing"],
            recipient=row["buyer"].get("endpoint") or row["buyer"]["siren"],
            tracking_id=f"factures:{row['id']}:1",
            filename=f"{row['number'].replace('/', '-')}.pdf",
            sha256=hashes[row["id"]],
        )


async def queue_message(row: Row, event_id: UUID, code: int, content: bytes, work: UnitOfWork) -> None:
    """Send a status of ours."""
    await _queue(
        work,
        flow=Flow.CDV,
        company_id=row["company_id"],
        invoice_id=row["id"],
        processing_rule=Processing.B2B,
        tracking_id=f"factures:{event_id}:1",
        filename=f"{code}-{row['number'].replace('/', '-')}.xml",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


async def queue_report(report: Row, work: UnitOfWork) -> None:
    """Send an e-report to the tax hub, by way of the platform."""
    await _queue(
        work,
        flow=Flow.FLOW10,
        company_id=report["company_id"],
        e_report_id=report["id"],
        processing_rule=Processing.B2C,
        tracking_id=f"factures:{report['id']}:1",
        filename=f"{report['type'].lower()}-{report['period_start']}-{report['sequence']}.xml",
        sha256=report["sha256"],
        content=report["xml"],
    )


async def _queue(work: UnitOfWork, **columns: Any) -> None:
    identity = new_id()
    await work.insert(
        transmission,
        id=identity,
        organisation_id=work.organisation_id,
        state=TransmissionState.QUEUED,
        attempts=0,
        next_retry_at=work.now,
        created_at=work.now,
        **columns,
    )
    order_send(identity, 0, work)


def order_send(transmission_id: UUID, attempts: int, work: UnitOfWork) -> None:
    """Let a worker try; each try is ordered once."""
    work.order(SendFlow(transmission_id=transmission_id), key=f"{transmission_id}:{attempts}")


async def move(row: Row, trigger: str, work: UnitOfWork, **columns: Any) -> dict[str, Any]:
    """Take a locked sending to its next state; INVALID_TRANSITION where there is none."""
    return await change(row, work, state=SENDING.after(trigger, TransmissionState(row["state"])), **columns)


async def change(row: Row, work: UnitOfWork, **columns: Any) -> dict[str, Any]:
    """Change a locked sending."""
    mine = (transmission.c.organisation_id == work.organisation_id, transmission.c.id == row["id"])
    await work.execute(update(transmission).where(*mine).values(**columns))
    return {**row, **columns}


async def due(work: UnitOfWork, most: int) -> list[Row]:
    """What waits for its next try."""
    statement = select(transmission.c.id, transmission.c.attempts).where(
        transmission.c.organisation_id == work.organisation_id,
        transmission.c.state == TransmissionState.QUEUED,
        transmission.c.next_retry_at <= work.now,
    )
    return await work.fetch(statement.order_by(transmission.c.next_retry_at).limit(most))
