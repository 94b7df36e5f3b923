"""What clients does on time."""

from sqlalchemy import select

from actors.clients.changes import change_client, find_client, locked_client
from actors.clients.limits import move_kyc, unblock
from actors.clients.status import derive_status
from messages.clients import KycStatus, StatusCategory, StatusMode
from messages.values.instants import local_date
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import client, invoice_ref, sales_rep_ref, standing_ref

_BATCH = 200


async def release_clients_of_departed(moment: Moment, work: UnitOfWork) -> object:
    """Clients of a representative who left go to his successor, or to nobody."""
    statement = (
        select(client.c.id, sales_rep_ref.c.transfer_to_rep_id)
        .join(
            sales_rep_ref,
            (sales_rep_ref.c.organisation_id == client.c.organisation_id)
            & (sales_rep_ref.c.rep_id == client.c.sales_rep_id),
        )
        .where(client.c.organisation_id == work.organisation_id, sales_rep_ref.c.active.is_(False))
    )
    rows = await work.fetch(statement.order_by(client.c.id).limit(_BATCH))
    for row in rows:
        successor = row["transfer_to_rep_id"]
        left = await work.fetch_value(
            select(sales_rep_ref.c.rep_id).where(
                sales_rep_ref.c.organisation_id == work.organisation_id,
                sales_rep_ref.c.rep_id == successor,
                sales_rep_ref.c.active.is_(False),
            )
        )
        new = None if left is not None else successor
        await change_client(await locked_client(row["id"], work), {"sales_rep_id": new}, work)
    return MORE if len(rows) == _BATCH else None


async def end_manual_statuses(moment: Moment, work: UnitOfWork) -> object:
    """A status set by hand ends after its last day; the facts decide again."""
    own = client.c
    rows = await work.fetch(
        select(own.id)
        .where(own.organisation_id == work.organisation_id, own.manual_until < local_date(moment.as_of))
        .order_by(own.id)
        .limit(_BATCH)
    )
    for found in rows:
        row = await find_client(found["id"], work)
        if row is not None:
            await change_client(row, {"status_mode": StatusMode.AUTO, "manual_until": None}, work)
            await derive_status(row["id"], work, reason="status set by hand ended")
    return MORE if len(rows) == _BATCH else None


async def end_blocks(moment: Moment, work: UnitOfWork) -> object:
    """A block ends after its last day."""
    own = client.c
    rows = await work.fetch(
        select(own.id)
        .where(own.organisation_id == work.organisation_id, own.blocked_until < local_date(moment.as_of))
        .order_by(own.id)
        .limit(_BATCH)
    )
    for found in rows:
        await unblock(await work.load(queries.CLIENT_FOR_UPDATE, "client", id=found["id"]), work)
    return MORE if len(rows) == _BATCH else None


async def expire_identity_checks(moment: Moment, work: UnitOfWork) -> object:
    """A verified identity counts until its date."""
    own = client.c
    rows = await work.fetch(
        select(own.id)
        .where(
            own.organisation_id == work.organisation_id,
            own.kyc_status == KycStatus.VERIFIED,
            own.kyc_expires_on <= local_date(moment.as_of),
        )
        .order_by(own.id)
        .limit(_BATCH)
    )
    for found in rows:
        row = await work.load(queries.CLIENT_FOR_UPDATE, "client", id=found["id"])
        await move_kyc(row, KycStatus.EXPIRED, work, kyc_expires_on=row["kyc_expires_on"])
    return MORE if len(rows) == _BATCH else None


async def notice_late_bills(moment: Moment, work: UnitOfWork) -> object:
    """Active clients whose bill fell due yesterday or before, and whom payments has not judged yet."""
    today = local_date(moment.as_of)
    bill = invoice_ref.c
    judged = select(standing_ref.c.client_id).where(standing_ref.c.organisation_id == work.organisation_id)
    statement = (
        select(bill.client_id)
        .distinct()
        .join(client, client.c.id == bill.client_id)
        .where(
            bill.organisation_id == work.organisation_id,
            bill.settled.is_(False),
            bill.due_on < today,
            one_of(client.c.status_category, (StatusCategory.ACTIVE,)),
            bill.client_id.not_in(judged),
        )
    )
    for row in await work.fetch(statement.limit(_BATCH)):
        await derive_status(row["client_id"], work, reason="bill past due")
    return None
