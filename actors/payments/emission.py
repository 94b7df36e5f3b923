"""The emission: every instalment that is due and passes the guards becomes exactly one payment."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.payments import views
from actors.payments.alerts import raise_alert
from actors.payments.company import Company
from actors.payments.due_rows import COLUMNS, SOURCE, emission_facts
from actors.payments.psp.charging import order_charge
from actors.payments.psp.debiting import BY_BANK, DebitRoutes, ProviderDebit
from actors.payments.rules import dates
from actors.payments.rules.guards import blocking_reason, warns_of_notice
from actors.payments.rules.machines import INSTALMENT, LIVE
from actors.payments.rules.references import emission_key
from actors.payments.sets import PAGE, history, run_many, state_many
from messages.base import Event
from messages.payments import (
    AlertSeverity,
    BlockReason,
    EmissionResult,
    InstalmentBlocked,
    InstalmentRescheduled,
    InstalmentStatus,
    InstalmentUnblocked,
    PaymentCreated,
    PaymentStatus,
    PaymentType,
    Provider,
    RescheduleReason,
    ScheduleStatus,
)
from messages.shared import Ref
from messages.values.business_days import TARGET, is_business_day, previous_business_day
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.dues import instalment
from storage.payments.tables.others import payment_number_block
from storage.payments.tables.payments import payment

_CRITICAL_BLOCKS = {BlockReason.VELOCITY_LIMIT, BlockReason.ROUTING_NOT_FOUND}


@dataclass(slots=True)
class Page:
    """What one page of a run did."""

    results: list[EmissionResult] = field(default_factory=list)
    last: UUID | None = None
    complete: bool = True

    def count(self, outcome: str) -> int:
        """How many instalments ended that way."""
        return sum(result.outcome == outcome for result in self.results)


@dataclass(slots=True)
class _Found:
    """An instalment with what the guards said of it."""

    row: dict[str, Any]
    amount: Decimal
    collection_date: date
    attempt: int
    provider: ProviderDebit | None


class Emission:
    """Works on one page of a company's due instalments."""

    def __init__(self, work: UnitOfWork, company: Company, business_date: date, local: datetime) -> None:
        self._work = work
        self._company = company
        self._date = business_date
        self._lead = company.profile.lead_target_days
        hour, minute = company.profile.cutoff_local.split(":")
        self._cutoff_passed = local.date() == business_date and (local.hour, local.minute) >= (int(hour), int(minute))
        self._page = Page()
        self._emit: list[_Found] = []
        self._blocked: list[tuple[dict[str, Any], BlockReason]] = []
        self._unannounced: list[UUID] = []

    async def run(self, after: UUID | None, *, dry: bool = False) -> Page:
        """Present the next page of due instalments after that id; a dry run only says what would happen."""
        routes = await DebitRoutes.load(self._work, self._company.id)
        rows = await self._due(after, max(self._lead, routes.longest_lead))
        await routes.know({row["client_id"] for row in rows})
        attempts = await self._attempts([row["id"] for row in rows])
        live = await self._live_of_clients({row["client_id"] for row in rows})
        for row in rows:
            await self._judge(dict(row), attempts, live, routes)
        self._page.last = rows[-1]["id"] if rows else after
        self._page.complete = len(rows) < PAGE
        if not dry:
            await self._present()
            await self._block()
        return self._page

    async def _due(self, after: UUID | None, lead: int) -> list[Row]:
        """The page, locked; rows that another run holds are its business."""
        organisation = instalment.c.organisation_id == self._work.organisation_id
        statement = (
            select(*COLUMNS)
            .select_from(SOURCE)
            .where(
                organisation,
                instalment.c.company_id == self._company.id,
                instalment.c.status.in_((InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED)),
                instalment.c.planned_debit_date <= latest_planned(self._date, lead),
            )
            .order_by(instalment.c.id)
            .limit(PAGE)
            .with_for_update(of=instalment, skip_locked=True)
        )
        if after is not None:
            statement = statement.where(instalment.c.id > after)
        return await self._work.fetch(statement)

    async def _attempts(self, ids: list[UUID]) -> dict[UUID, tuple[int, bool]]:
        """Per instalment the number of its newest payment, and whether one is under way."""
        rows = await self._work.fetch(
            select(
                payment.c.instalment_id,
                func.max(payment.c.attempt_no).label("attempt"),
                func.bool_or(payment.c.status.in_(LIVE)).label("live"),
            )
            .where(payment.c.organisation_id == self._work.organisation_id, among(payment.c.instalment_id, ids))
            .group_by(payment.c.instalment_id)
        )
        return {row["instalment_id"]: (row["attempt"], row["live"]) for row in rows}

    async def _live_of_clients(self, ids: set[UUID]) -> dict[UUID, int]:
        rows = await self._work.fetch(
            select(payment.c.client_id, func.count().label("live"))
            .where(
                payment.c.organisation_id == self._work.organisation_id,
                among(payment.c.client_id, sorted(ids)),
                payment.c.business_date == self._date,
                payment.c.status.in_(LIVE),
            )
            .group_by(payment.c.client_id)
        )
        return {row["client_id"]: row["live"] for row in rows}

    async def _judge(
        self,
        row: dict[str, Any],
        attempts: dict[UUID, tuple[int, bool]],
        live: dict[UUID, int],
        routes: DebitRoutes,
    ) -> None:
        attempt, under_way = attempts.get(row["id"], (0, False))
        if row["schedule_status"] == ScheduleStatus.PAUSED:
            return self._result(row, "skipped", "SCHEDULE_PAUSED")
        if under_way:
            return self._result(row, "skipped", "LIVE_PAYMENT_EXISTS")
        amount = row["amount"] - row["paid_amount"]
        if row["invoice_due"] is not None:
            amount = min(amount, row["invoice_due"] - row["invoice_credited"] - row["invoice_allocated"])
            if amount <= 0:
                return self._result(row, "skipped", "NOTHING_DUE")
        provider = await routes.of(row, amount, self._date)
        if row["planned_debit_date"] > latest_planned(self._date, provider.lead if provider else self._lead):
            return None  # read for a slower provider's sake; its own day comes
        if provider is not None and provider.waits:
            return self._result(row, "skipped", "PROVIDER_DOWN")
        day = self._collection_date(row["planned_debit_date"], provider)
        facts = emission_facts(row, self._company, amount, day, live.get(row["client_id"], 0), provider)
        reason = blocking_reason(facts, self._company.settings)
        if reason is not None:
            self._blocked.append((row, reason))
            return self._result(row, "blocked", reason)
        if warns_of_notice(facts, self._company.settings):
            self._unannounced.append(row["id"])
        live[row["client_id"]] = live.get(row["client_id"], 0) + 1
        self._emit.append(_Found(row, amount, day, attempt + 1, provider))
        return None

    def _collection_date(self, planned: date, provider: ProviderDebit | None) -> date:
        if provider is None:
            return dates.collection_date(planned, self._date, self._lead, cutoff_passed=self._cutoff_passed)
        day = dates.collection_date(planned, self._date, provider.lead)
        earliest: date | None = provider.mandate["next_possible_charge_date"]
        return max(day, dates.target_day(earliest)) if earliest is not None else day

    def _result(self, row: dict[str, Any], outcome: str, reason: str | None, payment_id: UUID | None = None) -> None:
        self._page.results.append(
            EmissionResult(instalment_id=row["id"], outcome=outcome, reason=reason, payment_id=payment_id)
        )

    async def _present(self) -> None:
        """Insert the payments, move the instalments, say both."""
        payments = [await self._payment_row(found) for found in self._emit]
        facts: list[tuple[Event, int]] = []
        presented = []
        for found, row in zip(self._emit, payments, strict=True):
            moved = found.collection_date > dates.target_day(found.row["planned_debit_date"])
            after = found.row | {
                "status": INSTALMENT.after("present", InstalmentStatus(found.row["status"])),
                "block_reason": None,
                "planned_debit_date": found.collection_date if moved else found.row["planned_debit_date"],
                "attempt": found.attempt,
                "version": found.row["version"] + 1 + moved + (found.row["status"] == InstalmentStatus.BLOCKED),
            }
            presented.append(self._presented(found, row, after))
            facts += self._instalment_facts(found, after, moved=moved)
            facts.append((PaymentCreated(**views.payment_ref(row)), 1))
            self._result(found.row, "emitted", None, row["id"])
        await self._warn()
        await self._work.insert_rows(payment, payments)
        await run_many(
            self._work, queries.HISTORY_ADDED, [history(self._work, row["id"], "payment.created") for row in payments]
        )
        await run_many(self._work, queries.INSTALMENT_PRESENTED, presented)
        state_many(self._work, facts, summary="emission")
        for row in payments:
            if row["psp_account_id"] is not None:
                order_charge(self._work, row)

    def _instalment_facts(self, found: _Found, after: dict[str, Any], *, moved: bool) -> list[tuple[Event, int]]:
        facts: list[tuple[Event, int]] = []
        version = found.row["version"]
        if found.row["status"] == InstalmentStatus.BLOCKED:
            version += 1
            facts.append((InstalmentUnblocked(**views.instalment_snapshot(after)), version))
        if moved:
            fact = InstalmentRescheduled(
                **views.instalment_snapshot(after),
                previous_date=found.row["planned_debit_date"],
                reason=RescheduleReason.LATE,
            )
            facts.append((fact, version + 1))
        return facts

    def _presented(self, found: _Found, row: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
        return {
            "instalment_id": found.row["id"],
            "new_planned": after["planned_debit_date"],
            "new_collection": found.collection_date,
            "new_payment_id": row["id"],
            "new_attempt": found.attempt,
            "new_version": after["version"],
            "now": self._work.now,
            "by": self._work.caller.principal,
        }

    async def _payment_row(self, found: _Found) -> dict[str, Any]:
        work, payment_id, zero = self._work, new_id(), Decimal("0.00")
        number = await work.next_number(payment_number_block)
        return {
            "id": payment_id,
            "organisation_id": work.organisation_id,
            "created_at": work.now,
            "created_by": work.caller.principal,
            "updated_at": work.now,
            "updated_by": work.caller.principal,
            "reference": f"PAY-{self._company.code}-{self._date:%Y}-{number:06}",
            "company_id": self._company.id,
            "client_id": found.row["client_id"],
            "contract_id": found.row["contract_id"],
            "instalment_id": found.row["id"],
            "invoice_id": found.row["invoice_id"],
            "schedule_id": found.row["schedule_id"],
            "mandate_id": found.row["mandate_id"],
            "creditor_account_id": self._company.account["id"] if self._company.account else None,
            "original_payment_id": None,
            "type": PaymentType.EMISSION,
            "method": found.row["rail"],
            "provider": Provider.BANK_SEPA,
            "attempt_no": found.attempt,
            "amount": found.amount,
            "currency": found.row["currency"],
            "refunded_amount": zero,
            "charged_back_amount": zero,
            "allocated_amount": zero,
            "instalment_amount": zero,
            "status": PaymentStatus.PENDING,
            "business_date": self._date,
            "requested_collection_date": found.collection_date,
            "idempotency_key": emission_key(work.organisation_id, found.row["id"], found.attempt),
            "end_to_end_id": payment_id.hex.upper(),
            "submissions": 0,
            **(found.provider.payment_columns() if found.provider is not None else BY_BANK),
        }

    async def _block(self) -> None:
        """Store and say what is held back; a block that stands already is not said again."""
        changed = [(row, why) for row, why in self._blocked if row["block_reason"] != why]
        rows, facts = [], list[tuple[Event, int]]()
        for row, reason in changed:
            after = row | {
                "status": INSTALMENT.after("block", InstalmentStatus(row["status"])),
                "block_reason": reason,
                "version": row["version"] + 1,
            }
            facts.append((InstalmentBlocked(**views.instalment_snapshot(after), block_reason=reason), after["version"]))
            rows.append(
                {
                    "instalment_id": row["id"],
                    "new_reason": reason,
                    "new_first_blocked_at": row["first_blocked_at"] or self._work.now,
                    "new_version": after["version"],
                    "now": self._work.now,
                    "by": self._work.caller.principal,
                }
            )
        await run_many(self._work, queries.INSTALMENT_BLOCKED, rows)
        state_many(self._work, facts, summary="emission")
        for reason in _CRITICAL_BLOCKS & {why for _, why in changed}:
            await self._alert(reason, [row["id"] for row, why in changed if why is reason])

    async def _warn(self) -> None:
        """The company chose to be warned of debits that were not announced in time, not to hold them back."""
        if not self._unannounced:
            return
        await raise_alert(
            self._work,
            BlockReason.PRENOTIFICATION_MISSING,
            AlertSeverity.WARNING,
            "Prélèvements non annoncés à temps",
            f"{len(self._unannounced)} instalments are debited on {self._date} that were not announced in time or with this "
            "amount; see why payment.prenotification_due did not reach the debtors",
            about=self._company.id,
            company_id=self._company.id,
            refs=[Ref(type="instalment", id=id_) for id_ in self._unannounced[:20]],
        )

    async def _alert(self, reason: BlockReason, ids: list[UUID]) -> None:
        await raise_alert(
            self._work,
            reason,
            AlertSeverity.CRITICAL,
            "Prélèvements bloqués",
            f"{len(ids)} instalments are blocked by {reason}; record a default creditor account or check the clients",
            about=self._company.id,
            company_id=self._company.id,
            refs=[Ref(type="instalment", id=id_) for id_ in ids[:20]],
        )


def latest_planned(business_date: date, lead: int) -> date:
    """The latest planned debit date that must be presented on that day."""
    start = business_date
    if not is_business_day(start, TARGET):
        start = previous_business_day(start, TARGET)
    return dates.add_target_days(start, lead)
