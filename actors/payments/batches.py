"""Bank files: pending debits are collected, grouped, frozen, built and approved."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import building, views
from actors.payments.rules.machines import PAYMENT
from actors.payments.sets import PAGE, history, run_many, state_many
from messages.base import Event
from messages.payments import (
    BATCH_NOT_FOUND,
    BankProfile,
    BatchScheme,
    BatchStatus,
    CollectionBatch,
    FirstCollection,
    PaymentBatched,
    PaymentStatus,
    SequenceType,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.bank import batch_group, collection_batch
from storage.payments.tables.means import creditor_account, mandate
from storage.payments.tables.payments import payment

_SCHEMES = {"SEPA_CORE": BatchScheme.CORE, "SEPA_B2B": BatchScheme.B2B}
_METHODS = {scheme: method for method, scheme in _SCHEMES.items()}
_ORDER = {SequenceType.FRST: 0, SequenceType.RCUR: 1, SequenceType.FNAL: 2, SequenceType.OOFF: 3}


# -- collecting ----------------------------------------------------------------------------------------------------


async def collect_page(work: UnitOfWork, company_id: UUID | None = None) -> bool:
    """Put the next pending debits into a draft; False when none is pending any more."""
    statement = (
        select(payment.c.creditor_account_id, payment.c.method)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.status == PaymentStatus.PENDING,
            payment.c.creditor_account_id.is_not(None),
        )
        .limit(1)
    )
    if company_id is not None:
        statement = statement.where(payment.c.company_id == company_id)
    found = await work.fetch_one(statement)
    if found is None:
        return False
    account = await work.load(
        select(creditor_account)
        .where(
            creditor_account.c.organisation_id == work.organisation_id,
            creditor_account.c.id == found["creditor_account_id"],
        )
        .with_for_update(),
        "creditor account",
    )
    scheme = _SCHEMES[found["method"]]
    draft = await _draft_of(work, account, scheme)
    most = BankProfile.model_validate(account["bank_profile"]).max_tx_per_file - draft["tx_count"]
    if most <= 0:
        await close_draft(work, draft)
        return True
    await _take_payments(work, account, draft, min(most, PAGE))
    return True


async def _draft_of(work: UnitOfWork, account: Row, scheme: BatchScheme) -> Row:
    """The open draft of an account and scheme, begun when there is none."""
    known = await work.fetch_one(
        select(collection_batch)
        .where(
            collection_batch.c.organisation_id == work.organisation_id,
            collection_batch.c.status == BatchStatus.DRAFT,
            collection_batch.c.creditor_account_id == account["id"],
            collection_batch.c.scheme == scheme,
            collection_batch.c.earliest_collection_date.is_(None),
        )
        .with_for_update()
    )
    if known is not None:
        return known
    batch_id = new_id()
    row = {
        "id": batch_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "company_id": account["company_id"],
        "creditor_account_id": account["id"],
        "scheme": scheme,
        "msg_id": batch_id.hex.upper(),
        "business_date": work.today(),
        "tx_count": 0,
        "control_sum": Decimal("0.00"),
        "currency": account["currency"],
        "status": BatchStatus.DRAFT,
        "released": False,
        "held": False,
        "approvals": [],
    }
    await work.insert(collection_batch, **row)
    return row


async def _take_payments(work: UnitOfWork, account: Row, draft: Row, most: int) -> None:
    rows = await work.fetch(
        select(payment, mandate.c.first_collection_state)
        .select_from(payment.outerjoin(mandate, mandate.c.id == payment.c.mandate_id))
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.creditor_account_id == account["id"],
            payment.c.status == PaymentStatus.PENDING,
            payment.c.method == _METHODS[draft["scheme"]],
        )
        .order_by(payment.c.id)
        .limit(most)
        .with_for_update(of=payment)
    )
    first = BankProfile.model_validate(account["bank_profile"]).first_sequence
    in_flight: set[UUID] = set()
    updates, facts = [], list[tuple[Event, int]]()
    for row in sorted(rows, key=lambda row: (row["requested_collection_date"], row["id"])):
        sequence = _sequence_type(row, first, in_flight)
        after = {
            **row,
            "status": PAYMENT.after("batch", PaymentStatus(row["status"])),
            "batch_id": draft["id"],
            "version": row["version"] + 1,
        }
        updates.append(
            {
                "payment_id": row["id"],
                "new_batch_id": draft["id"],
                "new_sequence": sequence,
                "new_version": after["version"],
                "now": work.now,
                "by": work.caller.principal,
            }
        )
        fact = PaymentBatched(**views.payment_ref(after), batch_id=draft["id"], sequence_type=sequence)
        facts.append((fact, after["version"]))
    await run_many(work, queries.PAYMENT_BATCHED, updates)
    await run_many(
        work,
        queries.HISTORY_ADDED,
        [history(work, row["id"], "payment.batched", batch_id=str(draft["id"])) for row in rows],
    )
    await _mark_first(work, in_flight)
    total = sum((row["amount"] for row in rows), Decimal("0.00"))
    counted = {"tx_count": draft["tx_count"] + len(rows), "control_sum": draft["control_sum"] + total}
    await work.execute(update(collection_batch).where(collection_batch.c.id == draft["id"]).values(**counted))
    state_many(work, facts, summary="collection_batch")


def _sequence_type(row: Row, first: SequenceType, in_flight: set[UUID]) -> SequenceType:
    """FRST while no debit of the mandate is under way or done; every further one is RCUR."""
    if first is SequenceType.RCUR or row["first_collection_state"] != FirstCollection.NONE:
        return SequenceType.RCUR
    if row["mandate_id"] in in_flight:
        return SequenceType.RCUR
    in_flight.add(row["mandate_id"])
    return SequenceType.FRST


async def _mark_first(work: UnitOfWork, mandates: set[UUID]) -> None:
    if mandates:
        await work.execute(
            update(mandate)
            .where(mandate.c.organisation_id == work.organisation_id, among(mandate.c.id, sorted(mandates)))
            .values(first_collection_state=FirstCollection.FRST_IN_FLIGHT)
        )


async def close_drafts(work: UnitOfWork, company_id: UUID | None = None) -> list[Row]:
    """Freeze the drafts that hold debits and order their files."""
    statement = select(collection_batch).where(
        collection_batch.c.organisation_id == work.organisation_id,
        collection_batch.c.status == BatchStatus.DRAFT,
        collection_batch.c.earliest_collection_date.is_(None),
        collection_batch.c.tx_count > 0,
    )
    if company_id is not None:
        statement = statement.where(collection_batch.c.company_id == company_id)
    rows = await work.fetch(statement.order_by(collection_batch.c.id).with_for_update())
    for row in rows:
        await close_draft(work, row)
    return rows


async def close_draft(work: UnitOfWork, draft: Row) -> None:
    """Group a draft's debits by date and sequence type; its file is built outside the transaction."""
    await regroup(work, draft)
    order_file(work, draft)


