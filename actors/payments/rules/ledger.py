"""Double entry: what each event of the sub-ledger posts. Pure functions of rows that exist anyway, so the past can be posted too.

Accounts follow the French general chart of accounts (Plan comptable général); a debit equals a credit in every entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

NOTHING = Decimal("0.00")
_CENT = Decimal("0.01")


class Account(StrEnum):
    """The accounts that are posted to without being told which."""

    PROFIT = "120000"
    LOSS = "129000"
    CLIENTS = "411000"
    DEPOSITS = "419100"
    VAT_COLLECTED = "445710"
    CLEARING = "511500"
    BANK = "512000"
    BANK_FEES = "627800"
    SUBSCRIPTIONS = "706100"


_OF_CLIENTS = frozenset({Account.CLIENTS, Account.DEPOSITS})

ACCOUNT_NAMES = {
    "120000": "Résultat de l'exercice (bénéfice)",
    "129000": "Résultat de l'exercice (perte)",
    "411000": "Clients",
    "419100": "Clients - avances et acomptes reçus",
    "445710": "TVA collectée",
    "511500": "Prelevements a l'encaissement",
    "512000": "Banque",
    "517100": "GoCardless",
    "517200": "Slimpay",
    "517300": "Stripe",
    "517400": "PayPal",
    "517500": "MultiSafepay",
    "517600": "emerchantpay",
    "627800": "Frais bancaires et commissions",
    "706100": "Abonnements",
}


class Journal(StrEnum):
    """Sales, bank, and everything else; AN is only written into files."""

    VT = "VT"
    BAN = "BAN"
    OD = "OD"
    AN = "AN"


JOURNAL_NAMES = {
    Journal.VT: "Journal des ventes",
    Journal.BAN: "Journal de banque",
    Journal.OD: "Opérations diverses",
    Journal.AN: "A nouveaux",
}


class UnbalancedEntry(ValueError):  # noqa: N818 - said of the entry, which is never posted
    """Debits and credits differ, or both are nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry; `client_id` names the sub-account of 411."""

    account: str
    debit: Decimal = NOTHING
    credit: Decimal = NOTHING
    client_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A balanced entry. `key` is posted once for ever."""

    rule: str
    key: str
    journal: Journal
    entry_date: date
    piece_ref: str
    label: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        debit = sum((line.debit for line in self.lines), NOTHING)
        credit = sum((line.credit for line in self.lines), NOTHING)
        one_side = all(
            (line.debit > 0) != (line.credit > 0) and min(line.debit, line.credit) == 0 for line in self.lines
        )
        if debit != credit or debit <= 0 or not one_side:
            raise UnbalancedEntry(f"{self.key}: debit {debit} and credit {credit}; correct the source of the entry")


def _entry(rule: str, source: object, journal: Journal, day: date, piece: str, label: str, *lines: Line) -> Entry:
    kept = tuple(line for line in lines if line.debit or line.credit)
    return Entry(rule, f"{rule}|{source}", journal, day, piece, label, kept)


@dataclass(frozen=True, slots=True)
class Deducted:
    """What of paid deposits a final invoice deducts."""

    net: Decimal = NOTHING
    vat: Decimal = NOTHING


def deducted_of(prepaid: Decimal, net: Decimal, vat: Decimal) -> Deducted:
    """The part of the deposits' net and VAT that was paid; all of it when all were paid."""
    if not prepaid or not net + vat:
        return Deducted()
    paid_vat = (vat * prepaid / (net + vat)).quantize(_CENT, ROUND_HALF_UP)
    return Deducted(prepaid - paid_vat, paid_vat)


def invoice_issued(
    invoice_id: UUID,
    number: str,
    day: date,
    client_id: UUID,
    gross: Decimal,
    vat: Decimal,
    net_by_account: Sequence[tuple[str, Decimal]],
    deducted: Deducted = Deducted(),
) -> Entry:
    """V1: the client owes the gross; revenue by account, VAT collected.

    A final invoice takes what its deposits brought out of 419100; their VAT was collected with them and is not again.
    """
    return _entry(
        "V1", invoice_id, Journal.VT, day, number, f"Facture {number}",
        _debit(Account.CLIENTS, gross - deducted.net - deducted.vat, client_id),
        _debit(Account.DEPOSITS, deducted.net, client_id),
        *(_credit(account, amount, client_id) for account, amount in _by_account(net_by_account, gross - vat)),
        _credit(Account.VAT_COLLECTED, vat - deducted.vat),
    )  # fmt: skip


