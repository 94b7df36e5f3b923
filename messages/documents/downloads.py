"""Links that open a document to somebody without an account."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Empty, Reply, Request
from messages.documents.content import ContentPart
from messages.documents.vocabulary import Disposition
from messages.values.instants import Instant
from messages.values.text import Code


class DownloadLink(Reply):
    """A link that opens one document a few times. The address holds the secret: it is shown once, never stored."""

    link_id: UUID
    url_path: str
    expires_at: Instant
    max_uses: int

    def stored(self) -> "DownloadLink":
        """A repeated request gets the link without its address."""
        return self.model_copy(update={"url_path": ""})


class DownloadTicket(Reply):
    """What a link opened: the file's facts, and a ticket that reads it for a quarter of an hour."""

    ticket: str
    document_id: UUID
    filename: str
    mime: str
    size: int
    sha256: str
    disposition: Disposition


class CreateDownloadLink(Request[DownloadLink], resource="download_link"):
    """A signed address for somebody without an account; it expires, and opens at most `max_uses` times."""

    document_id: UUID
    purpose: Code | None = None
    ttl_seconds: Annotated[int, Field(ge=1, le=604_800)] = 900
    max_uses: Annotated[int, Field(ge=1, le=20)] = 1
    disposition: Disposition = Disposition.ATTACHMENT
    bound_user_id: UUID | None = None


class RevokeDownloadLink(Request[Empty], resource="download_link"):
    """Close a link before its time; revoking twice changes nothing."""

    link_id: UUID


class ResolveDownloadLink(Request[DownloadTicket], access=Access.INTERNAL, internal_callers=("bridge",)):
    """Open a link once. The same visitor may resume once within a minute without using it up further."""

    token: Annotated[str, Field(max_length=300)]
    ip: Annotated[str, Field(max_length=64)]
    user_agent: Annotated[str, Field(max_length=500)] = ""
    user_id: UUID | None = None


class ReadDownload(
    Request[ContentPart], query=True, access=Access.INTERNAL, internal_callers=("bridge",), timeout_seconds=10.0
):
    """A part of the file behind a ticket."""

    ticket: Annotated[str, Field(max_length=300)]
    offset: Annotated[int, Field(ge=0)] = 0
