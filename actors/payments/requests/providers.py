"""Accounts at payment service providers."""

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments.company import company_of
from actors.payments.psp import circuits
from actors.payments.psp.accounts import sealed
from actors.payments.psp.checking import TryAccount, with_secret
from actors.payments.rules.providers import PROFILES, missing_credentials
from messages.errors import ALREADY_EXISTS
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    CREDENTIALS_INCOMPLETE,
    PSP_ACCOUNT_NOT_FOUND,
    WEBHOOK_SECRET_REQUIRED,
    CircuitState,
    CreatePspAccount,
    DisablePspAccount,
    GetPspAccount,
    GetPspAccountsSummary,
    ListPspAccounts,
    PaymentMethod,
    Provider,
    PspAccount,
    PspAccountPage,
    PspAccountsSummary,
    PspAccountSummary,
    PspAccountTest,
    PspMode,
    PspStatus,
    RotatePspWebhookSecret,
    TestPspAccount,
    UpdatePspAccount,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.providers import psp_account, psp_default

_MOST_SHOWN = 200
_defaults = (
    select(psp_default.c.method)
    .where(
        psp_default.c.organisation_id == psp_account.c.organisation_id,
        psp_default.c.psp_account_id == psp_account.c.id,
    )
    .order_by(psp_default.c.method)
    .correlate(psp_account)
    .scalar_subquery()
)
_SHOWN = select(psp_account, func.array(_defaults).label("default_methods"))


async def create_psp_account(request: CreatePspAccount, work: UnitOfWork) -> PspAccount:
    """Record an account with its secrets, encrypted."""
    if await company_of(work, request.company_id) is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    if request.provider not in PROFILES:
        names = ", ".join(sorted(PROFILES))
        raise Refused.field("provider", "psp", f"{request.provider} has no accounts of this kind; use one of {names}")
    profile = PROFILES[request.provider]
    _refuse_missing(request.provider, request.credentials)
    _refuse_unsigned(request.provider, request.mode, request.webhook_secret is not None)
    methods = _offered(request.provider, request.methods)
    account_id = request.id or new_id()
    given = [request.webhook_secret] if request.webhook_secret else []
    try:
        await work.insert(
            psp_account,
            id=account_id,
            organisation_id=work.organisation_id,
            version=1,
            created_at=work.now,
            created_by=work.caller.principal,
            updated_at=work.now,
            updated_by=work.caller.principal,
            company_id=request.company_id,
            provider=request.provider,
            name=request.name,
            mode=request.mode,
            status=PspStatus.ACTIVE,
            methods=methods,
            has_webhook_secret=bool(given),
            path_token=secrets.token_hex(16),
            clearing_account=profile.clearing_account,
            **await sealed(
                account_id=account_id,
                organisation_id=work.organisation_id,
                keys=work.keys,
                credentials=request.credentials,
                webhook_secrets=given,
            ),
        )
    except asyncpg.UniqueViolationError as error:
        raise Refused(ALREADY_EXISTS, f"the company has an account '{request.name}' already; choose another") from error
    if request.is_default:
        await _make_default(work, account_id, request.company_id, request.mode, methods)
    work.record("psp_account", account_id, after={"provider": request.provider, "mode": request.mode})
    return await _show(work, account_id)


async def update_psp_account(request: UpdatePspAccount, work: UnitOfWork) -> PspAccount:
    """Change the fields that were sent; new credentials make an account usable again."""
    row = await _locked(work, request.psp_account_id)
    work.check_version(request.expected_version, row["version"])
    provider, mode = Provider(row["provider"]), PspMode(row["mode"])
    changes: dict[str, Any] = {}
    if request.name is not None:
        changes["name"] = request.name
    if request.methods is not None:
        changes["methods"] = _offered(provider, request.methods)
    if request.credentials is not None:
        _refuse_missing(provider, request.credentials)
        changes |= await _sealed(work, row, credentials=request.credentials) | {"status": PspStatus.ACTIVE}
    if request.webhook_secret is not None:
        changes |= await with_secret(work, row, request.webhook_secret)
    await _change(work, row, **changes)
    methods: Sequence[str] = changes.get("methods") or row["methods"]
    if request.is_default is not None or request.methods is not None:
        was_default = bool((await _show(work, row["id"])).default_methods)
        await _forget_default(work, row["id"])
        if request.is_default if request.is_default is not None else was_default:
            await _make_default(work, row["id"], row["company_id"], mode, methods)
    work.record("psp_account", row["id"], before={"version": row["version"]}, after={"changed": sorted(changes)})
    return await _show(work, row["id"])