def invoice_credited(
    source: str,
    number: str,
    day: date,
    client_id: UUID,
    gross: Decimal,
    vat: Decimal,
    net_by_account: Sequence[tuple[str, Decimal]],
) -> Entry:
    """V2: the mirror of V1 for what a credit note takes back."""
    return _entry(
        "V2", source, Journal.VT, day, number, f"Avoir sur {number}",
        *(_credit(account, -amount, client_id) for account, amount in _by_account(net_by_account, gross - vat)),
        _credit(Account.VAT_COLLECTED, -vat),
        Line(Account.CLIENTS, credit=gross, client_id=client_id),
    )  # fmt: skip


def debit_collected(
    payment_id: UUID,
    reference: str,
    day: date,
    client_id: UUID,
    amount: Decimal,
    clearing: str = Account.CLEARING,
) -> Entry:
    """B1: a debit is settled; the money is on its way to the account, at the bank or at the provider who collected it."""
    return _entry(
        "B1", payment_id, Journal.BAN, day, reference, f"Prelevement {reference}",
        Line(clearing, debit=amount), Line(Account.CLIENTS, credit=amount, client_id=client_id),
    )  # fmt: skip


def receipt_recorded(payment_id: UUID, reference: str, day: date, client_id: UUID, amount: Decimal) -> Entry:
    """B3: a transfer, cheque or cash payment that was recorded by hand."""
    return _entry(
        "B3", payment_id, Journal.BAN, day, reference, f"Reglement {reference}",
        Line(Account.BANK, debit=amount), Line(Account.CLIENTS, credit=amount, client_id=client_id),
    )  # fmt: skip


def bank_credited(line_id: UUID, piece: str, day: date, amount: Decimal) -> Entry:
    """B2: the bank credited debits that were collected."""
    return _entry(
        "B2", line_id, Journal.BAN, day, piece, f"Remise {piece}",
        Line(Account.BANK, debit=amount), Line(Account.CLEARING, credit=amount),
    )  # fmt: skip


def debit_returned(
    r_id: UUID,
    reference: str,
    day: date,
    client_id: UUID,
    amount: Decimal,
    code: str,
    account: str = Account.BANK,
) -> Entry:
    """R1: money that was booked as received was taken back."""
    return _entry(
        "R1", r_id, Journal.BAN, day, reference, f"Retour {code} {reference}",
        Line(Account.CLIENTS, debit=amount, client_id=client_id), Line(account, credit=amount),
    )  # fmt: skip


def return_undone(r_id: UUID, reference: str, day: date, client_id: UUID, amount: Decimal, account: str) -> Entry:
    """X1: a dispute was won; the mirror of R1."""
    return _entry(
        "X1", r_id, Journal.BAN, day, reference, f"Retour annule {reference}",
        Line(account, debit=amount), Line(Account.CLIENTS, credit=amount, client_id=client_id),
    )  # fmt: skip


def refund_paid(refund_id: UUID, reference: str, day: date, client_id: UUID, amount: Decimal, account: str) -> Entry:
    """F1: the company gave money back, from the bank or from what the provider holds."""
    return _entry(
        "F1", refund_id, Journal.BAN, day, reference, f"Remboursement {reference}",
        Line(Account.CLIENTS, debit=amount, client_id=client_id), Line(account, credit=amount),
    )  # fmt: skip


def return_charged(r_id: UUID, reference: str, day: date, fees: Decimal) -> Entry:
    """R3: what the bank asks for a return."""
    return _entry(
        "R3", r_id, Journal.BAN, day, reference, f"Frais de retour {reference}",
        Line(Account.BANK_FEES, debit=fees), Line(Account.BANK, credit=fees),
    )  # fmt: skip


def mirror_of(lines: Sequence[Line]) -> tuple[Line, ...]:
    """X1: the same lines with debit and credit exchanged."""
    return tuple(Line(line.account, line.credit, line.debit, line.client_id) for line in lines)


