"""An instalment with everything that the guards of the emission look at, in one query."""

from datetime import date
from decimal import Decimal
from typing import Any

from actors.payments.company import Company
from actors.payments.psp.debiting import ProviderDebit
from actors.payments.rules.guards import ContractFacts, EmissionFacts, MandateFacts
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.views import client_view, contract_view, invoice_view

_CONTRACT = (
    "status", "locked", "quality_approved_on", "concluded_on", "withdrawal_applicable", "withdrawal_ends_on",
    "first_payment_not_before", "collectable_from", "sales_channel",
)  # fmt: skip
COLUMNS: tuple[Any, ...] = (
    instalment,
    schedule.c.status.label("schedule_status"),
    schedule.c.mandate_id,
    mandate.c.status.label("mandate_status"),
    mandate.c.creditor_identifier,
    mandate.c.signed_at,
    mandate.c.last_presented_on,
    bank_details.c.status.label("bank_details_status"),
    client_view.c.blocked_scope,
    client_view.c.deceased,
    invoice_view.c.due.label("invoice_due"),
    invoice_view.c.credited.label("invoice_credited"),
    invoice_view.c.allocated.label("invoice_allocated"),
    *(contract_view.c[name].label(f"contract_{name}") for name in _CONTRACT),
)


def _same(table: Any, key: Any, name: str) -> Any:
    return (table.c.organisation_id == instalment.c.organisation_id) & (table.c[name] == key)


SOURCE = (
    instalment.outerjoin(schedule, schedule.c.id == instalment.c.schedule_id)
    .outerjoin(mandate, mandate.c.id == schedule.c.mandate_id)
    .outerjoin(bank_details, bank_details.c.id == mandate.c.bank_details_id)
    .outerjoin(client_view, _same(client_view, instalment.c.client_id, "client_id"))
    .outerjoin(contract_view, _same(contract_view, instalment.c.contract_id, "contract_id"))
    .outerjoin(invoice_view, _same(invoice_view, instalment.c.invoice_id, "invoice_id"))
)


def emission_facts(
    row: dict[str, Any], company: Company, amount: Decimal, day: date, live: int, provider: ProviderDebit | None
) -> EmissionFacts:
    """What the guards look at for a row of this query; `live`: the client's payments of that day that are under way."""
    creditor = company.account["creditor_identifier"] if company.account else None
    if provider is not None:
        row = row | provider.mandate_columns()
        creditor = row["creditor_identifier"]
    contract = ContractFacts(**{name: row[f"contract_{name}"] for name in _CONTRACT}) if row["contract_id"] else None
    means = None
    if row["mandate_status"] is not None:
        means = MandateFacts(
            row["mandate_status"],
            row["creditor_identifier"],
            row["signed_at"].date() if row["signed_at"] else None,
            row["last_presented_on"],
            row["bank_details_status"],
        )
    return EmissionFacts(
        amount=amount,
        collection_date=day,
        contract=contract,
        client_blocked=row["blocked_scope"] in ("COLLECTION", "ALL"),
        client_deceased=bool(row["deceased"]),
        has_invoice=row["invoice_id"] is not None,
        mandate=means,
        prenotified_on=row["prenotified_on"],
        prenotified_amount=row["prenotified_amount"],
        live_payments_of_client=live,
        creditor_identifier=creditor,
        announced_by_provider=provider is not None,
        waived=frozenset(row["waived_blocks"] or ()),
    )
