"""Payments by a saved means of payment, and the means themselves."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import views
from actors.payments.company import Company, company_of
from actors.payments.psp import choosing, following, saving
from actors.payments.psp.charging import ATTEMPTS, order_charge
from actors.payments.psp.choosing import Charge
from actors.payments.psp.records import lock_payment
from actors.payments.psp.routing import decide
from actors.payments.requests.payments import shown_payment
from actors.payments.rules.machines import INSTALMENT, LIVE
from actors.payments.rules.references import emission_key
from actors.payments.sets import history
from messages.clients import CLIENT_NOT_FOUND
from messages.errors import EXTERNAL_SERVICE_ERROR, PRECONDITION_FAILED
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    INSTALMENT_NOT_FOUND,
    LIVE_PAYMENT_EXISTS,
    PAYMENT_NOT_FOUND,
    PSP_ACCOUNT_NOT_FOUND,
    SAVED_MEANS_NOT_FOUND,
    SETUP_SESSION_NOT_FOUND,
    CreatePayment,
    CreateSetupSession,
    DetachPaymentMethod,
    GetSetupSession,
    InstalmentStatus,
    ListPaymentMethods,
    Payment,
    PaymentCreated,
    PaymentMethodDetached,
    PaymentStatus,
    PaymentType,
    SavedMeans,
    SavedMeansKind,
    SavedMeansPage,
    SavedMeansStatus,
    SetDefaultPaymentMethod,
    SetupSession,
    SetupStatus,
    SubmitPayment,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment
from storage.payments.tables.others import payment_number_block
from storage.payments.tables.payments import payment, payment_event
from storage.payments.tables.providers import payment_method, psp_account, setup_session
from storage.payments.tables.views import client_view

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class _Due:
    """What a payment is for."""

    company: Company
    client_id: UUID
    amount: Decimal
    currency: str
    instalment: Row | None


async def create_payment(request: CreatePayment, work: UnitOfWork) -> Payment:
    """Record the payment; the workers order it at the provider after the commit, once."""
    due = await _due(request, work)
    contract_id = due.instalment["contract_id"] if due.instalment is not None else None
    charge = Charge(due.client_id, contract_id, due.amount, work.today(due.company.zone))
    means, decision = await _routed(request, work, due.company.id, charge)
    account = await choosing.account_of(work, means["psp_account_id"], due.company.id)
    await choosing.refuse_blocked(work, due.company, charge, means)
    row = await _payment_row(request, work, due, means, account) | {"routing_decision": decision}
    await work.insert(payment, **row)
    await work.insert_rows(payment_event, [history(work, row["id"], "payment.created")])
    if due.instalment is not None:
        await _present(work, due.instalment, row)
    work.emit(PaymentCreated(**views.payment_ref(row)), version=1)
    order_charge(work, row)
    return await shown_payment(work, row["id"])


async def submit_payment(request: SubmitPayment, work: UnitOfWork) -> Payment:
    """The same payment again, three times at most; the provider knows it by its key if it ever took it."""
    row = await lock_payment(work, request.payment_id)
    if row is None or row["psp_account_id"] is None:
        raise Refused(PAYMENT_NOT_FOUND, f"payment {request.payment_id} is none of a provider; check the id")
    again = row["submissions"] + 1
    if again >= ATTEMPTS and row["status"] == PaymentStatus.FAILED:
        raise Refused(PRECONDITION_FAILED, f"payment {row['reference']} was tried {ATTEMPTS} times; make a new one")
    if row["instalment_id"] is not None:
        due = await _instalment(work, row["instalment_id"])
        await _refuse_second(work, due["id"])
        await _present(work, due, row)
    after = await following.move(work, row, "order again", "payment.ordered_again", submissions=again)
    order_charge(work, after)
    return await shown_payment(work, row["id"])


async def _routed(
    request: CreatePayment, work: UnitOfWork, company_id: UUID, charge: Charge
) -> tuple[Row, dict[str, Any] | None]:
    """The means that was asked for, else the one that the rules lead to; and how that was decided.

    A way that only its open circuit closes is waited for: money asked for there is never asked for elsewhere.
    """
    default = await choosing.means_to_debit(work, charge.client_id, request.payment_method_id, request.psp_account_id)
    if request.payment_method_id is not None or request.psp_account_id is not None:
        return default, None
    decision = await decide(work, company_id, charge, choosing.METHODS[SavedMeansKind(default["kind"])])
    if decision.means is not None:
        return decision.means, decision.result.model_dump(mode="json")
    if decision.waits:
        raise Refused(EXTERNAL_SERVICE_ERROR, "the provider that holds the means does not answer now; try again later")
    return default, decision.result.model_dump(mode="json")


async def _due(request: CreatePayment, work: UnitOfWork) -> _Due:
    """From the instalment, or from what the request says itself."""
    found = await _instalment(work, request.instalment_id) if request.instalment_id is not None else None
    company_id = found["company_id"] if found is not None else request.company_id
    client_id = found["client_id"] if found is not None else request.client_id
    if company_id is None or client_id is None:
        raise Refused.field("instalment_id", "needed", "name an instalment, or company_id, client_id and amount")
    company = await company_of(work, company_id)
    if company is None or not work.caller.sees_company(company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {company_id} is not an active company; check company_id")
    if found is None:
        if request.amount is None or request.amount.amount <= 0:
            raise Refused.field("amount", "positive", "say how much is to be debited, above zero")
        return _Due(company, client_id, request.amount.amount, request.amount.currency, None)
    await _refuse_second(work, found["id"])
    left: Decimal = found["amount"] - found["paid_amount"]
    wanted = request.amount.amount if request.amount is not None else left
    if not 0 < wanted <= left:
        raise Refused.field(
            "amount", "open", f"{left} {found['currency']} of the instalment are open; ask for that at most"
        )
    return _Due(company, client_id, wanted, found["currency"], found)


async def _instalment(work: UnitOfWork, instalment_id: UUID) -> Row:
    return await work.load(
        select(instalment)
        .where(instalment.c.organisation_id == work.organisation_id, instalment.c.id == instalment_id)
        .with_for_update(),
        "instalment",
        code=INSTALMENT_NOT_FOUND,
    )


async def _refuse_second(work: UnitOfWork, instalment_id: UUID) -> None:
    live = await work.fetch_value(
        select(payment.c.reference).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.instalment_id == instalment_id,
            payment.c.status.in_(LIVE),
        )
    )
    if live is not None:
        raise Refused(LIVE_PAYMENT_EXISTS, f"payment {live} of this instalment is under way; wait for its outcome")


async def _present(work: UnitOfWork, due: Row, row: dict[str, Any]) -> None:
    status = INSTALMENT.after("present", InstalmentStatus(due["status"]))
    await work.execute(
        update(instalment)
        .where(instalment.c.organisation_id == work.organisation_id, instalment.c.id == due["id"])
        .values(
            status=status,
            block_reason=None,
            first_blocked_at=None,
            collection_date=row["requested_collection_date"],
            current_payment_id=row["id"],
            attempt=row["attempt_no"],
            version=due["version"] + 1,
            updated_at=work.now,
            updated_by=work.caller.principal,
        )
    )


async def _payment_row(request: CreatePayment, work: UnitOfWork, due: _Due, means: Row, account: Row) -> dict[str, Any]:
    payment_id, found = request.id or new_id(), due.instalment
    today = work.today(due.company.zone)
    number = await work.next_number(payment_number_block)
    attempt = await _attempt(work, found["id"]) if found is not None else 1
    return {
        "id": payment_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": f"PAY-{due.company.code}-{today:%Y}-{number:06}",
        "company_id": due.company.id,
        "client_id": due.client_id,
        "contract_id": found["contract_id"] if found is not None else None,
        "instalment_id": found["id"] if found is not None else None,
        "invoice_id": found["invoice_id"] if found is not None else None,
        "schedule_id": found["schedule_id"] if found is not None else None,
        "mandate_id": None,
        "original_payment_id": None,
        "type": PaymentType.EMISSION,
        "method": choosing.METHODS[SavedMeansKind(means["kind"])],
        "provider": account["provider"],
        "attempt_no": attempt,
        "amount": due.amount,
        "currency": due.currency,
        "refunded_amount": _NOTHING,
        "charged_back_amount": _NOTHING,
        "allocated_amount": _NOTHING,
        "instalment_amount": _NOTHING,
        "status": PaymentStatus.PENDING,
        "business_date": today,
        "requested_collection_date": today,
        "idempotency_key": (
            emission_key(work.organisation_id, found["id"], attempt) if found is not None else f"made|{payment_id}"
        ),
        "end_to_end_id": payment_id.hex.upper(),
        "external_reference": request.description,
        "psp_account_id": account["id"],
        "payment_method_id": means["id"],
        "submissions": 0,
    }


async def _attempt(work: UnitOfWork, instalment_id: UUID) -> int:
    last = await work.fetch_value(
        select(func.max(payment.c.attempt_no)).where(
            payment.c.organisation_id == work.organisation_id, payment.c.instalment_id == instalment_id
        )
    )
    return int(last or 0) + 1


# -- saved means -------------------------------------------------------------------------------------------------


async def create_setup_session(request: CreateSetupSession, work: UnitOfWork) -> SetupSession:
    """Ask the provider for a page; read the session again for its address."""
    client = await work.fetch_value(
        select(client_view.c.client_id).where(
            client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == request.client_id
        )
    )
    if client is None:
        raise Refused(CLIENT_NOT_FOUND, f"client {request.client_id} is not known; check client_id")
    account = await work.fetch_one(
        select(psp_account).where(
            psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == request.psp_account_id
        )
    )
    if account is None or not work.caller.sees_company(account["company_id"]):
        raise Refused(PSP_ACCOUNT_NOT_FOUND, f"provider account {request.psp_account_id} does not exist; check the id")
    id_ = request.id or new_id()
    await work.insert(
        setup_session,
        id=id_,
        organisation_id=work.organisation_id,
        version=1,
        created_at=work.now,
        created_by=work.caller.principal,
        updated_at=work.now,
        updated_by=work.caller.principal,
        client_id=request.client_id,
        psp_account_id=account["id"],
        status=SetupStatus.OPENING,
        success_url=request.success_url,
        cancel_url=request.cancel_url,
    )
    work.order(saving.OpenSetupPage(setup_session_id=id_), key=str(id_))
    return await _session(work, id_)


async def get_setup_session(request: GetSetupSession, work: UnitOfWork) -> SetupSession:
    """One session."""
    return await _session(work, request.setup_session_id)


async def list_payment_methods(request: ListPaymentMethods, work: UnitOfWork) -> SavedMeansPage:
    """A page of a client's means."""
    statement = select(payment_method).where(
        payment_method.c.organisation_id == work.organisation_id, payment_method.c.client_id == request.client_id
    )
    order = (payment_method.c.created_at, payment_method.c.id)
    return await page(work, request, statement, order=order, reply=SavedMeansPage, item=saving.means_of)


