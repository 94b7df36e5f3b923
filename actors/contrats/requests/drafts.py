"""Drafting a contract: terms, lines and prices, until it is signed or given up."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.drafting import quotes
from actors.contrats.drafting.lines import line_row, lines_begin_on, refuse_unsellable, typed_lines
from actors.contrats.drafting.terms import agreed_terms, refuse_free
from actors.contrats.leaving.giving_up import give_up
from actors.contrats.rules.billing_periods import draft_amounts
from actors.contrats.signature import signing
from messages.base import Empty
from messages.clients import CLIENT_ARCHIVED, CLIENT_NOT_FOUND
from messages.contrats import (
    CONTRACT_CLIENT_BLOCKED,
    MISSING_COMPANY,
    PRICE_MISMATCH,
    REFERENCE_TAKEN,
    USE_AMENDMENT,
    CancelContract,
    Contract,
    ContractCreated,
    ContractStatus,
    ContractUpdated,
    CreateContract,
    PaymentStanding,
    PriceCheck,
    QualityStatus,
    UpdateContract,
)
from messages.contrats.drafts import FreeFields
from messages.contrats.upkeep import CANNOT_DELETE, ContractDeleted, DeleteContract
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.text import search_form
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import (
    client_copy,
    company_copy,
    contract,
    contract_line,
    reference_counter,
    status_history,
)

_FREE_FIELDS = tuple(FreeFields.model_fields)
_NOTHING_YET: dict[str, Any] = dict.fromkeys(
    ("signed_at", "concluded_on", "withdrawal_ends_on", "withdrawal_lapses_at", "first_payment_not_before", "approved_on",
     "gates_met_on", "collection_unlocked_at", "activated_at", "suspended_at", "terminated_at", "mandate_id",
     "termination_ends_on", "planned_until", "document_id", "withdrawal_sent_on", "withdrawal_channel",
     "withdrawal_statement_document_id", "delivered_on", "deleted_at")
)  # fmt: skip


async def create_contract(request: CreateContract, work: UnitOfWork) -> Contract:
    """Draft a contract on a quote, or on lines typed by someone who may set prices."""
    client = await _client(request.client_id, work)
    company_id = await _company(request.company_id, client, work)
    terms = await agreed_terms(request.terms, client, company_id, work)
    lines, price_check = await _priced_lines(request, terms, company_id, work)
    record = await _new_record(request, terms, lines, price_check, client, company_id, work)
    await _refuse_known_reference(record["reference"], work)
    await _refuse_known_external(record)
    await refuse_free(record)
    record.state(ContractCreated)
    await work.insert(contract, **record.row)
    await work.insert_rows(contract_line, record.lines)
    work.record("contract", record.id, after={"status": record.status, "price_check": price_check, "version": 1})
    return record.reply()


async def update_contract(request: UpdateContract, work: UnitOfWork) -> Contract:
    """Replace the terms or the lines of a draft."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    changed = await _write_free_fields(record, request)
    if request.sales_rep_id is not None and request.sales_rep_id != record["sales_rep_id"]:
        work.caller.require("contrats:contract:reassign")
        record.set(sales_rep_id=request.sales_rep_id)
        changed.append("sales_rep_id")
    if request.withdrawal_info_given_on is not None:
        await signing.inform(record, request.withdrawal_info_given_on)
        changed.append("withdrawal_info_given_on")
    if record.status is not ContractStatus.DRAFT and _changes_the_agreement(request):
        raise Refused(USE_AMENDMENT, "only a draft can be changed; agree on an amendment with the client")
    if request.terms is not None:
        client = await _client(record["client_id"], work)
        terms = await agreed_terms(request.terms, client, record["company_id"], work)
        terms["billing_address_id"] = terms["billing_address_id"] or record["billing_address_id"]
        changed += [name for name, value in terms.items() if record[name] != value]
        agreed = record["starts_on"]
        record.set(**terms)
        await lines_begin_on(record, agreed, record["starts_on"])
    if request.lines is not None or request.price_quote_id is not None:
        await _replace_lines(record, request)
        changed.append("lines")
    if not changed:
        return record.reply()
    if record.status is ContractStatus.DRAFT:
        record.set(**draft_amounts(record.row, record.lines))
        await refuse_free(record)
    record.state(ContractUpdated, changed_fields=sorted(set(changed)))
    await record.save()
    return record.reply()


