"""Versions: what was agreed, frozen; exactly one is in force on each day of the contract."""

import hashlib
from datetime import date, timedelta
from uuid import UUID

import rfc8785
from sqlalchemy import or_, select, update

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord
from messages.contrats import ContractSnapshot
from messages.contrats.amendments import VersionKind
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row
from storage.contrats.tables import contract_version


async def freeze(
    record: ContractRecord,
    kind: VersionKind,
    effective_from: date,
    *,
    amendment_id: UUID | None = None,
    evidence_id: UUID | None = None,
) -> None:
    """Keep the contract as it is now, in force from that day; the version before it ends the day before.

    The hash is that of its canonical JSON (RFC 8785).
    """
    work = record.work
    await work.execute(
        update(contract_version)
        .where(
            contract_version.c.organisation_id == work.organisation_id,
            contract_version.c.contract_id == record.id,
            contract_version.c.effective_to.is_(None),
        )
        .values(effective_to=effective_from - timedelta(days=1))
    )
    snapshot = ContractSnapshot.model_validate(views.snapshot_of(record.row, record.lines)).model_dump(mode="json")
    await work.insert(
        contract_version,
        id=new_id(),
        organisation_id=work.organisation_id,
        contract_id=record.id,
        version_no=record["version_no"],
        kind=kind,
        effective_from=effective_from,
        effective_to=None,
        snapshot=snapshot,
        content_sha256=hashlib.sha256(rfc8785.dumps(snapshot)).hexdigest(),
        mrr=record["mrr"],
        arr=record["arr"],
        total_contract_value=record["total_contract_value"],
        amendment_id=amendment_id,
        signature_evidence_id=evidence_id,
        created_by=work.caller.principal,
        created_at=work.now,
    )


async def begin_on(record: ContractRecord, day: date) -> None:
    """The service starts on another day: what was agreed counts from that day on."""
    await record.work.execute(
        update(contract_version)
        .where(
            contract_version.c.organisation_id == record.work.organisation_id,
            contract_version.c.contract_id == record.id,
            contract_version.c.version_no == record["version_no"],
        )
        .values(effective_from=day)
    )


async def newest_start(record: ContractRecord) -> date | None:
    """The first day of the newest version."""
    found: date | None = await record.work.fetch_value(
        select(contract_version.c.effective_from)
        .where(
            contract_version.c.organisation_id == record.work.organisation_id,
            contract_version.c.contract_id == record.id,
        )
        .order_by(contract_version.c.version_no.desc())
        .limit(1)
    )
    return found


async def in_force(record: ContractRecord, day: date) -> Row | None:
    """The version in force on a day, or None before the first one."""
    return await record.work.fetch_one(
        select(contract_version)
        .where(
            contract_version.c.organisation_id == record.work.organisation_id,
            contract_version.c.contract_id == record.id,
            contract_version.c.effective_from <= day,
            or_(contract_version.c.effective_to.is_(None), contract_version.c.effective_to >= day),
        )
        .order_by(contract_version.c.version_no.desc())
        .limit(1)
    )
