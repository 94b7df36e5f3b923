"""Ids of aggregates and of effects: new ones sort by time, derived ones are the same at every repetition."""

from typing import Final
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

PROJECT_NAMESPACE: Final = UUID("9b650627-9e17-5062-a9cb-41a5e0c6cf9c")
"""Never change it: ids derived before would no longer be found."""


def new_id() -> UUID:
    """A UUIDv7: unique, and increasing with the time of its creation."""
    return uuid7()


def derived_id(*parts: object) -> UUID:
    """The UUIDv5 of the parts joined by `|`: the same parts always give the same id (idempotent effects)."""
    return uuid5(PROJECT_NAMESPACE, "|".join(str(part) for part in parts))
