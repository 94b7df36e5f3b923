"""Rows of contrats as the messages show them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from actors.contrats.rules.indexation import warnings_of
from actors.contrats.rules.operation_steps import steps_of
from messages.contrats import (
    BillingAdjustment,
    BillingInstalment,
    Contract,
    ContractLine,
    ContractOperation,
    ContractSnapshot,
    ContractSummary,
    QualityReview,
    ScheduledInstalment,
    ServiceLink,
    ServiceLinkRef,
    StatusHistoryEntry,
    TerminationRequest,
)
from messages.contrats.amendments import Amendment, ContractVersion
from messages.contrats.indexation import IndexationClause, IndexationItem, IndexationRun
from messages.contrats.port_ins import PortIn
from messages.contrats.replies import RenewalCycle
from messages.contrats.signatures import SignatureRequest, Signer
from messages.values.money import Money

Row = Mapping[str, Any]
_MONEY = ("recurring_net", "recurring_gross", "mrr", "arr", "total_contract_value")


def money(amount: Decimal, currency: str) -> Money:
    """An amount of the contract's currency."""
    return Money(amount=amount, currency=currency)


def line_of(row: Row, currency: str) -> ContractLine:
    """A line as snapshots show it."""
    amounts = {name: money(row[name], currency) for name in ("unit_price_net", "net")}
    discount = row["discount_amount"]
    return ContractLine.model_validate(
        {
            **row,
            **amounts,
            "line_id": row["id"],
            "discount_amount": None if discount is None else money(discount, currency),
            "recurrence": row["billing_period"],
        }
    )


def snapshot_of(row: Row, lines: Sequence[Row]) -> dict[str, Any]:
    """The fields of ContractSnapshot."""
    return _fields_of(ContractSnapshot, row) | {
        "lines": tuple(line_of(line, row["currency"]) for line in lines if line["valid_to"] is None)
    }


def contract_of(row: Row, lines: Sequence[Row], **details: Any) -> Contract:
    """The contract in full."""
    return Contract.model_validate({**_fields_of(Contract, row), "lines": snapshot_of(row, lines)["lines"], **details})


def _fields_of(model: type[ContractSnapshot], row: Row) -> dict[str, Any]:
    fields = {name: row[name] for name in model.model_fields if name in row}
    for name in _MONEY:
        if name in fields:
            fields[name] = money(row[name], row["currency"])
    return fields | {"contract_id": row["id"]}


def summary_of(row: Row) -> ContractSummary:
    """The contract in a list."""
    return ContractSummary.model_validate({**row, "mrr": money(row["mrr"], row["currency"])})


def history_of(row: Row) -> StatusHistoryEntry:
    """One transition."""
    return StatusHistoryEntry.model_validate(dict(row))


def operation_of(row: Row) -> ContractOperation:
    """One operation with its steps."""
    return ContractOperation.model_validate({**row, "steps": steps_of(row)})


def review_of(row: Row) -> QualityReview:
    """One quality review."""
    return QualityReview.model_validate(dict(row))


def link_ref_of(row: Row) -> ServiceLinkRef:
    """A service as provisioning orders name it."""
    return ServiceLinkRef.model_validate(dict(row))


def link_of(row: Row) -> ServiceLink:
    """A service and its state."""
    return ServiceLink.model_validate(dict(row))


def instalment_of(row: Row, currency: str) -> BillingInstalment:
    """A billing period as contract.billing_due carries it."""
    return BillingInstalment.model_validate(_instalment_fields(row, currency))


def scheduled_of(row: Row, currency: str) -> ScheduledInstalment:
    """A billing period with where it stands."""
    return ScheduledInstalment.model_validate(_instalment_fields(row, currency))


def _instalment_fields(row: Row, currency: str) -> dict[str, Any]:
    totals = {name: money(row[name], currency) for name in ("net_total", "vat_total", "gross_total")}
    return {**row, **totals, "billing_instalment_id": row["id"]}


def adjustment_of(row: Row, currency: str) -> BillingAdjustment:
    """An adjustment as contract.billing_due carries it."""
    return BillingAdjustment.model_validate({**row, "adjustment_id": row["id"], "net": money(row["net"], currency)})


def termination_of(row: Row, currency: str) -> TerminationRequest:
    """A request to end the contract."""
    amounts = {name: money(row[name], currency) for name in ("fee", "credit")}
    return TerminationRequest.model_validate({**row, **amounts})


def cycle_of(row: Row) -> RenewalCycle:
    """The end of one term."""
    return RenewalCycle.model_validate(dict(row))


def amendment_of(row: Row, currency: str) -> Amendment:
    """A change of the agreed terms."""
    amounts = {name: money(row[name], currency) for name in ("old_mrr", "new_mrr")}
    return Amendment.model_validate({**row, **amounts})


def version_of(row: Row, currency: str) -> ContractVersion:
    """What was agreed."""
    amounts = {name: money(row[name], currency) for name in ("mrr", "arr", "total_contract_value")}
    return ContractVersion.model_validate({**row, **amounts})


def signature_request_of(row: Row, signers: Sequence[Row]) -> SignatureRequest:
    """A file put before signers; their addresses stay here."""
    people = tuple(
        Signer.model_validate({**person, "full_name": f"{person['first_name']} {person['last_name']}"})
        for person in signers
    )
    return SignatureRequest.model_validate({**row, "signers": people})


def clause_of(row: Row) -> IndexationClause:
    """How a contract's price follows an index."""
    return IndexationClause.model_validate(
        {name: row[name] for name in IndexationClause.model_fields if name in row}
        | {"warnings": warnings_of(row["cap_percent"], row["floor_percent"])}
    )


def run_of(row: Row, items: Sequence[Row]) -> IndexationRun:
    """A revision of prices with its lines."""
    shown = tuple(
        IndexationItem.model_validate(
            {
                **item,
                "old_price": money(item["old_price"], "EUR"),
                "new_price": None if item["new_price"] is None else money(item["new_price"], "EUR"),
            }
        )
        for item in items
    )
    return IndexationRun.model_validate({**row, "items": shown})


def port_in_of(row: Row) -> PortIn:
    """A number that is being brought, without its middle digits."""
    return PortIn.model_validate(dict(row))
