"""Rows of commercial as the messages show them."""

from decimal import Decimal
from typing import Any

from messages.commercial import (
    CalculationIssue,
    CarryOver,
    Clawback,
    Commission,
    CommissionPlan,
    CommissionSettings,
    PlanSelectors,
    PlanVersion,
    RecurringRight,
    RepBalances,
    SalesRep,
    Statement,
    StatementFile,
    StatementLine,
)
from messages.values.money import Money
from runtime.unit_of_work import Row

SELECTORS = tuple(PlanSelectors.model_fields)


def money(amount: Decimal, currency: str) -> Money:
    """An amount of a row with its currency."""
    return Money(amount=amount, currency=currency)


def rep_snapshot(row: Row) -> dict[str, Any]:
    """The fields of SalesRepSnapshot; a firm's legal name stands in for the family name."""
    return {
        "rep_id": row["id"],
        "code": row["code"],
        "user_id": row["user_id"],
        "profile": row["profile"],
        "given_name": row["given_name"] or "",
        "family_name": row["family_name"] or row["legal_name"] or "",
        "email": row["email"],
        "company_id": row["company_id"],
        "active": row["active"],
    }


def sales_rep(row: Row, balances: RepBalances | None = None, **more: Any) -> SalesRep:
    """A representative in full."""
    own = (
        "legal_status",
        "legal_name",
        "siren",
        "vat_number",
        "phone",
        "entry_date",
        "exit_date",
        "created_at",
        "version",
    )
    return SalesRep.model_validate(
        {**rep_snapshot(row), **{name: row[name] for name in own}, "balances": balances, **more}
    )


def selectors(row: Row) -> PlanSelectors:
    """What a sale must be for the plan."""
    return PlanSelectors.model_validate({name: row[name] for name in SELECTORS})


def plan_version(row: Row) -> PlanVersion:
    """One version of a plan."""
    return PlanVersion.model_validate(
        {
            "version_id": row["id"],
            "terms": row["payload"],
            **{name: row[name] for name in PlanVersion.model_fields if name not in ("version_id", "terms")},
        }
    )


def plan(row: Row, versions: list[Row] | None = None) -> CommissionPlan:
    """A plan with its versions."""
    return CommissionPlan.model_validate(
        {
            "plan_id": row["id"],
            "selectors": selectors(row),
            "versions": tuple(plan_version(found) for found in versions or ()),
            **{
                name: row[name] for name in ("code", "name", "description", "priority", "currency", "status", "version")
            },
        }
    )


def commission_ref(row: Row) -> dict[str, Any]:
    """The fields of CommissionRef."""
    return {
        "entry_id": row["id"],
        "amount": money(row["amount"], row["currency"]),
        "base": money(row["base_amount"], row["currency"]),
        "rate": row["rate_percent"],
        "period": row["origin_period"],
        **{
            name: row[name]
            for name in (
                "reference", "kind", "contract_id", "contract_line_id", "rep_id", "company_id", "plan_id", "plan_version_no",
                "status",
            )
        },
    }  # fmt: skip


def commission(row: Row) -> Commission:
    """An entry in full."""
    own = (
        "component", "trigger", "accrual_date", "invoice_id", "billing_instalment_id", "hold_reason", "revision",
        "supersedes_id", "statement_id", "cancel_reason", "calculation", "created_at", "version",
    )  # fmt: skip
    return Commission.model_validate(
        {
            **commission_ref(row),
            **{name: row[name] for name in own},
            "clawed_back": money(row["clawed_back_amount"], row["currency"]),
            "regularised": money(row["regularised_amount"], row["currency"]),
        }
    )


def right_ref(row: Row, reason: str, on: Any) -> dict[str, Any]:
    """The fields of RecurringRightRef."""
    return {
        "right_id": row["id"],
        "contract_id": row["contract_id"],
        "contract_line_id": row["contract_line_id"],
        "rep_id": row["rep_id"],
        "reason": reason,
        "on": on,
    }


def recurring_right(row: Row) -> RecurringRight:
    """A recurring right."""
    return RecurringRight.model_validate({**row, "right_id": row["id"]})


def clawback_ref(row: Row) -> dict[str, Any]:
    """The fields of ClawbackRef."""
    names = ("entry_id", "contract_id", "rep_id", "company_id", "kind", "event_date", "application_period")
    return {
        "clawback_id": row["id"],
        "amount": money(row["amount"], row["currency"]),
        **{name: row[name] for name in names},
    }


def clawback(row: Row) -> Clawback:
    """A clawback in full."""
    own = (
        "reference", "method", "share_percent", "window_start", "window_end", "status", "statement_id", "reason", "version",
    )  # fmt: skip
    currency = row["currency"]
    return Clawback.model_validate(
        {
            **clawback_ref(row),
            **{name: row[name] for name in own},
            "original_amount": money(row["original_amount"], currency),
            "target_total": money(row["target_total"], currency),
            "regularised": money(row["regularised_amount"], currency),
        }
    )


def carry_over_ref(row: Row) -> dict[str, Any]:
    """The fields of CarryOverRef."""
    return {
        "carry_over_id": row["id"],
        "rep_id": row["rep_id"],
        "company_id": row["company_id"],
        "amount": money(row["initial_amount"], row["currency"]),
        "remaining": money(row["remaining_amount"], row["currency"]),
        "period": row["origin_period"],
    }


def carry_over(row: Row) -> CarryOver:
    """A carried balance."""
    return CarryOver.model_validate({**carry_over_ref(row), "reference": row["reference"], "status": row["status"]})


def issue(row: Row) -> CalculationIssue:
    """An issue."""
    return CalculationIssue.model_validate({**row, "issue_id": row["id"]})


def settings(row: Row) -> CommissionSettings:
    """The settings."""
    return CommissionSettings.model_validate(dict(row))


def statement_ref(row: Row) -> dict[str, Any]:
    """The fields of StatementRef; advances are not part of this engine, so they are zero."""
    currency = row["currency"]
    names = ("number", "revision", "rep_id", "company_id", "period", "content_sha256", "dispute_deadline")
    return {
        "statement_id": row["id"],
        "totals": {
            "gross": money(row["gross"], currency),
            "clawbacks": money(row["clawbacks"], currency),
            "advances": Money.zero(currency),
            "carry_over": money(row["carry_over_applied"], currency),
            "net": money(row["net"], currency),
        },
        **{name: row[name] for name in names},
    }


def statement(row: Row, files: list[Row] | None = None) -> Statement:
    """A statement in full."""
    own = (
        "currency", "status", "line_count", "selected_count", "validated_at", "published_at", "paid_on", "payment_reference",
        "version",
    )  # fmt: skip
    amounts = ("clawbacks_recovered", "new_carry_over", "debt_forward")
    return Statement.model_validate(
        {
            **statement_ref(row),
            **{name: row[name] for name in own},
            **{name: money(row[name], row["currency"]) for name in amounts},
            "files": tuple(StatementFile.model_validate(dict(found)) for found in files or ()),
        }
    )


def statement_line(row: Row, currency: str) -> StatementLine:
    """A line."""
    return StatementLine.model_validate(
        {
            **row,
            "line_id": row["id"],
            "amount": money(row["amount"], currency),
            "base": money(row["base_amount"], currency) if row["base_amount"] is not None else None,
            "rate": row["rate_percent"],
        }
    )
