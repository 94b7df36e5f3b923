"""Slow work at the signature provider: put a file before the signers, and take it back."""

import base64
import hashlib
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats.contract_record import ContractRecord
from actors.contrats.settings import ContratsSettings
from actors.contrats.signature import procedures
from actors.contrats.yousign.client import YousignClient
from actors.contrats.yousign.provider import Envelope, EnvelopeState, Person, Signatures
from messages.contrats.signatures import (
    SIGNATURE_PROVIDER_MISSING,
    SIGNATURE_PROVIDER_REFUSED,
    AuthenticationMode,
    ContractSentForSignature,
    SignatureLevel,
    SignatureStatus,
)
from messages.documents import OpenContent
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.contrats.tables import contract, signature_request, signer
from storage.shared.statements import render

PERSONAL = "PII"
_LARGEST_FILE = 20 * 1024 * 1024


class PrepareEnvelope(WorkItem):
    """A file is to be put before its signers."""

    signature_request_id: UUID


class CancelEnvelope(WorkItem):
    """A file is to be taken back from its signers."""

    provider_request_id: str


def account() -> tuple[str, str]:
    """Address and key of the configured account; SIGNATURE_PROVIDER_MISSING when there is none."""
    settings = ContratsSettings()
    if settings.yousign_url is None:
        raise Refused(
            SIGNATURE_PROVIDER_MISSING, "set CRM_CONTRATS_YOUSIGN_URL and its key, or record a paper signature"
        )
    return settings.yousign_url, settings.yousign_api_key.get_secret_value()


def provider() -> Signatures:
    """The configured provider; its connections are kept as long as the process lives."""
    return _connected(*account())


@cache
def _connected(url: str, api_key: str) -> YousignClient:
    return YousignClient(url, api_key)


async def open_envelope(item: PrepareEnvelope, outside: Outside) -> EnvelopeState | None:
    """The envelope at the provider, made once however often this runs; None when it is no longer wanted."""
    found = await read_request(item.signature_request_id, outside)
    if found is None or found[0]["status"] != SignatureStatus.PREPARING:
        return None
    row, signers, agreement = found
    content = await _file_of(row["document_id"], outside)
    if hashlib.sha256(content).hexdigest() != row["document_sha256"]:
        raise Refused(SIGNATURE_PROVIDER_REFUSED, "the file is not the one that was frozen; send the contract again")
    envelope = Envelope(
        external_id=str(row["id"]),
        name=f"Contrat {agreement['reference']}",
        level=SignatureLevel(row["level"]),
        expires_at=row["expires_at"],
        filename=f"{agreement['reference']}.pdf",
        content=content,
        signers=[await _person(signer, outside) for signer in signers],
    )
    return await provider().open(envelope)


async def envelope_opened(item: PrepareEnvelope, state: EnvelopeState | None, work: UnitOfWork) -> None:
    """The signers have been asked."""
    held = await procedures.hold(item.signature_request_id, work)
    if state is None or held is None:
        return
    record, row = held
    if row["status"] != SignatureStatus.PREPARING:  # recalled meanwhile
        work.order(CancelEnvelope(provider_request_id=state.provider_request_id), key=state.provider_request_id)
        return
    await procedures.move(row, "activate", work, provider_request_id=state.provider_request_id, read_at=work.now)
    signers = await procedures.signers_of(row["id"], work)
    for person, seen in zip(signers, state.signers, strict=True):
        await work.execute(
            update(signer)
            .where(signer.c.organisation_id == work.organisation_id, signer.c.id == person["id"])
            .values(provider_signer_id=seen.provider_signer_id, status=seen.status)
        )
    record.state(ContractSentForSignature, request_id=row["id"], level=row["level"], expires_at=row["expires_at"])
    await record.save()


async def envelope_lost(item: PrepareEnvelope, error: Exception, work: UnitOfWork) -> None:
    """The provider refuses, or cannot be reached for good: back to the draft, and somebody must look."""
    held = await procedures.hold(item.signature_request_id, work)
    if held is None or held[1]["status"] != SignatureStatus.PREPARING:
        return
    record, row = held
    code = error.code.code if isinstance(error, Refused) else "PROVIDER_SILENT"
    await procedures.failed(record, row, "open_envelope", code, work)
    await record.save()


async def take_back(record: ContractRecord) -> None:
    """The contract is given up: a file that lies before signers is taken back."""
    row = await procedures.open_of(record.id, record.work)
    if row is None:
        return
    await procedures.move(row, "cancel", record.work)
    if row["provider_request_id"] is not None:
        record.work.order(
            CancelEnvelope(provider_request_id=row["provider_request_id"]), key=row["provider_request_id"]
        )


async def cancel_envelope(item: CancelEnvelope, outside: Outside) -> None:
    """Take the file back."""
    await provider().cancel(item.provider_request_id)


async def envelope_cancelled(item: CancelEnvelope, result: None, work: UnitOfWork) -> None:
    """Nothing is left to do: the contract went its way when the file was recalled."""


async def read_request(
    request_id: UUID, outside: Outside
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]] | None:
    """The request, its signers and its contract, read outside any change."""
    own = outside.organisation_id
    request = select(signature_request).where(
        signature_request.c.organisation_id == own, signature_request.c.id == request_id
    )
    people = (
        select(signer)
        .where(signer.c.organisation_id == own, signer.c.signature_request_id == request_id)
        .order_by(signer.c.position)
    )
    async with outside.heart.database.transaction(own, read_only=True) as connection:
        sql, arguments = render(request)
        row = await connection.fetchrow(sql, *arguments)
        if row is None:
            return None
        sql, arguments = render(people)
        signers = [dict(found) for found in await connection.fetch(sql, *arguments)]
        agreed = select(contract).where(contract.c.organisation_id == own, contract.c.id == row["contract_id"])
        sql, arguments = render(agreed)
        return dict(row), signers, dict(await connection.fetchrow(sql, *arguments))


async def _person(row: dict[str, Any], outside: Outside) -> Person:
    return Person(
        first_name=row["first_name"],
        last_name=row["last_name"],
        email=await contact(row, "email", outside) or "",
        phone=await contact(row, "phone", outside),
        authentication=AuthenticationMode(row["authentication"]),
    )


async def contact(row: dict[str, Any], column: str, outside: Outside) -> str | None:
    """A signer's address in clear, for the time of one call."""
    if row[column] is None:
        return None
    own = outside.organisation_id
    return await outside.heart.keys.decrypt(
        row[column], organisation_id=own, domain=PERSONAL, table="signer", column=column, row_id=row["id"]
    )


async def _file_of(document_id: UUID, outside: Outside) -> bytes:
    content, offset = bytearray(), 0
    while True:
        part = await outside.ask(OpenContent(document_id=document_id, purpose="SIGNATURE", offset=offset))
        content += base64.b64decode(part.content_base64)
        if part.next_offset is None or len(content) > _LARGEST_FILE:
            return bytes(content)
        offset = part.next_offset
