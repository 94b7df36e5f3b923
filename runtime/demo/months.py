"""Time passes: day by day the clock ticks, the bank works, the provider answers; each month commissions are settled."""

from collections.abc import Callable
from datetime import date

from messages.commercial import GenerateStatements, MarkStatementPaid, PublishStatement, ValidateStatement
from runtime.demo.outside import Bank, Provider
from runtime.demo.setting import Demo, at
from runtime.demo.story import Story

_BANK_HOUR = 18
_WRITING_HOUR = 10
"""Reminders leave, failed debits are presented again and services are cut at a tick of the minute in office hours."""


async def live_through(
    demo: Demo, bank: Bank, provider: Provider, story: Story, progress: Callable[[date], None]
) -> None:
    """Play every day of the calendar."""
    await provider.open()
    await story.begin(bank)
    try:
        for day in demo.calendar.days():
            await _day(demo, bank, provider, day)
            await story.go_on(day)
            await _settle(demo, provider)
            progress(day)
    finally:
        provider.close()


async def _day(demo: Demo, bank: Bank, provider: Provider, day: date) -> None:
    demo.client.now = at(day, 0)
    await demo.client.tick("day", at(day, 0))
    await _settle(demo, provider)
    for hour, kind in sorted([*((hour, "hour") for hour in demo.calendar.hours), (_WRITING_HOUR, "minute")]):
        demo.client.now = at(day, hour)
        if hour == _BANK_HOUR and bank.has_work:
            await bank.play(day)
        await demo.client.tick(kind, at(day, hour))
        await _settle(demo, provider)
    if day.day == 1:
        await _settle_commissions(demo, day)


async def _settle(demo: Demo, provider: Provider) -> None:
    """Wait for the system, let the provider answer, and wait again while he had something to answer."""
    await demo.settle()
    while await provider.answer():
        await demo.settle()


async def _settle_commissions(demo: Demo, day: date) -> None:
    """On the first of a month: the statements of the month before, from draft to paid."""
    demo.client.now = at(day, 20)
    last_month = date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)
    period = f"{last_month:%Y-%m}"
    made = await demo.client.call(
        GenerateStatements(company_id=demo.company_id, period=period), key=f"demo-statements-{period}"
    )
    # One whose every line waits for the clients' first payment has nothing to be paid yet.
    for statement in (found for found in made.items if found.selected_count):
        key = f"demo-{statement.statement_id}"
        await demo.client.call(ValidateStatement(statement_id=statement.statement_id), key=f"{key}-validate")
        await demo.settle()
        await demo.client.call(PublishStatement(statement_id=statement.statement_id), key=f"{key}-publish")
        await demo.settle()
        await demo.client.call(MarkStatementPaid(statement_id=statement.statement_id, paid_on=day), key=f"{key}-paid")
    await demo.settle()
