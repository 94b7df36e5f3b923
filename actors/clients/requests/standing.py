"""Requests about what limits dealing with a client."""

from sqlalchemy import select

from actors.clients import views
from actors.clients.changes import change_client, ids_of, live_client, locked_client, shown_client
from actors.clients.history import has_history
from actors.clients.limits import change_and_tell, move_kyc, unblock
from actors.clients.removal import remove_client
from actors.clients.status import derive_status, set_status
from messages.base import Empty
from messages.clients import (
    CLIENT_IS_INDIVIDUAL,
    HAS_HISTORY,
    STATUS_UNKNOWN,
    BlockClient,
    ClearStatusOverride,
    Client,
    ClientBlocked,
    ClientDeceased,
    ClientInsolvencyClosed,
    ClientInsolvencyOpened,
    ClientType,
    DeclareDeath,
    DeleteClient,
    DictionaryKind,
    InsolvencyKind,
    KycStatus,
    ListStatusHistory,
    SetClientStatus,
    SetDoNotContact,
    SetInsolvency,
    SetKycStatus,
    SetLegalProtection,
    StatusChange,
    StatusHistoryPage,
    StatusMode,
    UnblockClient,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import (
    dictionary_entry,
    status_history,
)


async def set_client_status(request: SetClientStatus, work: UnitOfWork) -> Client:
    """Give the client a status by hand."""
    row = await locked_client(request.client_id, work)
    if request.until is not None and request.until < work.today():
        raise Refused.field("until", "past", "until lies in the past; give a day from today on, or leave it out")
    entry = dictionary_entry.c
    found = await work.fetch_one(
        select(entry.settings).where(
            entry.organisation_id == work.organisation_id,
            entry.kind == DictionaryKind.CLIENT_STATUS,
            entry.code == request.status_code,
            entry.active.is_(True),
        )
    )
    if found is None:
        message = f"there is no status {request.status_code}; take a code of the dictionary CLIENT_STATUS"
        raise Refused.field("status_code", "unknown", message, STATUS_UNKNOWN)
    await set_status(row, request.status_code, found["settings"]["category"], request.until, request.reason, work)
    return await _shown(row, work)


async def clear_status_override(request: ClearStatusOverride, work: UnitOfWork) -> Client:
    """Let the status follow the facts again."""
    row = await locked_client(request.client_id, work)
    await change_client(row, {"status_mode": StatusMode.AUTO, "manual_until": None}, work)
    await derive_status(row["id"], work, reason="status override cleared")
    return await _shown(row, work)


async def list_status_history(request: ListStatusHistory, work: UnitOfWork) -> StatusHistoryPage:
    """A page of changes, newest first."""
    row = await shown_client(request.client_id, work)
    own = status_history.c
    wanted = select(status_history).where(
        own.organisation_id == work.organisation_id, one_of(own.client_id, await ids_of(row["id"], work))
    )
    return await page(
        work,
        request,
        wanted,
        order=(own.id,),
        descending=True,
        reply=StatusHistoryPage,
        item=lambda found: StatusChange.model_validate(dict(found)),
    )


async def block_client(request: BlockClient, work: UnitOfWork) -> Client:
    """Forbid new contracts, debits or both."""
    row = await live_client(request.client_id, work)
    if request.until is not None and request.until < work.today():
        raise Refused.field("until", "past", "until lies in the past; give a day from today on, or leave it out")
    changes = {
        "blocked_scope": request.scope,
        "blocked_until": request.until,
        "blocked_reason": request.reason,
    }
    fact = ClientBlocked(client_id=row["id"], scope=request.scope, reason=request.reason, until=request.until)
    await change_and_tell(row, changes, fact, work)
    return await _shown(row, work)


async def unblock_client(request: UnblockClient, work: UnitOfWork) -> Client:
    """Lift a block."""
    row = await locked_client(request.client_id, work)
    await unblock(row, work)
    return await _shown(row, work)


async def declare_death(request: DeclareDeath, work: UnitOfWork) -> Client:
    """The client has died."""
    row = await locked_client(request.client_id, work)
    if row["type"] != ClientType.INDIVIDUAL:
        raise Refused.field("client_id", "type", "only a person can die; close the company's contracts instead")
    if request.deceased_on > work.today():
        raise Refused.field("deceased_on", "future", "deceased_on lies in the future; correct the date")
    fact = ClientDeceased(client_id=row["id"], deceased_on=request.deceased_on, document_id=request.document_id)
    await change_and_tell(row, {"deceased_on": request.deceased_on, "do_not_contact": True}, fact, work)
    return await _shown(row, work)


async def set_legal_protection(request: SetLegalProtection, work: UnitOfWork) -> Client:
    """Note or end a measure of protection."""
    row = await locked_client(request.client_id, work)
    await change_client(row, {"legal_protection": request.kind}, work)
    return await _shown(row, work)


async def set_do_not_contact(request: SetDoNotContact, work: UnitOfWork) -> Client:
    """Note whether marketing must leave the client alone."""
    row = await locked_client(request.client_id, work)
    await change_client(row, {"do_not_contact": request.do_not_contact}, work)
    return await _shown(row, work)


async def set_insolvency(request: SetInsolvency, work: UnitOfWork) -> Client:
    """Open or close a procedure."""
    row = await locked_client(request.client_id, work)
    if request.kind is not None:
        if row["type"] == ClientType.INDIVIDUAL and request.kind is not InsolvencyKind.OVERINDEBTEDNESS:
            raise Refused(CLIENT_IS_INDIVIDUAL, "a person can be OVERINDEBTED only; take that kind, or another client")
        opened = ClientInsolvencyOpened.model_validate(request.model_dump(exclude={"closed_on", "outcome"}))
        changes = {
            "in_insolvency": True,
            "insolvency_kind": request.kind,
            "insolvency_opened_on": request.opened_on,
        }
        await change_and_tell(row, changes, opened, work)
    elif request.closed_on is not None and request.outcome is not None:
        closed = ClientInsolvencyClosed(client_id=row["id"], closed_on=request.closed_on, outcome=request.outcome)
        changes = {"in_insolvency": False, "insolvency_kind": None, "insolvency_opened_on": None}
        await change_and_tell(row, changes, closed, work)
    return await _shown(row, work)


async def set_kyc_status(request: SetKycStatus, work: UnitOfWork) -> Client:
    """Take the identity check a step further."""
    row = await live_client(request.client_id, work)
    if request.status is KycStatus.EXPIRED:
        raise Refused.field("status", "clock", "a check expires by its date only; give expires_on with VERIFIED")
    await move_kyc(row, request.status, work, kyc_expires_on=request.expires_on)
    work.record("client", row["id"], after={"kyc": request.status, "documents": [str(d) for d in request.document_ids]})
    return await _shown(row, work)


async def delete_client(request: DeleteClient, work: UnitOfWork) -> Empty:
    """Remove a client who was never used."""
    row = await locked_client(request.client_id, work)
    ids = await ids_of(row["id"], work)
    if len(ids) > 1 or await has_history(ids, work):
        raise Refused(HAS_HISTORY, "the client has contracts, bills, payments or documents; archive him instead")
    await remove_client(row, request.reason, work)
    return Empty()


async def _shown(row: Row, work: UnitOfWork) -> Client:
    return await views.client_of(await work.load(queries.CLIENT_BY_ID, "client", id=row["id"]), work)
