"""A bank between two folders: takes pain.008 files, answers pain.002, camt.054 and a camt.053 per booking day.

`python -m actors.payments.bank.simulator FOLDER --until 2026-12-08 [--script script.json]` plays every day up to that date.
The same folder, script and dates always give the same files.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from lxml import etree

from actors.payments.bank import answers
from actors.payments.bank.answers import Account, Booked
from actors.payments.bank.outcomes import Outcome, Script, read_script
from actors.payments.bank.transport import FROM_BANK, TO_BANK
from messages.values.business_days import TARGET, add_business_days, is_business_day

_STATE = "bank.json"
_DONE = "done"


@dataclass(frozen=True, slots=True)
class Order:
    """A debit as a creditor ordered it."""

    end_to_end_id: str
    pmt_inf_id: str
    rum: str
    debtor: str
    amount: Decimal
    scheme: str
    collection_date: date


@dataclass(frozen=True, slots=True)
class Orders:
    """A pain.008 file as the bank reads it."""

    msg_id: str
    iban: str
    debits: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A file for the creditor."""

    name: str
    content: bytes


def read_orders(content: bytes) -> Orders:
    """The debits of a pain.008 of any minor version."""
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))[0]
    debits = []
    for group in root.iterfind("{*}PmtInf"):
        day = date.fromisoformat(_text(group, "ReqdColltnDt"))
        group_id, scheme = _text(group, "PmtInfId"), _text(group, "PmtTpInf/LclInstrm/Cd")
        for debit in group.iterfind("{*}DrctDbtTxInf"):
            debits.append(
                Order(
                    _text(debit, "PmtId/EndToEndId"),
                    group_id,
                    _text(debit, "DrctDbtTx/MndtRltdInf/MndtId"),
                    _text(debit, "Dbtr/Nm"),
                    Decimal(_text(debit, "InstdAmt")),
                    scheme,
                    day,
                )
            )
    return Orders(_text(root, "GrpHdr/MsgId"), _text(root, "PmtInf/CdtrAcct/Id/IBAN"), tuple(debits))


class SimulatedBank:
    """The bank's books: what will settle and what will come back on which day, and each account's balance."""

    def __init__(self, script: Script, state: dict[str, Any] | None = None, *, single_entries: bool = False) -> None:
        self._script = script
        self._single_entries = single_entries
        state = state or {}
        self.played_until = date.fromisoformat(state["played_until"]) if "played_until" in state else None
        self._accounts: dict[str, dict[str, Any]] = state.get("accounts", {})
        self._due: dict[str, list[dict[str, Any]]] = state.get("due", {})

    def state(self) -> dict[str, Any]:
        """The books, for the next call."""
        until = self.played_until.isoformat() if self.played_until else None
        return {"accounts": self._accounts, "due": self._due} | ({"played_until": until} if until else {})

    def take(self, content: bytes, day: date) -> Answer:
        """Accept a file and answer with a pain.002 that names what is rejected at once."""
        orders = read_orders(content)
        groups: dict[str, tuple[int, list[tuple[str, str]]]] = {}
        for order in orders.debits:
            outcome = self._script.outcome(order.end_to_end_id, order.rum, order.debtor, order.collection_date)
            count, rejected = groups.get(order.pmt_inf_id, (0, []))
            if outcome.kind == "REJ":
                rejected.append((order.end_to_end_id, outcome.code or "MS03"))
            else:
                self._book(orders.iban, order, outcome)
            groups[order.pmt_inf_id] = (count + 1, rejected)
        report = answers.status_report(f"RPT-{orders.msg_id[:31]}", orders.msg_id, day, groups)
        return Answer(f"{day:%Y%m%d}-1-pain002-{orders.msg_id}.xml", report)

    def play(self, day: date) -> list[Answer]:
        """The bank's files of one day: a camt.054 when debits came back, a camt.053 when anything moved."""
        self.played_until = day
        found = []
        for iban in sorted(self._accounts):
            booked = self._due.pop(f"{iban}|{day.isoformat()}", [])
            collected: dict[str, list[Booked]] = {}
            returns: list[Booked] = []
            for row in booked:
                movement = Booked(**{**row, "amount": Decimal(row["amount"])})
                if movement.reason is None:
                    collected.setdefault(movement.pmt_inf_id, []).append(movement)
                else:
                    returns.append(movement)
            if booked:
                found += self._statements(iban, day, collected, returns)
        return found

    def _statements(
        self, iban: str, day: date, collected: dict[str, list[Booked]], returns: Sequence[Booked]
    ) -> list[Answer]:
        account, books = Account(iban), self._accounts[iban]
        books["sequence"] += 1
        content, closing = answers.statement(
            account,
            day,
            books["sequence"],
            Decimal(books["balance"]),
            collected,
            returns,
            single_entries=self._single_entries,
        )
        books["balance"] = f"{closing:.2f}"
        found = [Answer(f"{day:%Y%m%d}-3-camt053-{iban[-4:]}.xml", content)]
        if returns:
            name = f"{day:%Y%m%d}-2-camt054-{iban[-4:]}.xml"
            found.insert(0, Answer(name, answers.notification(account, day, returns)))
        return found

    def _book(self, iban: str, order: Order, outcome: Outcome) -> None:
        self._accounts.setdefault(iban, {"sequence": 0, "balance": "0.00"})
        booked = Booked(order.end_to_end_id, order.pmt_inf_id, order.rum, order.debtor, order.amount, order.scheme)
        settles = _booking_day(order.collection_date)
        self._enter(iban, settles, booked)
        if outcome.kind in ("RET", "REF"):
            if outcome.kind == "RET":
                back = add_business_days(settles, outcome.days, TARGET)
            else:
                back = _booking_day(settles + timedelta(days=outcome.days))
            self._enter(iban, back, booked, outcome.code)

    def _enter(self, iban: str, day: date, booked: Booked, reason: str | None = None) -> None:
        row = {**asdict(booked), "amount": f"{booked.amount:.2f}", "reason": reason}
        self._due.setdefault(f"{iban}|{day.isoformat()}", []).append(row)


