"""Retention categories: their periods in calendar months, with the bounds that law and authority set (cross_cutting 6.8)."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from messages.identity import RETENTION_POLICY_INVALID, RetentionAnchor, RetentionCategory, RetentionMode
from messages.problem import Refused
from messages.values.due_dates import add_months
from messages.values.identifiers import derived_id


@dataclass(frozen=True, slots=True)
class Category:
    """Who executes it on what, and how long by default, at least and at most."""

    actor: str
    entity: str
    anchor: RetentionAnchor
    mode: RetentionMode
    months: int
    shortest: int
    longest: int
    basis: str


CATEGORIES: Final = {
    RetentionCategory.PROSPECT: Category(
        "clients", "client", RetentionAnchor.LAST_CONTACT, RetentionMode.DELETE, 36, 1, 36,
        "CNIL: three years after the last contact that came from the prospect",
    ),
    RetentionCategory.CUSTOMER_ACTIVE: Category(
        "clients", "client", RetentionAnchor.LAST_CONTACT, RetentionMode.ANONYMISE, 36, 12, 60,
        "CNIL: the relation, then three years after the last contact",
    ),
    RetentionCategory.INVITATION: Category(
        "identity", "invitation", RetentionAnchor.LAST_ACTIVITY, RetentionMode.DELETE, 6, 1, 12,
        "an offer that was answered or is over",
    ),
    RetentionCategory.NOTIFICATION: Category(
        "engagement", "notification", RetentionAnchor.CREATED, RetentionMode.DELETE, 12, 1, 36,
        "notices to users and the text of mails that belong to no contract have served",
    ),
    RetentionCategory.PRIVACY_FILE: Category(
        "identity", "privacy_request", RetentionAnchor.COMPLETED, RetentionMode.DELETE, 60, 60, 120,
        "Code civil 2224: five years in which the organisation may have to prove what it did",
    ),
}  # fmt: skip


def policy_id(organisation_id: UUID, category: RetentionCategory) -> UUID:
    """The same for the default and for what an organisation makes of it."""
    return derived_id("retention policy", f"{organisation_id}:{category}")


def run_id(policy: UUID, on: date, *, dry_run: bool) -> UUID:
    """A policy runs once a day for good, and once a day to count."""
    return derived_id("purge run", f"{policy}:{on}:{dry_run}")


def check_period(category: RetentionCategory, months: int) -> None:
    """Refuse a period outside the bounds."""
    found = CATEGORIES[category]
    if not found.shortest <= months <= found.longest:
        raise Refused.field(
            "months",
            "bounds",
            f"{category} is kept {found.shortest} to {found.longest} months ({found.basis}); choose a period within",
            RETENTION_POLICY_INVALID,
        )


def cutoff(today: date, months: int) -> date:
    """What is anchored on a day before this is due: strictly after the anniversary, in calendar months."""
    return add_months(today, -months)
