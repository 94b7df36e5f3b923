"""Decides the account of a payment from what is stored: overrides, rules, defaults, circuits, and the client's means."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import case, select

from actors.payments.psp import circuits
from actors.payments.psp.choosing import METHODS, Charge
from actors.payments.rules import routing
from actors.payments.rules.routing import Candidate, Facts, Route, Rule
from messages.payments import (
    CircuitState,
    OverrideScope,
    PaymentMethod,
    PspMode,
    PspStatus,
    RoutingConditions,
    RoutingEvaluation,
    RoutingResult,
    SavedMeansKind,
    SavedMeansStatus,
)
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import schedule
from storage.payments.tables.payments import payment_standing
from storage.payments.tables.providers import (
    payment_method,
    provider_override,
    psp_account,
    psp_default,
    routing_rule,
)
from storage.payments.tables.views import client_view, contract_view


@dataclass(frozen=True, slots=True)
class Decision:
    """The account chosen, the means held there, and the fate of every candidate."""

    account_id: UUID | None
    means: Row | None
    result: RoutingResult
    waits: bool
    """Whether a way exists that only its open circuit closes: the payment must wait, not go elsewhere."""


async def decide(work: UnitOfWork, company_id: UUID, charge: Charge, method: str, *, on_page: bool = False) -> Decision:
    """Which account takes the charge by that method, and with which means of the client; `on_page` he gives them there."""
    facts = await _facts(work, charge, method)
    overrides = await _overrides(work, company_id, charge)
    wanted = routing.candidates(
        facts,
        await _rules(work, company_id),
        contract_override=overrides.get(OverrideScope.CONTRACT),
        client_override=overrides.get(OverrideScope.CLIENT),
        default=await _default(work, company_id, method),
    )
    means = await _means(work, charge.client_id, method)
    routes = await _routes(work, company_id, method, means, on_page)
    return _decision(*routing.choose(wanted, routes), means)


async def decide_debit(
    work: UnitOfWork, company_id: UUID, charge: Charge, held: Sequence[UUID], own: UUID | None
) -> Decision:
    """Which of the accounts that hold a mandate of the client debits it; `own` is the account of the contract's mandate.

    Accounts without a mandate are no candidates: debiting there would be a debit without authorisation.
    """
    method = PaymentMethod.SEPA_CORE
    overrides = await _overrides(work, company_id, charge)
    wanted = routing.candidates(
        await _facts(work, charge, method),
        await _rules(work, company_id),
        contract_override=overrides.get(OverrideScope.CONTRACT),
        client_override=overrides.get(OverrideScope.CLIENT),
        default=Candidate("MANDATE", own) if own is not None else None,
    )
    routes = await _routes(work, company_id, method, held, on_page=False)
    return _decision(*routing.choose([candidate for candidate in wanted if candidate.account_id in held], routes), {})


def _decision(chosen: Candidate | None, told: Sequence[tuple[Candidate, str]], means: Mapping[UUID, Row]) -> Decision:
    evaluations = tuple(
        RoutingEvaluation(
            source=candidate.source, source_id=candidate.source_id, psp_account_id=candidate.account_id, outcome=outcome
        )
        for candidate, outcome in told
    )
    account_id = chosen.account_id if chosen is not None else None
    waits = account_id is None and any(outcome == "circuit open" for _, outcome in told)
    result = RoutingResult(psp_account_id=account_id, evaluations=evaluations)
    return Decision(account_id, means.get(account_id) if account_id else None, result, waits)


async def _facts(work: UnitOfWork, charge: Charge, method: str) -> Facts:
    own = work.organisation_id
    client = await work.fetch_one(
        select(client_view.c.kind, payment_standing.c.risk)
        .select_from(
            client_view.outerjoin(
                payment_standing,
                (payment_standing.c.organisation_id == client_view.c.organisation_id)
                & (payment_standing.c.client_id == client_view.c.client_id),
            )
        )
        .where(client_view.c.organisation_id == own, client_view.c.client_id == charge.client_id)
    )
    contract: Mapping[str, Any] = {}
    if charge.contract_id is not None:
        contract = (
            await work.fetch_one(
                select(
                    contract_view.c.concluded_on, contract_view.c.starts_on, schedule.c.source_channel,
                    schedule.c.product_code, schedule.c.debit_slot, schedule.c.preferred_debit_day,
                )
                .select_from(
                    contract_view.outerjoin(
                        schedule,
                        (schedule.c.organisation_id == contract_view.c.organisation_id)
                        & (schedule.c.contract_id == contract_view.c.contract_id),
                    )
                )
                .where(contract_view.c.organisation_id == own, contract_view.c.contract_id == charge.contract_id)
            )
            or {}
        )  # fmt: skip
    begun = contract.get("starts_on") or contract.get("concluded_on")
    return Facts(
        payment_method=method,
        currency="EUR",
        amount=charge.amount,
        client_kind=client["kind"] if client is not None else None,
        risk_tier=(client["risk"] if client is not None else None) or "LOW",
        source_channel=contract.get("source_channel"),
        product_code=contract.get("product_code"),
        debit_slot=contract.get("debit_slot"),
        preferred_debit_day=contract.get("preferred_debit_day"),
        contract_age_months=_months(begun, charge.collect_on) if begun is not None else None,
    )


async def _rules(work: UnitOfWork, company_id: UUID) -> list[Rule]:
    rows = await work.fetch(
        select(routing_rule)
        .where(
            routing_rule.c.organisation_id == work.organisation_id,
            routing_rule.c.company_id == company_id,
            routing_rule.c.is_enabled,
        )
        .order_by(routing_rule.c.priority, routing_rule.c.created_at, routing_rule.c.id)
    )
    return [
        Rule(row["id"], row["psp_account_id"], RoutingConditions.model_validate(row["conditions"]), row["is_fallback"])
        for row in rows
    ]


async def _overrides(work: UnitOfWork, company_id: UUID, charge: Charge) -> dict[str, Candidate]:
    rows = await work.fetch(
        select(provider_override).where(
            provider_override.c.organisation_id == work.organisation_id,
            provider_override.c.company_id == company_id,
            provider_override.c.scope_id.in_([charge.client_id, charge.contract_id or charge.client_id]),
        )
    )
    return {row["scope"]: Candidate(f"{row['scope']}_OVERRIDE", row["psp_account_id"], row["id"]) for row in rows}


async def _default(work: UnitOfWork, company_id: UUID, method: str) -> Candidate | None:
    """The company's default account; a live one before a sandbox."""
    live_first = case((psp_default.c.mode == PspMode.LIVE, 0), else_=1)
    row = await work.fetch_one(
        select(psp_default.c.psp_account_id)
        .where(
            psp_default.c.organisation_id == work.organisation_id,
            psp_default.c.company_id == company_id,
            psp_default.c.method == method,
        )
        .order_by(live_first)
    )
    return Candidate("DEFAULT", row["psp_account_id"]) if row is not None else None


