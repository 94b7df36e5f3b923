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
    """The totals of a document: BT-106, 107, 108, 109, 110, 112 and the VAT breakdown."""

    line_total: Decimal
    allowance_total: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal
    breakdown: tuple[VatAmount, ...]
    charge_total: Decimal = ZERO


def line_gross_price(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Quantity times price, rounded once."""
    return round_cents(quantity * unit_price)


def line_net(quantity: Decimal, unit_price: Decimal, allowances: Iterable[Decimal] = ()) -> Decimal:
    """The net of a line (BT-131): rounded price minus its allowances."""
    return line_gross_price(quantity, unit_price) - sum(allowances, ZERO)


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """A percentage of an amount, in cents."""
    return round_cents(amount * percent / 100)


Keyed = Sequence[tuple[VatKey, Decimal]]


def totals_of(lines: Keyed, allowances: Keyed = (), charges: Keyed = ()) -> Totals:
    """The totals of lines, document allowances and charges, by VAT key in the order of category and rate."""
    bases = nets_by_key(lines)
    for key, amount in allowances:
        bases[key] = bases.get(key, ZERO) - amount
    for key, amount in charges:
        bases[key] = bases.get(key, ZERO) + amount
    breakdown = tuple(VatAmount(key, bases[key], percent_of(bases[key], key.rate)) for key in in_order(bases))
    return _summed(breakdown, _sum(lines), _sum(allowances), _sum(charges))


def price_inclusive(lines: Keyed, discounts: Keyed = ()) -> tuple[Totals, list[Decimal]]:
    """Totals of lines whose amounts include VAT, and the net of each line.

    VAT is taken out of what each rate comes to, once, so that the buyer pays exactly what he was shown: 9.99 at 20 % is
    8.32 and 1.67, although 8.32 at 20 % would be 1.66. Document discounts, VAT included, lower the nets of their rate.
    Raises ValueError for a line below zero, and for a discount that no line of its rate bears.
    """
    weights: dict[VatKey, list[Decimal]] = {}
    for key, amount in lines:
        weights.setdefault(key, []).append(amount)
    less = nets_by_key(discounts)
    if not less.keys() <= weights.keys():
        raise ValueError("a discount names a rate that no line has")
    shown = {key: sum(amounts, ZERO) - less.get(key, ZERO) for key, amounts in weights.items()}
    vat = {key: round_cents(amount * key.rate / (100 + key.rate)) for key, amount in shown.items()}
    breakdown = tuple(VatAmount(key, shown[key] - vat[key], vat[key]) for key in in_order(shown))
    shares = {row.key: iter(allocate(row.base, weights[row.key])) for row in breakdown}
    nets = [next(shares[key]) for key, _ in lines]
    return _summed(breakdown, sum(nets, ZERO)), nets


def nets_by_key(amounts: Keyed) -> dict[VatKey, Decimal]:
    """Amounts summed by their VAT key."""
    found: dict[VatKey, Decimal] = {}
    for key, amount in amounts:
        found[key] = found.get(key, ZERO) + amount
    return found


def in_order(keys: Iterable[VatKey]) -> list[VatKey]:
    """Keys as a breakdown lists them: by category, then rate."""
    return sorted(keys, key=lambda key: (key.category, key.rate, key.exemption_code or ""))


def spread(amount: Decimal, lines: Keyed) -> list[tuple[VatKey, Decimal]]:
    """An amount for the whole document, shared out over the VAT keys by their nets (BG-20: one row per rate).

    Raises ValueError where no line bears a net above zero.
    """
    bases = nets_by_key(lines)
    shares = zip(bases, allocate(amount, list(bases.values())), strict=True)
    return [(key, share) for key, share in shares if share]


def part_of(lines: Keyed, percent: Decimal) -> list[tuple[VatKey, Decimal]]:
    """A percentage of the nets, by VAT key: what a deposit asks for."""
    nets = nets_by_key(lines)
    return [(key, percent_of(nets[key], percent)) for key in in_order(nets)]


def _sum(amounts: Keyed) -> Decimal:
    return sum((amount for _, amount in amounts), ZERO)


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
    return _summed(tuple(breakdown), _sum(wanted))


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


def _summed(
    breakdown: tuple[VatAmount, ...], line_total: Decimal, allowances: Decimal = ZERO, charges: Decimal = ZERO
) -> Totals:
    net = line_total - allowances + charges
    vat = sum((row.amount for row in breakdown), ZERO)
    return Totals(line_total, allowances, net, vat, net + vat, breakdown, charges)


def _merged(rows: Sequence[VatAmount]) -> list[VatAmount]:
    merged: dict[VatKey, VatAmount] = {}
    for row in rows:
        known = merged.get(row.key, VatAmount(row.key, ZERO, ZERO))
        merged[row.key] = VatAmount(row.key, known.base + row.base, known.amount + row.amount)
    return list(merged.values())
