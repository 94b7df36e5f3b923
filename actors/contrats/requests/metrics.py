"""How many contracts run, and what they bring a month."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from actors.contrats import views
from actors.contrats.rules.metrics import Life, churn_rate, movement
from messages.contrats import ContractStatus
from messages.contrats.metrics import ContractMetrics, GetContractMetrics
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import contract, contract_version

_ENDED = (ContractStatus.TERMINATED, ContractStatus.EXPIRED)
_ONE_DAY = timedelta(days=1)
_AMOUNTS = ("mrr_start", "new_mrr", "expansion", "contraction", "churned_mrr", "withdrawn_mrr", "mrr_end")


async def get_contract_metrics(request: GetContractMetrics, work: UnitOfWork) -> ContractMetrics:
    """Contracts and recurring revenue between two days."""
    before = request.from_day - _ONE_DAY
    chosen = select(
        contract.c.id, contract.c.status, contract.c.effective_on, contract.c.ends_on, contract.c.terminated_at
    ).where(
        contract.c.organisation_id == work.organisation_id,
        contract.c.activated_at.is_not(None),
        contract.c.effective_on <= request.to_day,
        or_(contract.c.status.not_in(_ENDED), contract.c.ends_on >= before),
    )
    if request.company_id is not None:
        chosen = chosen.where(contract.c.company_id == request.company_id)
    if work.caller.company_ids is not None:
        chosen = chosen.where(contract.c.company_id.in_(work.caller.company_ids))
    rows, revenue = await work.fetch(chosen), await _revenue(chosen, work)
    moved = movement([_life(row, revenue[row["id"]]) for row in rows], request.from_day, request.to_day)
    return ContractMetrics.model_validate(
        {
            "active_at_start": moved.active_at_start,
            "active_at_end": moved.active_at_end,
            "started": moved.started,
            "churned": moved.churned,
            "churn_rate": churn_rate(moved.churned, moved.active_at_start),
            "arr_end": views.money(moved.mrr_end * 12, "EUR"),
            **{name: views.money(getattr(moved, name), "EUR") for name in _AMOUNTS},
        }
    )


async def _revenue(chosen: Any, work: UnitOfWork) -> dict[UUID, list[tuple[date, Decimal]]]:
    """The monthly revenue of the chosen contracts, from each version's first day on."""
    wanted = chosen.with_only_columns(contract.c.id).scalar_subquery()
    found: dict[UUID, list[tuple[date, Decimal]]] = {}
    for row in await work.fetch(
        select(contract_version.c.contract_id, contract_version.c.effective_from, contract_version.c.mrr)
        .where(contract_version.c.organisation_id == work.organisation_id, contract_version.c.contract_id.in_(wanted))
        .order_by(contract_version.c.contract_id, contract_version.c.version_no)
    ):
        found.setdefault(row["contract_id"], []).append((row["effective_from"], row["mrr"]))
    return found


def _life(row: Row, revenue: list[tuple[date, Decimal]]) -> Life:
    last = row["ends_on"] if row["status"] in _ENDED else None
    withdrawn = row["status"] == ContractStatus.WITHDRAWN
    if withdrawn:
        last = local_date(row["terminated_at"]) - _ONE_DAY
    return Life(row["effective_on"], last, withdrawn, revenue)
