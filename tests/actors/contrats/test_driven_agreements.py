"""Whatever is asked in whatever order: amendments, renewals and port-ins stay inside their tables, and are told."""

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from actors.contrats.rules.amendments import AMENDMENT
from actors.contrats.rules.port_in import PORT_IN, rio_key
from actors.contrats.rules.renewal import RENEWAL
from actors.contrats.rules.status import IN_FORCE
from messages.contrats import HandleProviderCallback
from messages.contrats.amendments import (
    AcceptAmendment,
    AddLine,
    Amendment,
    AmendmentStatus,
    ApplyAmendment,
    CancelAmendment,
    ListAmendments,
    ListContractVersions,
    ProposeAmendment,
    SendAmendment,
    UpdateAmendment,
)
from messages.contrats.port_ins import CancelPortIn, ListPortIns, PortIn, PortInContract
from messages.contrats.renewals import ListRenewals, RefuseRenewal, RenewalCycle
from messages.contrats.states import PortInStatus
from tests.actors.contrats.builders import Sale, at
from tests.actors.contrats.walks import Walk, walk
from tests.harness import Running, Tenant


class AmendmentsOfAContract(Walk):
    """Several changes of one contract on their way at once: the first that is applied outdates the others."""

    amendments: tuple[Amendment, ...] = ()

    def look(self) -> None:
        super().look()
        listing = ListAmendments(contract_id=self.sale.contract_id, limit=100)
        self.amendments = tuple(reversed(self.do(self.sale.tenant.client.call(listing)).items))

    def _fields(self) -> dict[str, Any]:
        line = AddLine(operation="add_line", line=self.sale.line("10.00"))
        return {"operations": (line,), "effective_from": self.day}

    @precondition(lambda self: len(self.amendments) < 4)
    @rule()
    def somebody_proposes(self) -> None:
        self.call(ProposeAmendment(contract_id=self.sale.contract_id, kind="LINE_ADD", **self._fields()))

    @precondition(lambda self: self.amendments)
    @rule(which=st.integers(0, 3), trigger=st.sampled_from(("send", "accept", "apply", "apply", "cancel", "refuse")))
    def somebody_goes_on(self, which: int, trigger: str) -> None:
        before = self.amendments[which % len(self.amendments)]
        named = {"amendment_id": before.id}
        consent = {"consent_kind": "DURABLE_MEDIUM", "given_on": self.day, "document_id": uuid4()}
        code = self.refusal(
            {
                "send": lambda: SendAmendment(**named),
                "accept": lambda: AcceptAmendment.model_validate(named | consent),
                "apply": lambda: ApplyAmendment(**named),
                "cancel": lambda: CancelAmendment(**named),
                "refuse": lambda: CancelAmendment(**named, refused_by_client=True),
            }[trigger]()
        )
        after = next(row for row in self.amendments if row.id == before.id)
        if not AMENDMENT.allows(trigger, before.status):
            assert (code in ("INVALID_TRANSITION", "AMENDMENT_STALE"), after) == (True, before)
        elif code is None:
            assert after.status == AMENDMENT.after(trigger, before.status)
        else:
            assert (trigger, code, after) == ("apply", "RETROACTIVE_NOT_ALLOWED", before)

    @precondition(lambda self: self.amendments)
    @rule(which=st.integers(0, 3))
    def somebody_writes_it_anew(self, which: int) -> None:
        before = self.amendments[which % len(self.amendments)]
        code = self.refusal(UpdateAmendment(amendment_id=before.id, **self._fields()))
        allowed = AMENDMENT.allows("rewrite", before.status)
        assert code == (None if allowed else "INVALID_TRANSITION")

    @rule(days=st.integers(1, 5))
    def time_goes_by(self, days: int) -> None:
        self.days_pass(days)

    @invariant()
    def each_applied_one_is_told_and_made_a_version(self) -> None:
        applied = sorted(str(row.id) for row in self.amendments if row.status is AmendmentStatus.APPLIED)
        assert sorted(body["amendment_id"] for body in self.told("contract.amended")) == applied
        listing = ListContractVersions(contract_id=self.sale.contract_id, limit=100)
        versions = self.do(self.sale.tenant.client.call(listing)).items
        assert len(versions) == 1 + len(applied) and len(self.contract.lines) == len(versions)

    @invariant()
    def only_what_is_written_on_the_present_version_is_open(self) -> None:
        open_ = (AmendmentStatus.DRAFT, AmendmentStatus.AWAITING_CONSENT, AmendmentStatus.ACCEPTED)
        assert {row.base_version for row in self.amendments if row.status in open_} <= {self.contract.version_no}