async def cancel_contract(request: CancelContract, work: UnitOfWork) -> Contract:
    """Give up a contract that is not in force; what was billed ahead is given back."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    await give_up(record, request.reason_code, request.comment)
    await record.save()
    return record.reply()


async def delete_contract(request: DeleteContract, work: UnitOfWork) -> Empty:
    """Forget a draft that nobody but the seller has seen; its reference stays taken."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    sent = select(status_history.c.id).where(
        status_history.c.organisation_id == work.organisation_id, status_history.c.contract_id == record.id
    )
    if record.status is not ContractStatus.DRAFT or await work.fetch_one(sent.limit(1)) is not None:
        raise Refused(CANNOT_DELETE, "only a draft that was never sent is deleted; cancel the contract instead")
    record.set(deleted_at=work.now)
    record.state(ContractDeleted, reference=record["reference"])
    work.record("contract", record.id, after={"deleted": request.reason})
    await record.save()
    return Empty()


async def take_quote_lines(record: ContractRecord, lines: Sequence[dict[str, Any]]) -> None:
    """Replace the lines of a draft."""
    work = record.work
    await work.execute(
        delete(contract_line).where(
            contract_line.c.organisation_id == work.organisation_id, contract_line.c.contract_id == record.id
        )
    )
    record.lines = [line_row(line, number, record.row) for number, line in enumerate(lines, 1)]
    await work.insert_rows(contract_line, record.lines)
    record.set(**draft_amounts(record.row, record.lines))


async def _write_free_fields(record: ContractRecord, request: UpdateContract) -> list[str]:
    """Take what was sent, null included; the names of what changed."""
    sent = {name: getattr(request, name) for name in _FREE_FIELDS if name in request.model_fields_set}
    changed = {name: value for name, value in sent.items() if value != record[name]}
    record.set(**changed)
    if {"external_reference", "title"} & changed.keys():
        record.set(search_text=_searched(record.row))
    if "external_reference" in changed:
        await _refuse_known_external(record)
    return list(changed)


def _searched(row: Mapping[str, Any]) -> str | None:
    """What a list finds a contract by beside its reference and its client."""
    words = " ".join(filter(None, (row["external_reference"], row["title"])))
    return search_form(words) or None


async def _refuse_known_external(record: ContractRecord) -> None:
    """A partner's number names one contract of a company."""
    if record["external_reference"] is None:
        return
    other = select(contract.c.id).where(
        contract.c.organisation_id == record.work.organisation_id,
        contract.c.company_id == record["company_id"],
        contract.c.external_reference == record["external_reference"],
        contract.c.id != record.id,
    )
    known = await record.work.fetch_value(other)
    if known is not None:
        text = f"contract {known} has the external_reference {record['external_reference']}; correct it or clear it"
        raise Refused.field("external_reference", "taken", text, REFERENCE_TAKEN)


def _changes_the_agreement(request: UpdateContract) -> bool:
    return any(part is not None for part in (request.terms, request.lines, request.price_quote_id))


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _client(client_id: UUID, work: UnitOfWork) -> Row:
    row = await work.load(
        select(client_copy).where(
            client_copy.c.organisation_id == work.organisation_id, client_copy.c.client_id == client_id
        ),
        "client",
        code=CLIENT_NOT_FOUND,
    )
    if row["archived"]:
        raise Refused(CLIENT_ARCHIVED, "the client is archived; restore him before drafting a contract")
    if row["sales_blocked"] or row["deceased"]:
        why = "has died" if row["deceased"] else "is blocked for new contracts"
        raise Refused(CONTRACT_CLIENT_BLOCKED, f"the client {why}; nothing new is sold to him")
    return row


async def _company(wanted: UUID | None, client: Row, work: UnitOfWork) -> UUID:
    company_id: UUID = wanted or client["company_id"]
    known = await work.fetch_value(
        select(company_copy.c.status).where(
            company_copy.c.organisation_id == work.organisation_id, company_copy.c.company_id == company_id
        )
    )
    if known != "ACTIVE" or not work.caller.sees_company(company_id):
        raise Refused.field(
            "company_id", "unknown", "company_id is not an active company of yours; check it", MISSING_COMPANY
        )
    return company_id


