"""The terms that govern a receivable: the organisation's policies, else the built-in ones."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments.rules.policies import BUILT_IN, SEPA_DEFAULT, best
from messages.payments import CustomerType, DunningTerms, RetryTerms
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.recovery import dunning_policy, retry_policy

_CUSTOMERS = {"BUSINESS": CustomerType.B2B, "PUBLIC": CustomerType.PUBLIC}


@dataclass(frozen=True, slots=True)
class Policies:
    """Every active policy of the organisation."""

    retry: list[Row]
    dunning: list[Row]

    def ladder(self, context: dict[str, Any]) -> tuple[UUID | None, DunningTerms]:
        """The ladder of a context, with the id of its policy unless it is the built-in one."""
        found = best(self.dunning, context)
        return (found["id"], DunningTerms.model_validate(found["terms"])) if found else (None, BUILT_IN)

    def retrying(self, context: dict[str, Any], ladder: DunningTerms) -> RetryTerms:
        """When a debit is presented again: the policy the ladder was made for, else the closest, else the built-in one."""
        chosen = next((row for row in self.retry if row["id"] == ladder.retry_policy_id), None)
        found = chosen or best(self.retry, context)
        return RetryTerms.model_validate(found["terms"]) if found else SEPA_DEFAULT


async def policies(work: UnitOfWork) -> Policies:
    """Read the organisation's policies."""
    found = []
    for table in (retry_policy, dunning_policy):
        statement = select(table).where(table.c.organisation_id == work.organisation_id, table.c.is_active)
        found.append(await work.fetch(statement.order_by(table.c.id).limit(500)))
    return Policies(*found)


def customer_type(kind: str | None) -> CustomerType:
    """Which law protects a debtor; one nobody knows is a consumer."""
    return _CUSTOMERS.get(kind or "", CustomerType.B2C)


def context_of(payment: Any, facts: Any) -> dict[str, Any]:
    """What the scopes of policies are compared with."""
    return {
        "company_id": payment["company_id"],
        "product_code": facts["product_code"],
        "channel": facts["source_channel"],
        "payment_method": "SEPA",
        "customer_type": customer_type(facts["kind"]),
    }
