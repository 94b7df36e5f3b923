"""What contrats hears from the other actors."""

from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.service import operations
from actors.contrats.service.gates import open_gates
from messages.clients import ClientArchived, ClientCreated, ClientRestored, ClientUpdated, RecordState
from messages.commercial import SalesRepActivated, SalesRepCreated, SalesRepDeactivated, SalesRepUpdated
from messages.contrats import (
    BillingPolicy,
    ContractStandingChanged,
    ContractStatus,
    InstalmentStatus,
    OperationKind,
    OperationStatus,
    PaymentMethod,
    PaymentStanding,
    SuspensionReason,
)
from messages.factures import InvoiceIssued
from messages.identity import CompanyCreated
from messages.payments import MandateActivated, PaymentReceived, PaymentRejected, PaymentReturned
from messages.payments.receivables import ReceivableDefaultCured, ReceivableDefaulted
from messages.payments.suspensions import (
    SuspensionLiftRequested,
    SuspensionRequested,
    SuspensionScope,
    SuspensionWithdrawn,
)
from messages.products import ProductCreated, ProductLifecycleChanged, ProductUpdated
from messages.values.text import search_form
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    billing_adjustment,
    billing_instalment,
    client_copy,
    company_copy,
    contract,
    heard_fact,
    mandate_copy,
    product_copy,
    sales_rep_copy,
)
from storage.projections import keep_newest

# -- copies of other actors' aggregates --------------------------------------------------------------------------


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """Who contracts are made with."""
    await work.execute(
        keep_newest(
            client_copy,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            display_name=event.display_name,
            search_name=search_form(event.display_name),
            kind=event.kind,
            email=event.primary_email,
            holiday_zone=event.holiday_zone,
            company_id=event.company_id,
            billing_address_id=event.billing_address.address_id if event.billing_address else None,
            archived=event.record_state is not RecordState.LIVE,
            version=work.source_version,
        )
    )


async def keep_client_state(event: ClientArchived | ClientRestored, work: UnitOfWork) -> None:
    """An archived client gets no new contract."""
    await work.execute(
        update(client_copy)
        .where(
            client_copy.c.organisation_id == work.organisation_id,
            client_copy.c.client_id == event.client_id,
            client_copy.c.version < work.source_version,
        )
        .values(archived=isinstance(event, ClientArchived), version=work.source_version)
    )


async def keep_company(event: CompanyCreated, work: UnitOfWork) -> None:
    """The companies that sell, and where their days begin."""
    await work.execute(
        keep_newest(
            company_copy,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            name=event.legal_name,
            timezone=event.timezone,
            status=event.status,
            version=work.source_version,
        )
    )


async def keep_product(event: ProductCreated | ProductUpdated, work: UnitOfWork) -> None:
    """The products that may be sold."""
    await work.execute(
        keep_newest(
            product_copy,
            organisation_id=work.organisation_id,
            product_id=event.product_id,
            code=event.sku,
            name=event.name,
            lifecycle=event.lifecycle,
            version=work.source_version,
        )
    )


async def keep_product_lifecycle(event: ProductLifecycleChanged, work: UnitOfWork) -> None:
    """Whether a product may still be sold; running contracts go on."""
    await work.execute(
        update(product_copy)
        .where(
            product_copy.c.organisation_id == work.organisation_id,
            product_copy.c.product_id == event.product_id,
            product_copy.c.version < work.source_version,
        )
        .values(lifecycle=event.to, version=work.source_version)
    )


async def keep_sales_rep(
    event: SalesRepCreated | SalesRepUpdated | SalesRepActivated | SalesRepDeactivated, work: UnitOfWork
) -> None:
    """Who sells; the user behind a seller may not review the sale."""
    await work.execute(
        keep_newest(
            sales_rep_copy,
            organisation_id=work.organisation_id,
            rep_id=event.rep_id,
            user_id=event.user_id,
            name=f"{event.given_name} {event.family_name}",
            active=event.active,
            version=work.source_version,
        )
    )


async def take_mandate(event: MandateActivated, work: UnitOfWork) -> None:
    """A mandate became usable: the contracts that wait for it go on."""
    await work.execute(
        keep_newest(
            mandate_copy,
            organisation_id=work.organisation_id,
            mandate_id=event.mandate_id,
            client_id=event.client_id,
            company_id=event.company_id,
            contract_id=event.contract_id,
            status="ACTIVE",
            version=work.source_version,
        )
    )
    general = (contract.c.client_id == event.client_id) & (contract.c.company_id == event.company_id)
    waiting = select(contract.c.id).where(
        contract.c.organisation_id == work.organisation_id,
        contract.c.id == event.contract_id if event.contract_id is not None else general,
        contract.c.mandate_id.is_(None),
        contract.c.payment_method == PaymentMethod.SEPA_DIRECT_DEBIT,
        contract.c.status.in_((ContractStatus.SIGNED, ContractStatus.ACTIVE, ContractStatus.SUSPENDED)),
    )
    for row in await work.fetch(waiting.order_by(contract.c.id)):
        record = await find(row["id"], work)
        if record is not None:
            record.set(mandate_id=event.mandate_id)
            await open_gates(record)
            await record.save()


# -- what became of the bills ------------------------------------------------------------------------------------


