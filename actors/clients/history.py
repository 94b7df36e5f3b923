"""Whether other actors know anything of a client."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import (
    bank_details_ref,
    contract_ref,
    document_ref,
    instalment_ref,
    invoice_ref,
    mandate_ref,
    merge_operation,
    payment_ref,
    timeline_entry,
)
from storage.shared.statements import Statement

_FACTS: Final = (
    contract_ref,
    invoice_ref,
    payment_ref,
    instalment_ref,
    mandate_ref,
    bank_details_ref,
    document_ref,
    timeline_entry,
)
_KNOWN: Final = Statement(
    "select "
    + " or ".join(
        f"exists (select from {table.name} where organisation_id = $1 and client_id = any($2::uuid[]))"
        for table in _FACTS
    )
    + f" or exists (select from {merge_operation.name} where organisation_id = $1 and survivor_id = any($2::uuid[]))",
    ("organisation_id", "client_ids"),
    {},
)


async def has_history(client_ids: Sequence[UUID], work: UnitOfWork) -> bool:
    """Whether a contract, bill, payment, mandate, account, document or anything in the timeline names the client."""
    return bool(await work.fetch_value(_KNOWN, organisation_id=work.organisation_id, client_ids=[*client_ids]))
