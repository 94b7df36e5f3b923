"""What can be known before a draft is written: totals to the cent, and the number that would come next."""

from decimal import Decimal

from actors.factures import drafting, issuing, views
from actors.factures.rules import amounts, numbering
from actors.factures.rules.amounts import Totals, VatKey
from messages.factures import (
    COMPANY_UNKNOWN,
    CalculatedTotals,
    CalculateTotals,
    NextNumber,
    PreviewNextNumber,
    TaxCalculation,
)
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork
from storage.factures import queries


async def calculate_totals(request: CalculateTotals, work: UnitOfWork) -> CalculatedTotals:
    """The same arithmetic as a draft, at the normal VAT of each rate; or what prices that include it come to."""
    keys = [VatKey("S" if line.vat_rate else "Z", line.vat_rate) for line in request.lines]
    nets = [
        amounts.line_net(line.quantity, line.unit_price, [line.discount_amount] if line.discount_amount else [])
        for line in request.lines
    ]
    lines = list(zip(keys, nets, strict=True))
    discounts: list[tuple[VatKey, Decimal]] = []
    for found in request.discounts:
        if found.vat_rate is None:
            discounts += drafting.shares(found.amount, lines)
        else:
            discounts.append((VatKey("S", found.vat_rate), found.amount))
    if request.tax_calculation is TaxCalculation.GROSS_BASED:
        totals, nets = _price_inclusive(lines, discounts)
    else:
        charges = [(VatKey("S", found.vat_rate), found.amount) for found in request.charges]
        totals = amounts.totals_of(lines, discounts, charges)
    return CalculatedTotals(
        line_nets=tuple(nets),
        discount_total=totals.allowance_total,
        charge_total=totals.charge_total,
        net=totals.net,
        vat=totals.vat,
        gross=totals.gross,
        vat_totals=tuple(views.vat_totals_of(totals.breakdown)),
    )


def _price_inclusive(
    lines: list[tuple[VatKey, Decimal]], discounts: list[tuple[VatKey, Decimal]]
) -> tuple[Totals, list[Decimal]]:
    try:
        return amounts.price_inclusive(lines, discounts)
    except ValueError:
        raise Refused.field(
            "discounts",
            "nothing_to_reduce",
            "a discount is on a rate without line, or above its line; lower or move it",
        ) from None


async def preview_next_number(request: PreviewNextNumber, work: UnitOfWork) -> NextNumber:
    """The number as things stand; only an issue takes it."""
    scope = {"organisation_id": work.organisation_id, "company_id": request.company_id}
    company = await work.fetch_one(queries.COMPANY, **scope)
    if company is None or not work.caller.sees_company(request.company_id):
        raise Refused.field("company_id", "unknown", "the company is not known here; check company_id", COMPANY_UNKNOWN)
    desk = await issuing.desk_of(work.organisation_id, request.company_id, [], work)
    series = desk.series[numbering.SERIES[request.kind]]
    sequence = series.last.get(request.on.year, 0) + 1
    return NextNumber(number=numbering.formatted(series.pattern, series.prefix, request.on, sequence))
