"""Whether the client, contract and invoice that something is about belong together."""

from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from messages.activites import LINK_MISMATCH
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.activites.tables import client_ref, contract_ref, invoice_ref


async def check_links(
    client_id: UUID | None, contract_id: UUID | None, invoice_id: UUID | None, work: UnitOfWork
) -> dict[str, UUID | None]:
    """The links with what follows from them filled in; refuses unknown ones and those of different clients."""
    if client_id is not None:
        await _known(client_ref, "client_id", client_id, work)
    if invoice_id is not None:
        invoice = await _known(invoice_ref, "invoice_id", invoice_id, work)
        client_id = _same("invoice_id", "client_id", client_id, invoice["client_id"])
        contract_id = contract_id or invoice["contract_id"]
    if contract_id is not None:
        contract = await _known(contract_ref, "contract_id", contract_id, work)
        client_id = _same("contract_id", "client_id", client_id, contract["client_id"])
    return {"client_id": client_id, "contract_id": contract_id, "invoice_id": invoice_id}


async def _known(table: Table, name: str, value: UUID, work: UnitOfWork) -> Row:
    statement: Any = select(table).where(table.c.organisation_id == work.organisation_id, table.c[name] == value)
    row = await work.fetch_one(statement)
    if row is None:
        raise Refused.field(name, "unknown", f"{name} is not known here; check it, or try again in a moment")
    return row


def _same(field: str, other: str, given: UUID | None, found: UUID) -> UUID:
    if given is not None and given != found:
        raise Refused.field(
            field, "mismatch", f"{field} belongs to another client than {other}; correct one of them", LINK_MISMATCH
        )
    return found
