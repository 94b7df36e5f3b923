"""What clients does on time."""

from datetime import timedelta

from sqlalchemy import not_, or_, select, tuple_, update

from actors.clients.archiving import archive
from actors.clients.changes import change_client, find_client, ids_of, locked_client
from actors.clients.limits import move_kyc, unblock
from actors.clients.retention import anchored_before, category_of, facts_of, midnight, months_of, relation_goes_on
from actors.clients.rules.retention import ARCHIVED_AFTER_MONTHS, NOTICE, archived_on, scheduled_on
from actors.clients.status import derive_status
from actors.clients.sweeping import SweepDuplicates
from messages.clients import (
    ClientConsentExpired,
    ClientRetentionDue,
    ConsentDecision,
    ErasureGround,
    KycStatus,
    RecordState,
    StatusCategory,
    StatusMode,
)
from messages.identity import RetentionCategory
from messages.values.due_dates import add_months
from messages.values.instants import local_date
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import client, consent, invoice_ref, sales_rep_ref, standing_ref

_BATCH = 200
_SWEPT_BACK = timedelta(hours=25)


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
    """Active clients with a bill that is late since yesterday or before, and whom payments has not judged yet."""
    today = local_date(moment.as_of)
    bill = invoice_ref.c
    judged = select(standing_ref.c.client_id).where(standing_ref.c.organisation_id == work.organisation_id)
    statement = (
        select(bill.client_id)
        .distinct()
        .join(client, client.c.id == bill.client_id)
        .where(
            bill.organisation_id == work.organisation_id,
            not_(bill.settled),
            bill.late_from <= today,
            one_of(client.c.status_category, (StatusCategory.ACTIVE,)),
            bill.client_id.not_in(judged),
        )
    )
    for row in await work.fetch(statement.limit(_BATCH)):
        await derive_status(row["client_id"], work, reason="bill past due")
    return None


async def notice_retention(moment: Moment, work: UnitOfWork) -> object:
    """Thirty days before a client's data goes: said once for each date."""
    today = local_date(moment.as_of)
    own, last = client.c, today + NOTICE
    soonest = min([await months_of(category, work) for category in RetentionCategory])
    statement = anchored_before(add_months(last, -soonest), work.organisation_id)
    looked = or_(own.retention_looked_on.is_(None), own.retention_looked_on < today)
    rows = await work.fetch(statement.where(looked).order_by(own.id).limit(_BATCH).with_for_update(skip_locked=True))
    for found in rows:
        row = await work.load(queries.CLIENT_BY_ID, "client", id=found["id"])
        ids = await ids_of(row["id"], work)
        due = scheduled_on(await facts_of(row, ids, work), await months_of(await category_of(ids, work), work))
        is_news = due is not None and today < due <= last and row["retention_due_on"] != due
        noted = {"retention_looked_on": today, "retention_due_on": due if is_news else row["retention_due_on"]}
        await work.execute(update(client).where(own.id == row["id"]).values(**noted))
        if due is not None and is_news:
            event = ClientRetentionDue(client_id=row["id"], scheduled_on=due, ground=ErasureGround.RETENTION)
            work.emit(event, version=row["version"])
    return MORE if len(rows) == _BATCH else None


async def archive_former_customers(moment: Moment, work: UnitOfWork) -> None:
    """Twelve months after the relation, without contact since, a customer leaves daily lists."""
    today = local_date(moment.as_of)
    own, before = client.c, add_months(today, -ARCHIVED_AFTER_MONTHS)
    statement = select(own.id).where(
        own.organisation_id == work.organisation_id,
        own.record_state == RecordState.LIVE,
        own.relation_ended_on < before,
        or_(own.last_inbound_contact_at.is_(None), own.last_inbound_contact_at < midnight(before)),
    )
    for found in await work.fetch(statement.order_by(own.id)):
        row = await work.load(queries.CLIENT_FOR_UPDATE, "client", id=found["id"])
        ids = await ids_of(row["id"], work)
        due = archived_on(await facts_of(row, ids, work))
        if due is not None and due <= today and await relation_goes_on(ids, work) is None:
            await archive(row, "12 months without contact", work)


async def end_consents(moment: Moment, work: UnitOfWork) -> None:
    """Consents that reached their end since yesterday's run, if they still were the newest word."""
    newest, older = consent.alias("newest"), consent.c
    later = select(newest.c.id).where(
        newest.c.organisation_id == older.organisation_id,
        newest.c.client_id == older.client_id,
        newest.c.purpose == older.purpose,
        tuple_(newest.c.decided_at, newest.c.id) > tuple_(older.decided_at, older.id),
    )
    rows = await work.fetch(
        select(consent, client.c.version)
        .join(client, client.c.id == older.client_id)
        .where(
            older.organisation_id == work.organisation_id,
            older.decision == ConsentDecision.GRANTED,
            older.expires_at <= moment.as_of,
            older.expires_at > moment.as_of - timedelta(days=2),
            ~later.exists(),
        )
        .order_by(older.expires_at, older.id)
    )
    for row in rows:
        event = ClientConsentExpired(client_id=row["client_id"], purpose=row["purpose"], expired_at=row["expires_at"])
        work.emit(event, version=row["version"], key=f"{row['id']}:expired")


async def order_sweep(moment: Moment, work: UnitOfWork) -> None:
    """The clients who changed since yesterday are compared once more, in the background."""
    item = SweepDuplicates(since=moment.as_of - _SWEPT_BACK, until=moment.as_of)
    work.order(item, key=moment.as_of.isoformat())