def play_folder(folder: Path, until: date, script: Script, *, single_entries: bool = False) -> list[str]:
    """Take what lies in to_bank, play every day up to `until`, leave the answers in from_bank; their names."""
    inbox, outbox, done = folder / TO_BANK, folder / FROM_BANK, folder / _DONE
    for path in (inbox, outbox, done):
        path.mkdir(parents=True, exist_ok=True)
    state_file = folder / _STATE
    state = orjson.loads(state_file.read_bytes()) if state_file.exists() else None
    bank = SimulatedBank(script, state, single_entries=single_entries)
    found = []
    for path in sorted(inbox.glob("*.xml")):
        found.append(bank.take(path.read_bytes(), until))
        path.replace(done / path.name)
    for day in _days(bank, until):
        found += bank.play(day)
    for answer in found:
        (outbox / f"{answer.name}.part").write_bytes(answer.content)
        (outbox / f"{answer.name}.part").replace(outbox / answer.name)
    state_file.write_bytes(orjson.dumps(bank.state()))
    return [answer.name for answer in found]


def _days(bank: SimulatedBank, until: date) -> list[date]:
    """The days not played yet; books that open now begin with the earliest debit they hold."""
    known = [date.fromisoformat(key.rpartition("|")[2]) for key in bank.state()["due"]]
    first = bank.played_until + timedelta(days=1) if bank.played_until else min([*known, until])
    first = min([first, *known])
    return [first + timedelta(days=number) for number in range((until - first).days + 1)]


def _booking_day(day: date) -> date:
    return day if is_business_day(day, TARGET) else add_business_days(day, 1, TARGET)


def _text(element: Any, path: str) -> str:
    found = element.findtext("/".join(f"{{*}}{name}" for name in path.split("/")))
    return (found or "").strip()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="actors.payments.bank.simulator", description=__doc__)
    parser.add_argument("folder", type=Path, help="the exchange folder of one organisation")
    parser.add_argument("--until", type=date.fromisoformat, required=True, help="the last day to play, YYYY-MM-DD")
    parser.add_argument("--script", type=Path, help="JSON file with rules and shares of outcomes")
    parser.add_argument("--single-entries", action="store_true", help="one statement entry per debit, not per group")
    chosen = parser.parse_args(arguments)
    play_folder(chosen.folder, chosen.until, read_script(chosen.script), single_entries=chosen.single_entries)


if __name__ == "__main__":
    main()