async def set_default_payment_method(request: SetDefaultPaymentMethod, work: UnitOfWork) -> SavedMeans:
    """Only an active means can be the default."""
    row = await _means(work, request.payment_method_id)
    if row["status"] != SavedMeansStatus.ACTIVE:
        raise Refused(PRECONDITION_FAILED, f"the means of payment is {row['status']}; choose an active one")
    if not row["is_default"]:
        await saving.forget_default(work, row["client_id"])
        row = await _change_means(work, row, is_default=True)
    return saving.means_of(row)


async def detach_payment_method(request: DetachPaymentMethod, work: UnitOfWork) -> SavedMeans:
    """Repeating it changes nothing."""
    row = await _means(work, request.payment_method_id)
    if row["status"] != SavedMeansStatus.DETACHED:
        row = await _change_means(work, row, status=SavedMeansStatus.DETACHED, is_default=False)
        work.emit(PaymentMethodDetached(**saving.means_fields(row)), version=row["version"])
    return saving.means_of(row)


async def _session(work: UnitOfWork, session_id: UUID) -> SetupSession:
    row = await work.load(
        select(setup_session).where(
            setup_session.c.organisation_id == work.organisation_id, setup_session.c.id == session_id
        ),
        "setup session",
        code=SETUP_SESSION_NOT_FOUND,
    )
    return SetupSession.model_validate({**row, "setup_session_id": row["id"]})


async def _means(work: UnitOfWork, id_: UUID) -> Row:
    return await work.load(
        select(payment_method)
        .where(payment_method.c.organisation_id == work.organisation_id, payment_method.c.id == id_)
        .with_for_update(),
        "payment method",
        code=SAVED_MEANS_NOT_FOUND,
    )


async def _change_means(work: UnitOfWork, row: Row, **columns: Any) -> dict[str, Any]:
    after = {**row, **columns, "version": row["version"] + 1}
    await work.execute(
        update(payment_method)
        .where(payment_method.c.organisation_id == work.organisation_id, payment_method.c.id == row["id"])
        .values(**columns, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    return after
