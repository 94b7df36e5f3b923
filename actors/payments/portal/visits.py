"""What the holder of a link asks. The token is the only credential: it finds the organisation, the link and nothing else."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from actors.payments.company import company_of
from actors.payments.portal import debiting, dues, sessions
from actors.payments.portal.dues import Due
from actors.payments.portal.rules import OPEN, creditor_reference, refusal_of, token_hash, token_is_well_formed
from actors.payments.portal.sessions import Visitor
from actors.payments.vault import opened_iban
from messages.errors import ORGANISATION_SUSPENDED, RATE_LIMITED, SESSION_EXPIRED
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import AccountStatus
from messages.payments.portal import (
    SESSION_NOT_FOUND,
    TOKEN_MALFORMED,
    AccessPortalSession,
    PortalItem,
    PortalVerdict,
    PortalView,
    TransferDetails,
    ValidatePortalToken,
)
from messages.payments.portal_vocabulary import (
    PortalAction,
    PortalAuditEvent,
    PortalOutcome,
    PortalPurpose,
    PortalSessionStatus,
)
from messages.problem import Refused
from messages.values.money import Money
from runtime.unit_of_work import RefusedOnRecord, Row, UnitOfWork
from storage.payments.tables.means import creditor_account
from storage.payments.tables.portal import portal_audit, portal_link, portal_page
from storage.payments.tables.views import client_view
from storage.shared.tables import organisation

JUDGED_A_MINUTE = 10
_MINUTE = timedelta(minutes=1)
_JUDGEMENTS = (PortalAuditEvent.SESSION_ACCESSED, PortalAuditEvent.TOKEN_VALIDATED, PortalAuditEvent.TOKEN_REJECTED)
_CURES = {
    "SESSION_REVOKED": "this link was withdrawn; ask for a new one",
    "SESSION_EXPIRED": "this link has expired; ask for a new one",
    "SESSION_TERMINAL": "this link has served; nothing more is to be done",
}


async def access_portal_session(request: AccessPortalSession, work: UnitOfWork) -> PortalView:
    """What is owed now. The first opening activates the link; one whose items are paid is completed."""
    row = await find(work, request.token)
    visitor = await Visitor.of(work, request.ip, request.user_agent)
    await refuse_closed(work, row, visitor)
    if row["status"] == PortalSessionStatus.CREATED:
        row = await activate(work, row, visitor)
    due = await dues.due_of(work, row)
    if due.amount <= 0 and asks_for_money(row) and row["status"] == PortalSessionStatus.ACTIVE:
        row = await sessions.complete(work, row, PortalOutcome.ALREADY_PAID, PortalAuditEvent.SESSION_COMPLETED)
    await sessions.visit(work, row, visitor)
    return await view_of(work, row, due)


def asks_for_money(row: Row) -> bool:
    """Whether a link is done with once nothing is owed; one that only saves a card is not."""
    return bool(row["purpose"] != PortalPurpose.UPDATE_CARD)


async def validate_portal_token(request: ValidatePortalToken, work: UnitOfWork) -> PortalVerdict:
    """The judgement alone, recorded."""
    try:
        row = await find(work, request.token)
        visitor = await Visitor.of(work, request.ip, request.user_agent)
        await refuse_closed(work, row, visitor)
    except Refused as refused:
        status = refused.details.get("status")
        return PortalVerdict(valid=False, code=refused.code.code, status=status)
    await sessions.note(work, row, PortalAuditEvent.TOKEN_VALIDATED, visitor=visitor)
    return PortalVerdict(valid=True, status=row["status"])


async def find(work: UnitOfWork, token: str) -> dict[str, Any]:
    """The link behind a token, locked; the work goes on in its organisation."""
    if not token_is_well_formed(token):
        raise Refused.field("token", "format", "this link is not complete; copy it again", TOKEN_MALFORMED)
    place = await work.fetch_one(select(portal_link).where(portal_link.c.token_hash == token_hash(token)))
    if place is None:
        raise Refused(SESSION_NOT_FOUND, "no such link; copy it again or ask for a new one")
    await work.for_organisation(place["organisation_id"])
    status = await work.fetch_value(select(organisation.c.status).where(organisation.c.id == work.organisation_id))
    if status == "SUSPENDED":
        raise Refused(ORGANISATION_SUSPENDED, "payments are suspended here; try again later")
    return await sessions.load(work, place["session_id"], lock=True)


async def refuse_closed(work: UnitOfWork, row: Row, visitor: Visitor) -> None:
    """Refuse a link that no longer opens, and record the try; one found past its time is expired on the spot."""
    await _stop_flood(work, row, visitor)
    code = refusal_of(PortalSessionStatus(row["status"]), row["expires_at"], work.now)
    if code is None:
        return
    if code is SESSION_EXPIRED and row["status"] in OPEN:
        row = await sessions.expire(work, row)
    await sessions.note(work, row, PortalAuditEvent.TOKEN_REJECTED, visitor=visitor, code=code.code)
    raise RefusedOnRecord(code, _CURES[code.code], details={"status": row["status"], "outcome": row["outcome"]})


async def _stop_flood(work: UnitOfWork, row: Row, visitor: Visitor) -> None:
    """At most ten tokens a minute from one address, whoever brings them; the try that is too many is recorded."""
    if visitor.ip_hash is None:
        return
    recent = await work.fetch_value(
        select(func.count())
        .select_from(portal_audit)
        .where(
            portal_audit.c.organisation_id == work.organisation_id,
            portal_audit.c.ip_hash == visitor.ip_hash,
            portal_audit.c.occurred_at > work.now - _MINUTE,
            portal_audit.c.event.in_(_JUDGEMENTS),
        )
    )
    if recent >= JUDGED_A_MINUTE:
        await sessions.note(work, row, PortalAuditEvent.RATE_LIMIT_HIT, visitor=visitor)
        raise RefusedOnRecord(RATE_LIMITED, "too many links from this address; wait a minute", retry_after_seconds=60)


async def activate(work: UnitOfWork, row: Row, visitor: Visitor) -> dict[str, Any]:
    """The first visit."""
    after = await sessions.change(work, row, "activate")
    await sessions.note(work, after, PortalAuditEvent.SESSION_ACTIVATED, before=row, visitor=visitor)
    return after


async def view_of(work: UnitOfWork, row: Row, due: Due) -> PortalView:
    """What the holder of a link sees."""
    company = await company_of(work, row["company_id"])
    if company is None:
        raise Refused(COMPANY_NOT_FOUND, "this company no longer takes payments; ask it how to pay")
    currency = row["currency"]
    actions = tuple(PortalAction(name) for name in row["allowed_actions"]) if row["status"] in OPEN else ()
    debit = await debiting.possible_debit(work, company, due) if PortalAction.PAY_BY_SEPA in actions else None
    return PortalView(
        status=row["status"],
        outcome=row["outcome"],
        purpose=row["purpose"],
        company_name=company.name,
        amount=Money(amount=due.amount, currency=currency),
        description=row["description"],
        items=tuple(
            PortalItem(
                invoice_number=item.invoice_number,
                due_date=item.due_date,
                open=Money(amount=item.open, currency=currency),
            )
            for item in due.items
        ),
        allowed_actions=tuple(action for action in actions if debit or action is not PortalAction.PAY_BY_SEPA),
        debit_on=due.debit_on,
        transfer=await _transfer(work, row, due) if PortalAction.PAY_BY_TRANSFER in actions else None,
        debit=debit.terms if debit is not None else None,
        starts_left=row["max_uses"] - row["use_count"],
        continue_url=await _page_url(work, row) if row["status"] == PortalSessionStatus.REDIRECTED else None,
        expires_at=row["expires_at"],
    )


async def _page_url(work: UnitOfWork, row: Row) -> str | None:
    found: str | None = await work.fetch_value(
        select(portal_page.c.page_url).where(
            portal_page.c.organisation_id == work.organisation_id,
            portal_page.c.session_id == row["id"],
            portal_page.c.finished_at.is_(None),
        )
    )
    return found


async def _transfer(work: UnitOfWork, row: Row, due: Due) -> TransferDetails | None:
    """The company's account, with a reference that leads back to the one invoice or to the client."""
    account = await work.fetch_one(
        select(creditor_account).where(
            creditor_account.c.organisation_id == work.organisation_id,
            creditor_account.c.company_id == row["company_id"],
            creditor_account.c.is_default,
            creditor_account.c.status == AccountStatus.ACTIVE,
        )
    )
    if account is None:
        return None
    numbers = [item.invoice_number for item in due.items if item.invoice_number]
    named = numbers[0] if len(due.items) == len(numbers) == 1 else await _client_code(work, row)
    return TransferDetails(
        holder_name=account["holder_name"],
        iban=await opened_iban(account, table="creditor_account", keys=work.keys),
        bic=account["bic"],
        reference=creditor_reference(named),
    )


async def _client_code(work: UnitOfWork, row: Row) -> str:
    return str(
        await work.fetch_value(
            select(client_view.c.client_code).where(
                client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == row["client_id"]
            )
        )
    )