def letter_after(number: int) -> str:
    """The letters of a sub-account in their order: AAA, AAB ... ZZZ, AAAA ..."""
    width, block = 3, 26**3
    while number >= block:
        number, width, block = number - block, width + 1, block * 26
    letters = ""
    for _ in range(width):
        number, rest = divmod(number, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _credit(account: str, amount: Decimal, client_id: UUID | None = None) -> Line:
    """A credit; a negative amount is a debit, because no line is ever negative. Only accounts of clients name one."""
    named = client_id if account in _OF_CLIENTS else None
    return Line(account, credit=amount, client_id=named) if amount >= 0 else _debit(account, -amount, named)


def _debit(account: str, amount: Decimal, client_id: UUID | None) -> Line:
    return Line(account, debit=amount, client_id=client_id)


def _by_account(net_by_account: Sequence[tuple[str, Decimal]], net: Decimal) -> list[tuple[str, Decimal]]:
    """The net shared over the accounts of the invoice in their proportions; cents that rounding leaves go to the last."""
    total = sum((amount for _, amount in net_by_account), NOTHING)
    if not net_by_account or total == 0:
        return [(Account.SUBSCRIPTIONS, net)]
    shares = [(account, (net * amount / total).quantize(_CENT, ROUND_HALF_UP)) for account, amount in net_by_account]
    account, last = shares[-1]
    return [*shares[:-1], (account, last + net - sum((amount for _, amount in shares), NOTHING))]


# -- the statutory file --------------------------------------------------------------------------------------------

FEC_COLUMNS = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
"""Livre des procédures fiscales, art. A47 A-1, in this order."""

_RESULT_CLASSES = "67"
FEC_ENCODING = "iso-8859-15"


@dataclass(frozen=True, slots=True)
class FecLine:
    """One line of the file; `validated_on` is the day after which the entry cannot change."""

    journal: str
    number: int
    entry_date: date
    account: str
    client_code: str | None
    client_name: str | None
    piece_ref: str
    piece_date: date
    label: str
    debit: Decimal
    credit: Decimal
    validated_on: date
    letter: str | None = None
    lettered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on an account, or on the sub-account of a client: debit above zero, credit below."""

    account: str
    amount: Decimal
    client_code: str | None = None
    client_name: str | None = None


def opening_lines(balances: Sequence[Balance], day: date) -> list[FecLine]:
    """A year's first entry: accounts of classes 1 to 5 go on, those of classes 6 and 7 become the result of the years before."""
    result = sum((found.amount for found in balances if found.account[0] in _RESULT_CLASSES), NOTHING)
    carried = [found for found in balances if found.account[0] not in _RESULT_CLASSES]
    whole = [*carried, Balance(Account.PROFIT if result < 0 else Account.LOSS, result)]
    return [
        FecLine(
            journal=Journal.AN, number=1, entry_date=day, account=str(found.account), client_code=found.client_code,
            client_name=found.client_name, piece_ref=f"AN{day:%Y}", piece_date=day, label=f"A nouveaux {day:%Y}",
            debit=max(found.amount, NOTHING), credit=max(-found.amount, NOTHING), validated_on=day,
        )
        for found in whole
        if found.amount
    ]  # fmt: skip


def fec_file(lines: Sequence[FecLine]) -> bytes:
    """The file: header, tab-separated lines ended by CRLF, ISO-8859-15; what that set lacks becomes a question mark."""
    rows = ["\t".join(FEC_COLUMNS), *(fec_line(line) for line in lines)]
    return "".join(f"{row}\r\n" for row in rows).encode(FEC_ENCODING, errors="replace")


def fec_line(line: FecLine) -> str:
    """One line with its 17 tabs."""
    fields = (
        line.journal, JOURNAL_NAMES[Journal(line.journal)], f"{line.number:06}", f"{line.entry_date:%Y%m%d}",
        line.account, ACCOUNT_NAMES.get(line.account, f"Compte {line.account}"), line.client_code or "",
        line.client_name or "", line.piece_ref, f"{line.piece_date:%Y%m%d}", line.label, _comma(line.debit),
        _comma(line.credit), line.letter or "", f"{line.lettered_on:%Y%m%d}" if line.lettered_on else "",
        f"{line.validated_on:%Y%m%d}", "", "",
    )  # fmt: skip
    return "\t".join(" ".join(field.split()) for field in fields)


def _comma(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")
