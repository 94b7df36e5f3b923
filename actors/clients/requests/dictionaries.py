"""Requests about dictionaries."""

from typing import Any

from sqlalchemy import select, update

from actors.clients.dictionaries import state_term
from messages.clients import (
    DICTIONARY_CODE_EXISTS,
    PAYMENT_TERM_NOT_FOUND,
    TERM_EXCEEDS_LEGAL_CAP,
    ComputeDueDate,
    CreatePaymentTerm,
    DictionaryEntries,
    DictionaryEntry,
    DueDate,
    GetPaymentTerm,
    ListDictionary,
    ListPaymentTerms,
    PaymentTerm,
    PaymentTermPage,
    TermAudience,
    UpdatePaymentTerm,
)
from messages.problem import Refused
from messages.values.due_dates import due_date, term_exceeds_legal_cap
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import dictionary_entry, payment_term


async def create_payment_term(request: CreatePaymentTerm, work: UnitOfWork) -> PaymentTerm:
    """Add a payment term."""
    known = select(payment_term.c.id).where(
        payment_term.c.organisation_id == work.organisation_id, payment_term.c.code == request.code
    )
    if await work.fetch_value(known) is not None:
        raise Refused(DICTIONARY_CODE_EXISTS, f"there is a payment term {request.code} already; choose another code")
    _check_cap(request.days, request.basis, request.audience)
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
    await work.insert(payment_term, **row)
    state_term(row, work)
    return PaymentTerm.model_validate(row)


async def update_payment_term(request: UpdatePaymentTerm, work: UnitOfWork) -> PaymentTerm:
    """Change the fields that were sent."""
    row = await _term(payment_term.c.id == request.payment_term_id, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    sent: dict[str, Any] = request.model_dump(exclude={"payment_term_id", "expected_version"}, exclude_unset=True)
    for name in ("name", "days", "is_default", "active"):
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
    _check_cap(after["days"], after["basis"], after["audience"])
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
    order = (payment_term.c.days, payment_term.c.code, payment_term.c.id)
    return await page(
        work,
        request,
        wanted,
        order=order,
        reply=PaymentTermPage,
        item=lambda row: PaymentTerm.model_validate(dict(row)),
    )


async def list_dictionary(request: ListDictionary, work: UnitOfWork) -> DictionaryEntries:
    """The entries of one dictionary."""
    entry = dictionary_entry.c
    rows = await work.fetch(
        select(dictionary_entry)
        .where(entry.organisation_id == work.organisation_id, entry.kind == request.kind)
        .order_by(entry.position, entry.code)
    )
    return DictionaryEntries(items=tuple(DictionaryEntry.model_validate(dict(row)) for row in rows))


async def compute_due_date(request: ComputeDueDate, work: UnitOfWork) -> DueDate:
    """When an invoice of a day falls due."""
    term = await _term(payment_term.c.code == request.code, work)
    day = due_date(request.invoice_date, term["days"], term["basis"], term["day_of_month"])
    return DueDate(due_date=day, term_code=term["code"])


def _check_cap(days: int, basis: str, audience: str) -> None:
    if audience == TermAudience.B2B and term_exceeds_legal_cap(days, basis):
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
