"""What documents states."""

from uuid import UUID

from messages.base import Event
from messages.documents.document import DocumentIdentity, DocumentRef
from messages.documents.vocabulary import LinkRole, RenderPurpose, ScanStatus
from messages.shared import Ref


class DocumentStored(DocumentRef, Event, aggregate="document"):
    """A file passed the intake checks and waits for the scanner's word."""


class DocumentScanned(Event, aggregate="document"):
    """The scanner's final word."""

    document_id: UUID
    version: int
    status: ScanStatus
    signature: str | None = None


class DocumentAvailable(DocumentRef, Event, aggregate="document"):
    """A file may be read: scanned clean, or rendered here."""


class DocumentRejected(Event, aggregate="document"):
    """A file will never be readable."""

    document_id: UUID
    upload_id: UUID | None = None
    reason: str
    links: tuple[Ref, ...] = ()
    uploaded_by: UUID | None = None


class DocumentLinked(Event, aggregate="document"):
    """A document belongs to one more subject."""

    document_id: UUID
    link: Ref
    role: LinkRole


class DocumentGenerated(DocumentRef, Event, aggregate="document"):
    """A rendering that another actor ordered is done; the order's id is echoed."""

    job_id: UUID
    request_id: UUID | None = None
    notice_id: UUID | None = None
    reminder_id: UUID | None = None
    mandate_id: UUID | None = None
    page_count: int


class DocumentGenerationFailed(Event, aggregate="document", aggregate_id="job_id"):
    """A rendering that another actor ordered will not come; the order's id is echoed."""

    job_id: UUID
    purpose: RenderPurpose
    reference: Ref
    request_id: UUID | None = None
    notice_id: UUID | None = None
    reminder_id: UUID | None = None
    mandate_id: UUID | None = None
    error_code: str
    missing_variables: tuple[str, ...] = ()


class DocumentUpdated(DocumentRef, Event, aggregate="document"):
    """What is said of a file was corrected."""

    changed_fields: tuple[str, ...]


class DocumentTrashed(DocumentIdentity, Event, aggregate="document"):
    """A document is out of sight; it may come back within 30 days."""

    reason: str


class DocumentRestored(DocumentIdentity, Event, aggregate="document"):
    """A document came back from the trash."""


class DocumentPurged(DocumentIdentity, Event, aggregate="document"):
    """The bytes of a document are given up for ever."""

    reason: str


class DocumentAccessed(Event, aggregate="document"):
    """Somebody opened a document by a download link."""

    document_id: UUID
    link_id: UUID | None = None
    by: UUID | None = None