def order_file(work: UnitOfWork, batch: Row) -> None:
    """Leave the building of a batch's file, as it is now, for the workers."""
    item = building.BuildCollectionFile(batch_id=batch["id"], version=batch["version"])
    work.order(item, key=f"{batch['id']}|{batch['version']}")


async def recount(work: UnitOfWork, batch_id: UUID) -> None:
    """Count a draft's debits again."""
    mine = (
        (payment.c.organisation_id == work.organisation_id)
        & (payment.c.batch_id == batch_id)
        & (payment.c.status == PaymentStatus.BATCHED)
    )
    count = select(func.count()).select_from(payment).where(mine).scalar_subquery()
    total = select(func.coalesce(func.sum(payment.c.amount), Decimal("0.00"))).where(mine).scalar_subquery()
    await work.execute(
        update(collection_batch).where(collection_batch.c.id == batch_id).values(tx_count=count, control_sum=total)
    )


async def regroup(work: UnitOfWork, batch: Row) -> None:
    """Make the groups of a batch anew from its debits, in the order of the file."""
    own = (batch_group.c.organisation_id == work.organisation_id) & (batch_group.c.batch_id == batch["id"])
    await work.execute(batch_group.delete().where(own))
    mine = (payment.c.organisation_id == work.organisation_id) & (payment.c.batch_id == batch["id"])
    sums = await work.fetch(
        select(
            payment.c.requested_collection_date.label("collection_date"),
            payment.c.sequence_type,
            func.count().label("tx_count"),
            func.sum(payment.c.amount).label("control_sum"),
        )
        .where(mine, payment.c.status == PaymentStatus.BATCHED)
        .group_by(payment.c.requested_collection_date, payment.c.sequence_type)
    )
    ordered = sorted(sums, key=lambda row: (row["collection_date"], _ORDER[row["sequence_type"]]))
    for number, row in enumerate(ordered, 1):
        group_id = new_id()
        await work.insert(
            batch_group,
            id=group_id,
            organisation_id=work.organisation_id,
            batch_id=batch["id"],
            pmt_inf_id=f"{batch['msg_id']}-{number:02}",
            booked_amount=Decimal("0.00"),
            **dict(row),
        )
        await work.execute(
            update(payment)
            .where(
                mine,
                payment.c.requested_collection_date == row["collection_date"],
                payment.c.sequence_type == row["sequence_type"],
            )
            .values(group_id=group_id)
        )
    await work.execute(
        update(collection_batch)
        .where(collection_batch.c.id == batch["id"])
        .values(
            tx_count=sum(row["tx_count"] for row in ordered),
            control_sum=sum((row["control_sum"] for row in ordered), Decimal("0.00")),
            earliest_collection_date=min((row["collection_date"] for row in ordered), default=None),
        )
    )


# -- reading and changing ------------------------------------------------------------------------------------------


async def show_batch(work: UnitOfWork, batch_id: UUID) -> CollectionBatch:
    """A batch with its groups; BATCH_NOT_FOUND."""
    row = await work.load(
        select(collection_batch).where(
            collection_batch.c.organisation_id == work.organisation_id, collection_batch.c.id == batch_id
        ),
        "collection batch",
        code=BATCH_NOT_FOUND,
    )
    groups = await groups_of(work, [batch_id])
    return views.batch_of(row, groups)


async def groups_of(work: UnitOfWork, batch_ids: Sequence[UUID]) -> list[Row]:
    """The groups of some batches in the order of their files."""
    return await work.fetch(
        select(batch_group)
        .where(batch_group.c.organisation_id == work.organisation_id, batch_group.c.batch_id.in_(batch_ids))
        .order_by(batch_group.c.pmt_inf_id)
    )
