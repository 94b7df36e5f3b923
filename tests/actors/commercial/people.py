"""Who sells and by which plan: representatives, plans, tokens, and small values of the tests."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from messages.commercial import (
    CommissionPlan,
    CreateCommissionPlan,
    CreateSalesRep,
    PublishPlanVersion,
    SalesRep,
)
from messages.values.identifiers import new_id
from runtime import clock
from runtime.context_tokens import TokenIssuer
from runtime.development import DEVELOPMENT_KEY_ID
from tests.harness import Tenant


def noon(day: date) -> datetime:
    return datetime.combine(day, time(11), UTC)


def money(amount: Decimal | str) -> dict[str, str]:
    return {"amount": f"{Decimal(amount):.2f}", "currency": "EUR"}


async def representative(tenant: Tenant, **changes: Any) -> SalesRep:
    fields = {"profile": "VRP", "given_name": "Paul", "family_name": "Vendeur"}
    return await tenant.client.call(CreateSalesRep.model_validate(fields | changes))


async def plan(tenant: Tenant, code: str = "P1", **changes: Any) -> CommissionPlan:
    """A published plan; changes may name terms, selectors, effective_from."""
    fields: dict[str, Any] = {
        "code": code,
        "name": f"Plan {code}",
        "effective_from": "2025-01-01",
        "terms": {"calculation": {"type": "FIXED", "base": "FLAT", "fixed_amount": "40.00"}},
    }
    created = await tenant.client.call(CreateCommissionPlan.model_validate(fields | changes))
    return await tenant.client.call(PublishPlanVersion(version_id=created.versions[0].version_id))


def own_scope_token(tenant: Tenant, user_id: UUID, *permissions: str) -> str:
    """The token of somebody whose role shows him his own rows only."""
    seed = tenant.running.installation.secrets.development_issuer_seed()
    issuer = TokenIssuer(DEVELOPMENT_KEY_ID, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
    now = int(clock.unix_now())
    return issuer.issue(
        {
            "sub": str(user_id),
            "sid": f"test-{user_id}",
            "org": str(tenant.id),
            "mem": str(tenant.membership_id),
            "rol": ["sales_rep"],
            "prm": list(permissions),
            "cmp": "ALL",
            "dsc": "OWN",
            "iat": now,
            "exp": now + 60,
            "jti": str(new_id()),
        }
    )
