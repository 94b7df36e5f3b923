"""clients, one client recorded twice: the pairs found, merging them and taking a merge back."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.clients.client import AddressDraft, BusinessProfile, Client, ClientSnapshot
from messages.clients.duplicates import DuplicateMatches
from messages.clients.vocabulary import ClientType, DuplicateLevel
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Label


class PairStatus(StrEnum):
    """What became of a pair that looked like one client."""

    OPEN = "OPEN"
    MERGED = "MERGED"
    DISMISSED = "DISMISSED"


class PairedClient(Reply):
    """One side of a pair."""

    client_id: UUID
    client_code: str
    display_name: str


class DuplicateCandidate(Reply):
    """Two clients that may be one, and why."""

    id: UUID
    first: PairedClient
    second: PairedClient
    score: int
    level: DuplicateLevel
    evidence: tuple[str, ...]
    status: PairStatus
    decided_by: str | None = None
    decided_at: Instant | None = None
    reason: str | None = None
    created_at: Instant


class DuplicateCandidatePage(Page[DuplicateCandidate]):
    """Pairs, the surest first."""


class ListDuplicateCandidates(
    PageRequest, Request[DuplicateCandidatePage], query=True, permission="clients:client:read"
):
    """The pairs that wait for a decision, or those decided."""

    status: PairStatus = PairStatus.OPEN
    min_score: Annotated[int, Field(ge=0, le=100)] = 0


class DismissDuplicate(Request[DuplicateCandidate], permission="clients:client:merge"):
    """Say that two clients are not one; the pair opens again only if its score rises by 15."""

    pair_id: UUID
    reason: Label


class MergeConflict(Reply):
    """A field in which the records differ: the value of each record by its client id. Without a choice the survivor's wins."""

    field: str
    values: dict[UUID, str]


class MergePreview(Reply):
    """What the survivor would look like."""

    client: Client
    conflicts: tuple[MergeConflict, ...]


MergedIds = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=10)]
FieldChoices = Annotated[dict[str, UUID], Field(max_length=30)]


class PreviewMerge(Request[MergePreview], query=True, permission="clients:client:merge"):
    """What merging would give, and where the records differ."""

    survivor_id: UUID
    merged_ids: MergedIds
    field_choices: FieldChoices = Field(default_factory=dict)


class MergeClients(Request[Client], permission="clients:client:merge"):
    """Make one client of several records. The merged records answer with the survivor from then on.

    Left out, the survivor is the record with the most live contracts, then the oldest. Withdrawn consent wins over granted
    consent, and what forbids (do not contact, death, protection, insolvency) wins over its absence.
    """

    survivor_id: UUID | None = None
    merged_ids: MergedIds
    field_choices: FieldChoices = Field(default_factory=dict, description="field -> client whose value is kept")

    @model_validator(mode="after")
    def _two_records(self) -> "MergeClients":
        if self.survivor_id is None and len(self.merged_ids) < 2:
            raise refusal("TWO_RECORDS", "name survivor_id, or at least two records in merged_ids")
        return self


class UnmergedClients(Reply):
    """Both clients. `kept_fields` were edited after the merge and stay with the survivor."""

    survivor: Client
    restored: Client
    kept_fields: tuple[str, ...]


class UnmergeClient(Request[UnmergedClients], permission="clients:client:merge"):
    """Take a merge back within 30 days, unless the survivor was merged again since."""

    merge_operation_id: UUID


class MergeOperation(Reply):
    """A merge that was made."""

    id: UUID
    survivor_id: UUID
    merged_id: UUID
    performed_by: str
    performed_at: Instant
    undoable_until: Instant
    undone_at: Instant | None = None


class MergeOperationPage(Page[MergeOperation]):
    """Merges, newest first."""


class ListMergeOperations(PageRequest, Request[MergeOperationPage], query=True, permission="clients:client:read"):
    """The merges a client survived."""

    client_id: UUID


class ClientPortrait(Part):
    """What is known of somebody who may be a client already."""

    type: ClientType = ClientType.INDIVIDUAL
    given_name: Label | None = None
    family_name: Label | None = None
    birth_date: date | None = None
    business: BusinessProfile | None = None
    emails: Annotated[tuple[EmailAddress, ...], Field(max_length=10)] = ()
    phones: Annotated[tuple[PhoneNumber, ...], Field(max_length=10)] = ()
    addresses: Annotated[tuple[AddressDraft, ...], Field(max_length=10)] = ()


class FindDuplicates(Request[DuplicateMatches], query=True, permission="clients:client:read"):
    """Who may be the same as a client, or as somebody not recorded yet."""

    client_id: UUID | None = None
    draft: ClientPortrait | None = None

    @model_validator(mode="after")
    def _one_subject(self) -> "FindDuplicates":
        if (self.client_id is None) == (self.draft is None):
            raise refusal("ONE_KEY", "give either client_id or draft")
        return self


# -- events ------------------------------------------------------------------------------------------------------


class ClientMerged(Event, aggregate="client", aggregate_id="survivor_id", personal=True):
    """Two records are one client: readers point their rows of merged_ids at the survivor and keep the original id."""

    survivor_id: UUID
    merged_ids: tuple[UUID, ...]
    survivor: ClientSnapshot
    merge_operation_id: UUID


class ClientUnmerged(Event, aggregate="client", aggregate_id="survivor_id", personal=True):
    """A merge was taken back: readers point the rows of restored_id at it again."""

    survivor_id: UUID
    restored_id: UUID
    restored: ClientSnapshot
    merge_operation_id: UUID


class ClientDuplicateDetected(Event, aggregate="client_duplicate", aggregate_id="pair_id"):
    """Two clients look like one; somebody should decide."""

    pair_id: UUID
    client_ids: tuple[UUID, UUID]
    score: int
    level: DuplicateLevel
