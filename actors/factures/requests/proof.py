"""Requests about closings, rates of late interest, and the words for statuses."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from actors.factures import closing
from actors.factures.issuing import entered_rates
from actors.factures.rules import late_interest
from messages.base import Empty
from messages.factures import COMPANY_UNKNOWN
from messages.factures.proof import (
    INVOICE_STATUS_UNKNOWN,
    ClosingPage,
    DeleteStatusLabel,
    LateInterestRate,
    LateInterestRates,
    ListClosings,
    ListInvoiceStatuses,
    ListLateInterestRates,
    RunClosing,
    StatusLabel,
    StatusLabels,
    UpsertLateInterestRate,
    UpsertStatusLabel,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.factures import queries
from storage.factures.tables import fiscal_closing, late_interest_rate, status_label

_AT_ONCE = 100
_WORDS: Final = {
    "DRAFT": "Brouillon",
    "ISSUED": "Émise",
    "SENT": "Envoyée",
    "PARTIALLY_PAID": "Partiellement payée",
    "PAID": "Payée",
    "OVERDUE": "En retard",
    "CANCELLED": "Annulée",
    "CREDIT_NOTE": "Avoir",
}
"""What statuses are called until an organisation calls them differently."""


async def list_closings(request: ListClosings, work: UnitOfWork) -> ClosingPage:
    """A page of closings, newest first."""
    await _check_company(request.company_id, work)
    statement = select(fiscal_closing).where(
        fiscal_closing.c.organisation_id == work.organisation_id,
        fiscal_closing.c.company_id == request.company_id,
        fiscal_closing.c.period == request.period,
    )
    order = (fiscal_closing.c.period_key,)
    return await page(work, request, statement, order=order, descending=True, reply=ClosingPage, item=closing.view)


async def run_closing(request: RunClosing, work: UnitOfWork) -> ClosingPage:
    """Close what has ended now."""
    await _check_company(request.company_id, work)
    closed = await closing.close_ended(request.company_id, request.period, work, _AT_ONCE)
    return ClosingPage(items=tuple(closing.view(row) for row in reversed(closed)))


async def upsert_late_interest_rate(request: UpsertLateInterestRate, work: UnitOfWork) -> LateInterestRate:
    """Enter a rate."""
    said = {
        "ecb_rate": request.ecb_rate,
        "source": request.source,
        "entered_at": work.now,
        "entered_by": work.caller.principal,
    }
    entered = insert(late_interest_rate).values(organisation_id=work.organisation_id, semester=request.semester, **said)
    key = [late_interest_rate.c.organisation_id, late_interest_rate.c.semester]
    await work.execute(entered.on_conflict_do_update(index_elements=key, set_=said))
    work.record("late_interest_rate", None, after={"semester": request.semester, "ecb_rate": f"{request.ecb_rate}"})
    return _rate(request.semester, request.ecb_rate, request.source)


async def list_late_interest_rates(request: ListLateInterestRates, work: UnitOfWork) -> LateInterestRates:
    """All rates, oldest first."""
    entered = await entered_rates(work.organisation_id, work)
    rates = late_interest.known_rates(entered)
    return LateInterestRates(
        items=tuple(_rate(name, rate, "entered" if name in entered else "ECB") for name, rate in rates.items())
    )


def _rate(semester: str, ecb_rate: Decimal, source: str) -> LateInterestRate:
    return LateInterestRate(
        semester=semester, ecb_rate=ecb_rate, rate=ecb_rate + late_interest.POINTS_ABOVE_ECB, source=source
    )


async def list_invoice_statuses(request: ListInvoiceStatuses, work: UnitOfWork) -> StatusLabels:
    """The statuses with the organisation's words, in its order."""
    rows = await work.fetch(select(status_label).where(status_label.c.organisation_id == work.organisation_id))
    own = {row["code"]: StatusLabel.model_validate(dict(row)) for row in rows}
    found = [own.get(code) or _original(code) for code in _WORDS]
    return StatusLabels(items=tuple(sorted(found, key=lambda label: label.display_order)))


async def upsert_status_label(request: UpsertStatusLabel, work: UnitOfWork) -> StatusLabel:
    """Call a status differently."""
    original = _original(request.code)
    order = original.display_order if request.display_order is None else request.display_order
    said = request.model_dump(exclude={"code"}) | {"display_order": order}
    named = insert(status_label).values(organisation_id=work.organisation_id, code=request.code, **said)
    key = [status_label.c.organisation_id, status_label.c.code]
    await work.execute(named.on_conflict_do_update(index_elements=key, set_=said))
    return StatusLabel(code=request.code, **said)


async def delete_status_label(request: DeleteStatusLabel, work: UnitOfWork) -> Empty:
    """Back to the word it came with."""
    _original(request.code)
    mine = (status_label.c.organisation_id == work.organisation_id, status_label.c.code == request.code)
    await work.execute(delete(status_label).where(*mine))
    return Empty()


def _original(code: str) -> StatusLabel:
    if code not in _WORDS:
        raise Refused(INVOICE_STATUS_UNKNOWN, f"the status '{code}' does not exist; use one of {', '.join(_WORDS)}")
    order = list(_WORDS).index(code) + 1
    return StatusLabel(code=code, label=_WORDS[code], description=None, display_order=order, colour=None)


async def _check_company(company_id: UUID, work: UnitOfWork) -> None:
    found = await work.fetch_one(queries.COMPANY, organisation_id=work.organisation_id, company_id=company_id)
    if found is None or not work.caller.sees_company(company_id):
        raise Refused.field("company_id", "unknown", "the company is not known here; check company_id", COMPANY_UNKNOWN)
