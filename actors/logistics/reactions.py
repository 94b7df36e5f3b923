"""What logistics hears from the other actors."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from actors.logistics import accounts, letters
from actors.logistics.letters import LetterDraft
from actors.logistics.rules import addresses
from messages.contrats import ContractTerminationScheduled
from messages.documents import DocumentAvailable, DocumentGenerated, DocumentRejected
from messages.factures import InvoiceDeliveryRequested, InvoicePaid
from messages.identity import CompanyCreated, CompanyUpdated, OrganisationCreated
from messages.logistics import LetterPurpose, LetterStatus, PostalLines
from messages.payments import DunningActionRequested, FormalNoticeCancelled, StaffAction
from messages.problem import Refused
from messages.shared import LetterOrder
from runtime.unit_of_work import UnitOfWork
from storage.logistics.tables import company_ref, letter, rendered_document
from storage.projections import keep_newest

_UNSENT = (LetterStatus.DRAFT, LetterStatus.WAITING_DOCUMENT, LetterStatus.SUBMITTING, LetterStatus.FAILED)


async def seed_organisation(event: OrganisationCreated, work: UnitOfWork) -> None:
    """A new organisation begins with the operator's postal account, where there is one."""
    await accounts.seed_account(work)


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The default senders of letters."""
    await work.execute(
        keep_newest(
            company_ref,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            name=event.legal_name,
            address=event.address.model_dump(mode="json"),
            version=work.source_version,
        )
    )


async def post_invoice(event: InvoiceDeliveryRequested, work: UnitOfWork) -> None:
    """An invoice that goes by post."""
    if event.channel != "POST" or event.letter is None:
        return
    await _write(
        event.letter,
        LetterPurpose.INVOICE,
        work,
        source_key=f"invoice:{event.invoice_id}:{work.source_version}",
        document_id=event.document_id,
        client_id=event.client_id,
        contract_id=event.contract_id,
        invoice_id=event.invoice_id,
    )


async def post_termination(event: ContractTerminationScheduled, work: UnitOfWork) -> None:
    """The acknowledgement of a termination, where it goes by post; its file is rendered for the order."""
    if event.letter is None:
        return
    await _write(
        event.letter,
        LetterPurpose.TERMINATION,
        work,
        source_key=f"request:{event.letter.request_id}",
        document_id=event.letter.document_id,
        client_id=event.client_id,
        contract_id=event.contract_id,
    )


async def post_dunning(event: DunningActionRequested, work: UnitOfWork) -> None:
    """A letter of recovery, formal notices included."""
    if event.action is not StaffAction.SEND_LETTER or event.letter is None:
        return
    await _write(
        event.letter,
        LetterPurpose.FORMAL_NOTICE if event.notice_id is not None else LetterPurpose.DUNNING,
        work,
        source_key=f"action:{event.action_id}",
        document_id=event.document_id,
        client_id=event.client_id,
        contract_id=event.contract_id,
        invoice_id=event.invoice_id,
    )


async def stop_notice(event: FormalNoticeCancelled, work: UnitOfWork) -> None:
    """A notice that is not needed any more; one that is at the provider goes its way."""
    unsent = letters.for_update(
        work,
        letter.c.request_id == event.notice_id,
        letter.c.status.in_(_UNSENT),
        letter.c.submit_begun.is_(False),
    )
    for row in await work.fetch(unsent):
        await letters.cancel(row, "NOTICE_CANCELLED", work)


async def take_rendered(event: DocumentGenerated, work: UnitOfWork) -> None:
    """A file rendered for a letter; it may come before the letter is ordered here."""
    if event.request_id is None:
        return
    waiting = letters.for_update(
        work,
        letter.c.request_id == event.request_id,
        letter.c.status == LetterStatus.WAITING_DOCUMENT,
        letter.c.document_id.is_(None),
    )
    rows = await work.fetch(waiting)
    for row in rows:
        await letters.store(row, work, document_id=event.document_id)
        await letters.order({**row, "document_id": event.document_id}, work)
    if not rows:
        await work.execute(
            insert(rendered_document)
            .values(
                organisation_id=work.organisation_id,
                request_id=event.request_id,
                document_id=event.document_id,
                created_at=work.now,
            )
            .on_conflict_do_nothing()
        )


async def release_letters(event: DocumentAvailable, work: UnitOfWork) -> None:
    """Letters that waited for this document go on."""
    waiting = letters.for_update(
        work, letter.c.document_id == event.document_id, letter.c.status == LetterStatus.WAITING_DOCUMENT
    )
    for row in await work.fetch(waiting):
        await letters.order(row, work)


async def fail_letters(event: DocumentRejected, work: UnitOfWork) -> None:
    """Letters whose document will never be readable fail."""
    waiting = letters.for_update(
        work, letter.c.document_id == event.document_id, letter.c.status == LetterStatus.WAITING_DOCUMENT
    )
    for row in await work.fetch(waiting):
        await letters.fail(row, "DOCUMENT_NOT_AVAILABLE", f"document rejected: {event.reason}", work)


async def stop_dunning(event: InvoicePaid, work: UnitOfWork) -> None:
    """A paid invoice needs no dunning letter any more; one that is at the provider goes its way."""
    unsent = letters.for_update(
        work,
        letter.c.invoice_id == event.invoice_id,
        letter.c.purpose == LetterPurpose.DUNNING,
        letter.c.status.in_(_UNSENT),
        letter.c.submit_begun.is_(False),
    )
    for row in await work.fetch(unsent):
        await letters.cancel(row, "INVOICE_PAID", work)


async def _write(
    order: LetterOrder, purpose: LetterPurpose, work: UnitOfWork, *, source_key: str, **links: UUID | None
) -> None:
    """Write and submit the ordered letter; one that cannot be addressed fails and says so."""
    problem: Refused | None = None
    try:
        recipient = addresses.lines_of_party(order.recipient)
        draft = _draft(order, purpose, recipient, source_key, links)
        row = await letters.create(draft, work)
    except Refused as refusal:
        problem = refusal
        blank = PostalLines(line1=order.recipient.display_name[:38], line6="", country_code="FR")
        row = await letters.create(_draft(order, purpose, blank, source_key, links), work)
    if row is None:
        return
    if problem is not None:
        await letters.fail(row, problem.code.code, problem.detail or problem.code.title, work)
    else:
        await letters.submit(row, work)


def _draft(
    order: LetterOrder, purpose: LetterPurpose, recipient: PostalLines, source_key: str, links: dict[str, UUID | None]
) -> LetterDraft:
    return LetterDraft(
        kind=order.kind,
        purpose=purpose,
        company_id=order.sender_company_id,
        recipient=recipient,
        request_id=order.request_id,
        source_key=source_key,
        **links,  # type: ignore[arg-type]
    )
