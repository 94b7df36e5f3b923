"""Numbers brought from another operator: ordered, cancelled, listed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.contrats import views
from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.requests.service import refuse_while_running
from actors.contrats.rules.gates import closed_gates
from actors.contrats.rules.port_in import checked_number, checked_rio, masked, port_day
from actors.contrats.service import links, operations, porting
from messages.contrats import GATE_NOT_MET, ContractOperation, Gate
from messages.contrats.port_ins import (
    ALREADY_PORTING,
    PORT_DATE_TOO_EARLY,
    PORT_IN_NOT_FOUND,
    CancelPortIn,
    ContractPortInRequested,
    ListPortIns,
    PortIn,
    PortInContract,
    PortInPage,
)
from messages.contrats.states import PortInStatus
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import port_in

_PERSONAL = "PII"


async def port_in_contract(request: PortInContract, work: UnitOfWork) -> ContractOperation:
    """Order the number; the contract starts when it has arrived."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    number = checked_number(request.msisdn)
    rio = checked_rio(request.rio, number)
    required = (await choices_of(work, record["company_id"])).required_gates - {Gate.START_DATE}
    closed = closed_gates(record.row, record.today, required)
    if closed:
        raise Refused(
            GATE_NOT_MET, f"closed: {', '.join(closed)}; open them first", details={"gates": list(map(str, closed))}
        )
    await refuse_while_running(record)
    day = port_day(record.today, request.wanted_on)
    link = await _link_of(record, request.line_id)
    operation = await operations.wait_for_port(record, link, key=f"PORT_IN:{new_id()}")
    row = await _keep(record, request.line_id, operation["id"], number, rio) | {"scheduled_on": day}
    if not await work.execute(insert(port_in).values(**row).on_conflict_do_nothing()):
        raise Refused(ALREADY_PORTING, "the number is being brought already; cancel that port-in first")
    record.state(ContractPortInRequested, port_in_id=row["id"], msisdn_masked=row["msisdn_masked"], scheduled_on=day)
    await record.save()
    return views.operation_of(operation)


async def cancel_port_in(request: CancelPortIn, work: UnitOfWork) -> PortIn:
    """The number stays where it is."""
    record = await load((await _find(request.port_in_id, work))["contract_id"], work)
    row = await _find(request.port_in_id, work)  # again, now that nobody else can change it
    if record.today >= row["scheduled_on"]:
        raise Refused(PORT_DATE_TOO_EARLY, f"the number moves on {row['scheduled_on']}; it is too late to keep it")
    cancelled = await porting.move(row, "cancel", work)
    await operations.cancel(record, dict(await operations.load(row["operation_id"], work)))
    await record.save()
    return views.port_in_of(cancelled)


async def list_port_ins(request: ListPortIns, work: UnitOfWork) -> PortInPage:
    """The numbers of a contract."""
    await load(request.contract_id, work, lock=False)
    return await page(
        work,
        request,
        select(port_in).where(
            port_in.c.organisation_id == work.organisation_id, port_in.c.contract_id == request.contract_id
        ),
        order=(port_in.c.id,),
        descending=True,
        reply=PortInPage,
        item=views.port_in_of,
    )


async def _find(port_in_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(
        select(port_in).where(port_in.c.organisation_id == work.organisation_id, port_in.c.id == port_in_id),
        "port-in",
        code=PORT_IN_NOT_FOUND,
    )


async def _link_of(record: ContractRecord, line_id: UUID) -> Row:
    for link in await links.links_of(record.id, record.work):
        if link["line_id"] == line_id:
            return link
    raise Refused.field("line_id", "unknown", "line_id names no service of this contract; read its lines")


async def _keep(record: ContractRecord, line_id: UUID, operation_id: UUID, number: str, rio: str) -> dict[str, object]:
    work, identity = record.work, new_id()

    async def hidden(column: str, value: str) -> bytes:
        return await work.keys.encrypt(
            value,
            organisation_id=work.organisation_id,
            domain=_PERSONAL,
            table="port_in",
            column=column,
            row_id=identity,
        )

    return {
        "id": identity,
        "organisation_id": work.organisation_id,
        "contract_id": record.id,
        "line_id": line_id,
        "operation_id": operation_id,
        "msisdn_masked": masked(number),
        "msisdn_index": await work.keys.index(IndexKind.PHONE, f"+33{number[1:]}", work.organisation_id),
        "msisdn": await hidden("msisdn", number),
        "rio": await hidden("rio", rio),
        "status": PortInStatus.REQUESTED,
        "refusal_code": None,
    }
