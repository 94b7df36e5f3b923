"""The workers that send to the platform: tried again on the clock while it is silent, given up after a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from actors.factures import lifecycle, reporting, transmitting
from actors.factures.accounts import platform_of
from actors.factures.issuing import ReadingConnection
from actors.factures.ordering import SendFlow
from actors.factures.platform.port import ApprovedPlatform, PlatformUnavailableError, Upload
from actors.factures.rules.lifecycle import retry_at
from messages.factures import FileFormat
from messages.factures.platform import PLATFORM_REFUSED, Flow, TransmissionState
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.factures import queries
from storage.factures.tables import directory_line

_SYNTAX = {Flow.FLOW2: "Factur-X", Flow.CDV: "CDAR", Flow.FLOW10: "FRR"}
_MIME = {Flow.FLOW2: "application/pdf", Flow.CDV: "application/xml", Flow.FLOW10: "application/xml"}
_KNOWN_FOR = timedelta(days=7)
_ASK_AGAIN = timedelta(hours=1)
NO_ENTRY = "NO_DIRECTORY_ENTRY"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try to send came to: a flow's id, no directory entry, silence, or a refusal with its code."""

    flow_id: str | None = None
    recipient_known: bool | None = None
    """What the directory said; None when it was not asked."""
    silence: str | None = None
    refusal: tuple[str, str] | None = None


async def send(item: SendFlow, outside: Outside) -> Outcome | None:
    """One try; None when there is nothing to send any more."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        reading = ReadingConnection(connection)
        found = await reading.fetch(
            queries.TRANSMISSION, organisation_id=outside.organisation_id, id=item.transmission_id
        )
        if not found or found[0]["state"] != TransmissionState.QUEUED:
            return None
        row = found[0]
        (account,) = await reading.fetch(
            queries.PLATFORM_ACCOUNT, organisation_id=outside.organisation_id, company_id=row["company_id"]
        )
        content = row["content"]
        if content is None:
            file = {"invoice_id": row["invoice_id"], "format": FileFormat.FACTURX_PDF}
            ((content),) = [
                found["bytes"]
                for found in await reading.fetch(queries.FILE, organisation_id=outside.organisation_id, **file)
            ]
        known = await reading.fetch(
            queries.DIRECTORY_LINE, organisation_id=outside.organisation_id, address=row["recipient"] or ""
        )
    must_ask = row["recipient"] is not None and not _is_fresh(known, outside)
    try:
        return await _try(row, bytes(content), await platform_of(account, outside.heart.keys), must_ask=must_ask)
    except PlatformUnavailableError as silence:
        return Outcome(silence=str(silence)[:500])
    except Refused as refusal:
        if refusal.code is not PLATFORM_REFUSED:
            raise
        return Outcome(refusal=(str(refusal.details["code"]), (refusal.detail or "")[:500]))


def _is_fresh(known: Sequence[Row], outside: Outside) -> bool:
    return bool(known) and known[0]["is_enabled"] and known[0]["checked_at"] > outside.now - _KNOWN_FOR


async def _try(row: Row, content: bytes, platform: ApprovedPlatform, *, must_ask: bool) -> Outcome:
    recipient_known = None
    if must_ask:
        line = await platform.directory_line(row["recipient"])
        recipient_known = line is not None and line.is_enabled
        if not recipient_known:
            return Outcome(recipient_known=False)
    flow = Flow(row["flow"])
    upload = Upload(
        tracking_id=row["tracking_id"],
        filename=row["filename"],
        content=content,
        sha256=row["sha256"],
        syntax=_SYNTAX[flow],
        processing_rule=row["processing_rule"],
        mime=_MIME[flow],
    )
    return Outcome(flow_id=await platform.send(upload), recipient_known=recipient_known)


async def note_sent(item: SendFlow, outcome: Outcome | None, work: UnitOfWork) -> None:
    """Store what a try came to."""
    found = await work.fetch_one(queries.TRANSMISSION, organisation_id=work.organisation_id, id=item.transmission_id)
    if outcome is None or found is None:
        return
    # Lock order: the document first, then what is sent of it.
    document = await _locked_document(found["invoice_id"], work)
    row = await work.load(
        queries.TRANSMISSION_FOR_UPDATE, "transmission", organisation_id=work.organisation_id, id=found["id"]
    )
    if row["state"] != TransmissionState.QUEUED:
        return
    if outcome.recipient_known is not None:
        await _remember(row["recipient"], outcome.recipient_known, work)
    tried = {"attempts": row["attempts"] + 1, "first_tried_at": row["first_tried_at"] or work.now}
    if outcome.flow_id is not None:
        submitted = {"flow_id": outcome.flow_id, "submitted_at": work.now, "error": None, "next_retry_at": None}
        await transmitting.move(row, "submit", work, **tried, **submitted)
    elif outcome.refusal is not None:
        code, text = outcome.refusal
        await transmitting.move(row, "refuse", work, **tried, error=text, next_retry_at=None)
        await _cannot_be_sent(row, document, code, text, work)
    elif outcome.silence is not None:
        await _try_later(row, document, tried, outcome.silence, work)
    else:
        await transmitting.change(row, work, **tried, error=NO_ENTRY, next_retry_at=work.now + _ASK_AGAIN)
        text = f"the directory has no entry for {row['recipient']}; the invoice is sent when there is one"
        await _block(document, NO_ENTRY, text, work, failed=False)


async def _try_later(row: Row, document: Row | None, tried: dict[str, Any], silence: str, work: UnitOfWork) -> None:
    again = retry_at(work.now, tried["attempts"], tried["first_tried_at"])
    if again is not None:
        await transmitting.change(row, work, **tried, error=silence, next_retry_at=again)
        return
    await transmitting.move(row, "give_up", work, **tried, error=silence, next_retry_at=None)
    await _cannot_be_sent(row, document, "PLATFORM_SILENT", silence, work)


async def _cannot_be_sent(row: Row, document: Row | None, code: str, text: str, work: UnitOfWork) -> None:
    if row["flow"] == Flow.FLOW10:
        await reporting.note_refused(row["e_report_id"], text, work)
    else:
        await _block(document, code, text, work, failed=True)


async def _block(document: Row | None, code: str, text: str, work: UnitOfWork, *, failed: bool) -> None:
    if document is not None:
        await lifecycle.block(document, code, text, work, failed=failed)


async def _locked_document(invoice_id: UUID | None, work: UnitOfWork) -> Row | None:
    if invoice_id is None:
        return None
    return await work.fetch_one(queries.INVOICE_FOR_UPDATE, organisation_id=work.organisation_id, id=invoice_id)


async def _remember(address: str, is_enabled: bool, work: UnitOfWork) -> None:
    said = {"is_enabled": is_enabled, "checked_at": work.now}
    line = insert(directory_line).values(organisation_id=work.organisation_id, address=address, **said)
    key = [directory_line.c.organisation_id, directory_line.c.address]
    await work.execute(line.on_conflict_do_update(index_elements=key, set_=said))
