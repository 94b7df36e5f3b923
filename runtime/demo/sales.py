"""Selling: every imported client gets a quote, a contract, a signature and a quality check."""

import asyncio
import hashlib
from collections.abc import Callable

from messages.contrats import ApproveQuality, CreateContract, GetContract, SignContract
from messages.problem import Refused
from messages.products.quotes import CreatePriceQuote
from messages.values.identifiers import derived_id
from runtime.client_file import ImportedClient, import_clients
from runtime.demo.setting import Demo, at

_CONCURRENCY = 12
_DEBIT_DAYS = range(1, 29)


async def import_and_sell(demo: Demo, progress: Callable[[], None]) -> None:
    """Import the file of clients, then sign a contract with each, on the first day."""
    demo.client.now = at(demo.calendar.starts_on, 9)
    demo.report = await import_clients(
        demo.client, demo.examples / "clients.csv", check=lambda row: _check_order(demo, row), progress=progress
    )
    await demo.settle()
    waiting = iter(demo.report.imported)

    async def seller() -> None:
        for imported in waiting:
            await _sell(demo, imported)
            progress()

    await asyncio.gather(*(seller() for _ in range(_CONCURRENCY)))
    await demo.settle()
    await asyncio.gather(*(_approve(demo, part) for part in range(_CONCURRENCY)))
    await demo.settle()


def _check_order(demo: Demo, row: dict[str, str]) -> None:
    """The columns that are about the sale: product and debit day."""
    if row["Produit"] not in demo.products:
        raise Refused.field(
            "Produit", "unknown", f"'{row['Produit']}' is not sold; choose one of {', '.join(demo.products)}"
        )
    if not row["Jour"].isdigit() or int(row["Jour"]) not in _DEBIT_DAYS:
        raise Refused.field(
            "Jour", "range", f"the debit day '{row['Jour']}' does not exist in every month; choose 1 to 28"
        )


async def _sell(demo: Demo, imported: ImportedClient) -> None:
    key = f"demo-{imported.client_id}"
    quote = await demo.client.call(
        CreatePriceQuote.model_validate(
            {
                "lines": [{"product_id": demo.products[imported.row["Produit"]], "quantity": "1"}],
                "context": {"client_id": imported.client_id, "company_id": demo.company_id, "channel": "WEB"},
            }
        ),
        key=f"{key}-quote",
    )
    contract_id = derived_id("demo contract", imported.client_id)
    drafted = await demo.client.call(
        CreateContract.model_validate(
            {
                "id": contract_id,
                "client_id": imported.client_id,
                "company_id": demo.company_id,
                "price_quote_id": quote.quote_id,
                "terms": {
                    "starts_on": demo.calendar.starts_on,
                    "initial_term_months": 12,
                    "sales_rep_id": demo.sales_rep_id,
                    "bank_details_id": imported.bank_details_id,
                    "preferred_debit_day": int(imported.row["Jour"]),
                },
            }
        ),
        key=f"{key}-contract",
    )
    await demo.client.call(
        SignContract.model_validate(
            {
                "contract_id": contract_id,
                "expected_version": drafted.version,
                "signed_at": demo.client.now,
                "method": "PORTAL",
                "signers": [{"full_name": imported.display_name, "signed_at": demo.client.now}],
                "signed_document_sha256": hashlib.sha256(str(contract_id).encode()).hexdigest(),
                "mandate_consent": True,
                "bank_details_id": imported.bank_details_id,
                "preferred_debit_day": int(imported.row["Jour"]),
            }
        ),
        key=f"{key}-signature",
    )
    demo.contracts.append(contract_id)


async def _approve(demo: Demo, part: int) -> None:
    for contract_id in demo.contracts[part::_CONCURRENCY]:
        signed = await demo.client.call(GetContract(contract_id=contract_id))
        order = ApproveQuality(contract_id=contract_id, expected_version=signed.version)
        await demo.client.call(order, key=f"demo-{contract_id}-quality")
