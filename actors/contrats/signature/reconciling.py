"""Slow work: read a request for signatures at the provider, and let the contract follow what is found.

A webhook is only a reason to look: so duplicates, lost ones and their order change nothing.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import update

from actors.contrats.signature import procedures, signing
from actors.contrats.signature.envelopes import CancelEnvelope, contact, provider, read_request
from actors.contrats.yousign.provider import EnvelopeState
from messages.contrats import SignatureMethod
from messages.contrats.signatures import SignatureStatus, SignerStatus
from messages.documents import (
    Confidentiality,
    DocumentLinkDraft,
    DocumentOrigin,
    DocumentType,
    LinkRole,
    StoreDocument,
    SubjectType,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.contrats.tables import signature_evidence, signer


class ReadEnvelope(WorkItem):
    """A request for signatures is to be read at the provider."""

    signature_request_id: UUID


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the proof, kept by documents."""

    document_id: UUID
    sha256: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the provider says, and the files of a finished signature, stored already."""

    state: EnvelopeState
    signed: StoredFile | None = None
    trails: tuple[StoredFile, ...] = ()
    contacts: tuple[dict[str, str], ...] = field(default=())


async def read_envelope(item: ReadEnvelope, outside: Outside) -> Finding | None:
    """Read the provider; of a finished signature store the signed file and every signer's audit trail first."""
    found = await read_request(item.signature_request_id, outside)
    if found is None or found[0]["status"] != SignatureStatus.ONGOING:
        return None
    row, signers, agreement = found
    signatures = provider()
    state = await signatures.read(row["provider_request_id"])
    if state.status is not SignatureStatus.DONE:
        return Finding(state)
    signed = await _store(await signatures.signed_file(state.provider_request_id), "signed", row, agreement, outside)
    trails = []
    for number, seen in enumerate(state.signers, 1):
        trail = await signatures.audit_trail(state.provider_request_id, seen.provider_signer_id)
        trails.append(await _store(trail, f"audit-{number}", row, agreement, outside))
    contacts = [await _hashed(person, outside) for person in signers]
    return Finding(state, signed, tuple(trails), tuple(contacts))


async def envelope_read(item: ReadEnvelope, finding: Finding | None, work: UnitOfWork) -> None:
    """Let signers, request and contract follow."""
    held = await procedures.hold(item.signature_request_id, work)
    if finding is None or held is None or held[1]["status"] != SignatureStatus.ONGOING:
        return
    record, row = held
    state = finding.state
    await procedures.change(row["id"], work, read_at=work.now)
    await _follow_signers(row, state, work)
    match state.status:
        case SignatureStatus.DONE if finding.signed is not None:
            await procedures.move(row, "finish", work)
            evidence_id = await _keep_evidence(row, finding, work)
            await signing.conclude(record, evidence_id, finding.trails[0].document_id)
            return
        case SignatureStatus.DECLINED:
            reason = next((seen.decline_reason for seen in state.signers if seen.decline_reason), None)
            await procedures.declined(record, row, reason, work)
        case SignatureStatus.EXPIRED | SignatureStatus.CANCELLED:
            await procedures.expired(record, row, work)
        case _ if row["expires_at"] <= work.now:
            await procedures.expired(record, row, work)
            work.order(CancelEnvelope(provider_request_id=state.provider_request_id), key=state.provider_request_id)
    await record.save()


async def reading_gave_up(item: ReadEnvelope, error: Exception, work: UnitOfWork) -> None:
    """The provider cannot be read: what is past its last day expires, everything else is asked for again later."""
    held = await procedures.hold(item.signature_request_id, work)
    if held is None or held[1]["status"] != SignatureStatus.ONGOING or held[1]["expires_at"] > work.now:
        return
    await procedures.expired(*held, work)
    await held[0].save()


