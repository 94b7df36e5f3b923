"""One client of the three hundred: his bank refuses every debit of a period, his service is cut, he pays by card, it returns."""

import json
from dataclasses import dataclass
from datetime import date
from email import policy
from email.parser import BytesParser
from typing import Any
from urllib.parse import urlsplit

import httpx
from lxml import html

from messages.contrats import GetContract
from messages.payments import ListMandates, ListPayments, ListRecoveryCases
from messages.values.instants import format_instant
from runtime.client_file import ImportedClient
from runtime.demo.outside import Bank
from runtime.demo.setting import Demo, at

_HOUR = 14


@dataclass
class Ending:
    """How the story ended, as the actors tell it."""

    name: str
    refused: int
    paid_by_card: int
    case: str
    contract: str

    @property
    def is_happy(self) -> bool:
        """Paid, closed, and served again."""
        return self.refused >= 3 and (self.paid_by_card, self.case, self.contract) == (1, "RECOVERED", "ACTIVE")


class Story:
    """The first client of the file."""

    def __init__(self, demo: Demo) -> None:
        plan = json.loads((demo.examples / "recovery.json").read_text(encoding="utf-8"))["story"]
        self._demo = demo
        self._refuses_from = date.fromisoformat(plan["refuses_from"])
        self._refuses_until = date.fromisoformat(plan["refuses_until"])
        self._pays_on = date.fromisoformat(plan["pays_on"])

    @property
    def is_told(self) -> bool:
        """Whether the calendar reaches the day he pays."""
        return self._pays_on <= self._demo.calendar.ends_on

    @property
    def _client(self) -> ImportedClient:
        return self._demo.report.imported[0]

    async def begin(self, bank: Bank) -> None:
        """Tell the bank when it refuses his debits for want of funds; all others succeed, whatever the shares say."""
        mandates = await self._demo.client.call(ListMandates(client_id=self._client.client_id))
        rum, calendar = mandates.items[0].rum, self._demo.calendar
        bank.decide(rum, "RET-AM04-2", self._refuses_from, self._refuses_until)
        bank.decide(rum, "OK", calendar.starts_on, calendar.ends_on)

    async def go_on(self, day: date) -> None:
        """On his day he opens the newest link he was sent and pays."""
        if day != self._pays_on:
            return
        self._demo.client.now = at(day, _HOUR)
        await self._pay(self._newest_link())
        await self._demo.settle()

    def _newest_link(self) -> str:
        """The payment link of the last mail to him that has one."""
        address = self._client.row["Email"]
        for file in sorted((self._demo.results / "mails").glob("*.eml"), reverse=True):
            mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
            body = mail.get_body(("plain",))
            if body is None or address not in str(mail["To"]):
                continue
            words = str(body.get_content()).split()
            link = next((word for word in words if word.startswith(f"{self._demo.system.bridge_url}/p/")), None)
            if link is not None:
                return link
        raise RuntimeError(f"no mail to {address} holds a payment link")

    async def _pay(self, link: str) -> None:
        """What a person does with a browser: the button, the provider's page, the way back."""
        now = {"crm-time": format_instant(at(self._pays_on, _HOUR))}
        async with httpx.AsyncClient(timeout=30, trust_env=False) as browser:
            form = _parsed(await browser.get(link, headers=now)).forms[0]
            here = urlsplit(link)
            leading = await browser.post(
                f"{here.scheme}://{here.netloc}{form.action}", data=dict(form.fields), headers=now
            )
            checkout = str(_parsed(leading).xpath("//main//a/@href")[0])
            paid = await browser.post(checkout, data={"holder": self._client.display_name})
            _parsed(await browser.get(paid.headers["location"], headers=now))

    async def end(self) -> Ending:
        """Ask the actors how it ended."""
        client, him = self._demo.client, self._client
        payments = (await client.call(ListPayments(client_id=him.client_id, limit=100))).items
        cases = (await client.call(ListRecoveryCases(client_id=him.client_id))).items
        ids = {payment.contract_id for payment in payments if payment.contract_id is not None}
        contract = await client.call(GetContract(contract_id=min(ids)))
        return Ending(
            name=him.display_name,
            refused=sum(payment.status in ("RETURNED", "REJECTED") for payment in payments),
            paid_by_card=sum((payment.method, payment.status) == ("CARD", "PAID") for payment in payments),
            case=str(cases[0].close_reason or cases[0].status) if cases else "none",
            contract=str(contract.status),
        )


def _parsed(answer: httpx.Response) -> Any:
    """The page; raises httpx.HTTPStatusError when there is none."""
    answer.raise_for_status()
    return html.fromstring(answer.text)
