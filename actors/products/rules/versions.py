"""Versions: how one lives, and what changes from one to another."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import rfc8785

from actors.products.rules.pricing import base_unit
from actors.products.rules.sources import rule_source
from messages.products.version_changes import VersionComparison, VersionDifference
from messages.products.versions import ChangedArea, Plan, PricingRule, VersionState
from messages.transitions import StateMachine

VERSION = StateMachine(
    "version",
    {
        ("schedule", VersionState.DRAFT): VersionState.SCHEDULED,
        ("cancel", VersionState.DRAFT): VersionState.CANCELLED,
        ("start", VersionState.SCHEDULED): VersionState.EFFECTIVE,
        ("cancel", VersionState.SCHEDULED): VersionState.CANCELLED,
        ("end", VersionState.EFFECTIVE): VersionState.SUPERSEDED,
    },
)


@dataclass(frozen=True, slots=True)
class AttachedDocument:
    """A document of a version, as far as it belongs to the terms."""

    type: str
    language: str
    document_id: UUID
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What a version says."""

    plans: Sequence[Plan]
    pricing: Sequence[PricingRule]
    documents: Sequence[AttachedDocument] = ()


def compare(before: Content, after: Content) -> VersionComparison:
    """What was added, removed and changed; breaking when a price rose or a mandatory document changed."""
    old, new = _values(before), _values(after)
    added, removed = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
    changed = [
        VersionDifference(path=path, before=old[path], after=new[path])
        for path in sorted(old.keys() & new.keys())
        if old[path] != new[path]
    ]
    paths = [*added, *removed, *(difference.path for difference in changed)]
    return VersionComparison(
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(changed),
        changed_areas=tuple(area for area in ChangedArea if any(_area_of(path) is area for path in paths)),
        breaking=_a_price_rose(before.pricing, after.pricing) or _mandatory(before) != _mandatory(after),
    )


def content_hash(content: Content) -> str:
    """The sha256 of everything a version says, independent of the ids of its rows."""
    return hashlib.sha256(rfc8785.dumps(_values(content))).hexdigest()


def next_minute(now: datetime) -> datetime:
    """The beginning of the minute that follows."""
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _values(content: Content) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for plan in content.plans:
        _flatten(f"plans.{plan.code}", plan.model_dump(mode="json", exclude={"id", "display_order", "options"}), found)
        for option in plan.options:
            _flatten(f"plans.{plan.code}.options.{option.code}", option.model_dump(mode="json"), found)
    for rule in content.pricing:
        fields = rule.model_dump(mode="json", exclude={"id", "plan_code", "role"}, exclude_none=True)
        _flatten(f"pricing.{rule.plan_code or '*'}.{rule.role.value}", fields, found)
    for document in content.documents:
        path = f"documents.{document.type}.{document.language}"
        found[path] = f"{document.document_id}{' mandatory' if document.mandatory else ''}"
    return found


def _flatten(path: str, value: Any, found: dict[str, str | None]) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _flatten(f"{path}.{name}", inner, found)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            _flatten(f"{path}.{number}", inner, found)
    else:
        found[path] = None if value is None else str(value)


def _area_of(path: str) -> ChangedArea:
    if path.startswith("documents."):
        return ChangedArea.DOCUMENTS
    if path.startswith("pricing.") or path.endswith(".price.amount"):
        return ChangedArea.PRICE
    return ChangedArea.VAT if path.endswith(".tax_class") else ChangedArea.TERMS


def _a_price_rose(before: Iterable[PricingRule], after: Iterable[PricingRule]) -> bool:
    old = {(rule.plan_code, rule.role): rule for rule in before}
    for rule in after:
        earlier = old.get((rule.plan_code, rule.role))
        if earlier is None:
            continue
        for quantity in _probes(earlier) | _probes(rule):
            if base_unit(rule_source(rule), quantity) > base_unit(rule_source(earlier), quantity):
                return True
    return False


def _probes(rule: PricingRule) -> set[Decimal]:
    """Quantities at which a price shows what it is: one unit, both sides of every band and of the included units."""
    found = {Decimal(1), Decimal(1_000_000)}
    for tier in rule.tiered.tiers if rule.tiered else ():
        found |= {tier.up_to, tier.up_to + 1} if tier.up_to is not None else set()
    if rule.usage is not None:
        found |= {rule.usage.included_units + 1, (rule.usage.included_units + 1) * 10}
    return found


def _mandatory(content: Content) -> set[tuple[str, str, UUID]]:
    return {
        (document.type, document.language, document.document_id) for document in content.documents if document.mandatory
    }
