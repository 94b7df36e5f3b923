"""What a draft is built from: commissions, clawbacks and carried balances of a representative and company."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from messages.commercial import (
    CarryOverStatus,
    ClawbackStatus,
    CommissionKind,
    CommissionStatus,
    LineSection,
    LineStatus,
    LineType,
    SelectionOrigin,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import one_of
from storage.commercial.tables import (
    carry_over,
    clawback,
    client_ref,
    commission_entry,
    commission_plan,
    contract_ref,
    instalment_ref,
    product_ref,
    sales_rep,
)

_OPEN_ENTRIES = (CommissionStatus.PAYABLE, CommissionStatus.ACCRUED, CommissionStatus.ON_HOLD)
_LINE_TYPES = {
    CommissionKind.INITIAL: LineType.COMMISSION,
    CommissionKind.RECURRING: LineType.RECURRING,
    CommissionKind.REGULARISATION: LineType.REGULARISATION,
    CommissionKind.ADJUSTMENT: LineType.ADJUSTMENT,
}


async def sources_of(draft: Row, work: UnitOfWork) -> list[dict[str, Any]]:
    found = [_entry_line(draft, row) for row in await _entries(draft, work)]
    linear = [line for line in found if line["section"] == LineSection.LINEAR]
    negative = [line for line in found if line["section"] == LineSection.CLAWBACK]
    clawbacks = [_clawback_line(draft, row) for row in await _clawbacks(draft, work)]
    carried = [_carry_over_line(draft, row) for row in await _carry_overs(draft, work)]
    return [*linear, *clawbacks, *negative, *carried]


async def _entries(draft: Row, work: UnitOfWork) -> list[Row]:
    entry = commission_entry.c
    organisation_id = work.organisation_id
    wanted = (
        select(
            commission_entry,
            contract_ref.c.reference.label("contract_reference"),
            client_ref.c.display_name.label("client_name"),
            product_ref.c.name.label("product_name"),
            commission_plan.c.code.label("plan_code"),
            func.to_char(instalment_ref.c.period_start, "YYYY-MM").label("instalment_month"),
        )
        .outerjoin(
            contract_ref,
            (contract_ref.c.organisation_id == organisation_id) & (contract_ref.c.contract_id == entry.contract_id),
        )
        .outerjoin(
            client_ref, (client_ref.c.organisation_id == organisation_id) & (client_ref.c.client_id == entry.client_id)
        )
        .outerjoin(
            product_ref,
            (product_ref.c.organisation_id == organisation_id) & (product_ref.c.product_id == entry.product_id),
        )
        .outerjoin(commission_plan, commission_plan.c.id == entry.plan_id)
        .outerjoin(
            instalment_ref,
            (instalment_ref.c.organisation_id == organisation_id)
            & (instalment_ref.c.billing_instalment_id == entry.billing_instalment_id),
        )
        .where(
            entry.organisation_id == organisation_id,
            entry.rep_id == draft["rep_id"],
            entry.company_id == draft["company_id"],
            entry.currency == draft["currency"],
            entry.origin_period <= draft["period"],
            one_of(entry.status, _OPEN_ENTRIES),
        )
        .order_by(entry.accrual_date, entry.id)
    )
    return await work.fetch(wanted)


async def _clawbacks(draft: Row, work: UnitOfWork) -> list[Row]:
    taken = clawback.c
    organisation_id = work.organisation_id
    wanted = (
        select(
            clawback,
            contract_ref.c.reference.label("contract_reference"),
            client_ref.c.display_name.label("client_name"),
            commission_entry.c.origin_period,
            commission_entry.c.plan_version_no,
        )
        .join(commission_entry, commission_entry.c.id == taken.entry_id)
        .outerjoin(
            contract_ref,
            (contract_ref.c.organisation_id == organisation_id) & (contract_ref.c.contract_id == taken.contract_id),
        )
        .outerjoin(
            client_ref,
            (client_ref.c.organisation_id == organisation_id) & (client_ref.c.client_id == contract_ref.c.client_id),
        )
        .where(
            taken.organisation_id == organisation_id,
            taken.rep_id == draft["rep_id"],
            taken.company_id == draft["company_id"],
            taken.currency == draft["currency"],
            taken.application_period <= draft["period"],
            taken.status == ClawbackStatus.PENDING,
        )
        .order_by(taken.id)
    )
    return await work.fetch(wanted)


async def _carry_overs(draft: Row, work: UnitOfWork) -> list[Row]:
    carried = carry_over.c
    wanted = select(carry_over).where(
        carried.organisation_id == work.organisation_id,
        carried.rep_id == draft["rep_id"],
        carried.company_id == draft["company_id"],
        carried.currency == draft["currency"],
        carried.origin_period < draft["period"],
        carried.status == CarryOverStatus.OPEN,
    )
    return await work.fetch(wanted.order_by(carried.origin_period, carried.id))


def _line(draft: Row, source: Row, *, selected: bool, **fields: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": draft["organisation_id"],
        "statement_id": draft["id"],
        "source_id": source["id"],
        "contract_reference": None,
        "client_name": None,
        "product_name": None,
        "instalment_month": None,
        "base_amount": None,
        "rate_percent": None,
        "plan_code": None,
        "plan_version_no": None,
        "reason": None,
        "selectable": True,
        "selected": selected,
        "selection_origin": SelectionOrigin.AUTO,
        "selection_reason": None,
        "status": LineStatus.SELECTED if selected else LineStatus.DESELECTED,
        **fields,
    }


def _entry_line(draft: Row, row: Row) -> dict[str, Any]:
    payable = row["status"] == CommissionStatus.PAYABLE
    names = (
        "contract_reference", "client_name", "product_name", "instalment_month", "base_amount", "rate_percent", "plan_code",
        "plan_version_no", "origin_period", "amount",
    )  # fmt: skip
    return _line(
        draft,
        row,
        selected=payable,
        selectable=payable,
        section=LineSection.LINEAR if row["amount"] > 0 else LineSection.CLAWBACK,
        line_type=_LINE_TYPES[CommissionKind(row["kind"])],
        reason=None if payable else row["hold_reason"] or row["status"],
        **{name: row[name] for name in names},
    )


def _clawback_line(draft: Row, row: Row) -> dict[str, Any]:
    names = ("contract_reference", "client_name", "plan_version_no", "origin_period")
    return _line(
        draft,
        row,
        selected=True,
        section=LineSection.CLAWBACK,
        line_type=LineType.CLAWBACK,
        base_amount=row["original_amount"],
        rate_percent=row["share_percent"],
        reason=row["reason"],
        amount=-row["amount"],
        **{name: row[name] for name in names},
    )


def _carry_over_line(draft: Row, row: Row) -> dict[str, Any]:
    return _line(
        draft,
        row,
        selected=True,
        section=LineSection.CARRY_OVER,
        line_type=LineType.CARRY_OVER,
        origin_period=row["origin_period"],
        reason=row["reference"],
        amount=-row["remaining_amount"],
    )


async def representatives_to_draft(company_id: UUID, period: str, work: UnitOfWork) -> list[tuple[UUID, str]]:
    """Who has something to settle with the company up to a period, per currency."""
    entry, taken, carried = commission_entry.c, clawback.c, carry_over.c
    entries = select(entry.rep_id, entry.currency).where(
        entry.organisation_id == work.organisation_id,
        entry.company_id == company_id,
        entry.origin_period <= period,
        one_of(entry.status, _OPEN_ENTRIES),
    )
    clawbacks = select(taken.rep_id, taken.currency).where(
        taken.organisation_id == work.organisation_id,
        taken.company_id == company_id,
        taken.application_period <= period,
        taken.status == ClawbackStatus.PENDING,
    )
    carry_overs = select(carried.rep_id, carried.currency).where(
        carried.organisation_id == work.organisation_id,
        carried.company_id == company_id,
        carried.origin_period < period,
        carried.status == CarryOverStatus.OPEN,
    )
    found = await work.fetch(entries.union(clawbacks, carry_overs))
    known = {
        row["id"]
        for row in await work.fetch(select(sales_rep.c.id).where(sales_rep.c.organisation_id == work.organisation_id))
    }
    return sorted(((row["rep_id"], row["currency"]) for row in found if row["rep_id"] in known), key=str)
