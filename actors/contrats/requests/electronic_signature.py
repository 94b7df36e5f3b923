"""Electronic signature: sent, recalled, looked at, and what the provider reports."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from actors.contrats.changes import proposals
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.letters import ask_for_file
from actors.contrats.requests.signature import check_sendable, verify_price
from actors.contrats.rules.legal_delays import withdrawal_applies
from actors.contrats.rules.signatures import level_for
from actors.contrats.settings import ContratsSettings
from actors.contrats.signature import procedures
from actors.contrats.signature.envelopes import PERSONAL, CancelEnvelope, PrepareEnvelope, account
from actors.contrats.signature.reconciling import ReadEnvelope
from actors.contrats.signature.reminding import RemindSigners
from actors.contrats.yousign.webhooks import report_of
from messages.base import Empty
from messages.contrats import EVIDENCE_REQUIRED, ContractUpdated, SignerRole
from messages.contrats.signatures import (
    MISSING_SIGNER_CONTACT,
    SIGNATURE_NOT_ONGOING,
    WITHDRAWAL_FORM_MISSING,
    AuthenticationMode,
    DocumentPurpose,
    GetSignatureRequest,
    HandleSignatureWebhook,
    RecallSignature,
    ResendSignature,
    SendContractForSignature,
    SignatureProvider,
    SignatureRequest,
    SignatureStatus,
    SignerDraft,
    SignerStatus,
)
from messages.documents import DocumentGenerated, GetDocument
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import signature_request, signature_webhook, signer


async def send_contract_for_signature(request: SendContractForSignature, work: UnitOfWork) -> SignatureRequest:
    """Freeze the draft; a worker puts its file before the signers once there is one."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    record.move("send_for_signature")
    await verify_price(record)
    _take_choices(record, request)
    await check_sendable(record)
    _check_signers(request)
    if request.document_id is not None:
        _check_withdrawal_form(record, request)
    account()  # refuses at once where none is configured
    row = await _keep(record, request)
    if request.document_id is None:
        _ask_for_file(record, row)
    else:
        work.order(PrepareEnvelope(signature_request_id=row["id"]), key=str(row["id"]))
    work.record("contract", record.id, after={"signature_request": str(row["id"]), "level": row["level"]})
    await record.save()
    return await procedures.reply(row, work)


async def recall_signature(request: RecallSignature, work: UnitOfWork) -> SignatureRequest:
    """Take the file back; the contract is a draft again."""
    known = await procedures.load(request.signature_request_id, work)
    record = await load(known["contract_id"], work)
    row = await procedures.load(request.signature_request_id, work)  # again, now that nobody else can change it
    if row["status"] not in (SignatureStatus.PREPARING, SignatureStatus.ONGOING):
        raise Refused(SIGNATURE_NOT_ONGOING, f"the request is {row['status']}; send the contract again")
    recalled = await procedures.move(row, "cancel", work)
    record.move("recall_signature", reason_code="RECALLED")
    record.state(ContractUpdated, changed_fields=("status",))
    if row["provider_request_id"] is not None:
        work.order(CancelEnvelope(provider_request_id=row["provider_request_id"]), key=row["provider_request_id"])
    await record.save()
    return await procedures.reply(recalled, work)


async def resend_signature(request: ResendSignature, work: UnitOfWork) -> SignatureRequest:
    """Have the provider write once more to those who have not signed."""
    row = await procedures.load(request.signature_request_id, work)
    await load(row["contract_id"], work, lock=False)
    if row["status"] != SignatureStatus.ONGOING:
        raise Refused(SIGNATURE_NOT_ONGOING, f"the request is {row['status']}; nobody is asked to sign, send it first")
    work.order(RemindSigners(signature_request_id=row["id"]), key=f"{row['id']}:{work.now.isoformat()}")
    return await procedures.reply(row, work)


async def get_signature_request(request: GetSignatureRequest, work: UnitOfWork) -> SignatureRequest:
    """Where it stands."""
    row = await procedures.load(request.signature_request_id, work)
    await load(row["contract_id"], work, lock=False)
    return await procedures.reply(row, work)


async def handle_signature_webhook(request: HandleSignatureWebhook, work: UnitOfWork) -> Empty:
    """A reason to look at the provider; each event counts once, none is believed."""
    settings = ContratsSettings()
    report = report_of(
        request.headers,
        request.raw_body_b64,
        secret=settings.yousign_webhook_secret.get_secret_value(),
        sandbox=settings.yousign_is_sandbox,
    )
    taken = insert(signature_webhook).values(
        organisation_id=work.organisation_id, provider=request.provider, event_id=report.event_id, received_at=work.now
    )
    if await work.execute(taken.on_conflict_do_nothing()) == 0:
        return Empty()
    about = [signature_request.c.provider_request_id == report.provider_request_id]
    if report.external_id is not None:
        about.append(signature_request.c.id == report.external_id)
    found = await work.fetch_value(
        select(signature_request.c.id).where(
            signature_request.c.organisation_id == work.organisation_id,
            signature_request.c.provider == request.provider,
            or_(*about),
        )
    )
    if found is not None:
        work.order(ReadEnvelope(signature_request_id=found), key=f"{found}:{report.event_id}")
    return Empty()


