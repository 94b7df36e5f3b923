"""What one client of two records is made of (clients 6.4), and the life of a pair that looks like one client."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from messages.clients import KycStatus, PairStatus
from messages.transitions import StateMachine

UNDOABLE_FOR: Final = timedelta(days=30)

PAIR: Final = StateMachine(
    "duplicate pair",
    {
        ("merge", PairStatus.OPEN): PairStatus.MERGED,
        ("dismiss", PairStatus.OPEN): PairStatus.DISMISSED,
        ("score rose", PairStatus.DISMISSED): PairStatus.OPEN,
    },
)

CHOSEN: Final = (
    "title", "given_name", "family_name", "birth_date", "language", "owner_user_id", "sales_rep_id", "legal_name", "trade_name",
    "siren", "siret", "vat_number", "default_payment_term_id", "default_billing_period_id", "billing_mode_id",
    "invoice_issue_mode_id", "buyer_reference", "einvoice_scheme", "einvoice_address",
)  # fmt: skip
"""Fields with one value: the one chosen, else the survivor's, else the other record's."""

_EITHER: Final = (
    "deceased_on", "legal_protection", "blocked_scope", "blocked_until", "blocked_reason", "insolvency_kind",
    "insolvency_opened_on",
)  # fmt: skip
_WEAKEST_FIRST: Final = (
    KycStatus.REJECTED,
    KycStatus.EXPIRED,
    KycStatus.NOT_STARTED,
    KycStatus.PENDING,
    KycStatus.VERIFIED,
)

Record = Mapping[str, Any]


def merged_fields(survivor: Record, other: Record, choices: Mapping[str, UUID]) -> dict[str, Any]:
    """The survivor's fields after the merge; what forbids or limits dealing with him wins over its absence."""
    chosen = {name: _chosen(name, survivor, other, choices) for name in CHOSEN}
    forbids = {name: survivor[name] or other[name] for name in ("do_not_contact", "in_insolvency")}
    kyc = min(survivor, other, key=lambda record: _WEAKEST_FIRST.index(KycStatus(record["kyc_status"])))
    return {
        **chosen,
        **forbids,
        **{name: survivor[name] if survivor[name] is not None else other[name] for name in _EITHER},
        **{name: kyc[name] for name in ("kyc_status", "kyc_verified_at", "kyc_expires_on")},
        "purchase_order_required": survivor["purchase_order_required"] or other["purchase_order_required"],
        "tags": sorted({*survivor["tags"], *other["tags"]}),
        "custom": {**other["custom"], **survivor["custom"]},
        "first_contact_at": _known(min, survivor["first_contact_at"], other["first_contact_at"]),
        "last_contact_at": _known(max, survivor["last_contact_at"], other["last_contact_at"]),
        "last_inbound_contact_at": _known(max, survivor["last_inbound_contact_at"], other["last_inbound_contact_at"]),
        "relation_started_on": _known(min, survivor["relation_started_on"], other["relation_started_on"]),
    }


def conflicts(records: Iterable[Record], choices: Mapping[str, UUID]) -> dict[str, dict[UUID, str]]:
    """The fields in which records differ and nobody chose: field -> client -> value."""
    found: dict[str, dict[UUID, str]] = {}
    known = list(records)
    for name in CHOSEN:
        values = {record["id"]: str(record[name]) for record in known if record[name] is not None}
        if name not in choices and len(set(values.values())) > 1:
            found[name] = values
    return found


def restored_fields(now: Record, written: Record, before: Record) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What taking a merge back restores, and the fields somebody edited since, which stay as they are."""
    changed = [name for name in written if written[name] != before[name]]
    untouched = {name: before[name] for name in changed if now[name] == written[name]}
    return untouched, tuple(name for name in changed if name not in untouched)


def default_survivor(records: Iterable[tuple[int, Record]]) -> UUID:
    """The record with the most live contracts, then the oldest."""
    _, best = min(records, key=lambda pair: (-pair[0], pair[1]["created_at"], pair[1]["id"]))
    survivor: UUID = best["id"]
    return survivor


def _chosen(name: str, survivor: Record, other: Record, choices: Mapping[str, UUID]) -> Any:
    first, second = (other, survivor) if choices.get(name) == other["id"] else (survivor, other)
    return first[name] if first[name] is not None else second[name]


def _known(decide: Callable[..., Any], *values: Any) -> Any:
    return decide((value for value in values if value is not None), default=None)
