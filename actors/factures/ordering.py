"""The slow work of factures as it is ordered: small items that name rows."""

from uuid import UUID

from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork, WorkItem

_ARCHIVE_CHUNK = 10


class IssueDrafts(WorkItem):
    """Issue what waits in a company, a chunk at a time."""

    company_id: UUID


class ArchiveDocuments(WorkItem):
    """Bring the files of issued documents to `documents`."""

    invoice_ids: tuple[UUID, ...]


class SendFlow(WorkItem):
    """Send a file to the company's platform."""

    transmission_id: UUID


class PollPlatform(WorkItem):
    """Read what changed at a company's platform."""

    company_id: UUID


class SubscribeWebhook(WorkItem):
    """Have a company's platform report changes."""

    company_id: UUID


def order_issue(company_id: UUID, draft_id: UUID, work: UnitOfWork) -> None:
    """Let a worker issue the company's waiting drafts; one order per transaction is enough for all of them."""
    kind, company = IssueDrafts.kind(), str(company_id)
    ordered = any(
        item[1] == kind and item[3] == work.organisation_id and item[4]["company_id"] == company
        for item in work.outgoing.work
    )
    if not ordered:
        work.order(IssueDrafts(company_id=company_id), key=str(draft_id))


def order_archive(invoice_ids: list[UUID], work: UnitOfWork) -> None:
    """Let workers archive issued documents."""
    for start in range(0, len(invoice_ids), _ARCHIVE_CHUNK):
        ids = tuple(invoice_ids[start : start + _ARCHIVE_CHUNK])
        work.order(ArchiveDocuments(invoice_ids=ids), key=str(new_id()))