async def mark_invoiced(event: InvoiceIssued, work: UnitOfWork) -> None:
    """The periods and adjustments of an issued invoice are done."""
    if event.billing_instalment_ids:
        await work.execute(
            update(billing_instalment)
            .where(
                billing_instalment.c.organisation_id == work.organisation_id,
                billing_instalment.c.id.in_(event.billing_instalment_ids),
                billing_instalment.c.status == InstalmentStatus.DUE,
            )
            .values(status=InstalmentStatus.INVOICED, invoice_id=event.invoice_id)
        )
    if event.adjustment_ids:
        await work.execute(
            update(billing_adjustment)
            .where(
                billing_adjustment.c.organisation_id == work.organisation_id,
                billing_adjustment.c.id.in_(event.adjustment_ids),
                or_(billing_adjustment.c.invoice_id.is_(None), billing_adjustment.c.invoice_id == event.invoice_id),
            )
            .values(status="BILLED", invoice_id=event.invoice_id)
        )


async def lower_standing(event: PaymentRejected | PaymentReturned, work: UnitOfWork) -> None:
    """A debit came back: the contract is late, unless it is in default already."""
    record = await _heard_first(f"failure:{event.payment_id}:{event.r_key}", event.contract_id, work)
    if record is not None:
        late = record["payment_standing"] != PaymentStanding.DEFAULT
        await _set_standing(
            record, PaymentStanding.LATE if late else PaymentStanding.DEFAULT, event.consecutive_failures
        )


async def raise_standing(event: PaymentReceived, work: UnitOfWork) -> None:
    """Money came: the contract is good again, unless it is in default."""
    record = await _heard_first(f"received:{event.payment_id}", event.contract_id, work)
    if record is not None:
        late = record["payment_standing"] != PaymentStanding.DEFAULT
        await _set_standing(record, PaymentStanding.GOOD if late else PaymentStanding.DEFAULT, 0)


async def enter_default(event: ReceivableDefaulted, work: UnitOfWork) -> None:
    """A debt of the contract is in default."""
    key = f"defaulted:{event.item_id}:{event.defaulted_on}"
    record = await _heard_first(key, event.contract_id, work)
    if record is not None:
        await _set_standing(record, PaymentStanding.DEFAULT, record["consecutive_rejections"])


async def leave_default(event: ReceivableDefaultCured, work: UnitOfWork) -> None:
    """A debt in default was settled."""
    record = await _heard_first(f"cured:{event.item_id}:{event.cured_on}", event.contract_id, work)
    if record is not None:
        await _set_standing(record, PaymentStanding.GOOD, 0)


async def _heard_first(fact: str, contract_id: UUID | None, work: UnitOfWork) -> ContractRecord | None:
    """The contract a fact is about, the first time it is heard."""
    record = await find(contract_id, work) if contract_id is not None else None
    if record is None:
        return None
    heard = insert(heard_fact).values(organisation_id=work.organisation_id, fact=fact, heard_at=work.now)
    return record if await work.execute(heard.on_conflict_do_nothing()) else None


async def _set_standing(record: ContractRecord, standing: PaymentStanding, rejections: int) -> None:
    before = record["payment_standing"]
    record.set(payment_standing=standing, consecutive_rejections=rejections)
    if before != standing:
        facts = {"client_id": record["client_id"], "consecutive_rejections": rejections}
        record.state(ContractStandingChanged, **facts, **{"from": before, "to": standing})
    await record.save()


# -- recovery's orders -------------------------------------------------------------------------------------------


async def order_suspension(event: SuspensionRequested, work: UnitOfWork) -> None:
    """Recovery asks to cut the service; it waits in line until it is due."""
    key = f"SUSPEND:{event.request_id}"
    record = await find(event.contract_id, work)
    if record is None or await operations.by_key(key, work) is not None:
        return
    operation = await operations.line_up(
        record,
        OperationKind.SUSPEND,
        key=key,
        due_at=event.effective_at,
        request_id=event.request_id,
        reason=SuspensionReason.PAYMENT_DEFAULT,
        billing_policy=BillingPolicy.PAUSE,
        mode=event.mode,
    )
    if event.scope is not SuspensionScope.CONTRACT:
        await operations.fail(record, operation, "SCOPE_NOT_SUPPORTED", step="check")
    await operations.run_next(record)
    await record.save()


async def drop_suspension(event: SuspensionWithdrawn, work: UnitOfWork) -> None:
    """The debt was settled before the cut; a cut under way is undone after it."""
    await _undo_suspension(event.contract_id, event.request_id, work, lift=False)


async def order_lift(event: SuspensionLiftRequested, work: UnitOfWork) -> None:
    """The debt was settled: the service comes back, right after a cut that is still under way."""
    await _undo_suspension(event.contract_id, event.request_id, work, lift=True)


async def _undo_suspension(contract_id: UUID, request_id: UUID, work: UnitOfWork, *, lift: bool) -> None:
    key = f"RESUME:{request_id}"
    record = await find(contract_id, work)
    if record is None or await operations.by_key(key, work) is not None:
        return
    running = False
    for operation in await operations.open_of(contract_id, work):
        if operation["operation"] == OperationKind.SUSPEND and operation["request_id"] is not None:
            if operation["status"] == OperationStatus.PENDING:
                await operations.cancel(record, dict(operation))
            else:
                running = True
    if lift or running:
        await operations.line_up(record, OperationKind.RESUME, key=key, due_at=work.now, request_id=request_id)
        await operations.run_next(record)
    await record.save()
