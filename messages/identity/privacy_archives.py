"""What a person who asked for his data is given: one file, for a week (GDPR art. 15 and 20)."""

from enum import StrEnum
from uuid import UUID

from messages.base import Reply, Request
from messages.values.instants import Instant


class PrivacyArchiveStatus(StrEnum):
    """Where the file is; an EXPIRED one is deleted."""

    REQUESTED = "REQUESTED"
    READY = "READY"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class PrivacyArchive(Reply):
    """A ZIP file of everything the actors hold of a person: JSON, CSV and a readable page.

    Once READY, `document_id` is read with documents' open_content; `sha256` is that of the whole file. It is deleted
    when it expires; after that a new request is recorded.
    """

    request_id: UUID
    status: PrivacyArchiveStatus
    document_id: UUID | None = None
    sha256: str | None = None
    failure: str | None = None
    created_at: Instant
    expires_at: Instant


class GetExportArchive(Request[PrivacyArchive], query=True, audited=True, permission="identity:privacy_request:read"):
    """The file of an executed request of access or portability; each reading is audited."""

    request_id: UUID
