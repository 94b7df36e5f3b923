"""Slow work: fetch a proof at the provider and have documents keep it, once."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from actors.logistics import accounts, letters
from actors.logistics.maileva.client import MailevaClient
from messages.documents import (
    BeginUpload,
    DocumentLinkDraft,
    DocumentOrigin,
    DocumentType,
    LinkRole,
    SubjectType,
)
from messages.logistics import LetterProofAvailable, ProofKind
from messages.shared import LetterKind, Ref
from runtime.file_transfer import send_file
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.logistics.tables import letter, letter_proof
from storage.shared.statements import render

_TYPES = {
    ProofKind.DEPOSIT: DocumentType.DEPOSIT_PROOF,
    ProofKind.CONTENT: DocumentType.CONTENT_PROOF,
    ProofKind.DELIVERY: DocumentType.DELIVERY_PROOF,
    ProofKind.UNDELIVERED: DocumentType.UNDELIVERED_SCAN,
}


class FetchProof(WorkItem):
    """A proof that the provider has is to be stored."""

    letter_id: UUID
    proof: ProofKind


async def fetch_proof(item: FetchProof, outside: Outside) -> UUID | None:
    """The id of the stored proof; the source key makes a repetition find the same document. None without account."""
    sql, arguments = render(
        select(letter, letter_proof.c.proof_date)
        .join(letter_proof, letter_proof.c.letter_id == letter.c.id)
        .where(
            letter.c.organisation_id == outside.organisation_id,
            letter.c.id == item.letter_id,
            letter_proof.c.kind == item.proof,
        )
    )
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(sql, *arguments)
        found = await accounts.default_account(outside, connection)
    if row is None or found is None:
        return None
    async with MailevaClient(await accounts.opened(found, outside)) as provider:
        content = await provider.proof(LetterKind(row["kind"]), row["provider_sending_id"], item.proof)
    type_ = _TYPES[item.proof]
    begin = BeginUpload(type=type_, filename=f"{type_.value.lower()}-{row['id']}.pdf", expected_size=len(content))
    stored = await send_file(outside.ask, begin, _whole(content), **_facts(item, dict(row)))
    return stored.document.id


async def proof_fetched(item: FetchProof, document_id: UUID | None, work: UnitOfWork) -> None:
    """The proof is safe; letter.proof_available."""
    row = await work.fetch_one(letters.for_update(work, letter.c.id == item.letter_id))
    if row is None:
        return
    if document_id is None:
        await _forget(item, work)
        return
    proof_date = await work.fetch_value(
        update(letter_proof)
        .where(*_key(item, work))
        .values(document_id=document_id)
        .returning(letter_proof.c.proof_date)
    )
    await letters.note(
        row,
        work,
        lambda fields: LetterProofAvailable(
            **fields, proof_kind=item.proof, document_id=document_id, proof_date=proof_date
        ),
    )


async def proof_gave_up(item: FetchProof, error: Exception, work: UnitOfWork) -> None:
    """Not for now: the next report that shows it has it fetched again."""
    await _forget(item, work)


async def _forget(item: FetchProof, work: UnitOfWork) -> None:
    await work.execute(delete(letter_proof).where(*_key(item, work)))


def _key(item: FetchProof, work: UnitOfWork) -> tuple[Any, ...]:
    return (
        letter_proof.c.organisation_id == work.organisation_id,
        letter_proof.c.letter_id == item.letter_id,
        letter_proof.c.kind == item.proof,
    )


def _facts(item: FetchProof, row: dict[str, Any]) -> dict[str, Any]:
    links = [DocumentLinkDraft(subject_type=SubjectType.LETTER, subject_id=item.letter_id, role=LinkRole.PROOF)]
    if row["client_id"] is not None:
        links.append(
            DocumentLinkDraft(subject_type=SubjectType.CLIENT, subject_id=row["client_id"], role=LinkRole.PROOF)
        )
    return {
        "purpose": "LETTER_PROOF",
        "reference": Ref(type="letter", id=item.letter_id),
        "origin": DocumentOrigin.SYSTEM,
        "links": tuple(links),
        "client_id": row["client_id"],
        "contract_id": row["contract_id"],
        "company_id": row["company_id"],
        "business_date": row["proof_date"],
        "source_key": f"letter:{item.letter_id}:{item.proof}",
    }


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
