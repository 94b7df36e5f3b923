"""Whatever is asked in whatever order: services, ends and bills of a contract stay inside their tables, and are told."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from actors.contrats.rules.instalments import INSTALMENT
from actors.contrats.rules.status import CONTRACT, IN_FORCE
from messages.contrats import (
    OperationStatus,
    ProviderOutcome,
    QuoteTermination,
    ResumeContract,
    RetryOperation,
    RevokeTermination,
    ServiceStatus,
    SuspendContract,
    TerminateContract,
)
from messages.contrats.amendments import AddLine, EndLine, Operation
from messages.contrats.replies import ScheduledInstalment
from messages.contrats.upkeep import RebillInstalment, SkipInstalment
from messages.factures import InvoiceCancelled, InvoiceIssued
from messages.payments.suspensions import SuspensionLiftRequested, SuspensionRequested
from tests.actors.contrats.builders import Sale, at, fact
from tests.actors.contrats.test_services import amend
from tests.actors.contrats.walks import Walk, walk
from tests.harness import Running, Tenant

pytestmark = pytest.mark.chaos

LENGTHS = [(1, 10), pytest.param(40, 25, marks=pytest.mark.chaos)]
"""How many lives of how many steps; the long ones by `make chaos`."""


class ServicesOfAContract(Walk):
    """Cut and restored by people and by recovery, joined and left by services, while the provider does as he likes."""

    def __init__(self) -> None:
        super().__init__()
        self.cuts: list[UUID] = []

    @rule(request=st.sampled_from((SuspendContract, ResumeContract)))
    def a_person_orders(self, request: type[Any]) -> None:
        trigger = "suspend" if request is SuspendContract else "resume"
        reason = {"reason": "TECHNICAL"} if request is SuspendContract else {}
        possible, busy = CONTRACT.allows(trigger, self.contract.status), self.is_busy
        code = self.refusal(
            request(contract_id=self.sale.contract_id, expected_version=self.contract.version, **reason)
        )
        assert code == (
            None if possible and not busy else "OPERATION_IN_PROGRESS" if possible else "INVALID_TRANSITION"
        )

    @rule()
    def recovery_orders_the_cut(self) -> None:
        cut = fact(SuspensionRequested, contract_id=self.sale.contract_id, effective_at=at(self.day))
        self.do(self.sale.hears(cut, now=at(self.day), times=2))
        self.cuts.append(cut.request_id)
        self.look()

    @precondition(lambda self: self.cuts)
    @rule()
    def recovery_lifts_the_cut(self) -> None:
        lift = fact(
            SuspensionLiftRequested, request_id=self.cuts.pop(), contract_id=self.sale.contract_id, effective_at=at(self.day)
        )  # fmt: skip
        self.do(self.sale.hears(lift, now=at(self.day), version=2, times=2))
        self.look()

    @precondition(lambda self: self.is_busy)
    @rule(outcome=st.sampled_from((ProviderOutcome.OK, ProviderOutcome.OK, *ProviderOutcome)))
    def the_provider_answers(self, outcome: ProviderOutcome) -> None:
        self.do(self.sale.provider(outcome, callback_id=str(uuid4()), times=2))
        self.look()

    @precondition(lambda self: self.contract.status in IN_FORCE and len(self.contract.lines) < 3)
    @rule(ahead=st.sampled_from((0, 3)))
    def a_line_is_added(self, ahead: int) -> None:
        self._amend(AddLine(operation="add_line", line=self.sale.line("10.00")), "LINE_ADD", ahead)

    @precondition(lambda self: self.contract.status in IN_FORCE and len(self.contract.lines) > 1)
    @rule(ahead=st.sampled_from((0, 3)))
    def a_line_ends(self, ahead: int) -> None:
        line = self.contract.lines[-1]
        self._amend(EndLine(operation="end_line", line_id=line.line_id), "LINE_REMOVE", ahead)

    def _amend(self, change: Operation, kind: str, ahead: int) -> None:
        newest = max(body["effective_from"] for body in self.told("contract.amended") or [{"effective_from": ""}])
        first = max(self.day, date.fromisoformat(newest)) if newest else self.day
        self.do(amend(self.sale, change, effective=first + timedelta(days=ahead), kind=kind))
        self.look()

    @precondition(lambda self: any(row.status is OperationStatus.FAILED for row in self.operations))
    @rule()
    def somebody_tries_again(self) -> None:
        failed = next(row for row in self.operations if row.status is OperationStatus.FAILED)
        self.refusal(RetryOperation(operation_id=failed.id))

    @rule(days=st.integers(1, 4))
    def time_goes_by(self, days: int) -> None:
        self.days_pass(days)

    @rule()
    def a_minute_passes(self) -> None:
        now = self.sale.tenant.client.now
        assert now is not None
        self.do(self.sale.tick("minute", now + timedelta(minutes=1)))
        self.sale.at(now + timedelta(minutes=1))
        self.look()

    @invariant()
    def services_follow_their_lines(self) -> None:
        """Every line in force has its service; only what was ordered runs, and only what is cut rests."""
        links = self.contract.service_links
        lines = {line.line_id for line in self.contract.lines if line.valid_to is None}
        assert {link.line_id for link in links if link.ends_on is None} == lines
        asked = {
            (link["id"], body["action"])
            for body in self.told("contract.provisioning_requested")
            for link in body["service_links"]
        }
        for link in links:
            named = {action for identity, action in asked if identity == str(link.id)}
            assert ("ACTIVATE" in named) is (link.status is not ServiceStatus.PLANNED and bool(named))
            assert link.status is not ServiceStatus.SUSPENDED or "SUSPEND" in named

    @invariant()
    def recovery_gets_its_answers(self) -> None:
        """No order of recovery is answered twice in the same words."""
        answers = Counter(
            (type_, body["request_id"], body.get("operation"))
            for type_, body in self.events
            if type_ in ("contract.suspended", "contract.resumed") and body["request_id"] is not None
        )
        assert all(count == 1 for count in answers.values())


class EndOfAContract(Walk):
    """Ends asked for, taken back, and coming on their day."""

    terms: ClassVar = {"commitment_months": 12, "initial_term_months": 24}

    @rule(ahead=st.sampled_from((None, 0, 15, 40)), days_ago=st.integers(0, 3))
    def somebody_leaves(self, ahead: int | None, days_ago: int) -> None:
        received = max(date(2026, 3, 2), self.day - timedelta(days=days_ago))
        asked = {
            "contract_id": self.sale.contract_id, "received_on": received, "reason_code": "MOVING",
            "requested_ends_on": None if ahead is None else self.day + timedelta(days=ahead),
        }  # fmt: skip
        order = asked | {"expected_version": self.contract.version, "channel": "ONLINE"}
        if not CONTRACT.allows("terminate", self.contract.status):
            assert self.refusal(TerminateContract.model_validate(order)) == "INVALID_TRANSITION"
            return
        if self.contract.termination_ends_on is not None:
            assert self.refusal(TerminateContract.model_validate(order)) == "ALREADY_SCHEDULED"
            return
        quote = self.call(QuoteTermination.model_validate(asked))
        made = self.call(TerminateContract.model_validate(order))
        assert (made.ends_on, made.notice_ends_on, made.fee, made.credit) == (
            quote.ends_on, quote.notice_ends_on, quote.fee, quote.credit,
        )  # fmt: skip
        assert self.contract.termination_ends_on == made.ends_on

    @rule()
    def it_is_taken_back(self) -> None:
        ends_on = self.contract.termination_ends_on
        possible = ends_on is not None and ends_on >= self.day and self.contract.status in IN_FORCE
        revoke = RevokeTermination(contract_id=self.sale.contract_id, expected_version=self.contract.version)
        assert self.refusal(revoke) == (None if possible else "TERMINATION_NOT_SCHEDULED")

    @rule(days=st.integers(1, 25))
    def time_goes_by(self, days: int) -> None:
        before, ends_on = self.contract.status, self.contract.termination_ends_on
        self.days_pass(days)
        if before in IN_FORCE and ends_on is not None and ends_on < self.day:
            assert self.contract.status == "TERMINATED" or self.is_busy
            self.days_pass(1)  # the legal end does not wait for the provider
            assert self.contract.status == "TERMINATED"

    @precondition(lambda self: self.is_busy)
    @rule()
    def the_provider_answers(self) -> None:
        self.do(self.sale.provider())
        self.look()

    @invariant()
    def an_end_is_scheduled_revoked_or_executed(self) -> None:
        scheduled = len(self.told("contract.termination_scheduled"))
        over = len(self.told("contract.termination_revoked")) + len(self.told("contract.terminated"))
        waits = self.contract.status in IN_FORCE and self.contract.termination_ends_on is not None
        assert scheduled - over == int(waits)

    @invariant()
    def nothing_is_billed_beyond_the_end(self) -> None:
        if self.contract.status == "TERMINATED":
            assert not [row for row in self.contract.instalments if row.status == "PLANNED"]


class BillsOfAContract(Walk):
    """Periods billed, left out, invoiced, undone and billed again."""

    def __init__(self) -> None:
        self.rebilled: Counter[str] = Counter()
        super().__init__()

    @rule(days=st.integers(1, 40))
    def time_goes_by(self, days: int) -> None:
        self.days_pass(days)

    @rule(which=st.integers(0, 3), request=st.sampled_from((SkipInstalment, RebillInstalment)))
    def a_person_decides(self, which: int, request: type[Any]) -> None:
        row, trigger = self._pick(which), "skip" if request is SkipInstalment else "rebill"
        code = self.refusal(request(billing_instalment_id=row.billing_instalment_id, reason="geste commercial"))
        assert code == (None if INSTALMENT.allows(trigger, row.status) else "INVALID_TRANSITION")
        after = self._pick(which).status
        assert after == (INSTALMENT.after(trigger, row.status) if code is None else row.status)
        if code is None and (row.status, trigger) == ("DUE", "rebill"):
            self.rebilled[str(row.billing_instalment_id)] += 1

    @rule(which=st.integers(0, 3))
    def the_invoice_is_issued(self, which: int) -> None:
        row = self._pick(which)
        issued = fact(InvoiceIssued, billing_instalment_ids=[row.billing_instalment_id])
        self.do(self.sale.hears(issued, now=at(self.day), times=2))
        self.look()
        invoiced = INSTALMENT.allows("invoice", row.status)
        assert self._pick(which).status == ("INVOICED" if invoiced else row.status)

    @rule(which=st.integers(0, 3), rebill=st.booleans())
    def the_invoice_is_undone(self, which: int, rebill: bool) -> None:
        row = self._pick(which)
        by = {"id": uuid4(), "number": "A-1", "kind": "CREDIT_NOTE"}
        undone = fact(InvoiceCancelled, rebill=rebill, invoice_id=row.invoice_id or uuid4(), by=by)
        self.do(self.sale.hears(undone, now=at(self.day), times=2))
        self.look()
        assert self._pick(which).status == ("DUE" if rebill and row.status == "INVOICED" else row.status)

    def _pick(self, which: int) -> ScheduledInstalment:
        return sorted(self.contract.instalments, key=lambda row: row.period_start)[which]

    @invariant()
    def a_period_is_billed_once_for_each_order(self) -> None:
        billed = Counter(
            row["billing_instalment_id"] for body in self.told("contract.billing_due") for row in body["instalments"]
        )
        for row in self.contract.instalments:
            identity = str(row.billing_instalment_id)
            orders = self.rebilled[identity] + (row.status in ("DUE", "INVOICED"))
            assert billed[identity] == orders, row.status

    @invariant()
    def periods_neither_overlap_nor_leave_gaps(self) -> None:
        found = sorted((row.period_start, row.period_end) for row in self.contract.instalments)
        for (_, end), (start, _) in pairwise(found):
            assert start == end + timedelta(days=1)


@pytest.mark.parametrize(("lives", "steps"), LENGTHS)
@pytest.mark.parametrize("machine", [ServicesOfAContract, EndOfAContract, BillsOfAContract])
async def test_no_illegal_state_is_reached_and_every_step_is_told(
    running: Running, tenant: Tenant, machine: type[Walk], lives: int, steps: int
) -> None:
    await walk(machine, await Sale(running, tenant).prepare(), lives=lives, steps=steps)
