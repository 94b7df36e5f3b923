"""Rows of payments as the messages show them."""

from typing import Any

from pydantic import BaseModel

from messages.payments import (
    Allocation,
    BankDetails,
    BankDetailsSnapshot,
    BankMessage,
    BankMessageCounts,
    BankTransaction,
    BatchGroup,
    BatchRef,
    CollectionBatch,
    CreditorAccount,
    EmissionRun,
    Instalment,
    InstalmentSnapshot,
    Mandate,
    MandateSnapshot,
    MandateStatus,
    Payment,
    PaymentAlert,
    PaymentRef,
    PaymentStatus,
    ReasonCategory,
    Schedule,
    ScheduleSnapshot,
)
from messages.values.money import Money
from runtime.unit_of_work import Row


def money(amount: Any, currency: str = "EUR") -> Money:
    """An amount column as Money."""
    return Money(amount=amount, currency=currency)


def _fields_of(found: BaseModel) -> dict[str, Any]:
    """What `dict(found)` gives, without the half of an event's cost that it takes."""
    return dict(vars(found))


def creditor_account_of(row: Row) -> CreditorAccount:
    """A creditor account, its number masked."""
    return CreditorAccount.model_validate(dict(row))


def bank_details_snapshot(row: Row) -> dict[str, Any]:
    """The fields of BankDetailsSnapshot."""
    return _fields_of(BankDetailsSnapshot.model_validate({**row, "bank_details_id": row["id"]}))


def bank_details_of(row: Row) -> BankDetails:
    """Bank details, masked."""
    return BankDetails.model_validate({**row, "bank_details_id": row["id"]})


def mandate_snapshot(row: Row) -> dict[str, Any]:
    """The fields of MandateSnapshot."""
    return _fields_of(MandateSnapshot.model_validate({**row, "mandate_id": row["id"], "reason": row["block_reason"]}))


def mandate_of(row: Row) -> Mandate:
    """A mandate; `row` also has iban_masked and bank_details_status of its account."""
    reachable = row["bank_details_status"] == "ACTIVE" or row["psp_account_id"] is not None
    usable = row["status"] == MandateStatus.ACTIVE and reachable
    shown = {"mandate_id": row["id"], "reason": row["block_reason"], "usable": usable}
    return Mandate.model_validate({**row, **shown})


def schedule_snapshot(row: Row) -> dict[str, Any]:
    """The fields of ScheduleSnapshot."""
    return _fields_of(ScheduleSnapshot.model_validate(_schedule_fields(row)))


def schedule_of(row: Row) -> Schedule:
    """A schedule."""
    return Schedule.model_validate(_schedule_fields(row))


def _schedule_fields(row: Row) -> dict[str, Any]:
    return {**row, "schedule_id": row["id"], "amount": money(row["amount"], row["currency"])}


def instalment_snapshot(row: Row) -> dict[str, Any]:
    """The fields of InstalmentSnapshot."""
    return _fields_of(InstalmentSnapshot.model_validate(_instalment_fields(row)))


def instalment_of(row: Row) -> Instalment:
    """An instalment."""
    open_amount = money(row["amount"] - row["paid_amount"], row["currency"])
    return Instalment.model_validate({**_instalment_fields(row), "open_amount": open_amount})


def _instalment_fields(row: Row) -> dict[str, Any]:
    currency = row["currency"]
    return {
        **row,
        "instalment_id": row["id"],
        "amount": money(row["amount"], currency),
        "paid_amount": money(row["paid_amount"], currency),
    }


def payment_ref(row: Row) -> dict[str, Any]:
    """The fields of PaymentRef."""
    amount = money(row["amount"], row["currency"])
    return _fields_of(PaymentRef.model_validate({**row, "payment_id": row["id"], "amount": amount}))


def payment_of(row: Row) -> Payment:
    """A payment; `row` also has rum and iban_masked of its mandate."""
    fields = {**row, "payment_id": row["id"], "display_status": display_status(row)}
    for name in ("amount", "refunded_amount", "charged_back_amount", "allocated_amount"):
        fields[name] = money(row[name], row["currency"])
    return Payment.model_validate(fields)


def display_status(row: Row) -> str:
    """The state of a payment in one word for screens."""
    status = row["status"]
    if status in (PaymentStatus.REJECTED, PaymentStatus.RETURNED):
        funds = row["reason_category"] == ReasonCategory.INSUFFICIENT_FUNDS
        return "REJECT_INSUFF_FUNDS" if funds else "REJECT_OTHER"
    if status in (PaymentStatus.FAILED, PaymentStatus.UNCERTAIN):
        return "API_ERROR"
    return "PAID" if status == PaymentStatus.PARTIALLY_REFUNDED else str(status)


def allocation_of(row: Row, amount: Any, invoice_open: Any) -> Allocation:
    """An allocation row and the change that made it what it is."""
    return Allocation(
        allocation_id=row["id"],
        payment_id=row["payment_id"],
        invoice_id=row["invoice_id"],
        contract_id=row["contract_id"],
        instalment_id=row["instalment_id"],
        amount=money(amount),
        allocated_after=money(row["amount"]),
        invoice_open_after=money(invoice_open) if invoice_open is not None else None,
    )


def batch_ref(row: Row) -> dict[str, Any]:
    """The fields of BatchRef."""
    return _fields_of(BatchRef.model_validate(_batch_fields(row)))


def batch_of(row: Row, groups: list[Row]) -> CollectionBatch:
    """A bank file with its groups."""
    fields = {**_batch_fields(row), "groups": groups_shown(groups), "approved_by": row["approvals"]}
    return CollectionBatch.model_validate(fields)


def groups_shown(groups: list[Row]) -> tuple[BatchGroup, ...]:
    """The groups of a bank file."""
    return tuple(BatchGroup.model_validate({**group, "control_sum": money(group["control_sum"])}) for group in groups)


def _batch_fields(row: Row) -> dict[str, Any]:
    return {
        **row,
        "batch_id": row["id"],
        "collection_date": row["earliest_collection_date"] or row["business_date"],
        "control_sum": money(row["control_sum"], row["currency"]),
    }


def emission_run_of(row: Row) -> EmissionRun:
    """A run with its counters."""
    return EmissionRun.model_validate(dict(row))


def bank_message_of(row: Row, **changes: Any) -> BankMessage:
    """An imported file."""
    counts = BankMessageCounts(
        transactions=row["lines"],
        matched=row["matched"],
        unmatched=row["unmatched"],
        r_transactions=row["r_transactions"],
        total_credit=money(row["total_credit"]),
        total_debit=money(row["total_debit"]),
    )
    return BankMessage.model_validate({**row, "counts": counts, "received_at": row["created_at"], **changes})


def bank_transaction_of(row: Row) -> BankTransaction:
    """A statement line."""
    return BankTransaction.model_validate(
        {
            **row,
            "amount": money(row["amount"], row["currency"]),
            "matched_amount": money(row["matched_amount"], row["currency"]),
        }
    )


def alert_of(row: Row) -> PaymentAlert:
    """A staff alert."""
    return PaymentAlert.model_validate(dict(row))
