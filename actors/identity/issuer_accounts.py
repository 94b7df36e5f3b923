"""Telling the issuer's directory what happens to a login: in the background, repeated until it took it."""

from uuid import UUID

import structlog
from sqlalchemy import select, update

from actors.identity.keycloak.client import Keycloak, directory
from actors.identity.oidc.tokens import settings
from actors.identity.people import opened
from actors.identity.reading import reading
from messages.identity import IssuerTask, UserStatus
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.identity.tables import user_account

log = structlog.get_logger()

_MAILS = {
    IssuerTask.VERIFY_EMAIL: ("VERIFY_EMAIL",),
    IssuerTask.UPDATE_PASSWORD: ("UPDATE_PASSWORD",),
}


class TellIssuer(WorkItem):
    """One task for the directory; `subject` is the account where the login no longer knows it."""

    user_id: UUID
    task: IssuerTask
    subject: str | None = None
    activation: bool = False


def tell_issuer(item: TellIssuer, work: UnitOfWork) -> None:
    """Order a task; nothing where accounts are kept by other means."""
    if directory() is not None:
        work.order(item, key=f"{item.task}:{item.user_id}:{work.cause.causation_id}")


async def perform(item: TellIssuer, outside: Outside) -> str | None:
    """The calls of a task; the id of an account that was made or adopted."""
    keycloak = directory()
    if keycloak is None:
        return None
    if item.task is IssuerTask.DELETE:
        await keycloak.delete(item.subject or "")
        return None
    async with reading(outside) as work:
        row = await work.fetch_one(select(user_account).where(user_account.c.id == item.user_id))
        email = None if row is None else await opened(row["email"], "email", item.user_id, work)
    if row is None or email is None or row["status"] == UserStatus.ANONYMISED:
        return None  # erased meanwhile, and so is its account
    if item.task is IssuerTask.CREATE_USER:
        subject = await keycloak.create(email, row["first_name"], row["last_name"])
        if item.activation:
            await keycloak.send_actions(subject, "VERIFY_EMAIL", "UPDATE_PASSWORD")
        return subject
    known = row["idp_subject"] or await keycloak.find(email)
    if known is not None:
        await _change(keycloak, item.task, known)
    return None


async def finish(item: TellIssuer, subject: str | None, work: UnitOfWork) -> None:
    """Keep the subject of a new account, by which its first sign-in is known."""
    if subject is None:
        return
    taken = select(user_account.c.id).where(
        user_account.c.idp_issuer == settings().issuer_url, user_account.c.idp_subject == subject
    )
    if await work.fetch_value(taken) is None:
        await work.execute(
            update(user_account)
            .where(user_account.c.id == item.user_id, user_account.c.idp_subject.is_(None))
            .values(idp_issuer=settings().issuer_url, idp_subject=subject)
        )
    work.record("user", item.user_id, after={"issuer": "account made or adopted"})


async def gave_up(item: TellIssuer, error: Exception, work: UnitOfWork) -> None:
    """An operator must look: `crm ops work` shows the task and why it failed."""
    log.error("identity.issuer_task_failed", task=item.task, user_id=str(item.user_id), error=repr(error))
    work.record("user", item.user_id, after={"issuer_task_failed": item.task})


async def _change(keycloak: Keycloak, task: IssuerTask, subject: str) -> None:
    match task:
        case IssuerTask.DISABLE:
            await keycloak.enable(subject, enabled=False)
            await keycloak.end_sessions(subject)
        case IssuerTask.ENABLE:
            await keycloak.enable(subject, enabled=True)
        case _:
            await keycloak.send_actions(subject, *_MAILS[task])
