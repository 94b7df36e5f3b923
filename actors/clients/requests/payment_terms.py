"""Requests about payment terms."""

from typing import Any

import asyncpg
from sqlalchemy import select, update

from actors.clients.dictionaries import state_term
from messages.clients import (
    DEFAULT_REQUIRED,
    DICTIONARY_CODE_EXISTS,
    PAYMENT_TERM_NOT_FOUND,
    TERM_EXCEEDS_LEGAL_CAP,
    ComputeDueDate,
    CreatePaymentTerm,
    DueDate,
    GetPaymentTerm,
    ListPaymentTerms,
    PaymentTerm,
    PaymentTermPage,
    PaymentTermRetired,
    RetirePaymentTerm,
    TermAudience,
    UpdatePaymentTerm,
)
from messages.problem import Refused
from messages.values.due_dates import due_date, term_exceeds_legal_cap
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import payment_term


async def create_payment_term(request: CreatePaymentTerm, work: UnitOfWork) -> PaymentTerm:
    """Add a payment term."""
    _check_cap(request.model_dump())
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        **request.model_dump(),
        "active": True,
    }
    if request.is_default:
        await _clear_default(work)
    try:
        await work.insert(payment_term, **row)
    except asyncpg.UniqueViolationError:
        raise Refused(
            DICTIONARY_CODE_EXISTS, f"there is a payment term {request.code} already; choose another code"
        ) from None
    state_term(row, work)
    return PaymentTerm.model_validate(row)


async def update_payment_term(request: UpdatePaymentTerm, work: UnitOfWork) -> PaymentTerm:
    """Change the fields that were sent."""
    row = await _term(payment_term.c.id == request.payment_term_id, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    sent: dict[str, Any] = request.model_dump(exclude={"payment_term_id", "expected_version"}, exclude_unset=True)
    for name in ("name", "days", "audience", "sector_agreement", "is_default", "active"):
        if name in sent and sent[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be empty; give a value or leave it out")
    after = {**row, **sent}
    if after["is_default"] and not after["active"]:
        raise Refused.field(
            "active", "default", "the default payment term stays active; make another one the default first"
        )
    if row["is_default"] and not after["is_default"]:
        raise Refused.field(
            "is_default", "default", "one term must be the default; make another one the default instead"
        )
    _check_cap(after)
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if not changed:
        return PaymentTerm.model_validate(dict(row))
    if after["is_default"] and not row["is_default"]:
        await _clear_default(work)
    after["version"] = row["version"] + 1
    await work.execute(
        update(payment_term)
        .where(payment_term.c.organisation_id == work.organisation_id, payment_term.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    state_term(after, work)
    return PaymentTerm.model_validate(after)


async def retire_payment_term(request: RetirePaymentTerm, work: UnitOfWork) -> PaymentTerm:
    """Take a term out of use."""
    row = await _term(payment_term.c.id == request.payment_term_id, work, lock=True)
    if row["is_default"]:
        raise Refused(
            DEFAULT_REQUIRED, "the default payment term cannot be retired; make another one the default first"
        )
    if not row["active"]:
        return PaymentTerm.model_validate(dict(row))
    after: dict[str, Any] = {**row, "active": False, "version": row["version"] + 1}
    await work.execute(
        update(payment_term)
        .where(payment_term.c.organisation_id == work.organisation_id, payment_term.c.id == row["id"])
        .values(active=False, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    state_term(after, work)
    work.emit(PaymentTermRetired(id=row["id"], code=row["code"]), version=after["version"])
    return PaymentTerm.model_validate(after)


async def get_payment_term(request: GetPaymentTerm, work: UnitOfWork) -> PaymentTerm:
    """One payment term."""
    by_id = payment_term.c.id == request.payment_term_id
    row = await _term(by_id if request.payment_term_id else payment_term.c.code == request.code, work)
    return PaymentTerm.model_validate(dict(row))


async def list_payment_terms(request: ListPaymentTerms, work: UnitOfWork) -> PaymentTermPage:
    """A page of payment terms, by days."""
    wanted = select(payment_term).where(payment_term.c.organisation_id == work.organisation_id)
    if request.active is not None:
        wanted = wanted.where(payment_term.c.active.is_(request.active))
    if request.audience is not None:
        wanted = wanted.where(one_of(payment_term.c.audience, {TermAudience.ANY, request.audience}))
    if request.search is not None:
        wanted = wanted.where(_holds(request.search))
    order = (payment_term.c.days, payment_term.c.code, payment_term.c.id)
    return await page(
        work,
        request,
        wanted,
        order=order,
        reply=PaymentTermPage,
        item=lambda row: PaymentTerm.model_validate(dict(row)),
    )


async def compute_due_date(request: ComputeDueDate, work: UnitOfWork) -> DueDate:
    """When an invoice of a day falls due."""
    if request.days is not None:
        return DueDate(due_date=due_date(request.invoice_date, request.days, request.basis, request.day_of_month))
    term = await _term(payment_term.c.code == request.code, work)
    day = due_date(request.invoice_date, term["days"], term["basis"], term["day_of_month"])
    return DueDate(due_date=day, term_code=term["code"])


def _holds(text: str) -> Any:
    term = payment_term.c
    return term.code.icontains(text, autoescape=True) | term.name.icontains(text, autoescape=True)


def _check_cap(term: dict[str, Any]) -> None:
    days, basis = term["days"], term["basis"]
    if term["audience"] != TermAudience.B2C and not term["sector_agreement"] and term_exceeds_legal_cap(days, basis):
        raise Refused(
            TERM_EXCEEDS_LEGAL_CAP,
            f"{days} days {basis} is more than the law allows between businesses; give 60 days net, or 45 to the month's end",
        )


async def _clear_default(work: UnitOfWork) -> None:
    """The default before loses its place, and that is told."""
    before = await work.fetch_one(
        select(payment_term)
        .where(payment_term.c.organisation_id == work.organisation_id, payment_term.c.is_default.is_(True))
        .with_for_update()
    )
    if before is None:
        return
    after: Row = {**before, "is_default": False, "version": before["version"] + 1}
    await work.execute(
        update(payment_term)
        .where(payment_term.c.organisation_id == work.organisation_id, payment_term.c.id == before["id"])
        .values(is_default=False, version=after["version"], updated_at=work.now)
    )
    state_term(after, work)


async def _term(condition: Any, work: UnitOfWork, *, lock: bool = False) -> Row:
    wanted = select(payment_term).where(payment_term.c.organisation_id == work.organisation_id, condition)
    return await work.load(wanted.with_for_update() if lock else wanted, "payment_term", code=PAYMENT_TERM_NOT_FOUND)
