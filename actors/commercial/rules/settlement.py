"""What a statement pays: clawbacks and carried debts are taken from what was earned, the net is never negative (6.9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Settlement:
    """The totals of a statement. `applied` says how much of each carry-over was used, in the order given."""

    gross: Decimal
    clawbacks: Decimal
    clawbacks_recovered: Decimal
    new_carry_over: Decimal
    carry_over_applied: Decimal
    applied: tuple[Decimal, ...]
    net: Decimal
    debt_forward: Decimal


def settle(gross: Decimal, clawbacks: Decimal, carry_overs: Sequence[Decimal]) -> Settlement:
    """Clawbacks first, then carry-overs oldest first, out of the gross; what is left over is carried on."""
    recovered = min(clawbacks, gross)
    rest = gross - recovered
    applied = []
    for open_amount in carry_overs:
        used = min(open_amount, rest)
        applied.append(used)
        rest -= used
    new_carry = clawbacks - recovered
    used_up = sum(applied, _NOTHING)
    return Settlement(
        gross=gross,
        clawbacks=clawbacks,
        clawbacks_recovered=recovered,
        new_carry_over=new_carry,
        carry_over_applied=used_up,
        applied=tuple(applied),
        net=rest,
        debt_forward=new_carry + sum(carry_overs, _NOTHING) - used_up,
    )
