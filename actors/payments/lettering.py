"""Letters of client accounts: an invoice and what settled it, a debit and its return, are marked as settled together."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import String, cast, select
from sqlalchemy.dialects.postgresql import insert

from actors.payments.rules.ledger import Account, letter_after
from actors.payments.rules.outcomes import NOTHING
from messages.payments import FailurePhase
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.ledger import journal_entry, journal_line, letter_counter, lettering
from storage.payments.tables.payments import allocation, payment, r_transaction
from storage.payments.tables.views import invoice_credit, invoice_view

_PAGE = 200
Key = tuple[UUID, str, UUID]
"""Company, account and client: letters are counted per sub-account."""


async def letter_due(moment: Moment, work: UnitOfWork) -> object:
    """Each hour, after posting: letter what the books show to be settled."""
    groups = [*await _settled_invoices(work), *await _returned_debits(work)]
    done = 0
    for keys in groups:
        lines = await _open_lines(work, keys)
        if len(lines) == len(keys) and _balances(lines):
            await letter(work, lines)
            done += 1
    return MORE if done and len(groups) >= _PAGE else None


async def letter(work: UnitOfWork, lines: Sequence[Row]) -> str:
    """Give lines of one sub-account their next letter."""
    first = lines[0]
    key: Key = (first["company_id"], first["account"], first["client_id"])
    code = await _next_letter(work, key)
    await work.insert_rows(
        lettering,
        [
            {
                "organisation_id": work.organisation_id,
                "entry_id": line["entry_id"],
                "line_no": line["line_no"],
                "company_id": key[0],
                "account": key[1],
                "client_id": key[2],
                "letter": code,
                "lettered_on": work.today(),
            }
            for line in lines
        ],
    )
    return code


async def _next_letter(work: UnitOfWork, key: Key) -> str:
    counter = insert(letter_counter).values(
        organisation_id=work.organisation_id, company_id=key[0], account=key[1], client_id=key[2], last_number=1
    )
    number = await work.fetch_value(
        counter.on_conflict_do_update(
            index_elements=["organisation_id", "company_id", "account", "client_id"],
            set_={"last_number": letter_counter.c.last_number + 1},
        ).returning(letter_counter.c.last_number)
    )
    return letter_after(number - 1)


async def _settled_invoices(work: UnitOfWork) -> list[list[str]]:
    """The posting keys of each settled invoice, its credits and its receipts; one that a receipt settled with others is
    left to an accountant."""
    invoice = invoice_view.c
    posted = cast("V1|" + cast(invoice.invoice_id, String), String)
    same_entry = (journal_entry.c.organisation_id == invoice.organisation_id) & (journal_entry.c.posting_key == posted)
    same_letter = (lettering.c.organisation_id == invoice.organisation_id) & (
        lettering.c.entry_id == journal_entry.c.id
    )
    shared = (
        select(allocation.c.payment_id)
        .join(payment, payment.c.id == allocation.c.payment_id)
        .where(
            allocation.c.organisation_id == invoice.organisation_id,
            allocation.c.invoice_id == invoice.invoice_id,
            allocation.c.amount > 0,
            allocation.c.amount != payment.c.amount,
        )
        .correlate(invoice_view)
    )
    rows = await work.fetch(
        select(invoice.invoice_id)
        .join(journal_entry, same_entry)
        .outerjoin(lettering, same_letter)
        .where(
            invoice.organisation_id == work.organisation_id,
            invoice.due - invoice.credited - invoice.allocated <= 0,
            invoice.settled_elsewhere == 0,
            lettering.c.letter.is_(None),
            ~shared.exists(),
        )
        .order_by(invoice.invoice_id)
        .limit(_PAGE)
    )
    ids = [row["invoice_id"] for row in rows]
    keys: dict[UUID, list[str]] = {id_: [f"V1|{id_}"] for id_ in ids}
    for row in await work.fetch(
        select(invoice_credit.c.credit_note_id, invoice_credit.c.invoice_id).where(
            invoice_credit.c.organisation_id == work.organisation_id, invoice_credit.c.invoice_id.in_(ids)
        )
    ):
        keys[row["invoice_id"]].append(f"V2|{row['credit_note_id']}|{row['invoice_id']}")
    for row in await work.fetch(
        select(allocation.c.invoice_id, payment.c.id, payment.c.type)
        .join(payment, payment.c.id == allocation.c.payment_id)
        .where(
            allocation.c.organisation_id == work.organisation_id,
            allocation.c.invoice_id.in_(ids),
            allocation.c.amount > 0,
        )
    ):
        keys[row["invoice_id"]].append(f"{'B3' if row['type'] == 'MANUAL' else 'B1'}|{row['id']}")
    return list(keys.values())


async def _returned_debits(work: UnitOfWork) -> list[list[str]]:
    """A debit that was booked and taken back whole: its receipt and its return settle each other."""
    receipt = "B1|" + cast(r_transaction.c.payment_id, String)
    rows = await work.fetch(
        select(r_transaction.c.id, r_transaction.c.payment_id)
        .join(payment, payment.c.id == r_transaction.c.payment_id)
        .join(
            journal_entry,
            (journal_entry.c.organisation_id == r_transaction.c.organisation_id)
            & (journal_entry.c.posting_key == receipt),
        )
        .outerjoin(
            lettering,
            (lettering.c.organisation_id == r_transaction.c.organisation_id)
            & (lettering.c.entry_id == journal_entry.c.id),
        )
        .where(
            r_transaction.c.organisation_id == work.organisation_id,
            r_transaction.c.phase == FailurePhase.POST_SETTLEMENT,
            r_transaction.c.amount == payment.c.amount,
            lettering.c.letter.is_(None),
        )
        .order_by(r_transaction.c.id)
        .limit(_PAGE)
    )
    return [[f"B1|{row['payment_id']}", f"R1|{row['id']}"] for row in rows]


async def _open_lines(work: UnitOfWork, keys: Iterable[str]) -> list[Row]:
    """The client lines of entries that have no letter yet."""
    return await work.fetch(
        select(journal_line, journal_entry.c.company_id)
        .join(journal_entry, journal_entry.c.id == journal_line.c.entry_id)
        .outerjoin(
            lettering,
            (lettering.c.organisation_id == journal_line.c.organisation_id)
            & (lettering.c.entry_id == journal_line.c.entry_id)
            & (lettering.c.line_no == journal_line.c.line_no),
        )
        .where(
            journal_entry.c.organisation_id == work.organisation_id,
            journal_line.c.organisation_id == work.organisation_id,
            journal_entry.c.posting_key.in_(list(keys)),
            journal_line.c.account == str(Account.CLIENTS),
            lettering.c.letter.is_(None),
        )
        .order_by(journal_line.c.entry_id, journal_line.c.line_no)
    )


def _balances(lines: Sequence[Row]) -> bool:
    """Whether lines of one sub-account come to nothing."""
    same = len({(line["company_id"], line["client_id"]) for line in lines}) == 1
    return same and sum((line["debit"] - line["credit"] for line in lines), NOTHING) == 0
