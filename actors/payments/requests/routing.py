"""Rules of routing, their exceptions, and a look at what they would decide."""

from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import delete, select, update

from actors.payments.company import company_of
from actors.payments.psp import circuits
from actors.payments.psp.choosing import Charge
from actors.payments.psp.routing import decide
from messages.base import Empty
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    PROVIDER_OVERRIDE_EXISTS,
    PROVIDER_OVERRIDE_NOT_FOUND,
    PSP_ACCOUNT_NOT_FOUND,
    ROUTING_RULE_NOT_FOUND,
    CreateProviderOverride,
    CreateRoutingRule,
    DeleteProviderOverride,
    DeleteRoutingRule,
    GetPspHealth,
    ListProviderOverrides,
    ListRoutingRules,
    ProviderOverride,
    ProviderOverridePage,
    PspHealth,
    ResetCircuit,
    RoutingResult,
    RoutingRule,
    RoutingRulePage,
    TestRouting,
    UpdateRoutingRule,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.providers import provider_override, psp_account, routing_rule


async def create_routing_rule(request: CreateRoutingRule, work: UnitOfWork) -> RoutingRule:
    """Record a rule for an account of its company."""
    await _own_account(work, request.psp_account_id, request.company_id)
    row = {
        **_new(work, request.id or new_id()),
        "company_id": request.company_id,
        "name": request.name,
        "priority": request.priority,
        "conditions": request.conditions.model_dump(mode="json", exclude_defaults=True),
        "psp_account_id": request.psp_account_id,
        "is_fallback": request.is_fallback,
        "is_enabled": True,
    }
    await work.insert(routing_rule, **row)
    work.record("routing_rule", row["id"], after={"name": request.name, "priority": request.priority})
    return rule_of(row)


