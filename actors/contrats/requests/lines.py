"""The lines of a draft one by one, and the lines of any contract to read."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord, lines_of, load
from actors.contrats.drafting.lines import line_row, typed_lines
from actors.contrats.drafting.terms import refuse_free
from actors.contrats.rules.billing_periods import draft_amounts
from messages.contrats import USE_AMENDMENT, Contract, ContractLine, ContractStatus, ContractUpdated, PriceCheck
from messages.contrats.lines import (
    CONTRACT_LINE_NOT_FOUND,
    AddContractLine,
    ContractLinePage,
    GetContractLine,
    ListContractLines,
    RemoveContractLine,
    UpdateContractLine,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import contract_line


async def add_contract_line(request: AddContractLine, work: UnitOfWork) -> Contract:
    """One thing more is sold; a price typed by hand belongs to no quote any more."""
    record = await _draft(request.contract_id, request.expected_version, work)
    (line,) = await typed_lines([request.line], record.row, work, must_be_known=True)
    number = max((known["line_no"] for known in record.lines), default=0) + 1
    await work.insert(contract_line, **line_row(line, number, record.row))
    return await _recounted(record)


async def update_contract_line(request: UpdateContractLine, work: UnitOfWork) -> Contract:
    """A line is written anew."""
    record = await _draft((await _find(request.line_id, work))["contract_id"], request.expected_version, work)
    known = await _find(request.line_id, work)  # again, now that nobody else can change it
    (line,) = await typed_lines([request.line], record.row, work, must_be_known=True)
    row = line_row(line, known["line_no"], record.row) | {"id": known["id"]}
    await work.execute(update(contract_line).where(*_one(known["id"], work)).values(**row))
    return await _recounted(record)


async def remove_contract_line(request: RemoveContractLine, work: UnitOfWork) -> Contract:
    """A line is taken out; what is sent for signature has one at least."""
    record = await _draft((await _find(request.line_id, work))["contract_id"], request.expected_version, work)
    await work.execute(delete(contract_line).where(*_one(request.line_id, work)))
    return await _recounted(record)


async def get_contract_line(request: GetContractLine, work: UnitOfWork) -> ContractLine:
    """One line."""
    row = await _find(request.line_id, work)
    record = await load(row["contract_id"], work, lock=False)
    return views.line_of(row, record["currency"])


async def list_contract_lines(request: ListContractLines, work: UnitOfWork) -> ContractLinePage:
    """The lines of a contract in their order."""
    record = await load(request.contract_id, work, lock=False)
    statement = select(contract_line).where(
        contract_line.c.organisation_id == work.organisation_id, contract_line.c.contract_id == request.contract_id
    )
    ends = contract_line.c.valid_to
    if request.as_of is None:
        statement = statement.where(ends.is_(None))
    else:
        begun = contract_line.c.valid_from <= request.as_of
        statement = statement.where(begun, or_(ends.is_(None), ends >= request.as_of))
    return await page(
        work,
        request,
        statement,
        order=(contract_line.c.line_no,),
        reply=ContractLinePage,
        item=lambda row: views.line_of(row, record["currency"]),
    )


async def _draft(contract_id: UUID, expected_version: int, work: UnitOfWork) -> ContractRecord:
    record = await load(contract_id, work, expected_version=expected_version)
    if record.status is not ContractStatus.DRAFT:
        raise Refused(USE_AMENDMENT, "only a draft can be changed; agree on an amendment with the client")
    work.caller.require("contrats:contract:price_manual")
    return record


async def _recounted(record: ContractRecord) -> Contract:
    """The draft with its lines and amounts as they are now."""
    record.lines = list(await lines_of(record.id, record.work))
    record.set(price_quote_ids=[], price_check=PriceCheck.MANUAL, **draft_amounts(record.row, record.lines))
    await refuse_free(record)
    record.state(ContractUpdated, changed_fields=("lines",))
    await record.save()
    return record.reply()


async def _find(line_id: UUID, work: UnitOfWork) -> Row:
    statement = select(contract_line).where(*_one(line_id, work))
    return await work.load(statement, "contract line", code=CONTRACT_LINE_NOT_FOUND)


def _one(line_id: UUID, work: UnitOfWork) -> tuple[Any, Any]:
    return contract_line.c.organisation_id == work.organisation_id, contract_line.c.id == line_id
