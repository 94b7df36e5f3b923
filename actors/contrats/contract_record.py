"""A contract held for one change: its columns, its transitions and its facts, stored together at the end."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select, update

from actors.contrats import views
from actors.contrats.rules.status import CONTRACT
from messages.base import Event
from messages.contrats import (
    CONTRACT_NOT_FOUND,
    ActorKind,
    Contract,
    ContractSnapshot,
    ContractStatus,
    ContractStatusChanged,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import PARIS, local_date
from runtime.caller import CallerKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import company_copy, contract, contract_line, status_history


class ContractRecord:
    """Changes are gathered, facts are stated with rising versions, and `save` writes it all once."""

    def __init__(self, row: Mapping[str, Any], lines: list[Mapping[str, Any]], work: UnitOfWork) -> None:
        self.row: dict[str, Any] = dict(row)
        self.lines = lines
        self.work = work
        self._changed: dict[str, Any] = {}
        self._history: list[dict[str, Any]] = []
        self._stored_version = self.row["version"]

    def __getitem__(self, name: str) -> Any:
        return self.row[name]

    @property
    def id(self) -> UUID:
        """The contract's id."""
        identity: UUID = self.row["id"]
        return identity

    @property
    def status(self) -> ContractStatus:
        """Where the contract stands now."""
        return ContractStatus(self.row["status"])

    @property
    def zone(self) -> ZoneInfo:
        """Where the selling company's days begin."""
        name = self.row.get("timezone")
        return ZoneInfo(name) if name else PARIS

    @property
    def today(self) -> date:
        """The civil date at the selling company."""
        return local_date(self.work.now, self.zone)

    @property
    def lines_in_force(self) -> list[Mapping[str, Any]]:
        """The lines of the newest version; those that ended stay among `lines`, for what was billed on them."""
        return [line for line in self.lines if line["valid_to"] is None]

    def set(self, **columns: Any) -> None:
        """Change columns."""
        self.row.update(columns)
        self._changed.update(columns)

    def move(
        self,
        trigger: str,
        *,
        reason_code: str | None = None,
        comment: str | None = None,
        operation_id: UUID | None = None,
        effective_at: datetime | None = None,
        by: ActorKind | None = None,
    ) -> None:
        """Take a transition of the status machine, or refuse it; the history keeps it for good."""
        before = self.status
        after = CONTRACT.after(trigger, before)
        self.set(status=after)
        person = self.work.caller.kind in (CallerKind.USER, CallerKind.SERVICE)
        self._history.append(
            {
                "id": new_id(),
                "organisation_id": self.work.organisation_id,
                "contract_id": self.id,
                "from_status": before,
                "to_status": after,
                "operation": trigger,
                "reason_code": reason_code,
                "comment": comment,
                "effective_at": effective_at or self.work.now,
                "recorded_at": self.work.now,
                "actor_user_id": self.work.caller.user_id,
                "actor_kind": by or (ActorKind.USER if person else ActorKind.SYSTEM),
                "operation_id": operation_id,
            }
        )

    def state(self, event: type[Event], **facts: Any) -> None:
        """State a fact of this contract; every fact has a version of its own, so that consumers apply each of them."""
        self.row["version"] += 1
        if issubclass(event, ContractSnapshot):
            facts = views.snapshot_of(self.row, self.lines) | facts
        self.work.emit(event.model_validate({"contract_id": self.id, **facts}), version=self.row["version"])

    async def save(self) -> None:
        """Store what changed and tell each transition; a change that nobody is told of counts as a version too."""
        for taken in self._history:
            self.state(ContractStatusChanged, **self._transition(taken))
        if self.row["version"] == self._stored_version and self._changed:
            self.row["version"] += 1
        await self.work.execute(
            update(contract)
            .where(contract.c.organisation_id == self.work.organisation_id, contract.c.id == self.id)
            .values(
                **self._changed,
                version=self.row["version"],
                updated_at=self.work.now,
                updated_by=self.work.caller.principal,
            )
        )
        await self.work.insert_rows(status_history, self._history)
        self._history.clear()
        self._changed.clear()
        self._stored_version = self.row["version"]

    def _transition(self, taken: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of ContractStatusChanged."""
        return {
            "reference": self.row["reference"],
            "client_id": self.row["client_id"],
            "from": taken["from_status"],
            "to": taken["to_status"],
            "reason_code": taken["reason_code"],
            "effective_on": local_date(taken["effective_at"], self.zone),
        }

    def reply(self, **details: Any) -> Contract:
        """The contract as requests answer it."""
        return views.contract_of(self.row, self.lines, **details)


_WITH_ZONE: Select[Any] = select(contract, company_copy.c.timezone).select_from(
    contract.outerjoin(
        company_copy,
        (company_copy.c.organisation_id == contract.c.organisation_id)
        & (company_copy.c.company_id == contract.c.company_id),
    )
)


async def load(
    contract_id: UUID, work: UnitOfWork, *, lock: bool = True, expected_version: int | None = None
) -> ContractRecord:
    """The contract, locked for a change unless it is only read; CONTRACT_NOT_FOUND outside the caller's companies.

    `expected_version` is the version the caller has seen: VERSION_CONFLICT when the contract has moved on since.
    """
    found = await find(contract_id, work, lock=lock)
    if found is None or not work.caller.sees_company(found["company_id"]):
        raise Refused(
            CONTRACT_NOT_FOUND,
            f"contract {contract_id} does not exist; check the id",
            details={"resource": "contract", "id": str(contract_id)},
        )
    work.check_version(expected_version, found["version"])
    return found


async def find(contract_id: UUID, work: UnitOfWork, *, lock: bool = True) -> ContractRecord | None:
    """The contract, or None."""
    statement = _WITH_ZONE.where(
        contract.c.organisation_id == work.organisation_id,
        contract.c.id == contract_id,
        contract.c.deleted_at.is_(None),
    )
    row = await work.fetch_one(statement.with_for_update(of=contract) if lock else statement)
    return None if row is None else ContractRecord(row, await lines_of(contract_id, work), work)


async def whole(row: Row, work: UnitOfWork) -> dict[str, Any]:
    """The fields of ContractSnapshot of a contract's row."""
    return views.snapshot_of(row, await lines_of(row["id"], work))


async def lines_of(contract_id: UUID, work: UnitOfWork) -> list[Row]:
    """The lines of a contract in their order."""
    return await work.fetch(
        select(contract_line)
        .where(contract_line.c.organisation_id == work.organisation_id, contract_line.c.contract_id == contract_id)
        .order_by(contract_line.c.line_no)
    )
