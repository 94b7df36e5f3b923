"""Beginning a payment with a link: one use, one payment, one page of the provider."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import delete, func, select

from actors.payments import views
from actors.payments.company import Company, company_of
from actors.payments.portal import debiting, dues, returns, sessions, visits
from actors.payments.portal.dues import Due
from actors.payments.portal.orders import OpenCheckout
from actors.payments.portal.rules import PAGE_LIFE, origin_of, return_state, token_hash
from actors.payments.portal.sessions import Visitor
from actors.payments.psp.choosing import Charge
from actors.payments.psp.port import PagePurpose
from actors.payments.psp.routing import Decision, decide
from actors.payments.sets import history
from messages.errors import RATE_LIMITED
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    COLLECTION_BLOCKED,
    LIVE_PAYMENT_EXISTS,
    ROUTING_NOT_FOUND,
    BlockReason,
    PaymentCreated,
    PaymentMethod,
    PaymentStatus,
    PaymentType,
)
from messages.payments.portal import (
    ACTION_NOT_ALLOWED,
    MOST_STARTS,
    NOTHING_DUE,
    PORTAL_NOT_CONFIGURED,
    SESSION_ALREADY_USED,
    PortalPayment,
    StartPortalPayment,
)
from messages.payments.portal_vocabulary import PortalAction, PortalAuditEvent, PortalOutcome, PortalSessionStatus
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import RefusedOnRecord, Row, UnitOfWork
from storage.payments.tables.others import payment_number_block
from storage.payments.tables.payments import payment, payment_event
from storage.payments.tables.portal import (
    portal_audit,
    portal_claim,
    portal_page,
    portal_return,
)
from storage.payments.tables.providers import psp_account
from storage.payments.tables.views import client_view

_LIVE = (
    PaymentStatus.PENDING,
    PaymentStatus.BATCHED,
    PaymentStatus.SUBMITTED,
    PaymentStatus.REQUIRES_ACTION,
    PaymentStatus.UNCERTAIN,
)
_BEGUN = (PortalAction.PAY_BY_CARD, PortalAction.UPDATE_CARD, PortalAction.PAY_BY_SEPA)
_STARTS = (PortalAuditEvent.PAYMENT_INITIATED, PortalAuditEvent.REPLAY_DETECTED)


async def start_portal_payment(request: StartPortalPayment, work: UnitOfWork) -> PortalPayment:
    """Count a use and order the provider's page, or the debit. What was paid meanwhile completes the link instead."""
    row = await visits.find(work, request.token)
    visitor = await Visitor.of(work, request.ip, request.user_agent)
    await visits.refuse_closed(work, row, visitor)
    await _refuse_start(work, row, request, visitor)
    company = await company_of(work, row["company_id"])
    if company is None:
        raise Refused(COMPANY_NOT_FOUND, "this company no longer takes payments; ask it how to pay")
    if company.settings.portal_base_url is None:
        raise Refused(PORTAL_NOT_CONFIGURED, "set portal_base_url in the payment settings of the company")
    own = f"{company.settings.portal_base_url}/p/return"
    success, cancel = request.success_url or own, request.cancel_url or f"{own}?cancelled=1"
    known = {company.settings.portal_base_url, *company.settings.portal_redirect_origins}
    _refuse_foreign(known, success_url=success, cancel_url=cancel)
    if row["status"] == PortalSessionStatus.CREATED:
        row = await visits.activate(work, row, visitor)
    if request.action is PortalAction.PAY_BY_SEPA:
        return await returns.payment_of(work, await _order_debit(work, row, company, visitor))
    if request.action is PortalAction.UPDATE_CARD:
        account_id = (await _card_account(work, row, dues.NOTHING, row["contract_id"])).account_id
        row = await _use(work, row)
        page = {"id": new_id(), "purpose": PagePurpose.SETUP, "psp_account_id": account_id}
    else:
        begun, paid = await _begin_payment(work, row, company)
        row = dict(begun)
        page = {"id": paid["id"], "purpose": PagePurpose.PAY, "psp_account_id": paid["psp_account_id"]}
    await _open_page(work, row, page | {"success_url": success, "cancel_url": cancel})
    await sessions.note(
        work, row, PortalAuditEvent.PAYMENT_INITIATED, visitor=visitor, page_id=str(page["id"]), use=row["use_count"]
    )
    return await returns.payment_of(work, row)