async def take_generated_file(event: DocumentGenerated, work: UnitOfWork) -> None:
    """The file of a contract is rendered: it goes before the signers; that of an amendment is kept beside it."""
    if event.request_id is None:
        return
    await proposals.keep_file(event.request_id, event.document_id, event.sha256, work)
    held = await procedures.hold(event.request_id, work)
    if held is None or held[1]["status"] != SignatureStatus.PREPARING or held[1]["document_id"] is not None:
        return
    request_id: UUID = held[1]["id"]
    await procedures.change(request_id, work, document_id=event.document_id, document_sha256=event.sha256)
    work.order(PrepareEnvelope(signature_request_id=request_id), key=str(request_id))


def _take_choices(record: ContractRecord, request: SendContractForSignature) -> None:
    chosen = {name: getattr(request, name) for name in ("bank_details_id", "preferred_debit_day")}
    record.set(
        early_performance_requested=request.early_performance_requested,
        **{name: value for name, value in chosen.items() if value is not None},
    )


def _check_signers(request: SendContractForSignature) -> None:
    if not any(person.role is SignerRole.CLIENT for person in request.signers):
        raise Refused(EVIDENCE_REQUIRED, "no signer has the role CLIENT; add the client")
    for number, person in enumerate(request.signers):
        if person.authentication is AuthenticationMode.OTP_SMS and person.phone is None:
            raise Refused.field(
                f"signers.{number}.phone", "missing", "a code by SMS needs the signer's phone; give it or choose OTP_EMAIL",
                MISSING_SIGNER_CONTACT,
            )  # fmt: skip


def _check_withdrawal_form(record: ContractRecord, request: SendContractForSignature) -> None:
    """A consumer who may withdraw gets the form in the file he signs (Code de la consommation, art. L221-9)."""
    applies = withdrawal_applies(record["client_kind"], record["sales_channel"])
    if applies and record["withdrawal_exemption"] is None and not request.withdrawal_form_included:
        raise Refused(
            WITHDRAWAL_FORM_MISSING, "the file must hold the withdrawal form; confirm withdrawal_form_included"
        )


async def _keep(record: ContractRecord, request: SendContractForSignature) -> Row:
    work = record.work
    document = await work.ask(GetDocument(document_id=request.document_id)) if request.document_id else None
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "contract_id": record.id,
        "provider": SignatureProvider.YOUSIGN,
        "provider_request_id": None,
        "level": level_for(record.row, request.level),
        "status": SignatureStatus.PREPARING,
        "document_id": request.document_id,
        "document_sha256": document.sha256 if document is not None else None,
        "include_mandate": request.include_mandate,
        "expires_at": work.now + timedelta(days=request.expires_in_days),
        "read_at": None,
        "last_error": None,
        "created_at": work.now,
        "created_by": work.caller.principal,
    }
    await work.insert(signature_request, **row)
    for position, person in enumerate(request.signers, 1):
        await work.insert(signer, **await _signer_row(row["id"], position, person, work))
    return row


async def _signer_row(request_id: Any, position: int, person: SignerDraft, work: UnitOfWork) -> dict[str, Any]:
    identity, own = new_id(), work.organisation_id

    async def hidden(column: str, value: str | None) -> bytes | None:
        if value is None:
            return None
        return await work.keys.encrypt(
            value, organisation_id=own, domain=PERSONAL, table="signer", column=column, row_id=identity
        )

    return {
        "id": identity,
        "organisation_id": own,
        "signature_request_id": request_id,
        "position": position,
        "role": person.role,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": await hidden("email", person.email),
        "phone": await hidden("phone", person.phone),
        "authentication": person.authentication,
        "provider_signer_id": None,
        "status": SignerStatus.PENDING,
        "signed_at": None,
        "decline_reason": None,
    }


def _ask_for_file(record: ContractRecord, row: Row) -> None:
    data = {
        "contract": record.reply().model_dump(mode="json"),
        "withdrawal_form": record["client_kind"] != "BUSINESS",
    }
    purpose = DocumentPurpose.CONTRACT_SIGNATURE
    ask_for_file(record, row["id"], purpose, data, include_mandate=row["include_mandate"])