async def _priced_lines(
    request: CreateContract, terms: dict[str, Any], company_id: UUID, work: UnitOfWork
) -> tuple[list[dict[str, Any]], PriceCheck]:
    """The lines and how far their prices are verified: by the quote, later, or by hand."""
    typed = await typed_lines(request.lines, terms, work, must_be_known=request.price_quote_id is None)
    if request.price_quote_id is None:
        work.caller.require("contrats:contract:price_manual")
        return typed, PriceCheck.MANUAL
    quote = await quotes.quote_of(request.price_quote_id, work)
    if quote is None:
        return typed, PriceCheck.UNVERIFIED
    quotes.check_quote(quote, request.client_id, company_id)
    if typed:
        quotes.check_lines(typed, quote)
        return typed, PriceCheck.VERIFIED
    service = {"provider_code": request.provider_code, "service_kind": request.service_kind}
    lines = [line | service for line in quotes.lines_from(quote)]
    await refuse_unsellable([line["product_id"] for line in lines], work, must_be_known=False)
    return lines, PriceCheck.VERIFIED


async def _new_record(
    request: CreateContract,
    terms: dict[str, Any],
    lines: list[dict[str, Any]],
    price_check: PriceCheck,
    client: Row,
    company_id: UUID,
    work: UnitOfWork,
) -> ContractRecord:
    free = {name: getattr(request, name) for name in _FREE_FIELDS}
    row: dict[str, Any] = {
        "id": request.id or new_id(),
        "organisation_id": work.organisation_id,
        "version": 0,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": request.reference or await _next_reference(company_id, work),
        **free,
        "search_text": _searched(free),
        "status": ContractStatus.DRAFT,
        "quality_status": QualityStatus.NOT_SUBMITTED,
        "payment_standing": PaymentStanding.GOOD,
        "consecutive_rejections": 0,
        "client_id": request.client_id,
        "company_id": company_id,
        "renewal_count": 0,
        "withdrawal_applicable": False,
        "withdrawal_ended": False,
        "early_performance_requested": False,
        "currency": "EUR",
        "price_quote_ids": [request.price_quote_id] if request.price_quote_id else [],
        "price_check": price_check,
        "version_no": 1,
        "draft_provider_code": request.provider_code,
        "draft_service_kind": request.service_kind,
        **_NOTHING_YET,
        **terms,
    }
    row["billing_address_id"] = terms["billing_address_id"] or client["billing_address_id"]
    rows = [line_row(line, number, row) for number, line in enumerate(lines, 1)]
    return ContractRecord(row | draft_amounts(row, rows), list(rows), work)


async def _replace_lines(record: ContractRecord, request: UpdateContract) -> None:
    work = record.work
    drafts = request.lines or ()
    lines = await typed_lines(drafts, record.row, work, must_be_known=request.price_quote_id is None)
    if request.price_quote_id is None:
        work.caller.require("contrats:contract:price_manual")
        record.set(price_quote_ids=[], price_check=PriceCheck.MANUAL)
    else:
        record.set(price_quote_ids=[request.price_quote_id], price_check=PriceCheck.UNVERIFIED)
        quote = await quotes.quote_of(request.price_quote_id, work)
        if quote is not None:
            quotes.check_quote(quote, record["client_id"], record["company_id"])
            if lines:
                quotes.check_lines(lines, quote)
            lines = lines or quotes.lines_from(quote)
            record.set(price_check=PriceCheck.VERIFIED)
    if not lines and request.price_quote_id is None:
        raise Refused(PRICE_MISMATCH, "give lines or price_quote_id")
    await take_quote_lines(record, lines)


async def _next_reference(company_id: UUID, work: UnitOfWork) -> str:
    """`CTR-2026-000001`: one counter per organisation, prefix and year of creation."""
    series = f"{(await choices_of(work, company_id)).reference_prefix}-{work.today().year}"
    statement = insert(reference_counter).values(
        organisation_id=work.organisation_id, series=series, last_number=literal(1, Integer)
    )
    number = await work.fetch_value(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "series"],
            set_={"last_number": reference_counter.c.last_number + 1},
        ).returning(reference_counter.c.last_number)
    )
    return f"{series}-{number:06d}"


async def _refuse_known_reference(reference: str, work: UnitOfWork) -> None:
    known = await work.fetch_value(
        select(contract.c.id).where(
            contract.c.organisation_id == work.organisation_id, func.lower(contract.c.reference) == reference.lower()
        )
    )
    if known is not None:
        raise Refused(
            REFERENCE_TAKEN, f"contract {known} has the reference {reference}; choose another or leave it out"
        )
