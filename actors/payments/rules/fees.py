"""Fees of failed debits: which codes cost one, and which rule says how much. Only professionals pay them (CPCE, art. L111-8)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from messages.payments.charges import ChargeStatus
from messages.payments.recovery_vocabulary import CustomerType
from messages.transitions import StateMachine

C = ChargeStatus

CHARGE = StateMachine("recovery charge", {("invoice", C.RAISED): C.INVOICED, ("waive", C.RAISED): C.WAIVED})

_CHARGED = frozenset(
    {
        "AM04", "MS03", "AC04", "AC06", "MS02", "SL01", "SL11", "SL12", "SL13", "SL14",
        "insufficient_funds", "do_not_honor", "try_again_later", "expired_card", "incorrect_number", "invalid_account",
    }
)  # fmt: skip


def costs_a_fee(code: str, customer: CustomerType) -> bool:
    """Whether the debtor answers for the failure: not for our faults, not for what the law gives him, never a consumer."""
    return customer is CustomerType.B2B and code in _CHARGED


def fee_rule_of(
    rules: Iterable[Mapping[str, Any]], company_id: Any, product_code: str | None, day: date
) -> Mapping[str, Any] | None:
    """The rule of a day that names the product, else the company, most closely; the oldest of equals."""
    fitting = [
        rule
        for rule in rules
        if rule["is_active"]
        and rule["amount_incl_tax"] > 0
        and rule["company_id"] in (None, company_id)
        and rule["product_code"] in (None, product_code)
        and rule["valid_from"] <= day <= (rule["valid_to"] or date.max)
    ]
    return min(
        fitting,
        key=lambda rule: (rule["product_code"] is None, rule["company_id"] is None, rule["created_at"], rule["id"]),
        default=None,
    )
