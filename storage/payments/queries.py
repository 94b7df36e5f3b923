"""The statements of payments that run for many rows; compiled once."""

from storage.payments.sets import SetStatement, as_set, set_insert, set_update
from storage.payments.tables.bank import bank_status, bank_transaction, reconciliation
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.ledger import journal_entry, journal_line
from storage.payments.tables.payments import allocation, payment, payment_event
from storage.payments.tables.views import invoice_view

_STAMP = {"version": "new_version", "updated_at": "now", "updated_by": "by"}

PAYMENT_OUTCOME: SetStatement = set_update(
    payment,
    {"id": "payment_id"},
    {
        "status": "new_status",
        "allocated_amount": "new_allocated",
        "instalment_amount": "new_instalment_amount",
        "charged_back_amount": "new_charged_back",
        "refunded_amount": "new_refunded",
        "settled_on": "new_settled_on",
        "paid_at": "new_paid_at",
        "reason_code": "new_reason_code",
        "reason_category": "new_reason_category",
        "reason_message": "new_reason_message",
        **_STAMP,
    },
)
SCHEDULE_PLANNED: SetStatement = set_update(
    schedule,
    {"id": "id"},
    {name: name for name in ("next_period_index", "month_offset", "planned_until", "version", "status")},
)
INSTALMENT_OUTCOME: SetStatement = set_update(
    instalment,
    {"id": "instalment_id"},
    {
        "status": "new_status",
        "paid_amount": "new_paid",
        "retry_count": "new_retry_count",
        "last_reason_code": "new_reason_code",
        **_STAMP,
    },
)
INSTALMENT_PRESENTED: SetStatement = set_update(
    instalment,
    {"id": "instalment_id"},
    {
        "planned_debit_date": "new_planned",
        "collection_date": "new_collection",
        "current_payment_id": "new_payment_id",
        "attempt": "new_attempt",
        **_STAMP,
    },
    status="IN_COLLECTION",
    block_reason=None,
    first_blocked_at=None,
)
INSTALMENT_BLOCKED: SetStatement = set_update(
    instalment,
    {"id": "instalment_id"},
    {"block_reason": "new_reason", "first_blocked_at": "new_first_blocked_at", **_STAMP},
    status="BLOCKED",
)
PAYMENT_BATCHED: SetStatement = set_update(
    payment,
    {"id": "payment_id"},
    {"batch_id": "new_batch_id", "sequence_type": "new_sequence", **_STAMP},
    status="BATCHED",
)
INVOICE_ALLOCATED: SetStatement = set_update(
    invoice_view,
    {"organisation_id": "organisation", "invoice_id": "invoice"},
    {"allocated": "new_allocated"},
)
BANK_LINE_MATCHED: SetStatement = set_update(
    bank_transaction, {"id": "line_id"}, {"match_status": "new_status", "matched_amount": "new_matched"}
)

_ALLOCATION, _ALLOCATION_NAMES = set_insert(allocation)
ALLOCATION_SAVED: SetStatement = as_set(
    _ALLOCATION.on_conflict_do_update(
        index_elements=["organisation_id", "payment_id", "invoice_id"],
        set_={"amount": _ALLOCATION.excluded.amount, "updated_at": _ALLOCATION.excluded.updated_at},
    ),
    _ALLOCATION_NAMES,
)
_LINE, _LINE_NAMES = set_insert(bank_transaction)
BANK_LINE_ADDED: SetStatement = as_set(
    _LINE.on_conflict_do_nothing(index_elements=["organisation_id", "dedupe_key"]), _LINE_NAMES
)
BANK_STATUS_ADDED: SetStatement = as_set(*set_insert(bank_status))
RECONCILIATION_ADDED: SetStatement = as_set(*set_insert(reconciliation))
HISTORY_ADDED: SetStatement = as_set(*set_insert(payment_event))
ENTRY_POSTED: SetStatement = as_set(*set_insert(journal_entry))
ENTRY_LINE_POSTED: SetStatement = as_set(*set_insert(journal_line))
