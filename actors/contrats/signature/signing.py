"""What a signature sets in motion once its evidence is stored."""

import hashlib
from datetime import date, datetime
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.contrats import views
from actors.contrats.billing import bills
from actors.contrats.changes import versions
from actors.contrats.contract_record import ContractRecord
from actors.contrats.letters import client_of
from actors.contrats.renewal import cycles
from actors.contrats.requests.quality import submit
from actors.contrats.rules import billing_periods, legal_delays
from actors.contrats.rules.status import OVER
from actors.contrats.service import links
from actors.contrats.service.gates import open_gates
from messages.contrats import (
    ContractOperationFailed,
    ContractSigned,
    ContractStatus,
    OperationKind,
    PaymentMethod,
)
from messages.contrats.amendments import VersionKind
from messages.contrats.terms import WithdrawalTrigger
from messages.problem import Refused
from runtime.unit_of_work import Row
from storage.contrats.tables import (
    evidence_chain,
    mandate_copy,
    signature_evidence,
)


async def conclude(record: ContractRecord, evidence_id: UUID, document_id: UUID) -> None:
    """The contract is signed: legal dates, first version, services, schedule, and the review of the sale."""
    if record.status is not ContractStatus.AWAITING_SIGNATURE:
        return  # cancelled meanwhile; the stored proof stays in documents
    evidence = await _seal(record, evidence_id, document_id)
    if evidence is None:
        return
    record.move("store_evidence", effective_at=evidence["signed_at"])
    await _set_facts(record, evidence, document_id)
    await versions.freeze(record, VersionKind.INITIAL, record["starts_on"], evidence_id=evidence_id)
    await links.agree(record, record.lines)
    await bills.replan(record)
    await cycles.open_cycle(record)
    record.state(ContractSigned, **_signature_facts(record, evidence, document_id))
    await submit(record)
    await open_gates(record)
    await record.save()


async def give_up(record: ContractRecord, evidence_id: UUID, error: Exception) -> None:
    """The evidence could not be stored: the contract is a draft again."""
    if record.status is not ContractStatus.AWAITING_SIGNATURE:
        return
    record.move("give_up_evidence", reason_code="EVIDENCE_NOT_STORED")
    record.state(
        ContractOperationFailed,
        client_id=record["client_id"],
        operation_id=evidence_id,
        operation=OperationKind.SIGN,
        step="store_evidence",
        error_code=error.code.code if isinstance(error, Refused) else "EVIDENCE_NOT_STORED",
        attempts=1,
    )
    await record.save()


async def inform(record: ContractRecord, given_on: date) -> None:
    """The client got the missing withdrawal form: his right ends fourteen days later."""
    missing = record["withdrawal_applicable"] and record["withdrawal_info_given_on"] is None
    if not missing or record["withdrawal_ended"] or not record["concluded_on"] <= given_on <= record.today:
        raise Refused.field(
            "withdrawal_info_given_on", "range",
            "no form is missing, the right has ended, or the day lies outside; leave it out",
        )  # fmt: skip
    delays = await _delays(record, record["signed_at"], informed=False, given_on=given_on)
    record.set(
        withdrawal_info_given_on=given_on,
        withdrawal_ends_on=delays.withdrawal_ends_on,
        withdrawal_lapses_at=delays.withdrawal_lapses_at,
    )


async def deliver(record: ContractRecord, delivered_on: date) -> bool:
    """Goods were delivered: a right that waits for them runs from the last parcel; whether anything changed."""
    waits = record["withdrawal_trigger"] == WithdrawalTrigger.DELIVERY and not record["withdrawal_ended"]
    if (
        not waits
        or record.status in OVER
        or (record["delivered_on"] is not None and record["delivered_on"] >= delivered_on)
    ):
        return False
    record.set(delivered_on=delivered_on)
    if record["withdrawal_applicable"]:
        given_on = record["withdrawal_info_given_on"]
        informed = given_on is not None and given_on <= delivered_on
        delays = await _delays(record, record["signed_at"], informed=informed, given_on=given_on)
        record.set(withdrawal_ends_on=delays.withdrawal_ends_on, withdrawal_lapses_at=delays.withdrawal_lapses_at)
    return True


async def _set_facts(record: ContractRecord, evidence: Row, document_id: UUID) -> None:
    informed = evidence["withdrawal_form_given"]
    delays = await _delays(record, evidence["signed_at"], informed=informed)
    record.set(
        signed_at=evidence["signed_at"],
        concluded_on=delays.concluded_on,
        withdrawal_applicable=delays.withdrawal_applicable,
        withdrawal_info_given_on=delays.concluded_on if informed else None,
        withdrawal_ends_on=delays.withdrawal_ends_on,
        withdrawal_lapses_at=delays.withdrawal_lapses_at,
        first_payment_not_before=delays.first_payment_not_before,
        document_id=evidence["signed_document_id"] or document_id,
        total_contract_value=billing_periods.term_value(record.row, record.lines),
    )
    if record["payment_method"] == PaymentMethod.SEPA_DIRECT_DEBIT and record["mandate_id"] is None:
        record.set(mandate_id=await _active_mandate(record))


