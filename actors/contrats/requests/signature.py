"""Recording a signature with its evidence."""

from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.drafting import quotes
from actors.contrats.drafting.lines import refuse_unsellable
from actors.contrats.requests.drafts import take_quote_lines
from actors.contrats.signature.storing import StoreEvidence
from messages.contrats import (
    EVIDENCE_REQUIRED,
    MISSING_BANK_DETAILS,
    MISSING_BILLING_ADDRESS,
    NO_LINES,
    PRICE_NOT_VERIFIED,
    Contract,
    PaymentMethod,
    PriceCheck,
    SignContract,
    SignerRole,
)
from messages.problem import Refused
from messages.products import PriceQuote
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import signature_evidence


async def sign_contract(request: SignContract, work: UnitOfWork) -> Contract:
    """Keep the evidence and order its storing; contract.signed leaves when documents holds it."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    record.move("record_signature", effective_at=request.signed_at)
    await verify_price(record)
    _take_choices(record, request)
    await check_sendable(record)
    _check_evidence(request, work)
    evidence_id = new_id()
    await work.insert(
        signature_evidence,
        id=evidence_id,
        organisation_id=work.organisation_id,
        contract_id=record.id,
        method=request.method,
        signers=[signer.model_dump(mode="json") for signer in request.signers],
        signed_sha256=request.signed_document_sha256,
        signed_document_id=request.signed_document_id,
        mandate_consent=request.mandate_consent,
        withdrawal_form_given=request.withdrawal_form_given,
        signed_at=request.signed_at,
        evidence_document_id=None,
        status="PENDING",
        prev_evidence_sha256=None,
        evidence_sha256=None,
        collected_at=work.now,
        collected_by=work.caller.principal,
    )
    work.order(StoreEvidence(contract_id=record.id, evidence_id=evidence_id), key=str(evidence_id))
    work.record("contract", record.id, after={"signature": request.method, "evidence_id": str(evidence_id)})
    await record.save()
    return record.reply()


async def verify_price(record: ContractRecord) -> None:
    """A draft made while products was down is checked now; without its answer nothing is signed."""
    if record["price_check"] == PriceCheck.UNVERIFIED:
        await verify(record)
    if record["price_check"] not in (PriceCheck.MANUAL, PriceCheck.VERIFIED):
        raise Refused(
            PRICE_NOT_VERIFIED,
            f"the price is {record['price_check']}: products could not confirm the quote; try again, or take a new quote",
        )


async def verify(record: ContractRecord) -> None:
    """Compare the draft with its quote, or take the quote's lines when it has none; nothing changes while products is down."""
    quote = await quotes.quote_of(record["price_quote_ids"][0], record.work)
    if quote is not None:
        await apply_quote(record, quote)


async def apply_quote(record: ContractRecord, quote: PriceQuote) -> None:
    """The quote's answer to a draft."""
    quotes.check_quote(quote, record["client_id"], record["company_id"])
    if record.lines:
        quotes.check_lines(record.lines, quote)
    else:
        await take_quote_lines(record, quotes.lines_from(quote))
    record.set(price_check=PriceCheck.VERIFIED)


def _take_choices(record: ContractRecord, request: SignContract) -> None:
    """What the client decided when he signed."""
    chosen = {name: getattr(request, name) for name in ("bank_details_id", "preferred_debit_day")}
    record.set(
        early_performance_requested=request.early_performance_requested,
        **{name: value for name, value in chosen.items() if value is not None},
    )


async def check_sendable(record: ContractRecord) -> None:
    """A contract that somebody is to sign: something is sold from its first day on, to an address, for money that can come."""
    work = record.work
    if not any(line["valid_from"] <= record["starts_on"] for line in record.lines):
        raise Refused(NO_LINES, "the contract has no line on its first day; add one before the signature")
    sellable = [line["product_id"] for line in record.lines]
    await refuse_unsellable(sellable, work, must_be_known=False)
    if record["billing_address_id"] is None:
        raise Refused(
            MISSING_BILLING_ADDRESS, "the client has no address to bill; add one, then set billing_address_id"
        )
    sepa = record["payment_method"] == PaymentMethod.SEPA_DIRECT_DEBIT
    if sepa and record["bank_details_id"] is None and record["mandate_id"] is None:
        raise Refused(
            MISSING_BANK_DETAILS, "a direct debit needs bank_details_id; record the account with payments first"
        )


def _check_evidence(request: SignContract, work: UnitOfWork) -> None:
    if not any(signer.role is SignerRole.CLIENT for signer in request.signers):
        raise Refused(EVIDENCE_REQUIRED, "no signer has the role CLIENT; add the client's signature")
    latest = max(signer.signed_at for signer in request.signers)
    if request.signed_at > work.now or latest > request.signed_at:
        raise Refused.field(
            "signed_at", "future", "signed_at is the last signer's instant and not in the future; correct it",
            EVIDENCE_REQUIRED,
        )  # fmt: skip
