"""Before the first sale: the company, its bank account, catalogue, representative, commission plan and debit calendar."""

import json
from datetime import timedelta
from typing import Any

from messages.calendar import CreateDebitConfiguration
from messages.commercial import CreateCommissionPlan, CreateSalesRep, PublishPlanVersion
from messages.identity import CreateCompany
from messages.payments import (
    CreateCreditorAccount,
    CreateDunningPolicy,
    CreatePspAccount,
    CreateRetryPolicy,
    GetPaymentSettings,
    PaymentSettingsValues,
    Provider,
    UpdatePaymentSettings,
)
from messages.products.catalogue import CreateProduct, TransitionProduct
from messages.products.publications import CreatePublication
from runtime.demo.outside import CardProvider
from runtime.demo.setting import Demo

_PLAN = {
    "calculation": {"type": "FIXED", "fixed_amount": "25.00"},
    "payable_after_collections": 1,
    "recurring": {"enabled": True, "rate_percent": "2.00"},
}


async def prepare(demo: Demo) -> None:
    """Make everything a first sale needs, as an administrator would by hand."""
    company = await demo.client.call(CreateCompany.model_validate(demo.catalogue["company"]), key="demo-company")
    demo.company_id = company.company_id
    await demo.settle()
    account = demo.catalogue["account"]
    await demo.client.call(
        CreateCreditorAccount.model_validate(
            {
                "company_id": demo.company_id,
                "iban": account["iban"],
                "bic": account["bic"],
                "holder_name": company.legal_name,
                "bank_profile": {"transport": "SIMULATOR"},
            }
        ),
        key="demo-account",
    )
    await _collect(demo)
    await demo.client.call(
        CreateDebitConfiguration.model_validate(
            {"level": "COMPANY", "scope_id": demo.company_id, "preference": {"mode": "FIXED_DAY", "fixed_day": 5}}
        ),
        key="demo-debit-configuration",
    )
    for product in demo.catalogue["products"]:
        await _sell(demo, product)
    await _staff(demo)
    await demo.settle()


async def _collect(demo: Demo) -> None:
    """Where debtors can pay by card, and what happens to those who do not."""
    settings = await demo.client.call(GetPaymentSettings(company_id=demo.company_id))
    values = settings.model_dump(include=set(PaymentSettingsValues.model_fields))
    await demo.client.call(
        UpdatePaymentSettings.model_validate(
            {
                "company_id": demo.company_id,
                "expected_version": settings.version,
                "values": values | {"portal_base_url": demo.system.bridge_url},
            }
        ),
        key="demo-portal",
    )
    await demo.client.call(
        CreatePspAccount(
            company_id=demo.company_id,
            provider=Provider.STRIPE,
            name="Cartes",
            credentials={"secret_key": CardProvider.secret_key},
            webhook_secret="whsec_demo",
        ),
        key="demo-cards",
    )
    plan = json.loads((demo.examples / "recovery.json").read_text(encoding="utf-8"))
    retries = {"name": "Deux représentations", "terms": plan["retries"], "is_default": True}
    await demo.client.call(CreateRetryPolicy.model_validate(retries), key="demo-retries")
    ladder = {"code": "DEMO", "name": "Relances", "terms": plan["ladder"], "is_default": True}
    await demo.client.call(CreateDunningPolicy.model_validate(ladder), key="demo-ladder")


async def _sell(demo: Demo, product: dict[str, Any]) -> None:
    """A product with its price, active and published for this company."""
    created = await demo.client.call(
        CreateProduct.model_validate(
            {
                "sku": product["sku"],
                "name": product["name"],
                "description": product["description"],
                "owner_company_id": demo.company_id,
                "first_version": {
                    "plans": [
                        {"code": "DEFAULT", "name": product["name"], "is_default": True, "recurrence": "MONTHLY"}
                    ],
                    "pricing": [
                        {"role": "RECURRING_PRICE", "kind": "FIXED", "tax_included": False, "amount": product["price"]}
                    ],
                },
            }
        ),
        key=f"demo-product-{product['sku']}",
    )
    demo.products[product["sku"]] = created.product_id
    await demo.client.call(
        TransitionProduct.model_validate({"product_id": created.product_id, "to": "ACTIVE", "reason": "ouverture"}),
        key=f"demo-transition-{product['sku']}",
    )
    await demo.client.call(
        CreatePublication.model_validate(
            {"product_id": created.product_id, "company_id": demo.company_id, "channels": ["WEB", "TELESALES", "FIELD"]}
        ),
        key=f"demo-publication-{product['sku']}",
    )


async def _staff(demo: Demo) -> None:
    """A representative and the plan that pays him."""
    representative = await demo.client.call(
        CreateSalesRep.model_validate(
            {
                "profile": "VRP",
                "given_name": "Sophie",
                "family_name": "Girard",
                "email": "sophie.girard@horizon.example",
                "company_id": demo.company_id,
            }
        ),
        key="demo-representative",
    )
    demo.sales_rep_id = representative.rep_id
    plan = await demo.client.call(
        CreateCommissionPlan.model_validate(
            {
                "code": "STANDARD",
                "name": "Plan standard",
                "terms": _PLAN,
                "effective_from": demo.calendar.starts_on - timedelta(days=30),
            }
        ),
        key="demo-plan",
    )
    await demo.client.call(
        PublishPlanVersion(version_id=plan.versions[0].version_id, reason="ouverture"), key="demo-plan-published"
    )