async def update_routing_rule(request: UpdateRoutingRule, work: UnitOfWork) -> RoutingRule:
    """Change the fields that were sent."""
    row = await _rule(work, request.routing_rule_id)
    work.check_version(request.expected_version, row["version"])
    if request.psp_account_id is not None:
        await _own_account(work, request.psp_account_id, row["company_id"])
    sent = request.model_dump(
        mode="json", exclude={"routing_rule_id", "expected_version", "conditions"}, exclude_none=True
    )
    changes: dict[str, Any] = sent | (
        {"psp_account_id": request.psp_account_id} if request.psp_account_id is not None else {}
    )
    if request.conditions is not None:
        changes["conditions"] = request.conditions.model_dump(mode="json", exclude_defaults=True)
    after = {**row, **changes, "version": row["version"] + 1}
    await work.execute(
        update(routing_rule)
        .where(routing_rule.c.organisation_id == work.organisation_id, routing_rule.c.id == row["id"])
        .values(**changes, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    work.record("routing_rule", row["id"], before={"version": row["version"]}, after={"changed": sorted(changes)})
    return rule_of(after)


async def delete_routing_rule(request: DeleteRoutingRule, work: UnitOfWork) -> Empty:
    """Remove a rule."""
    row = await _rule(work, request.routing_rule_id)
    await work.execute(
        delete(routing_rule).where(
            routing_rule.c.organisation_id == work.organisation_id, routing_rule.c.id == row["id"]
        )
    )
    work.record("routing_rule", row["id"], before={"name": row["name"]})
    return Empty()


async def list_routing_rules(request: ListRoutingRules, work: UnitOfWork) -> RoutingRulePage:
    """A page of rules."""
    statement = _seen(work, routing_rule, request.company_id)
    order = (routing_rule.c.created_at, routing_rule.c.id)
    return await page(work, request, statement, order=order, reply=RoutingRulePage, item=rule_of)


async def create_provider_override(request: CreateProviderOverride, work: UnitOfWork) -> ProviderOverride:
    """Record an exception, one per client or contract."""
    await _own_account(work, request.psp_account_id, request.company_id)
    row = {
        **_new(work, request.id or new_id()),
        "company_id": request.company_id,
        "scope": request.scope,
        "scope_id": request.scope_id,
        "psp_account_id": request.psp_account_id,
        "reason": request.reason,
    }
    try:
        await work.insert(provider_override, **row)
    except asyncpg.UniqueViolationError as error:
        raise Refused(PROVIDER_OVERRIDE_EXISTS, "there is an override already; delete it first") from error
    work.record("provider_override", row["id"], after={"scope": request.scope, "scope_id": str(request.scope_id)})
    return override_of(row)


async def delete_provider_override(request: DeleteProviderOverride, work: UnitOfWork) -> Empty:
    """Remove an exception."""
    row = await work.load(
        select(provider_override).where(
            provider_override.c.organisation_id == work.organisation_id,
            provider_override.c.id == request.provider_override_id,
        ),
        "provider override",
        code=PROVIDER_OVERRIDE_NOT_FOUND,
    )
    await work.execute(
        delete(provider_override).where(
            provider_override.c.organisation_id == work.organisation_id, provider_override.c.id == row["id"]
        )
    )
    work.record("provider_override", row["id"], before={"scope": row["scope"]})
    return Empty()


async def list_provider_overrides(request: ListProviderOverrides, work: UnitOfWork) -> ProviderOverridePage:
    """A page of exceptions."""
    statement = _seen(work, provider_override, request.company_id)
    order = (provider_override.c.created_at, provider_override.c.id)
    return await page(work, request, statement, order=order, reply=ProviderOverridePage, item=override_of)


async def test_routing(request: TestRouting, work: UnitOfWork) -> RoutingResult:
    """Decide without paying."""
    company = await company_of(work, request.company_id)
    if company is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    charge = Charge(request.client_id, request.contract_id, request.amount, work.today(company.zone))
    return (await decide(work, request.company_id, charge, request.payment_method)).result


async def get_psp_health(request: GetPspHealth, work: UnitOfWork) -> PspHealth:
    """The circuit of an account."""
    await _own_account(work, request.psp_account_id, None)
    return await circuits.health(work, request.psp_account_id)


async def reset_circuit(request: ResetCircuit, work: UnitOfWork) -> PspHealth:
    """Close the circuit of an account."""
    await _own_account(work, request.psp_account_id, None)
    await circuits.succeeded(work, request.psp_account_id)
    work.record("psp_account", request.psp_account_id, after={"circuit": "reset"})
    return await circuits.health(work, request.psp_account_id)


def rule_of(row: Row) -> RoutingRule:
    """A rule as it is shown."""
    return RoutingRule.model_validate({**row, "routing_rule_id": row["id"]})


def override_of(row: Row) -> ProviderOverride:
    """An exception as it is shown."""
    return ProviderOverride.model_validate({**row, "provider_override_id": row["id"]})


def _new(work: UnitOfWork, id_: UUID) -> dict[str, Any]:
    return {
        "id": id_,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


def _seen(work: UnitOfWork, table: Any, company_id: UUID | None) -> Any:
    statement = select(table).where(table.c.organisation_id == work.organisation_id)
    if company_id is not None:
        statement = statement.where(table.c.company_id == company_id)
    if work.caller.company_ids is not None:
        statement = statement.where(table.c.company_id.in_(work.caller.company_ids))
    return statement


async def _own_account(work: UnitOfWork, account_id: UUID, company_id: UUID | None) -> None:
    row = await work.fetch_one(
        select(psp_account.c.company_id).where(
            psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == account_id
        )
    )
    known = row is not None and work.caller.sees_company(row["company_id"])
    if row is None or not known or (company_id is not None and row["company_id"] != company_id):
        raise Refused(PSP_ACCOUNT_NOT_FOUND, f"provider account {account_id} is none of the company's; check the id")


async def _rule(work: UnitOfWork, rule_id: UUID) -> Row:
    return await work.load(
        select(routing_rule)
        .where(routing_rule.c.organisation_id == work.organisation_id, routing_rule.c.id == rule_id)
        .with_for_update(),
        "routing rule",
        code=ROUTING_RULE_NOT_FOUND,
    )
