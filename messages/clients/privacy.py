"""clients, privacy: what is held of a client, how long, and its erasure."""

from datetime import date
from typing import Any
from uuid import UUID

from messages.base import Access, Event, Reply, Request
from messages.clients.client import Client
from messages.clients.vocabulary import ErasureGround
from messages.values.instants import Instant
from messages.values.text import Label

_PERMISSION = "clients:privacy:execute"


class ErasureRow(Reply):
    """A kind of data: how much of it is held, and why it must stay if it must."""

    entity: str
    count: int
    erasable: bool
    reason: str | None = None
    until: date | None = None


class ErasureAssessment(Reply):
    """What an erasure would do today."""

    client_id: UUID
    items: tuple[ErasureRow, ...]


class AssessErasure(Request[ErasureAssessment], query=True, permission=_PERMISSION):
    """What could be erased of a client, and what must stay until when."""

    client_id: UUID


class PersonalData(Reply):
    """Everything held here of a client, by kind (GDPR art. 15 and 20)."""

    client_id: UUID
    data: dict[str, Any]


class ExportPersonalData(Request[PersonalData], query=True, permission=_PERMISSION, audited=True):
    """Everything held here of a client, merged records included."""

    client_id: UUID


class AnonymiseClient(Request[Client], permission=_PERMISSION):
    """Erase what identifies a client whose retention is over; it cannot be taken back."""

    client_id: UUID
    reason: Label


class PrivacySubject(Reply):
    """By what a client is known anywhere."""

    client_id: UUID
    merged_ids: tuple[UUID, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    names: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    ibans_masked: tuple[str, ...] = ()
    iban_fingerprints: tuple[str, ...]
    kept_because: str | None = None


class ResolvePrivacySubject(
    Request[PrivacySubject], query=True, access=Access.INTERNAL, internal_callers=("identity",)
):
    """The identifiers that a privacy request about a client extends to."""

    client_id: UUID


# -- events ------------------------------------------------------------------------------------------------------


class ClientErasureRequested(Event, aggregate="client"):
    """A client's retention is over: every actor erases what it holds before that moment."""

    client_id: UUID
    ground: ErasureGround
    must_erase_before: Instant


class ClientRetentionDue(Event, aggregate="client_retention", aggregate_id="client_id"):
    """In thirty days the client's data goes, unless he is in touch again or something keeps it."""

    client_id: UUID
    scheduled_on: date
    ground: ErasureGround


class ClientAnonymised(Event, aggregate="client"):
    """What identified the client is gone here; projections drop names, addresses and contact points."""

    client_id: UUID
    ground: ErasureGround
    categories_erased: tuple[str, ...]
