"""What kept a commission from being calculated: one open issue per contract line and kind, tried again every hour."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from messages.commercial import CommissionCalculationFailed, IssueKind, IssueStatus
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import calculation_issue


class Obstacle(Exception):  # noqa: N818 - an obstacle is noted and worked around, it breaks nothing
    """Why a line earns nothing yet."""

    def __init__(self, kind: IssueKind, detail: str, rep_id: UUID | None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.rep_id = rep_id


async def open_issue(contract: Row, line: Row, obstacle: Obstacle, on_date: date, work: UnitOfWork) -> None:
    """Note the obstacle; it is announced when it is new or came back."""
    issue = calculation_issue.c
    known = await work.fetch_one(
        select(calculation_issue).where(
            issue.organisation_id == work.organisation_id,
            issue.contract_line_id == line["line_id"],
            issue.kind == obstacle.kind,
        )
    )
    if known is not None and known["status"] == IssueStatus.OPEN:
        return
    identity = known["id"] if known is not None else new_id()
    version = known["version"] + 1 if known is not None else 1
    columns = {
        "status": IssueStatus.OPEN,
        "detail": obstacle.detail,
        "rep_id": obstacle.rep_id,
        "on_date": on_date,
        "version": version,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }
    statement = insert(calculation_issue).values(
        id=identity,
        organisation_id=work.organisation_id,
        created_at=work.now,
        created_by=work.caller.principal,
        kind=obstacle.kind,
        contract_id=contract["contract_id"],
        contract_line_id=line["line_id"],
        attempts=0,
        **columns,
    )
    await work.execute(statement.on_conflict_do_update(index_elements=[issue.id], set_=columns))
    work.emit(
        CommissionCalculationFailed(
            issue_id=identity,
            kind=obstacle.kind,
            contract_id=contract["contract_id"],
            rep_id=obstacle.rep_id,
            detail=obstacle.detail,
        ),
        version=version,
    )


async def resolve_issues(line_id: Any, work: UnitOfWork) -> None:
    """The line could be calculated after all."""
    issue = calculation_issue.c
    await work.execute(
        update(calculation_issue)
        .where(
            issue.organisation_id == work.organisation_id,
            issue.contract_line_id == line_id,
            issue.status == IssueStatus.OPEN,
        )
        .values(status=IssueStatus.RESOLVED, version=issue.version + 1, updated_at=work.now)
    )