async def disable_psp_account(request: DisablePspAccount, work: UnitOfWork) -> PspAccount:
    """No new payment goes this way."""
    row = await _locked(work, request.psp_account_id)
    if row["status"] != PspStatus.DISABLED:
        await _change(work, row, status=PspStatus.DISABLED)
        await _forget_default(work, row["id"])
        work.record("psp_account", row["id"], before={"status": row["status"]}, after={"reason": request.reason})
    return await _show(work, row["id"])


async def rotate_psp_webhook_secret(request: RotatePspWebhookSecret, work: UnitOfWork) -> PspAccount:
    """The new secret counts at once; giving it again changes nothing."""
    row = await _locked(work, request.psp_account_id)
    await _change(work, row, **await with_secret(work, row, request.new_secret))
    work.record("psp_account", row["id"], before={"version": row["version"]}, after={"changed": ["webhook_secrets"]})
    return await _show(work, row["id"])


async def test_psp_account(request: TestPspAccount, work: UnitOfWork) -> PspAccount:
    """Leave the trial for the workers."""
    row = await _locked(work, request.psp_account_id)
    work.order(TryAccount(psp_account_id=row["id"]), key=f"{row['id']}|{work.now.isoformat()}")
    return await _show(work, row["id"])


async def get_psp_accounts_summary(request: GetPspAccountsSummary, work: UnitOfWork) -> PspAccountsSummary:
    """How the accounts are that the caller sees."""
    statement = select(psp_account).where(psp_account.c.organisation_id == work.organisation_id)
    if request.company_id is not None:
        statement = statement.where(psp_account.c.company_id == request.company_id)
    if work.caller.company_ids is not None:
        statement = statement.where(psp_account.c.company_id.in_(work.caller.company_ids))
    order = (psp_account.c.provider, psp_account.c.name, psp_account.c.id)
    rows, health = await work.fetch(statement.order_by(*order).limit(_MOST_SHOWN)), await circuits.states(work)
    items = tuple(
        PspAccountSummary.model_validate(
            {
                **row,
                "psp_account_id": row["id"],
                "is_active": row["status"] == PspStatus.ACTIVE,
                "is_configured": row["status"] != PspStatus.INVALID_CREDENTIALS,
                "is_live": row["mode"] == PspMode.LIVE,
                "health": health.get(row["id"], CircuitState.CLOSED),
            }
        )
        for row in rows
    )
    return PspAccountsSummary(items=items)


async def get_psp_account(request: GetPspAccount, work: UnitOfWork) -> PspAccount:
    """One account, its secrets hidden."""
    found = await _show(work, request.psp_account_id)
    if not work.caller.sees_company(found.company_id):
        raise Refused(PSP_ACCOUNT_NOT_FOUND, f"provider account {request.psp_account_id} does not exist; check the id")
    return found


async def list_psp_accounts(request: ListPspAccounts, work: UnitOfWork) -> PspAccountPage:
    """A page of accounts."""
    statement = _SHOWN.where(psp_account.c.organisation_id == work.organisation_id)
    if request.company_id is not None:
        statement = statement.where(psp_account.c.company_id == request.company_id)
    if request.provider is not None:
        statement = statement.where(psp_account.c.provider == request.provider)
    if work.caller.company_ids is not None:
        statement = statement.where(psp_account.c.company_id.in_(work.caller.company_ids))
    order = (psp_account.c.created_at, psp_account.c.id)
    return await page(work, request, statement, order=order, reply=PspAccountPage, item=psp_account_of)