async def _means(work: UnitOfWork, client_id: UUID, method: str) -> dict[UUID, Row]:
    """The client's active means of that method, by account; his default one before the newest."""
    kinds = [kind for kind, found in METHODS.items() if found == method]
    rows = await work.fetch(
        select(payment_method)
        .where(
            payment_method.c.organisation_id == work.organisation_id,
            payment_method.c.client_id == client_id,
            payment_method.c.status == SavedMeansStatus.ACTIVE,
            payment_method.c.kind.in_([SavedMeansKind(kind) for kind in kinds]),
        )
        .order_by(payment_method.c.is_default, payment_method.c.created_at, payment_method.c.id)
    )
    return {row["psp_account_id"]: row for row in rows}


async def _routes(
    work: UnitOfWork, company_id: UUID, method: str, means: Collection[UUID], on_page: bool
) -> dict[UUID, Route]:
    rows = await work.fetch(
        select(psp_account).where(
            psp_account.c.organisation_id == work.organisation_id, psp_account.c.company_id == company_id
        )
    )
    open_ = await circuits.states(work)
    return {
        row["id"]: Route(
            active=row["status"] == PspStatus.ACTIVE,
            takes_method=method in row["methods"],
            circuit=open_.get(row["id"], CircuitState.CLOSED),
            holds_means=on_page or row["id"] in means,
        )
        for row in rows
    }


def _months(begun: date, today: date) -> int:
    """Whole months between two days."""
    months = (today.year - begun.year) * 12 + today.month - begun.month
    return months - (today.day < begun.day)
