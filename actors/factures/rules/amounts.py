"""Amounts to the cent: the only truth of a document (EN 16931; VAT is rounded once per rate, never per line)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from messages.values.money import allocate, round_cents

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class VatKey:
    """What VAT is summed by."""

    category: str
    rate: Decimal
    exemption_code: str | None = None


@dataclass(frozen=True, slots=True)
class VatAmount:
    """Base and VAT of one key (BG-23)."""

    key: VatKey
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a document: BT-106, 107, 109, 110, 112 and the VAT breakdown."""

    line_total: Decimal
    allowance_total: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal
    breakdown: tuple[VatAmount, ...]


def line_gross_price(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Quantity times price, rounded once."""
    return round_cents(quantity * unit_price)


def line_net(quantity: Decimal, unit_price: Decimal, allowances: Iterable[Decimal] = ()) -> Decimal:
    """The net of a line (BT-131): rounded price minus its allowances."""
    return line_gross_price(quantity, unit_price) - sum(allowances, ZERO)


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """A percentage of an amount, in cents."""
    return round_cents(amount * percent / 100)


def totals_of(lines: Sequence[tuple[VatKey, Decimal]], allowances: Sequence[tuple[VatKey, Decimal]] = ()) -> Totals:
    """The totals of lines and document allowances, by VAT key in the order of category and rate."""
    bases: dict[VatKey, Decimal] = {}
    for key, net in lines:
        bases[key] = bases.get(key, ZERO) + net
    for key, amount in allowances:
        bases[key] = bases.get(key, ZERO) - amount
    keys = sorted(bases, key=lambda key: (key.category, key.rate, key.exemption_code or ""))
    breakdown = tuple(VatAmount(key, bases[key], percent_of(bases[key], key.rate)) for key in keys)
    return _summed(breakdown, sum((net for _, net in lines), ZERO), sum((amount for _, amount in allowances), ZERO))


def credit_totals(
    wanted: Sequence[tuple[VatKey, Decimal]], original: Sequence[VatAmount], credited: Sequence[VatAmount]
) -> Totals:
    """The totals of a credit note: the last one of a rate takes what is left of its VAT, so that it closes to the cent."""
    of_original, before = ({found.key: found for found in rows} for rows in (original, _merged(credited)))
    breakdown = []
    for key, net in wanted:
        done = before.get(key, VatAmount(key, ZERO, ZERO))
        closes = key in of_original and done.base + net == of_original[key].base
        vat = of_original[key].amount - done.amount if closes else percent_of(net, key.rate)
        breakdown.append(VatAmount(key, net, vat))
    return _summed(tuple(breakdown), sum((net for _, net in wanted), ZERO), ZERO)


def remaining(original: Sequence[VatAmount], credited: Sequence[VatAmount]) -> list[tuple[VatKey, Decimal]]:
    """What may still be credited, net by key; keys without a rest are left out."""
    before = {found.key: found for found in _merged(credited)}
    rest = [(row.key, row.base - (before[row.key].base if row.key in before else ZERO)) for row in original]
    return [(key, net) for key, net in rest if net > 0]


def share_by_rate(settled_before: Decimal, amount: Decimal, breakdown: Sequence[VatAmount]) -> list[Decimal]:
    """The part of a settlement on each rate; running sums never exceed a rate's gross and close with the last cent."""
    gross = [row.base + row.amount for row in breakdown]
    if not sum(gross, ZERO):
        return [ZERO for _ in gross]
    after = allocate(settled_before + amount, gross)
    before = allocate(settled_before, gross)
    return [later - earlier for later, earlier in zip(after, before, strict=True)]


def _summed(breakdown: tuple[VatAmount, ...], line_total: Decimal, allowance_total: Decimal) -> Totals:
    net = line_total - allowance_total
    vat = sum((row.amount for row in breakdown), ZERO)
    return Totals(line_total, allowance_total, net, vat, net + vat, breakdown)


def _merged(rows: Sequence[VatAmount]) -> list[VatAmount]:
    merged: dict[VatKey, VatAmount] = {}
    for row in rows:
        known = merged.get(row.key, VatAmount(row.key, ZERO, ZERO))
        merged[row.key] = VatAmount(row.key, known.base + row.base, known.amount + row.amount)
    return list(merged.values())
