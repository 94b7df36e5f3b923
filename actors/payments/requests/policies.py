"""Recovery policies: retry policies and dunning ladders, made and changed by administrators."""

from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments.rules.policies import SCOPE
from messages.payments import (
    POLICY_SCOPE_CONFLICT,
    RECOVERY_POLICY_NOT_FOUND,
    CreateDunningPolicy,
    CreateReminderPolicy,
    CreateRetryPolicy,
    DunningPolicy,
    DunningPolicyPage,
    GetDunningPolicy,
    GetReminderPolicy,
    GetRetryPolicy,
    ListDunningPolicies,
    ListReminderPolicies,
    ListRetryPolicies,
    PolicyScope,
    ReminderPolicy,
    ReminderPolicyPage,
    RetryPolicy,
    RetryPolicyPage,
    UpdateDunningPolicy,
    UpdateReminderPolicy,
    UpdateRetryPolicy,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import dunning_policy, reminder_policy, retry_policy

Row = dict[str, Any]
Creation = CreateRetryPolicy | CreateDunningPolicy | CreateReminderPolicy
Change = UpdateRetryPolicy | UpdateDunningPolicy | UpdateReminderPolicy
Listing = ListRetryPolicies | ListDunningPolicies | ListReminderPolicies


async def create_retry_policy(request: CreateRetryPolicy, work: UnitOfWork) -> RetryPolicy:
    """Store a policy; one scope and priority has one active policy, and the organisation one default."""
    return _retry(await _create(work, retry_policy, request))


async def update_retry_policy(request: UpdateRetryPolicy, work: UnitOfWork) -> RetryPolicy:
    """Change a policy for the plans to come."""
    return _retry(await _update(work, retry_policy, request))


async def get_retry_policy(request: GetRetryPolicy, work: UnitOfWork) -> RetryPolicy:
    """One policy."""
    return _retry(await _load(work, retry_policy, request.policy_id))


async def list_retry_policies(request: ListRetryPolicies, work: UnitOfWork) -> RetryPolicyPage:
    """A page of policies, newest first."""
    return await page(
        work,
        request,
        _listed(work, retry_policy, request),
        order=(retry_policy.c.created_at, retry_policy.c.id),
        descending=True,
        reply=RetryPolicyPage,
        item=_retry,
    )


async def create_dunning_policy(request: CreateDunningPolicy, work: UnitOfWork) -> DunningPolicy:
    """Store a ladder; its code is its name for ever."""
    return _dunning(await _create(work, dunning_policy, request, code=request.code))


async def update_dunning_policy(request: UpdateDunningPolicy, work: UnitOfWork) -> DunningPolicy:
    """Change a ladder for the cases to come."""
    return _dunning(await _update(work, dunning_policy, request))


async def get_dunning_policy(request: GetDunningPolicy, work: UnitOfWork) -> DunningPolicy:
    """One ladder."""
    return _dunning(await _load(work, dunning_policy, request.policy_id))


async def list_dunning_policies(request: ListDunningPolicies, work: UnitOfWork) -> DunningPolicyPage:
    """A page of ladders, newest first."""
    return await page(
        work,
        request,
        _listed(work, dunning_policy, request),
        order=(dunning_policy.c.created_at, dunning_policy.c.id),
        descending=True,
        reply=DunningPolicyPage,
        item=_dunning,
    )


async def create_reminder_policy(request: CreateReminderPolicy, work: UnitOfWork) -> ReminderPolicy:
    """Store a policy; one scope and priority has one active policy, and the organisation one default."""
    return _reminding(await _create(work, reminder_policy, request))


async def update_reminder_policy(request: UpdateReminderPolicy, work: UnitOfWork) -> ReminderPolicy:
    """Change hours, caps and rules."""
    return _reminding(await _update(work, reminder_policy, request))


async def get_reminder_policy(request: GetReminderPolicy, work: UnitOfWork) -> ReminderPolicy:
    """One policy."""
    return _reminding(await _load(work, reminder_policy, request.policy_id))


async def list_reminder_policies(request: ListReminderPolicies, work: UnitOfWork) -> ReminderPolicyPage:
    """A page of policies, newest first."""
    return await page(
        work,
        request,
        _listed(work, reminder_policy, request),
        order=(reminder_policy.c.created_at, reminder_policy.c.id),
        descending=True,
        reply=ReminderPolicyPage,
        item=_reminding,
    )


async def _create(work: UnitOfWork, table: Table, request: Creation, **more: Any) -> Row:
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "name": request.name,
        **request.scope.model_dump(),
        "terms": request.terms.model_dump(mode="json"),
        "priority": request.priority,
        "is_default": request.is_default,
        "is_active": True,
        **more,
    }
    stored = insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)
    if await work.fetch_value(stored) is None:
        raise Refused(
            POLICY_SCOPE_CONFLICT,
            "an active policy has this code, this scope and priority, or is the default already; "
            "change that one, or give another code or priority",
        )
    work.record(table.name, row["id"], after={"name": request.name, "terms": row["terms"]})
    return row


async def _update(work: UnitOfWork, table: Table, request: Change) -> Row:
    row = await _load(work, table, request.policy_id, lock=True)
    work.check_version(request.expected_version, row["version"])
    changed: Row = {
        name: getattr(request, name) for name in ("name", "priority", "is_active") if getattr(request, name) is not None
    }
    if request.terms is not None:
        changed["terms"] = request.terms.model_dump(mode="json")
    if (changed.get("is_active", row["is_active"]), changed.get("priority")) != (row["is_active"], None):
        await _refuse_conflict(work, table, row | changed)
    changed |= {"version": row["version"] + 1, "updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(update(table).where(table.c.id == row["id"]).values(**changed))
    work.record(table.name, row["id"], before={"terms": row["terms"]}, after={"terms": (row | changed)["terms"]})
    return row | changed


async def _refuse_conflict(work: UnitOfWork, table: Table, row: Row) -> None:
    same = [table.c[name].is_not_distinct_from(row[name]) for name in (*SCOPE, "priority", "is_default")]
    other = await work.fetch_value(
        select(table.c.id)
        .where(table.c.organisation_id == work.organisation_id, table.c.is_active, table.c.id != row["id"], *same)
        .limit(1)
    )
    if other is not None and row["is_active"]:
        raise Refused(POLICY_SCOPE_CONFLICT, f"policy {other} has this scope and priority; give another priority")


async def _load(work: UnitOfWork, table: Table, policy_id: UUID, *, lock: bool = False) -> Row:
    statement = select(table).where(table.c.organisation_id == work.organisation_id, table.c.id == policy_id)
    found = await work.load(
        statement.with_for_update() if lock else statement, "recovery policy", code=RECOVERY_POLICY_NOT_FOUND
    )
    return dict(found)


def _listed(work: UnitOfWork, table: Table, request: Listing) -> Any:
    statement = select(table).where(table.c.organisation_id == work.organisation_id)
    if request.company_id is not None:
        statement = statement.where(table.c.company_id.is_(None) | (table.c.company_id == request.company_id))
    if request.active_only:
        statement = statement.where(table.c.is_active)
    return statement


def _scope(row: Any) -> PolicyScope:
    return PolicyScope.model_validate({name: row[name] for name in SCOPE})


def _retry(row: Any) -> RetryPolicy:
    return RetryPolicy.model_validate({**row, "scope": _scope(row)})


def _dunning(row: Any) -> DunningPolicy:
    return DunningPolicy.model_validate({**row, "scope": _scope(row)})


def _reminding(row: Any) -> ReminderPolicy:
    return ReminderPolicy.model_validate({**row, "scope": _scope(row)})