async def _begin_payment(work: UnitOfWork, row: Row, company: Company) -> tuple[Row, Row]:
    """The link after its use and the payment that it began."""
    payment_id = new_id()
    due = await _claim(work, row, await _still_due(work, row), payment_id)
    await _guard(work, row, company, due)
    decision = await _card_account(work, row, due.amount, row["contract_id"] or due.contract_id)
    after = await _use(work, row, payment_id=payment_id)
    return after, await _begin(work, after, due, decision, company)


async def _order_debit(work: UnitOfWork, row: Row, company: Company, visitor: Visitor) -> Row:
    """The link, completed by the debit that it ordered. Its claim only keeps a card payment begun elsewhere from being doubled."""
    payment_id = new_id()
    due = await _claim(work, row, await _still_due(work, row), payment_id)
    debit = await debiting.possible_debit(work, company, due, lock=True)
    if debit is None:
        raise Refused(COLLECTION_BLOCKED, "this cannot be debited now; open the link again to see how it can be paid")
    paid = await debiting.order_debit(work, company, debit, payment_id)
    await work.execute(
        delete(portal_claim).where(
            portal_claim.c.organisation_id == work.organisation_id, portal_claim.c.payment_id == payment_id
        )
    )
    await sessions.note(work, row, PortalAuditEvent.PAYMENT_INITIATED, visitor=visitor, payment_id=str(paid["id"]))
    after = await sessions.complete(
        work, row, PortalOutcome.DEBIT_ORDERED, PortalAuditEvent.SESSION_COMPLETED,
        use_count=row["use_count"] + 1, payment_id=payment_id,
    )  # fmt: skip
    work.record("portal_session", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    return after


async def _still_due(work: UnitOfWork, row: Row) -> Due:
    due = await dues.due_of(work, row)
    if due.amount <= 0:
        row = await sessions.complete(work, row, PortalOutcome.ALREADY_PAID, PortalAuditEvent.SESSION_COMPLETED)
        raise RefusedOnRecord(NOTHING_DUE, "this is paid already", details={"status": row["status"]})
    return due


async def _refuse_start(work: UnitOfWork, row: Row, request: StartPortalPayment, visitor: Visitor) -> None:
    """What the link does not offer, or not once more; tries beyond the limit are recorded and stopped."""
    starts = await work.fetch_value(
        select(func.count())
        .select_from(portal_audit)
        .where(
            portal_audit.c.organisation_id == work.organisation_id,
            portal_audit.c.session_id == row["id"],
            portal_audit.c.event.in_(_STARTS),
        )
    )
    if starts >= MOST_STARTS:
        await sessions.note(work, row, PortalAuditEvent.RATE_LIMIT_HIT, visitor=visitor)
        raise RefusedOnRecord(RATE_LIMITED, f"this link may begin {MOST_STARTS} payments; ask for a new one")
    if request.action not in _BEGUN or request.action not in row["allowed_actions"]:
        raise Refused(ACTION_NOT_ALLOWED, f"this link does not begin {request.action}; open it to see what it offers")
    if row["use_count"] >= row["max_uses"]:
        await sessions.note(work, row, PortalAuditEvent.REPLAY_DETECTED, visitor=visitor)
        raise RefusedOnRecord(
            SESSION_ALREADY_USED,
            f"this link began {row['use_count']} payments, as many as it may; ask for a new one",
            details={"status": row["status"]},
        )
    if row["status"] == PortalSessionStatus.REDIRECTED:
        raise Refused(LIVE_PAYMENT_EXISTS, "a payment was begun with this link; go on with it, or give it up there")


def _refuse_foreign(known: set[str], **addresses: str) -> None:
    for name, address in addresses.items():
        if origin_of(address) not in known:
            text = f"{name} lies on an origin that portal_redirect_origins of the company's settings does not list"
            raise Refused.field(name, "origin", text)


async def _claim(work: UnitOfWork, row: Row, due: Due, payment_id: UUID) -> Due:
    """Hold what is to be paid against every other link, then read again what it leaves open: now nobody else can pay it here."""
    claims = [
        {"organisation_id": work.organisation_id, "item_id": id_, "payment_id": payment_id}
        for item in due.items
        for id_ in item.ids
    ]
    try:
        await work.insert_rows(portal_claim, claims)
    except asyncpg.UniqueViolationError as error:
        text = "another link has begun to pay the same thing; finish or give up that payment first"
        raise Refused(LIVE_PAYMENT_EXISTS, text) from error
    due = await dues.due_of(work, row)
    if due.amount <= 0:
        raise Refused(NOTHING_DUE, "this was paid just now; open the link again")
    return due


async def _guard(work: UnitOfWork, row: Row, company: Company, due: Due) -> None:
    """The guards 6, 8 and 11 of the emission; the others do not hold for a payment that its customer makes himself."""
    deceased = await work.fetch_value(
        select(client_view.c.deceased).where(
            client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == row["client_id"]
        )
    )
    settings, reason = company.settings, None
    if deceased:
        reason = BlockReason.CLIENT_BLOCKED
    elif not settings.min_debit_amount <= due.amount <= settings.max_debit_amount:
        reason = BlockReason.AMOUNT_OUT_OF_RANGE
    elif await _live_today(work, row) >= settings.max_live_payments_per_client_per_day:
        reason = BlockReason.VELOCITY_LIMIT
    if reason is not None:
        raise Refused(COLLECTION_BLOCKED, f"this cannot be paid here ({reason})", details={"reason": reason.value})


async def _card_account(work: UnitOfWork, row: Row, amount: Decimal, contract_id: UUID | None) -> Decision:
    """Guard 12: the account that takes the company's cards, by overrides, rules, default and health."""
    charge = Charge(row["client_id"], contract_id, amount, work.today())
    decision = await decide(work, row["company_id"], charge, PaymentMethod.CARD, on_page=True)
    if decision.account_id is None:
        raise Refused(
            ROUTING_NOT_FOUND, "no provider takes cards for this company now; pay by transfer or try again later"
        )
    return decision


async def _live_today(work: UnitOfWork, row: Row) -> int:
    found: int = await work.fetch_value(
        select(func.count())
        .select_from(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.client_id == row["client_id"],
            payment.c.business_date == work.today(),
            payment.c.status.in_(_LIVE),
        )
    )
    return found


async def _use(work: UnitOfWork, row: Row, **changes: Any) -> dict[str, Any]:
    """One use less of the locked link: of two starts at once only as many succeed as uses are left."""
    after = await sessions.change(work, row, "redirect", use_count=row["use_count"] + 1, outcome=None, **changes)
    work.record("portal_session", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    return after


async def _begin(work: UnitOfWork, row: Row, due: Due, decision: Decision, company: Company) -> Row:
    """The payment; payment.created."""
    payment_id, zero = row["payment_id"], dues.NOTHING
    provider = await work.fetch_value(
        select(psp_account.c.provider).where(
            psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == decision.account_id
        )
    )
    number = await work.next_number(payment_number_block)
    only = due.items[0] if len(due.items) == 1 else None
    columns = {
        "id": payment_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": f"PAY-{company.code}-{work.today():%Y}-{number:06}",
        "company_id": row["company_id"],
        "client_id": row["client_id"],
        "contract_id": row["contract_id"] or due.contract_id,
        "instalment_id": only.instalment_id if only else None,
        "invoice_id": only.invoice_id if only else None,
        "type": PaymentType.PORTAL,
        "method": PaymentMethod.CARD,
        "provider": provider,
        "psp_account_id": decision.account_id,
        "routing_decision": decision.result.model_dump(mode="json"),
        "attempt_no": row["use_count"],
        "amount": due.amount,
        "currency": row["currency"],
        "refunded_amount": zero,
        "charged_back_amount": zero,
        "allocated_amount": zero,
        "instalment_amount": zero,
        "status": PaymentStatus.PENDING,
        "business_date": work.today(),
        "idempotency_key": f"portal|{row['id']}|{row['use_count']}",
        "end_to_end_id": payment_id.hex.upper(),
    }
    await work.insert(payment, **columns)
    found = await work.load(select(payment).where(payment.c.id == payment_id), "payment")
    work.emit(PaymentCreated(**views.payment_ref(found)), version=found["version"])
    await work.insert_rows(payment_event, [history(work, payment_id, "payment.created", link=str(row["id"]))])
    return found


async def _open_page(work: UnitOfWork, row: Row, page: dict[str, Any]) -> None:
    """Order the provider's page; its return addresses carry a state of which only the hash is kept."""
    key = await work.keys.index(IndexKind.GENERIC, f"portal return {page['id']}", work.organisation_id)
    owned = {"organisation_id": work.organisation_id, "session_id": row["id"], "closes_at": work.now + PAGE_LIFE}
    await work.insert(portal_page, **page, **owned)
    await work.insert(
        portal_return,
        state_hash=token_hash(return_state(key)),
        organisation_id=work.organisation_id,
        page_id=page["id"],
    )
    work.order(OpenCheckout(page_id=page["id"]), key=str(page["id"]))
