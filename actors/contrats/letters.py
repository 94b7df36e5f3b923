"""Letters that contrats has posted: to whom, about what."""

from uuid import UUID

from sqlalchemy import select

from actors.contrats.contract_record import ContractRecord
from messages.shared import LetterKind, LetterOrder, Party
from messages.values.addresses import Address
from runtime.unit_of_work import Row
from storage.contrats.tables import client_copy


async def client_of(record: ContractRecord) -> Row | None:
    """What is known of the client."""
    return await record.work.fetch_one(
        select(client_copy).where(
            client_copy.c.organisation_id == record.work.organisation_id,
            client_copy.c.client_id == record["client_id"],
        )
    )


async def letter_to_client(
    record: ContractRecord, request_id: UUID, purpose: str, kind: LetterKind = LetterKind.SIMPLE
) -> LetterOrder | None:
    """An order to post a letter whose file is still to be rendered; None when no postal address is known."""
    client = await client_of(record)
    if client is None or client["billing_address"] is None:
        return None
    recipient = Party(
        party_id=client["client_id"],
        kind=client["kind"],
        display_name=client["display_name"],
        address=Address.model_validate(client["billing_address"]),
    )
    return LetterOrder(
        request_id=request_id,
        kind=kind,
        purpose=purpose,
        recipient=recipient,
        sender_company_id=record["company_id"],
    )
