"""Lines typed by hand: what is sold, and whether it may be sold."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.amounts import net_of
from messages.contrats import (
    CONTRACT_PRODUCT_NOT_SELLABLE,
    LineDraft,
    LineKind,
    ServiceKind,
)
from messages.contrats.lines import CURRENCY_MISMATCH
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import contract_line, product_copy

_SELLABLE = ("ACTIVE", "TEST")


async def refuse_unsellable(product_ids: Sequence[UUID], work: UnitOfWork, *, must_be_known: bool) -> dict[UUID, Row]:
    """The known products among these; one that is not for sale is refused, one not heard of yet only if it must be."""
    rows = await work.fetch(
        select(product_copy).where(
            product_copy.c.organisation_id == work.organisation_id, product_copy.c.product_id.in_(set(product_ids))
        )
    )
    known = {row["product_id"]: row for row in rows}
    for product_id in product_ids:
        row = known.get(product_id)
        if (row is None and must_be_known) or (row is not None and row["lifecycle"] not in _SELLABLE):
            state = row["lifecycle"] if row is not None else "not known"
            raise Refused(
                CONTRACT_PRODUCT_NOT_SELLABLE,
                f"product {product_id} is {state}; choose one that is for sale",
                details={"product_id": str(product_id)},
            )
    return known


async def typed_lines(
    drafts: Sequence[LineDraft], terms: Mapping[str, Any], work: UnitOfWork, *, must_be_known: bool
) -> list[dict[str, Any]]:
    """Lines typed by hand, with the names and codes of their products; in the currency of the contract."""
    for number, draft in enumerate(drafts):
        for name in ("unit_price_net", "discount_amount"):
            refuse_other_currency(getattr(draft, name), terms.get("currency", "EUR"), f"lines.{number}.{name}")
    known = await refuse_unsellable([draft.product_id for draft in drafts], work, must_be_known=must_be_known)
    return [typed_line(draft, known.get(draft.product_id), terms["billing_frequency"]) for draft in drafts]


def refuse_other_currency(money: Money | None, currency: str, path: str) -> None:
    """A contract has one currency."""
    if money is not None and money.currency != currency:
        text = f"{path} is in {money.currency}, the contract in {currency}; give the price in {currency}"
        raise Refused.field(path, "currency", text, CURRENCY_MISMATCH)


def typed_line(draft: LineDraft, product: Row | None, frequency: str) -> dict[str, Any]:
    """One line typed by hand."""
    amount = draft.discount_amount.amount if draft.discount_amount else None
    once = draft.kind is LineKind.ONE_OFF
    return {
        "product_id": draft.product_id,
        "product_code": product["code"] if product is not None else "",
        "description": draft.description or (product["name"] if product is not None else str(draft.product_id)),
        "kind": draft.kind,
        "billing_period": "ONE_OFF" if once else draft.billing_period or frequency,
        "quantity": draft.quantity,
        "unit_price_net": draft.unit_price_net.amount,
        "discount_pct": draft.discount_pct,
        "discount_amount": amount,
        "discount_periods": draft.discount_periods,
        "net": net_of(draft.quantity, draft.unit_price_net.amount, draft.discount_pct, amount),
        "vat_rate": draft.vat_rate,
        "vat_category": draft.vat_category,
        "provider_code": draft.provider_code,
        "service_kind": draft.service_kind,
    }


def line_row(line: dict[str, Any], number: int, row: dict[str, Any]) -> dict[str, Any]:
    """A line of a draft as a row."""
    return {
        "provider_code": row["draft_provider_code"],
        "service_kind": row["draft_service_kind"] or ServiceKind.OTHER,
        **line,
        "id": new_id(),
        "organisation_id": row["organisation_id"],
        "contract_id": row["id"],
        "line_no": number,
        "valid_from": row["starts_on"],
        "valid_to": None,
    }


async def lines_begin_on(record: ContractRecord, agreed: date, day: date) -> None:
    """Lines that were to begin with the contract begin with it on its new first day."""
    await record.work.execute(
        update(contract_line)
        .where(
            contract_line.c.organisation_id == record.work.organisation_id,
            contract_line.c.contract_id == record.id,
            contract_line.c.valid_from == agreed,
        )
        .values(valid_from=day)
    )
    record.lines = [line if line["valid_from"] != agreed else {**line, "valid_from": day} for line in record.lines]
