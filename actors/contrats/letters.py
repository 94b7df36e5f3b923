"""Files that contrats has rendered, and the letters it has posted."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.letters import Words, envelope_lines
from messages.contrats.signatures import ContractDocumentRequested, DocumentPurpose
from messages.logistics import LetterPurpose
from messages.shared import LetterKind, LetterOrder, Party
from messages.values.addresses import Address
from runtime.unit_of_work import Row
from storage.contrats.tables import client_copy

_TEMPLATES = {
    DocumentPurpose.CONTRACT_SIGNATURE: "contract.signature",
    DocumentPurpose.AMENDMENT: "contract.amendment",
    DocumentPurpose.TERMINATION_LETTER: "letter.termination",
    DocumentPurpose.RENEWAL_NOTICE: "letter.renewal_notice",
}
_POSTED_AS = {
    DocumentPurpose.TERMINATION_LETTER: LetterPurpose.TERMINATION,
    DocumentPurpose.RENEWAL_NOTICE: LetterPurpose.RENEWAL_NOTICE,
}


def ask_for_file(
    record: ContractRecord,
    request_id: UUID,
    purpose: DocumentPurpose,
    data: Mapping[str, Any],
    *,
    include_mandate: bool = False,
) -> None:
    """Have a file rendered; documents answers with the request's id."""
    record.state(
        ContractDocumentRequested,
        request_id=request_id,
        client_id=record["client_id"],
        company_id=record["company_id"],
        purpose=purpose,
        template_key=_TEMPLATES[purpose],
        locale="fr",
        data=data,
        include_mandate=include_mandate,
    )


async def client_of(record: ContractRecord) -> Row | None:
    """What is known of the client."""
    return await record.work.fetch_one(
        select(client_copy).where(
            client_copy.c.organisation_id == record.work.organisation_id,
            client_copy.c.client_id == record["client_id"],
        )
    )


async def letter_to_client(
    record: ContractRecord, request_id: UUID, purpose: DocumentPurpose, words: Words
) -> LetterOrder | None:
    """Have a letter rendered, and the order to post it; None when no postal address is known."""
    client = await client_of(record)
    if client is None or client["billing_address"] is None:
        return None
    address = Address.model_validate(client["billing_address"])
    data = {
        "recipient": {"address_lines": envelope_lines(client["display_name"], address)},
        "references": {"Contrat": record["reference"]},
        "subject": words.subject,
        "paragraphs": words.paragraphs,
    }
    ask_for_file(record, request_id, purpose, data)
    recipient = Party(
        party_id=client["client_id"],
        kind=client["kind"],
        display_name=client["display_name"],
        address=address,
    )
    return LetterOrder(
        request_id=request_id,
        kind=LetterKind.SIMPLE,
        purpose=_POSTED_AS[purpose],
        recipient=recipient,
        sender_company_id=record["company_id"],
    )
