"""Applying a change: lines end and begin, a new version is frozen, bills follow - in one transaction."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import update

from actors.contrats.billing import adjustments, bills
from actors.contrats.changes import versions
from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules import billing_periods
from actors.contrats.rules.amendments import LineChanges
from actors.contrats.rules.amounts import amounts_of
from actors.contrats.rules.draft_terms import last_day_of_term
from actors.contrats.service import links
from messages.contrats.amendments import Operation, SetTerms, VersionKind
from messages.values.identifiers import new_id
from storage.contrats.tables import contract_line

_CHANGEABLE = (
    "billing_address_id", "payment_method", "bank_details_id", "payment_terms_days", "preferred_debit_day",
)  # fmt: skip
_DERIVED = (
    "id",
    "line_no",
    "replaces",
    "replaces_id",
    "draft",
    "valid_to",
    "version_from",
    "version_to",
    "organisation_id",
    "contract_id",
)


def numbered(record: ContractRecord, changes: LineChanges) -> LineChanges:
    """The changes with ids and numbers for the lines that begin."""
    last = max((line["line_no"] for line in record.lines), default=0)
    opens = [
        {key: value for key, value in line.items() if key not in _DERIVED}
        | {
            "id": new_id(),
            "organisation_id": record.work.organisation_id,
            "contract_id": record.id,
            "line_no": number,
            "valid_to": None,
            "replaces_id": line.get("replaces"),
            "version_from": record["version_no"] + 1,
            "version_to": None,
        }
        for number, line in enumerate(changes.opens, last + 1)
    ]
    return LineChanges(changes.ends, opens)


def with_changes(record: ContractRecord, changes: LineChanges) -> list[Any]:
    """All lines once the changes are made, those that end among them."""
    ended = [
        line if line["id"] not in changes.ends
        else {**line, "valid_to": changes.ends[line["id"]], "version_to": record["version_no"]}
        for line in record.lines
    ]  # fmt: skip
    return [*ended, *changes.opens]


async def apply(
    record: ContractRecord,
    changes: LineChanges,
    kind: VersionKind,
    effective_from: date,
    *,
    source_id: UUID,
    label: str,
    prorate: bool,
    amendment_id: UUID | None = None,
) -> None:
    """Make the change: the caller has locked the contract and settled whether it may be made."""
    before = {line["id"]: line for line in record.lines}
    record.lines = with_changes(record, changes)
    await _store_lines(record, changes)
    await links.follow(record, changes)
    record.set(version_no=record["version_no"] + 1, **amounts_of(record.lines_in_force, record["billing_frequency"]))
    record.set(total_contract_value=billing_periods.term_value(record.row, record.lines))
    if prorate:
        ended = [before[line_id] for line_id in changes.ends]
        await adjustments.correct_billed(record, ended, changes.opens, changes.ends, source_id, label)
    await bills.replan(record)
    await versions.freeze(record, kind, effective_from, amendment_id=amendment_id)


def set_terms(record: ContractRecord, operations: Sequence[Operation], effective_from: date) -> list[str]:
    """Take the new terms of the contract; the names of what changed."""
    changed: dict[str, Any] = {}
    for operation in operations:
        if not isinstance(operation, SetTerms):
            continue
        given = {name: getattr(operation, name) for name in _CHANGEABLE}
        changed |= {name: value for name, value in given.items() if value is not None and value != record[name]}
        if operation.commitment_months is not None:
            months = operation.commitment_months
            ends = last_day_of_term(effective_from, months) if months else None
            changed |= {"commitment_months": months, "commitment_ends_on": ends}
        if operation.term_months is not None:
            changed["ends_on"] = last_day_of_term(effective_from, operation.term_months)
    if "payment_terms_days" in changed:  # a number of days replaces a named term
        record.set(payment_terms_id=None, payment_terms_basis=None, payment_terms_day=None)
    record.set(**changed)
    return sorted(changed)


async def _store_lines(record: ContractRecord, changes: LineChanges) -> None:
    work = record.work
    for line_id, last_day in changes.ends.items():
        await work.execute(
            update(contract_line)
            .where(contract_line.c.organisation_id == work.organisation_id, contract_line.c.id == line_id)
            .values(valid_to=last_day, version_to=record["version_no"])
        )
    for line in changes.opens:
        await work.insert(contract_line, **line)
