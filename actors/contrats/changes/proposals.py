"""Amendments as rows: read under the lock of their contract, and what they would change."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import func, select, update

from actors.contrats import letters, views
from actors.contrats.changes import amending, versions
from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.drafting.lines import refuse_other_currency, typed_lines
from actors.contrats.rules.amendments import AMENDMENT, OUTDATED_BY_ANOTHER, LineChanges, changes_of, lines_after
from actors.contrats.rules.amounts import amounts_of
from actors.contrats.rules.letters import day
from messages.contrats import NO_LINES
from messages.contrats.amendments import (
    AMENDMENT_NOT_FOUND,
    AMENDMENT_STALE,
    RETROACTIVE_NOT_ALLOWED,
    AmendmentProration,
    AmendmentStatus,
    ChangeLine,
    Operation,
)
from messages.contrats.signatures import DocumentPurpose
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import amendment

_OPERATIONS: TypeAdapter[tuple[Operation, ...]] = TypeAdapter(tuple[Operation, ...])


async def find(amendment_id: UUID, work: UnitOfWork) -> Row:
    """The amendment; AMENDMENT_NOT_FOUND."""
    return await work.load(
        select(amendment).where(amendment.c.organisation_id == work.organisation_id, amendment.c.id == amendment_id),
        "amendment",
        code=AMENDMENT_NOT_FOUND,
    )


async def hold(amendment_id: UUID, work: UnitOfWork) -> tuple[ContractRecord, Row]:
    """The contract, locked, and the amendment as it is now that nobody else can change it."""
    record = await load((await find(amendment_id, work))["contract_id"], work)
    return record, await find(amendment_id, work)


async def move(record: ContractRecord, row: Row, trigger: str, **columns: Any) -> dict[str, Any]:
    """Take a step of the amendment, or refuse it; the amendment as it is now."""
    status = AMENDMENT.after(trigger, AmendmentStatus(row["status"]))
    changes = {"status": status, **columns, "version": row["version"] + 1, "updated_at": record.work.now}
    await record.work.execute(
        update(amendment)
        .where(amendment.c.organisation_id == record.work.organisation_id, amendment.c.id == row["id"])
        .values(**changes, updated_by=record.work.caller.principal)
    )
    return {**row, **changes}


async def outdate_others(record: ContractRecord, applied_id: UUID) -> None:
    """Whatever else was written on the version before must be written anew."""
    await record.work.execute(
        update(amendment)
        .where(
            amendment.c.organisation_id == record.work.organisation_id,
            amendment.c.contract_id == record.id,
            amendment.c.id != applied_id,
            amendment.c.status.in_(OUTDATED_BY_ANOTHER),
            amendment.c.base_version < record["version_no"],
        )
        .values(status=AmendmentStatus.STALE)
    )


async def next_number(record: ContractRecord) -> str:
    """`CTR-2026-000001-A01`; the contract's lock keeps it unique."""
    known = select(func.count()).where(
        amendment.c.organisation_id == record.work.organisation_id, amendment.c.contract_id == record.id
    )
    return f"{record['reference']}-A{await record.work.fetch_value(known) + 1:02d}"


async def planned(
    record: ContractRecord, operations: Sequence[Operation], effective_from: date, proration: AmendmentProration
) -> LineChanges:
    """The lines that end and begin, priced and numbered; a contract keeps at least one line."""
    for number, operation in enumerate(operations):
        if isinstance(operation, ChangeLine):
            for name in ("unit_price_net", "discount_amount"):
                refuse_other_currency(getattr(operation, name), record["currency"], f"operations.{number}.{name}")
    changes = changes_of(record.row, record.lines_in_force, operations, effective_from, proration)
    priced = []
    for line in changes.opens:
        draft = line.get("draft")
        if draft is not None:
            (typed,) = await typed_lines([draft], record.row, record.work, must_be_known=True)
            line = typed | {name: line[name] for name in ("valid_from", "discount_periods")}
        priced.append(line)
    changes = amending.numbered(record, LineChanges(changes.ends, priced))
    if not lines_after(record.lines_in_force, changes):
        raise Refused(NO_LINES, "nothing would be left of the contract; terminate it instead")
    return changes


async def ask_for_file(record: ContractRecord, row: Row) -> None:
    """Have the changed contract rendered, for the client to read and agree to."""
    operations, effective_from = operations_of(row), row["effective_from"]
    changes = await planned(record, operations, effective_from, AmendmentProration(row["proration"]))
    after = views.contract_of(record.row | revenue_after(record, changes), lines_after(record.lines_in_force, changes))
    takes_effect = f"Les présentes modifications prennent effet le {day(effective_from)}."
    words = [f"Avenant {row['number']}. {takes_effect}", *([row["reason"]] if row["reason"] else [])]
    data = {"contract": after.model_dump(mode="json"), "paragraphs": words}
    letters.ask_for_file(record, row["file_request_id"], DocumentPurpose.AMENDMENT, data)


async def keep_file(request_id: UUID, document_id: UUID, sha256: str, work: UnitOfWork) -> None:
    """The file of an amendment is rendered; one of words that were rewritten since is of no use."""
    await work.execute(
        update(amendment)
        .where(amendment.c.organisation_id == work.organisation_id, amendment.c.file_request_id == request_id)
        .values(document_id=document_id, document_sha256=sha256)
    )


def operations_of(row: Row) -> tuple[Operation, ...]:
    """The stored operations."""
    return _OPERATIONS.validate_python(row["operations"])


def revenue_after(record: ContractRecord, changes: LineChanges) -> dict[str, Any]:
    """The contract's recurring amounts once the change is made."""
    return amounts_of(lines_after(record.lines_in_force, changes), record["billing_frequency"])


async def check_day(record: ContractRecord, effective_from: date) -> None:
    """Only who may backdate changes the past, and nobody what the accounts have closed or an earlier version."""
    work = record.work
    closed, running = (
        (await choices_of(work, record["company_id"])).accounts_closed_until,
        await versions.newest_start(record),
    )
    if (closed is not None and effective_from <= closed) or (running is not None and effective_from < running):
        raise Refused(
            RETROACTIVE_NOT_ALLOWED,
            f"nothing changes on or before {closed or running}: the accounts are closed, or a later version is in force",
        )
    if effective_from < record["starts_on"]:
        raise Refused.field(
            "effective_from", "range", f"the contract begins on {record['starts_on']}; nothing changes before",
            RETROACTIVE_NOT_ALLOWED,
        )  # fmt: skip
    may_backdate = work.caller.permissions is None or work.caller.permissions.allows("contrats:contract:backdate")
    if effective_from < record.today and not may_backdate:
        raise Refused(
            RETROACTIVE_NOT_ALLOWED,
            f"effective_from {effective_from} is past; take today or later, or let a manager apply it",
        )


def check_base(record: ContractRecord, row: Row) -> None:
    """The amendment must be written on the version in force."""
    if row["status"] == AmendmentStatus.STALE or row["base_version"] != record["version_no"]:
        raise Refused(
            AMENDMENT_STALE,
            f"the contract is at version {record['version_no']}, the amendment at {row['base_version']}; "
            "write it anew with update_amendment",
        )