async def _follow_signers(row: Row, state: EnvelopeState, work: UnitOfWork) -> None:
    for seen in state.signers:
        await work.execute(
            update(signer)
            .where(
                signer.c.organisation_id == work.organisation_id,
                signer.c.signature_request_id == row["id"],
                signer.c.provider_signer_id == seen.provider_signer_id,
            )
            .values(status=seen.status, signed_at=seen.signed_at, decline_reason=seen.decline_reason)
        )


async def _keep_evidence(row: Row, finding: Finding, work: UnitOfWork) -> UUID:
    """The evidence of a finished signature; the last mandatory signer's instant counts."""
    signed = [seen.signed_at for seen in finding.state.signers if seen.status is SignerStatus.SIGNED and seen.signed_at]
    evidence_id, people = new_id(), await procedures.signers_of(row["id"], work)
    await work.insert(
        signature_evidence,
        id=evidence_id,
        organisation_id=work.organisation_id,
        contract_id=row["contract_id"],
        method=SignatureMethod.ELECTRONIC,
        signers=[
            _evidence_of(person, hashes, trail)
            for person, hashes, trail in zip(people, finding.contacts, finding.trails, strict=True)
        ],
        signed_sha256=finding.signed.sha256 if finding.signed else "",
        signed_document_id=finding.signed.document_id if finding.signed else None,
        mandate_consent=row["include_mandate"],
        signed_at=max(signed, default=work.now),
        evidence_document_id=None,
        status="PENDING",
        prev_evidence_sha256=None,
        evidence_sha256=None,
        collected_at=work.now,
        collected_by=work.caller.principal,
        level=row["level"],
        provider=row["provider"],
        original_sha256=row["document_sha256"],
    )
    return evidence_id


def _evidence_of(person: Row, hashes: dict[str, str], trail: StoredFile) -> dict[str, Any]:
    return {
        "role": person["role"],
        "full_name": f"{person['first_name']} {person['last_name']}",
        "authentication": person["authentication"],
        "signed_at": person["signed_at"].isoformat() if person["signed_at"] else None,
        "audit_trail_document_id": str(trail.document_id),
        "audit_trail_sha256": trail.sha256,
        **hashes,
    }


async def _hashed(person: dict[str, Any], outside: Outside) -> dict[str, str]:
    keys = outside.heart.keys
    email, phone = await contact(person, "email", outside), await contact(person, "phone", outside)
    found = {"email_sha256": keys.fingerprint(IndexKind.EMAIL, email or "")}
    return found | ({"phone_sha256": keys.fingerprint(IndexKind.PHONE, phone)} if phone else {})


async def _store(
    content: bytes, part: str, row: dict[str, Any], agreement: dict[str, Any], outside: Outside
) -> StoredFile:
    """Keep a file of the proof; the source key makes a repetition find the same document."""
    stored = await outside.ask(
        StoreDocument(
            type=DocumentType.CONTRACT_SIGNED,
            purpose="SIGNED_CONTRACT" if part == "signed" else "SIGNATURE_EVIDENCE",
            reference=Ref(type="contract", id=row["contract_id"]),
            origin=DocumentOrigin.SYSTEM,
            filename=f"{agreement['reference']}-{part}.pdf",
            content_base64=base64.b64encode(content).decode(),
            declared_mime="application/pdf",
            title=f"Contrat signé {agreement['reference']}" if part == "signed" else f"Preuve {agreement['reference']}",
            links=(
                DocumentLinkDraft(
                    subject_type=SubjectType.CONTRACT,
                    subject_id=row["contract_id"],
                    role=LinkRole.MAIN if part == "signed" else LinkRole.PROOF,
                ),
            ),
            client_id=agreement["client_id"],
            contract_id=row["contract_id"],
            company_id=agreement["company_id"],
            source_key=f"signature:{row['id']}:{part}",
            confidentiality=Confidentiality.CLIENT_VISIBLE,
        )
    )
    return StoredFile(stored.document.id, hashlib.sha256(content).hexdigest())