def psp_account_of(row: Row) -> PspAccount:
    """An account as it may be shown."""
    return PspAccount.model_validate(
        {
            **row,
            "psp_account_id": row["id"],
            "is_configured": row["status"] != PspStatus.INVALID_CREDENTIALS,
            "is_live": row["mode"] == PspMode.LIVE,
            "webhook_path": webhook_path(row),
            "last_test": last_test_of(row),
        }
    )


def last_test_of(row: Row) -> PspAccountTest | None:
    """What came of the last trial of an account."""
    if row["tested_at"] is None:
        return None
    error = row["test_error"]
    return PspAccountTest(at=row["tested_at"], reachable=error is None, latency_ms=row["test_latency_ms"], error=error)


def webhook_path(row: Row) -> str:
    """The path at which the provider reports to this account, guessed by nobody."""
    provider = row["provider"].lower()
    return f"/webhooks/payments/receive_psp_webhook/{row['organisation_id']}/{provider}/{row['id']}/{row['path_token']}"


def _offered(provider: Provider, wanted: Sequence[PaymentMethod]) -> list[str]:
    offered = PROFILES[provider].methods
    if not offered.issuperset(wanted):
        names = ", ".join(sorted(offered))
        raise Refused.field("methods", "offered", f"{provider} collects {names} only; leave the others out")
    return sorted(wanted or offered)


def _refuse_missing(provider: Provider, credentials: dict[str, str]) -> None:
    missing = missing_credentials(provider, frozenset(credentials))
    if missing:
        text = f"{provider} needs {', '.join(missing)} too; add them"
        raise Refused.field("credentials", "incomplete", text, CREDENTIALS_INCOMPLETE)


def _refuse_unsigned(provider: Provider, mode: PspMode, has_secret: bool) -> None:
    if mode is PspMode.LIVE and PROFILES[provider].signs_with_secret and not has_secret:
        raise Refused(WEBHOOK_SECRET_REQUIRED, "a live account needs its webhook secret; give webhook_secret")


async def _make_default(
    work: UnitOfWork, account_id: UUID, company_id: UUID, mode: PspMode, methods: Sequence[str]
) -> None:
    for method in methods:
        taken = insert(psp_default).values(
            organisation_id=work.organisation_id,
            company_id=company_id,
            mode=mode,
            method=method,
            psp_account_id=account_id,
        )
        await work.execute(
            taken.on_conflict_do_update(
                index_elements=["organisation_id", "company_id", "mode", "method"],
                set_={"psp_account_id": account_id},
            )
        )


async def _forget_default(work: UnitOfWork, account_id: UUID) -> None:
    await work.execute(
        delete(psp_default).where(
            psp_default.c.organisation_id == work.organisation_id, psp_default.c.psp_account_id == account_id
        )
    )


async def _sealed(work: UnitOfWork, row: Row, **clear: Any) -> dict[str, Any]:
    return dict(await sealed(account_id=row["id"], organisation_id=work.organisation_id, keys=work.keys, **clear))


async def _change(work: UnitOfWork, row: Row, **changes: Any) -> None:
    stamp = {"version": row["version"] + 1, "updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(
        update(psp_account)
        .where(psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == row["id"])
        .values(**changes, **stamp)
    )


async def _locked(work: UnitOfWork, account_id: UUID) -> Row:
    statement = select(psp_account).where(
        psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == account_id
    )
    row = await work.load(statement.with_for_update(), "provider account", code=PSP_ACCOUNT_NOT_FOUND)
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(PSP_ACCOUNT_NOT_FOUND, f"provider account {account_id} does not exist; check the id")
    return row


async def _show(work: UnitOfWork, account_id: UUID) -> PspAccount:
    statement = _SHOWN.where(psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == account_id)
    return psp_account_of(await work.load(statement, "provider account", code=PSP_ACCOUNT_NOT_FOUND))