async def _delays(
    record: ContractRecord, signed_at: datetime, *, informed: bool, given_on: date | None = None
) -> legal_delays.Delays:
    client = await client_of(record)
    return legal_delays.delays_of(
        signed_at,
        record.zone,
        record["client_kind"],
        record["sales_channel"],
        client["holiday_zone"] if client is not None else None,
        exemption=record["withdrawal_exemption"],
        trigger=record["withdrawal_trigger"],
        delivered_on=record["delivered_on"],
        informed=informed,
        information_given_on=given_on,
    )


async def _active_mandate(record: ContractRecord) -> UUID | None:
    """A mandate of this contract, or a general one of the client for this company."""
    work = record.work
    rows = await work.fetch(
        select(mandate_copy.c.mandate_id, mandate_copy.c.contract_id).where(
            mandate_copy.c.organisation_id == work.organisation_id,
            mandate_copy.c.client_id == record["client_id"],
            mandate_copy.c.company_id == record["company_id"],
            mandate_copy.c.status == "ACTIVE",
        )
    )
    own = [row["mandate_id"] for row in rows if row["contract_id"] == record.id]
    general = [row["mandate_id"] for row in rows if row["contract_id"] is None]
    found: UUID | None = next(iter(own + general), None)
    return found


def _signature_facts(record: ContractRecord, evidence: Row, document_id: UUID) -> dict[str, Any]:
    consent = {"document_id": record["document_id"], "signed_at": evidence["signed_at"], "evidence_id": evidence["id"]}
    names = (
        "signed_at", "concluded_on", "withdrawal_applicable", "withdrawal_ends_on", "first_payment_not_before",
        "early_performance_requested", "mandate_scheme", "bank_details_id", "mandate_id", "preferred_debit_day",
        "debit_slot", "return_url",
    )  # fmt: skip
    return {name: record[name] for name in names} | {
        "evidence_id": evidence["id"],
        "signature_evidence_document_id": document_id,
        "total_contract_value": views.money(record["total_contract_value"], record["currency"]),
        "mandate_consent": consent if evidence["mandate_consent"] else None,
    }


async def _seal(record: ContractRecord, evidence_id: UUID, document_id: UUID) -> Row | None:
    """Link the evidence to the organisation's chain: each hash covers the one before it."""
    work = record.work
    row = await work.fetch_one(
        select(signature_evidence).where(
            signature_evidence.c.organisation_id == work.organisation_id,
            signature_evidence.c.id == evidence_id,
            signature_evidence.c.status == "PENDING",
        )
    )
    if row is None:
        return None
    first = insert(evidence_chain).values(organisation_id=work.organisation_id, head_sha256="", length=0)
    await work.execute(first.on_conflict_do_nothing())
    head = await work.fetch_value(
        select(evidence_chain.c.head_sha256)
        .where(evidence_chain.c.organisation_id == work.organisation_id)
        .with_for_update()
    )
    digest = evidence_hash(head, row, document_id)
    await work.execute(
        update(evidence_chain)
        .where(evidence_chain.c.organisation_id == work.organisation_id)
        .values(head_sha256=digest, length=evidence_chain.c.length + 1)
    )
    sealed = {"evidence_document_id": document_id, "prev_evidence_sha256": head, "evidence_sha256": digest}
    await work.execute(
        update(signature_evidence)
        .where(signature_evidence.c.organisation_id == work.organisation_id, signature_evidence.c.id == evidence_id)
        .values(status="STORED", **sealed)
    )
    return dict(row) | sealed


def evidence_hash(previous: str, evidence: Row, document_id: UUID) -> str:
    """SHA-256 of the previous hash and the canonical JSON of the evidence."""
    body = {
        "id": str(evidence["id"]),
        "contract_id": str(evidence["contract_id"]),
        "method": evidence["method"],
        "signers": evidence["signers"],
        "signed_sha256": evidence["signed_sha256"],
        "signed_document_id": str(evidence["signed_document_id"]) if evidence["signed_document_id"] else None,
        "mandate_consent": evidence["mandate_consent"],
        "signed_at": evidence["signed_at"].isoformat(),
        "evidence_document_id": str(document_id),
    }
    # Only electronic signatures have these; the hashes of older evidence stay what they were.
    body |= {name: evidence[name] for name in ("level", "provider", "original_sha256") if evidence[name] is not None}
    return hashlib.sha256(previous.encode() + rfc8785.dumps(body)).hexdigest()