class NumberOfAContract(Walk):
    """A number that is brought, refused or kept, while people and the operator do as they like."""

    numbers: ClassVar[Iterator[int]] = itertools.count(12345678)
    ports: tuple[PortIn, ...] = ()

    async def begin(self) -> None:
        """Signed and approved, its withdrawal over; it waits for its number until September."""
        self.number = f"06{next(self.numbers)}"
        await self.sale.draft(terms={"starts_on": date(2026, 9, 1)})
        await self.sale.sign()
        await self.sale.approve()
        await self.sale.activate_mandate()
        await self.sale.day(date(2026, 4, 1))
        self.sale.at(at(date(2026, 4, 1)))

    def look(self) -> None:
        super().look()
        listing = ListPortIns(contract_id=self.sale.contract_id, limit=100)
        self.ports = tuple(reversed(self.do(self.sale.tenant.client.call(listing)).items))

    @precondition(lambda self: self.contract.status == "SIGNED")
    @rule()
    def the_number_is_ordered(self) -> None:
        (line,) = self.contract.lines
        order = PortInContract(
            contract_id=self.sale.contract_id, expected_version=self.contract.version, line_id=line.line_id,
            msisdn=self.number, rio=f"01P123456{rio_key('01', 'P', '123456', self.number)}",
        )  # fmt: skip
        busy = self.is_busy
        assert self.refusal(order) == ("OPERATION_IN_PROGRESS" if busy else None)

    @precondition(lambda self: self.ports)
    @rule(status=st.sampled_from(("ACCEPTED", "ACCEPTED", "COMPLETED", "REFUSED")))
    def the_operator_answers(self, status: str) -> None:
        port, operation = self.ports[-1], self.operations[0]
        if operation.operation != "PORT_IN":
            return
        callback = HandleProviderCallback.model_validate(
            {
                "provider": "TELCO", "callback_id": str(uuid4()), "operation_id": operation.id, "outcome": "OK",
                "port": {"status": status},
            }
        )  # fmt: skip
        trigger = {"ACCEPTED": "accept", "COMPLETED": "complete", "REFUSED": "refuse"}[status]
        for _ in range(2):
            self.refusal(callback)
        after = self.ports[-1]
        allowed = PORT_IN.allows(trigger, port.status)
        assert after.status == (PORT_IN.after(trigger, port.status) if allowed else port.status)

    @precondition(lambda self: self.ports)
    @rule()
    def somebody_keeps_it(self) -> None:
        port = self.ports[-1]
        code = self.refusal(CancelPortIn(port_in_id=port.id))
        if self.day >= port.scheduled_on:
            assert code == "PORT_DATE_TOO_EARLY"
        else:
            assert code == (None if PORT_IN.allows("cancel", port.status) else "INVALID_TRANSITION")

    @rule(days=st.integers(1, 3))
    def time_goes_by(self, days: int) -> None:
        self.days_pass(days)

    @invariant()
    def each_step_is_told_once(self) -> None:
        found = Counter(port.status for port in self.ports)
        assert len(self.told("contract.port_in_requested")) == len(self.ports)
        assert len(self.told("contract.port_in_completed")) == found[PortInStatus.COMPLETED] <= 1
        assert len(self.told("contract.port_in_refused")) == found[PortInStatus.REFUSED]

    @invariant()
    def the_contract_starts_with_its_number_and_not_before(self) -> None:
        arrived = any(port.status is PortInStatus.COMPLETED for port in self.ports)
        assert (self.contract.status in IN_FORCE) is arrived


class TermsOfAContract(Walk):
    """Terms that end and follow one another, refused or not, told in time or not."""

    terms: ClassVar[dict[str, Any]] = {"initial_term_months": 1, "renewal_term_months": 1, "notice_value": 5}
    cycles: tuple[RenewalCycle, ...] = ()

    def look(self) -> None:
        super().look()
        found = self.do(self.sale.tenant.client.call(ListRenewals(limit=100))).items
        self.cycles = tuple(cycle for cycle in found if cycle.contract_id == self.sale.contract_id)

    @precondition(lambda self: self.contract.status in IN_FORCE)
    @rule()
    def somebody_refuses(self) -> None:
        cycle = max(self.cycles, key=lambda one: one.term_ends_on)
        refuse = RefuseRenewal(
            contract_id=self.sale.contract_id, expected_version=self.contract.version, received_on=self.day
        )
        code = self.refusal(refuse)
        if cycle.status == "REFUSED":
            assert code is None  # the same answer again
        elif self.day > cycle.refusal_deadline:
            assert code == "REFUSAL_TOO_LATE"
        else:
            assert code == (None if RENEWAL.allows("refuse", cycle.status) else "INVALID_TRANSITION")

    @rule(days=st.integers(1, 12))
    def time_goes_by(self, days: int) -> None:
        self.days_pass(days)

    @precondition(lambda self: self.is_busy)
    @rule()
    def the_provider_answers(self) -> None:
        self.do(self.sale.provider())
        self.look()

    @invariant()
    def each_term_is_settled_once_and_told(self) -> None:
        refused = [cycle for cycle in self.cycles if cycle.status == "REFUSED"]
        assert len(self.told("contract.renewal_refused")) == len(refused) <= 1
        assert len(self.told("contract.renewed")) == self.contract.renewal_count
        assert len({cycle.term_ends_on for cycle in self.cycles}) == len(self.cycles)
        if self.contract.status == "EXPIRED":
            assert refused and refused[0].term_ends_on == self.contract.ends_on


SHORT, LONG = (1, 5), (12, 20)
"""How many lives of how many steps; the long ones by `make chaos`."""


@pytest.mark.parametrize(
    ("machine", "length"),
    [
        (AmendmentsOfAContract, SHORT),
        (NumberOfAContract, SHORT),
        *(
            pytest.param(machine, LONG, marks=pytest.mark.chaos)
            for machine in (AmendmentsOfAContract, NumberOfAContract, TermsOfAContract)
        ),
    ],
)
async def test_no_illegal_state_is_reached_and_every_step_is_told(
    running: Running, tenant: Tenant, machine: type[Walk], length: tuple[int, int]
) -> None:
    lives, steps = length
    await walk(machine, await Sale(running, tenant).prepare(), lives=lives, steps=steps)
