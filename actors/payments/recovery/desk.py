"""The cases of some clients with everything that belongs to them, locked, changed in memory, stored at the end."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, update

from actors.payments.recovery import shown
from actors.payments.rules.contact import ContactHours, hours_of
from actors.payments.rules.policies import best
from actors.payments.rules.recovery_machines import LIVE_PLANS
from messages.base import Event
from messages.payments import (
    ChargeStatus,
    NoticeStatus,
    PromiseStatus,
    RecoveryCaseStatus,
    ReminderStatus,
    ReminderTerms,
    RetryAttemptStatus,
    SettlementStatus,
    SuspensionStatus,
)
from messages.values.business_days import FRANCE, TARGET
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.agreements import payment_promise, settlement_plan, settlement_tranche
from storage.payments.tables.charges import recovery_charge
from storage.payments.tables.dues import instalment
from storage.payments.tables.recovery import (
    dunning_step_done,
    formal_notice,
    recovery_case,
    recovery_item,
    reminder,
    reminder_policy,
    retry_attempt,
    retry_plan,
    suspension_request,
)
from storage.payments.tables.views import holiday_view

Row = dict[str, Any]
_RECENT = timedelta(days=8)
_TABLES = (
    recovery_case,
    recovery_item,
    retry_plan,
    retry_attempt,
    reminder,
    suspension_request,
    dunning_step_done,
    formal_notice,
    payment_promise,
    settlement_plan,
    settlement_tranche,
    recovery_charge,
)
_OF_A_CASE = (
    recovery_item, retry_plan, suspension_request, dunning_step_done, formal_notice, payment_promise, settlement_plan,
    recovery_charge,
)  # fmt: skip


class Desk:
    """What lies on the desk. Rows are dictionaries; `change` notes what is to be stored and raises the version."""

    def __init__(self, work: UnitOfWork) -> None:
        self.work = work
        self.cases: dict[UUID, Row] = {}
        self.items: dict[UUID, Row] = {}
        self.plans: dict[UUID, Row] = {}
        self.attempts: dict[UUID, Row] = {}
        self.reminders: dict[UUID, Row] = {}
        self.suspensions: dict[UUID, Row] = {}
        self.steps: dict[UUID, Row] = {}
        self.notices: dict[UUID, Row] = {}
        self.promises: dict[UUID, Row] = {}
        self.settlements: dict[UUID, Row] = {}
        self.tranches: dict[UUID, Row] = {}
        self.charges: dict[UUID, Row] = {}
        self.instalments: dict[UUID, Row] = {}
        self.bank_holidays: frozenset[date] = frozenset()
        self.public_holidays: frozenset[date] = frozenset()
        self._reminding: list[Any] = []
        self._rows: dict[str, dict[UUID, Row]] = {
            table.name: rows
            for table, rows in zip(
                _TABLES,
                (
                    self.cases, self.items, self.plans, self.attempts, self.reminders, self.suspensions, self.steps,
                    self.notices, self.promises, self.settlements, self.tranches, self.charges,
                ),
                strict=True,
            )
        }  # fmt: skip
        self._new: set[UUID] = set()
        self._changed: dict[UUID, set[str]] = {}

    async def load(self, client_ids: Iterable[UUID], *, lock: bool = True) -> None:
        """Lock every case of these clients, by id, and read what belongs to them; a query only reads."""
        clients = sorted(set(client_ids))
        own = recovery_case.c.organisation_id == self.work.organisation_id
        wanted = (
            select(recovery_case).where(own, among(recovery_case.c.client_id, clients)).order_by(recovery_case.c.id)
        )
        await self._take(recovery_case, wanted.with_for_update() if lock else wanted)
        await self._load_terms()
        cases = sorted(self.cases)
        if not cases:
            return
        for table in _OF_A_CASE:
            statement = select(table).where(
                table.c.organisation_id == self.work.organisation_id, among(table.c.case_id, cases)
            )
            await self._take(table, statement.order_by(table.c.id))
        for table, plans in ((retry_attempt, self.plans), (settlement_tranche, self.settlements)):
            if plans:
                of_plans = select(table).where(
                    table.c.organisation_id == self.work.organisation_id, among(table.c.plan_id, sorted(plans))
                )
                await self._take(table, of_plans.order_by(table.c.id))
        await self._take(
            reminder,
            select(reminder)
            .where(
                reminder.c.organisation_id == self.work.organisation_id,
                among(reminder.c.client_id, clients),
                (reminder.c.status == ReminderStatus.PENDING)
                | (reminder.c.requested_at > self.work.now - _RECENT)
                | reminder.c.step_code.is_not(None),
            )
            .order_by(reminder.c.id),
        )
        await self.load_instalments(item["instalment_id"] for item in self.items.values())

    async def _load_terms(self) -> None:
        """The closed days ahead that no rule computes, and when debtors may be written to."""
        rows = await self.work.fetch(
            select(holiday_view.c.zone, holiday_view.c.date).where(
                holiday_view.c.organisation_id == self.work.organisation_id,
                holiday_view.c.closed,
                holiday_view.c.zone.in_((TARGET, FRANCE)),
                holiday_view.c.date >= self.work.today() - _RECENT,
            )
        )
        self.bank_holidays = frozenset(row["date"] for row in rows if row["zone"] == TARGET)
        self.public_holidays = frozenset(row["date"] for row in rows if row["zone"] == FRANCE)
        self._reminding = await self.work.fetch(
            select(reminder_policy)
            .where(reminder_policy.c.organisation_id == self.work.organisation_id, reminder_policy.c.is_active)
            .order_by(reminder_policy.c.id)
            .limit(500)
        )

    def reminding(self, case: Row) -> ReminderTerms:
        """What governs the messages about a case."""
        context = {"company_id": case["company_id"], "customer_type": case["customer_type"]}
        found = best(self._reminding, context)
        return ReminderTerms.model_validate(found["terms"]) if found else ReminderTerms()

    def contact_hours(self, case: Row) -> ContactHours:
        """When and how often the debtor of a case may be written to."""
        return hours_of(self.reminding(case), self.public_holidays)

    async def _take(self, table: Table, statement: Any) -> None:
        self._rows[table.name].update({row["id"]: dict(row) for row in await self.work.fetch(statement)})

    async def load_instalments(self, ids: Iterable[UUID]) -> None:
        """Read the amounts due; their changes were stored before in this transaction."""
        rows = await self.work.fetch(
            select(instalment).where(
                instalment.c.organisation_id == self.work.organisation_id, among(instalment.c.id, sorted(set(ids)))
            )
        )
        self.instalments.update({row["id"]: dict(row) for row in rows})

    # -- finding -------------------------------------------------------------------------------------------------

    def open_cases(self) -> list[Row]:
        """The cases that are not closed, by id."""
        return [self.cases[id_] for id_ in sorted(self.cases) if self.cases[id_]["status"] != RecoveryCaseStatus.CLOSED]

    def items_of(self, case: Row) -> list[Row]:
        """The receivables of a case, oldest first."""
        found = [item for item in self.items.values() if item["case_id"] == case["id"]]
        return sorted(found, key=lambda item: (item["due_date"], item["id"]))

    def plans_of(self, case: Row) -> list[Row]:
        """The plans of a case."""
        return [plan for plan in self.plans.values() if plan["case_id"] == case["id"]]

    def attempts_of(self, plan: Row) -> list[Row]:
        """The attempts of a plan in their order."""
        found = [attempt for attempt in self.attempts.values() if attempt["plan_id"] == plan["id"]]
        return sorted(found, key=lambda attempt: attempt["number"])

    def live_plans(self, case: Row) -> list[Row]:
        """The plans from which a further rejection may come."""
        return [plan for plan in self.plans_of(case) if plan["status"] in LIVE_PLANS]

    def debit_in_flight(self, case: Row) -> bool:
        """Whether an attempt of the case waits for the bank's answer."""
        return any(
            attempt["status"] == RetryAttemptStatus.SUBMITTED
            for plan in self.plans_of(case)
            for attempt in self.attempts_of(plan)
        )

    def suspension_of(self, case: Row, *statuses: SuspensionStatus) -> Row | None:
        """The newest order to cut the service of a case that is in one of the states."""
        found = [row for row in self.suspensions.values() if row["case_id"] == case["id"] and row["status"] in statuses]
        return max(found, key=lambda row: row["requested_at"], default=None)

    def notice_of(self, case: Row, *statuses: NoticeStatus) -> Row | None:
        """The newest formal notice of a case that is in one of the states."""
        found = [row for row in self.notices.values() if row["case_id"] == case["id"] and row["status"] in statuses]
        return max(found, key=lambda row: (row["created_at"], row["id"]), default=None)

    def promises_of(self, case: Row) -> list[Row]:
        """The promises that a case waits for."""
        return [
            row
            for row in self.promises.values()
            if row["case_id"] == case["id"] and row["status"] == PromiseStatus.PENDING
        ]

    def settlements_of(self, case: Row, *statuses: SettlementStatus) -> list[Row]:
        """The settlement plans of a case that are in one of the states."""
        return [row for row in self.settlements.values() if row["case_id"] == case["id"] and row["status"] in statuses]

    def tranches_of(self, plan: Row) -> list[Row]:
        """The tranches of a settlement plan in their order."""
        found = [row for row in self.tranches.values() if row["plan_id"] == plan["id"]]
        return sorted(found, key=lambda row: row["number"])

    def charges_of(self, case: Row, *statuses: ChargeStatus) -> list[Row]:
        """The charges of a case, all of them or those in one of the states, oldest first."""
        found = [row for row in self.charges.values() if row["case_id"] == case["id"]]
        wanted = [row for row in found if not statuses or row["status"] in statuses]
        return sorted(wanted, key=lambda row: (row["created_at"], row["id"]))

    def taken_dates(self, mandate_id: UUID | None, without: UUID | None = None) -> list[Any]:
        """The dates on which a mandate is presented again already."""
        return [
            attempt["planned_collection_date"]
            for attempt in self.attempts.values()
            if mandate_id is not None
            and attempt["mandate_id"] == mandate_id
            and attempt["id"] != without
            and attempt["status"] in (RetryAttemptStatus.SCHEDULED, RetryAttemptStatus.SUBMITTED)
        ]

    # -- changing ------------------------------------------------------------------------------------------------

    def add(self, table: Table, row: Row) -> Row:
        """Put a new row on the desk."""
        full: Row = dict.fromkeys(table.c.keys()) | {"organisation_id": self.work.organisation_id, "version": 0} | row
        for name in ("created_at", "updated_at"):
            full[name] = self.work.now
        for name in ("created_by", "updated_by"):
            full[name] = self.work.caller.principal
        kept = {name: full[name] for name in table.c.keys()}  # noqa: SIM118 - a column collection
        self._rows[table.name][kept["id"]] = kept
        self._new.add(kept["id"])
        return kept

    def change(self, row: Row, **columns: Any) -> Row:
        """Change columns of a row; values that stand already are no change."""
        changed = {name for name, value in columns.items() if row[name] != value}
        if changed:
            row.update(columns)
            self._changed.setdefault(row["id"], set()).update(changed)
        return row

    def state(self, row: Row, fact: Event) -> None:
        """State a fact about a row; its version rises."""
        self.change(row, version=row["version"] + 1)
        self.work.emit(fact, version=row["version"])

    def case_ref(self, case: Row) -> dict[str, Any]:
        """The fields of CaseRef."""
        return shown.case_ref(case)

    def retry_ref(self, plan: Row) -> dict[str, Any]:
        """The fields of RetryRef."""
        return shown.retry_ref(plan)

    async def store(self) -> None:
        """Write everything that is new or changed: new rows together, changed ones one by one."""
        groups = []
        for table in _TABLES:
            rows = self._rows[table.name]
            groups.append((table, [rows[id_] for id_ in sorted(rows) if id_ in self._new]))
        filled = [group for group in groups if group[1]]
        if filled:
            await self.work.insert_together(*filled)
        for table in _TABLES:
            rows = self._rows[table.name]
            for id_ in sorted(rows.keys() & self._changed.keys() - self._new):
                changed = {name: rows[id_][name] for name in self._changed[id_]}
                if "updated_at" in table.c:
                    changed["updated_at"] = self.work.now
                await self.work.execute(update(table).where(table.c.id == id_).values(**changed))
        self._new.clear()
        self._changed.clear()
