"""What comes back from the platform: read flow by flow, applied once each, in the order of its changes there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from actors.factures import accounts, lifecycle, reporting, transmitting
from actors.factures.alerts import raise_alert
from actors.factures.issuing import ReadingConnection
from actors.factures.ordering import PollPlatform, SubscribeWebhook
from actors.factures.platform import cdar
from actors.factures.platform.port import FoundFlow
from actors.factures.settings import FacturesSettings
from messages.factures.platform import AlertKind, Flow, TransmissionState
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.factures import queries
from storage.factures.tables import platform_account, transmission

_OK, _ERROR = "Ok", "Error"


@dataclass(frozen=True, slots=True)
class Read:
    """What a reading found, and the account's position before it."""

    flows: Sequence[FoundFlow]
    since: datetime | None


async def read_platform(item: PollPlatform, outside: Outside) -> Read | None:
    """The flows that changed since the last reading."""
    account = await _account(item, outside)
    if account is None:
        return None
    platform = await accounts.platform_of(account, outside.heart.keys)
    return Read(await platform.flows_since(account["updated_after"]), account["updated_after"])


async def apply_flows(item: PollPlatform, read: Read | None, work: UnitOfWork) -> None:
    """Apply what was found, unless another reading was faster."""
    if read is None:
        return
    account = await accounts.account_of(item.company_id, work, lock=True)
    if account["updated_after"] != read.since:
        return
    for flow in read.flows:
        if flow.content is not None:
            await _apply_message(flow, flow.content, account, work)
        elif flow.tracking_id is not None:
            await _apply_acknowledgement(flow, flow.tracking_id, work)
    newest = max((flow.updated_at for flow in read.flows), default=read.since)
    mine = (platform_account.c.organisation_id == work.organisation_id, platform_account.c.id == account["id"])
    moved = update(platform_account).where(*mine).values(updated_after=newest, polled_at=work.now)
    await work.execute(moved)


async def _apply_message(flow: FoundFlow, content: bytes, account: Row, work: UnitOfWork) -> None:
    try:
        status = cdar.parsed(content)
    except cdar.NotALifecycleMessage as error:
        text = f"flow {flow.flow_id} holds no life-cycle message: {error}"
        raise_alert(AlertKind.UNEXPECTED_STATUS, account["company_id"], text, work)
        return
    row = await _invoice(account, status.invoice_number, work)
    if row is None:
        text = f"flow {flow.flow_id} is about {status.invoice_number}, which is not known here"
        raise_alert(AlertKind.UNEXPECTED_STATUS, account["company_id"], text, work)
        return
    await lifecycle.apply(row, lifecycle.received(status, content), work)


async def _invoice(account: Row, number: str, work: UnitOfWork) -> Row | None:
    scope = {"organisation_id": work.organisation_id}
    found = await work.fetch_one(queries.INVOICE_BY_NUMBER, **scope, company_id=account["company_id"], number=number)
    return None if found is None else await work.fetch_one(queries.INVOICE_FOR_UPDATE, **scope, id=found["id"])


async def _apply_acknowledgement(flow: FoundFlow, tracking_id: str, work: UnitOfWork) -> None:
    """The platform has judged what we sent."""
    mine = (transmission.c.organisation_id == work.organisation_id, transmission.c.tracking_id == tracking_id)
    row = await work.fetch_one(select(transmission).where(*mine, transmission.c.state == TransmissionState.SENT))
    if row is None or flow.ack_status not in (_OK, _ERROR):
        return
    reasons = ", ".join(flow.ack_details) or "no reason given"
    is_wrong = flow.ack_status == _ERROR
    if row["flow"] == Flow.FLOW10:
        await (reporting.note_refused if is_wrong else reporting.note_accepted)(row["e_report_id"], reasons, work)
    elif is_wrong:
        document = await work.load(
            queries.INVOICE_FOR_UPDATE, "invoice", organisation_id=work.organisation_id, id=row["invoice_id"]
        )
        await lifecycle.block(document, flow.ack_details[0] if flow.ack_details else _ERROR, reasons, work, failed=True)
    await transmitting.move(row, "refuse" if is_wrong else "accept", work, error=reasons if is_wrong else None)


async def subscribe(item: SubscribeWebhook, outside: Outside) -> str | None:
    """The key that will sign the platform's reports."""
    account, url = await _account(item, outside), FacturesSettings().webhook_url
    if account is None or url is None:
        return None
    # One route serves all organisations; the address says whose account at which platform is meant.
    address = f"{url}/{outside.organisation_id}/{account['platform_code']}"
    return await (await accounts.platform_of(account, outside.heart.keys)).subscribe(address)


async def keep_signing_key(item: SubscribeWebhook, key: str | None, work: UnitOfWork) -> None:
    """From now on reports are checked with it."""
    if key is None:
        return
    account = await accounts.account_of(item.company_id, work, lock=True)
    mine = (platform_account.c.organisation_id == work.organisation_id, platform_account.c.id == account["id"])
    sealed = await accounts.hidden(key, "signing_key", account["id"], work)
    await work.execute(update(platform_account).where(*mine).values(signing_key=sealed))


async def _account(item: PollPlatform | SubscribeWebhook, outside: Outside) -> Row | None:
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        found = await ReadingConnection(connection).fetch(
            queries.PLATFORM_ACCOUNT, organisation_id=outside.organisation_id, company_id=item.company_id
        )
    return found[0] if found else None
