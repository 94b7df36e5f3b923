"""What providers report: checked against the account's secret, stored once, answered at once, followed by the workers."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments.alerts import raise_alert
from actors.payments.psp import following, mandating, refunding, saving
from actors.payments.psp.accounts import provider_of
from actors.payments.psp.charging import Reading
from actors.payments.psp.port import (
    BadWebhookError,
    MandateKeeper,
    Page,
    ProviderError,
    ProviderEvent,
    ProviderMandate,
    ProviderPayment,
    ProviderRefund,
    Subject,
    WebhookAnswer,
    WebhookCall,
)
from actors.payments.psp.records import REPEATED, account_provider, failure_of
from messages.payments import AlertSeverity, ReceivePspWebhook, WebhookReply
from messages.values.identifiers import new_id
from runtime import clock
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.payments import payment
from storage.payments.tables.providers import psp_account, psp_event, rejected_webhook

_RAW: Final = {"domain": "SECRETS", "table": "psp_event", "column": "raw_body"}
_REJECTED: Final = {"domain": "SECRETS", "table": "rejected_webhook", "column": "raw_start"}
_KEPT_BYTES = 2048
_PATH_PARTS = 3
_ALARMING = 20
_HOUR = timedelta(hours=1)
_KEPT_REJECTED = 1000
_FOLLOWED = frozenset({Subject.PAYMENT, Subject.PAGE, Subject.REFUND})
_More = Page | ProviderRefund | ProviderMandate | None
_UNKNOWN_ADDRESS = WebhookAnswer(404, "no such address")
_UNREADABLE = WebhookAnswer(400, "the body is not base64")


class FollowEvent(WorkItem):
    """Read at the provider what an event is about, and follow it."""

    event_id: UUID
    psp_account_id: UUID
    subject: Subject
    object_id: str


async def receive_psp_webhook(request: ReceivePspWebhook, work: UnitOfWork) -> WebhookReply:
    """Believe the signature only; a forged call leaves no event, so that it cannot keep the genuine one out."""
    account = await _account_at(request.path, work)
    if account is None:
        return _reply(_UNKNOWN_ADDRESS)
    try:
        raw = base64.b64decode(request.raw_body, validate=True)
    except binascii.Error:
        return _reply(_UNREADABLE)
    call = WebhookCall(raw, {name.lower(): value for name, value in request.headers.items()})
    provider = await provider_of(account, work.keys)
    try:
        await provider.verify_webhook(call, work.now)
        events = provider.events(call)
    except BadWebhookError as error:
        await _reject(work, account, str(error), call.raw, request.remote_ip)
        return _reply(provider.answer(call, genuine=False))
    followed = _FOLLOWED | {Subject.MEANS} if isinstance(provider, MandateKeeper) else _FOLLOWED
    await _store(work, account, call.raw, events, followed)
    return _reply(provider.answer(call, genuine=True))


async def _account_at(path: Sequence[str], work: UnitOfWork) -> Row | None:
    """The account of a path `<provider>/<account>/<token>`; the token is compared in constant time."""
    if len(path) != _PATH_PARTS:
        return None
    try:
        account_id = UUID(path[1])
    except ValueError:
        return None
    row = await work.fetch_one(
        select(psp_account).where(
            psp_account.c.organisation_id == work.organisation_id,
            psp_account.c.id == account_id,
            psp_account.c.provider == path[0].upper(),
        )
    )
    if row is None or not hmac.compare_digest(row["path_token"].encode(), path[2].encode()):
        return None
    return row


async def _store(
    work: UnitOfWork, account: Row, raw: bytes, events: Sequence[ProviderEvent], subjects: frozenset[Subject]
) -> None:
    """Each fact once; those that we follow are ordered."""
    for event in events:
        event_id = new_id()
        followed = event.subject in subjects
        sealed = await work.keys.encrypt(
            base64.b64encode(raw).decode(), organisation_id=work.organisation_id, row_id=event_id, **_RAW
        )
        taken = insert(psp_event).values(
            id=event_id,
            organisation_id=work.organisation_id,
            psp_account_id=account["id"],
            provider_event_id=event.event_id,
            name=event.name,
            subject=event.subject,
            object_id=event.object_id,
            own_key=event.key,
            occurred_at=event.occurred_at,
            raw_body=sealed,
            status="VERIFIED" if followed else "IGNORED",
            received_at=work.now,
            processed_at=None if followed else work.now,
        )
        if await work.execute(taken.on_conflict_do_nothing()) and followed:
            order_following(work, event_id, account["id"], event.subject, event.object_id)


def order_following(
    work: UnitOfWork, event_id: UUID, account_id: UUID, subject: Subject, object_id: str, *, again: str = ""
) -> None:
    """Let the workers follow an event; `again` tells a replay from the first time."""
    item = FollowEvent(event_id=event_id, psp_account_id=account_id, subject=subject, object_id=object_id)
    work.order(item, key=f"{event_id}{again}")


async def _reject(work: UnitOfWork, account: Row, reason: str, raw: bytes, source: str | None) -> None:
    """Keep who tried what, within limits and not readable without the key; tell the staff when it does not stop."""
    rejected = rejected_webhook.c
    mine = (rejected.organisation_id == work.organisation_id, rejected.psp_account_id == account["id"])
    known = await work.fetch_value(
        select(func.count()).select_from(rejected_webhook).where(*mine, rejected.at > work.now - _HOUR)
    )
    if known < _KEPT_REJECTED:
        row_id, own = new_id(), work.organisation_id
        hashed = await work.keys.index(IndexKind.GENERIC, f"webhook source {source}", own) if source else None
        start = base64.b64encode(raw[:_KEPT_BYTES]).decode()
        await work.insert(
            rejected_webhook,
            id=row_id,
            organisation_id=own,
            psp_account_id=account["id"],
            reason=reason[:200],
            source_hash=hashed.hex() if hashed is not None else None,
            raw_start=await work.keys.encrypt(start, organisation_id=own, row_id=row_id, **_REJECTED),
            at=work.now,
        )
    if known + 1 >= _ALARMING:
        await raise_alert(
            work, "WEBHOOKS_REJECTED", AlertSeverity.WARNING, "Webhooks refusés",
            f"{known + 1} calls of an hour to account {account['name']} were not signed with its secret; check the secret",
            about=account["id"], company_id=account["company_id"],
        )  # fmt: skip


def _reply(answer: WebhookAnswer) -> WebhookReply:
    return WebhookReply(http_status=answer.http_status, body=answer.body, content_type=answer.content_type)


# -- following ---------------------------------------------------------------------------------------------------


async def read_subject(item: FollowEvent, outside: Outside) -> tuple[Reading, _More]:
    """What the event is about, as it is now."""
    provider, read_at = await account_provider(outside, item.psp_account_id), clock.now()
    try:
        match item.subject:
            case Subject.PAGE:
                page = await provider.get_page(item.object_id)
                return Reading(read_at, page.payment), page
            case Subject.REFUND:
                return Reading(read_at), await provider.get_refund(item.object_id)
            case Subject.MEANS if isinstance(provider, MandateKeeper):
                return Reading(read_at), await provider.get_mandate(item.object_id)
            case _:
                return Reading(read_at, await provider.get_payment(item.object_id)), None
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return Reading(read_at, None, error.kind, str(error)), None


async def subject_read(item: FollowEvent, found: tuple[Reading, _More], work: UnitOfWork) -> None:
    """Let payment, refund, mandate or saved means follow; IGNORED when that changes nothing."""
    reading, more = found
    page = more if isinstance(more, Page) else None
    changed, payment_id = False, None
    if isinstance(more, ProviderRefund):
        changed = await refunding.follow_refund(work, item.psp_account_id, more)
    if isinstance(more, ProviderMandate):
        changed = await mandating.follow(work, item.psp_account_id, more, reading.read_at)
    if page is not None:
        changed = await saving.follow_page(work, item.psp_account_id, page)
    if reading.seen is not None:
        payment_id = await payment_of(work, item.psp_account_id, reading.seen, page)
        if payment_id is not None:
            changed |= await following.follow(work, payment_id, reading.seen, reading.read_at)
    status = "FAILED" if reading.fault is not None else "PROCESSED" if changed else "IGNORED"
    await _end(work, item.event_id, status=status, error=reading.text[:500] or None, payment_id=payment_id)


async def following_failed(item: FollowEvent, error: Exception, work: UnitOfWork) -> None:
    """The provider could not be read for hours: a person replays the event."""
    await _end(work, item.event_id, status="DEAD", error=str(error)[:500])
    await raise_alert(
        work, "WEBHOOK_DEAD", AlertSeverity.WARNING, "Webhook non traité",
        f"event {item.event_id} of a provider could not be followed; replay it when the provider answers again",
        about=item.psp_account_id,
    )  # fmt: skip


async def payment_of(work: UnitOfWork, account_id: UUID, seen: ProviderPayment, page: Page | None) -> UUID | None:
    """Our payment: by the provider's id, by our key, or by the page it was paid on."""
    about = [payment.c.provider_payment_id == seen.provider_payment_id]
    if seen.key is not None:
        about.append(payment.c.end_to_end_id == seen.key.upper())
    if page is not None:
        about.append(payment.c.provider_page_id == page.page_id)
    for condition in about:
        found: UUID | None = await work.fetch_value(
            select(payment.c.id).where(
                payment.c.organisation_id == work.organisation_id,
                payment.c.psp_account_id == account_id,
                condition,
            )
        )
        if found is not None:
            return found
    return None


async def _end(work: UnitOfWork, event_id: UUID, **columns: Any) -> None:
    await work.execute(
        update(psp_event)
        .where(psp_event.c.organisation_id == work.organisation_id, psp_event.c.id == event_id)
        .values(processed_at=work.now, **columns)
    )
