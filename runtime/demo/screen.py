"""The one screen at the end: what happened, in money and counts, and where to look next."""

from decimal import Decimal

from rich.console import Console
from rich.table import Table

from runtime.demo.books import Books
from runtime.demo.funnel import Funnel
from runtime.demo.setting import Demo
from runtime.demo.story import Ending

_SHOWN_REFUSALS = 5


def show(console: Console, demo: Demo, books: Books, funnel: Funnel, ending: Ending | None, seconds: float) -> bool:
    """Print the screen; True when every check holds."""
    console.rule(
        f"[bold]{demo.catalogue['company']['legal_name']}[/bold] {demo.calendar.starts_on} to {demo.calendar.ends_on}"
    )
    facts = Table(show_header=False, box=None, padding=(0, 2))
    facts.add_row("clients imported", f"{books.clients}", "contracts signed", f"{books.contracts}")
    facts.add_row("rows refused, each with its cure", f"{books.refused_rows}", "mails sent over SMTP", f"{books.mails}")
    facts.add_row("invoices issued (Factur-X)", f"{books.invoices}", "bank files sent (pain.008)", f"{books.batches}")
    facts.add_row("invoiced", _euros(books.invoiced), "ordered at the bank", _euros(books.ordered_at_bank))
    facts.add_row("collected", _euros(books.collected), "received at the bank", _euros(books.received_at_bank))
    facts.add_row("credited", _euros(books.credited), "paid by card", _euros(books.received_by_card))
    facts.add_row("still open", _euros(books.still_open), "to be given back", _euros(books.collected - books.allocated))
    facts.add_row("dead letters", f"{books.dead_letters}")
    console.print(facts)
    console.print("payments: " + ", ".join(f"{count} {status}" for status, count in sorted(books.payments.items())))
    for refused in demo.report.refused[:_SHOWN_REFUSALS]:
        console.print(
            f"  [yellow]clients.csv line {refused.line}, {refused.column}[/yellow]: {refused.message}", highlight=False
        )
    if len(demo.report.refused) > _SHOWN_REFUSALS:
        console.print(f"  ... and {len(demo.report.refused) - _SHOWN_REFUSALS} more in {demo.results / 'refused.csv'}")
    console.print(funnel.table())
    good = True
    checks = books.checks()
    if ending is not None:
        checks.append((_told(ending), ending.is_happy))
    for text, holds in checks:
        good &= holds
        console.print(f"[{'green' if holds else 'red'}]{'agrees' if holds else 'DIFFERS'}[/] {text}")
    where = Table(show_header=False, box=None, padding=(0, 2))
    for label, folder in (
        ("bank files", "bank"),
        ("invoices", "invoices"),
        ("mails", "mails"),
        ("card payments", "cards"),
    ):
        where.add_row(label, str(demo.results / folder))
    console.print(where)
    console.print(f"{seconds:.0f} s")
    return good


def _told(ending: Ending) -> str:
    return (
        f"{ending.name}: {ending.refused} debits refused, {ending.paid_by_card} payment by card, "
        f"case {ending.case.lower()}, contract {ending.contract.lower()}"
    )


def _euros(amount: Decimal) -> str:
    return f"{amount:,.2f} EUR".replace(",", " ")
