"""clients, duplicates: who may be the same person or company, how sure that is, and why."""

from uuid import UUID

from messages.base import Reply
from messages.clients.vocabulary import DuplicateLevel


class DuplicateMatch(Reply):
    """Another client that may be the same; the score runs from 0 to 100."""

    client_id: UUID
    client_code: str
    display_name: str
    score: int
    level: DuplicateLevel
    evidence: tuple[str, ...]


class DuplicateMatches(Reply):
    """Possible duplicates, the surest first."""

    items: tuple[DuplicateMatch, ...]
