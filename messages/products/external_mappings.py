"""products: what other systems call a product."""

from uuid import UUID

from pydantic import Field

from messages.base import Empty, Reply, Request
from messages.errors import ALREADY_EXISTS, NOT_FOUND
from messages.products.catalogue import ExternalCode, ExternalMapping, Metadata, Product
from messages.values.text import Code

MAPPING_EXISTS = ALREADY_EXISTS.specific("MAPPING_EXISTS", "Code externe déjà utilisé", "External code in use")
EXTERNAL_MAPPING_NOT_FOUND = NOT_FOUND.specific(
    "EXTERNAL_MAPPING_NOT_FOUND", "Code externe introuvable", "External code not found"
)


class ResolvedProduct(Reply):
    """The product of an external code, and the plan if the code stands for one."""

    product: Product
    plan_code: str | None


class SetExternalMapping(Request[ExternalMapping], permission="products:product:write"):
    """Say what a system calls a product; the code of the same product, plan and system is replaced."""

    product_id: UUID
    system: Code
    external_code: ExternalCode
    plan_code: Code | None = None
    metadata: Metadata = Field(default_factory=dict)


class DeleteExternalMapping(Request[Empty], permission="products:product:write"):
    """Forget a code."""

    mapping_id: UUID


class ResolveExternalCode(Request[ResolvedProduct], query=True, permission="products:product:read"):
    """The product that a system means by a code."""

    system: Code
    external_code: ExternalCode
