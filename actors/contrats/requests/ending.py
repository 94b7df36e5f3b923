"""Leaving a contract: withdrawal in time, and termination with its notice and its price."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from actors.contrats import views
from actors.contrats.billing import adjustments, bills
from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.leaving import endings, scheduling
from actors.contrats.rules import legal_delays
from actors.contrats.rules.status import CONTRACT
from actors.contrats.rules.termination import Ending, ending_of
from actors.contrats.service import effects
from messages.contrats import (
    ALREADY_SCHEDULED,
    EVIDENCE_REQUIRED,
    FORMAL_NOTICE_RUNNING,
    INVALID_DATES,
    TERMINATION_NOT_SCHEDULED,
    WITHDRAWAL_NOT_APPLICABLE,
    WITHDRAWAL_PERIOD_OVER,
    AdjustmentCause,
    Contract,
    ContractStatus,
    ContractWithdrawn,
    InitiatedBy,
    QuoteTermination,
    RevokeTermination,
    TerminateContract,
    TerminationQuote,
    TerminationReason,
    TerminationRequest,
    Withdrawal,
    WithdrawContract,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork

_FAR = timedelta(days=3660)


async def withdraw_contract(request: WithdrawContract, work: UnitOfWork) -> Withdrawal:
    """Undo the contract; the day the declaration was sent decides whether it is in time."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    _check_withdrawal(record, request)
    was_served = record["activated_at"] is not None and record["effective_on"] <= request.received_on
    record.move("withdraw", reason_code="WITHDRAWAL")
    source, label = new_id(), "Rétractation : remboursement intégral"
    await endings.undo_bills(record, AdjustmentCause.WITHDRAWAL, source, label)
    prorata_due = Decimal("0.00")
    if was_served and record["early_performance_requested"]:
        prorata_due = await adjustments.charge_days_served(record, source, request.received_on)
    record.set(
        terminated_at=work.now,
        withdrawal_sent_on=request.sent_on,
        withdrawal_channel=request.channel,
        withdrawal_statement_document_id=request.statement_document_id,
    )
    deadline = legal_delays.refund_deadline(request.received_on)
    money = views.money(prorata_due, record["currency"])
    record.state(
        ContractWithdrawn,
        sent_on=request.sent_on,
        received_on=request.received_on,
        prorata_due=money,
        refund_deadline=deadline,
    )
    await bills.bill_adjustments(record)
    await endings.cut_if_begun(record, ContractStatus.WITHDRAWN, source)
    await record.save()
    return Withdrawal(contract=record.reply(), prorata_due=money, refund_deadline=deadline)


async def quote_termination(request: QuoteTermination, work: UnitOfWork) -> TerminationQuote:
    """What leaving would cost; changes nothing."""
    record = await load(request.contract_id, work, lock=False)
    ending = await _ending(record, request)
    return TerminationQuote(
        ends_on=ending.ends_on,
        notice_ends_on=ending.notice_ends_on,
        fee=views.money(ending.fee, record["currency"]),
        credit=views.money(await scheduling.credit_after(record, ending.ends_on), record["currency"]),
        explanation=ending.explanation,
    )


async def terminate_contract(request: TerminateContract, work: UnitOfWork) -> TerminationRequest:
    """Schedule the end; it comes with the first day after `ends_on`."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    CONTRACT.after("terminate", record.status)
    if record["termination_ends_on"] is not None:
        raise Refused(ALREADY_SCHEDULED, f"the contract ends on {record['termination_ends_on']}; revoke that first")
    _check_grounds(record, request)
    ending = await _ending(record, request)
    if request.fee_waiver:
        work.caller.require("contrats:contract:waive_fee")
        ending = replace(ending, fee=Decimal("0.00"))
    if ending.ends_on < record.today:
        work.caller.require("contrats:contract:backdate")
    row = await scheduling.schedule(
        record,
        ending,
        initiated_by=request.initiated_by,
        channel=request.channel,
        reason_code=request.reason_code,
        received_on=request.received_on,
        requested_ends_on=request.requested_ends_on,
        legitimate_reason=request.legitimate_reason,
        fee_waived=request.fee_waiver,
        evidence_document_id=request.evidence_document_id,
        notice_id=request.notice_id,
    )
    await record.save()
    return views.termination_of(row, record["currency"])


async def revoke_termination(request: RevokeTermination, work: UnitOfWork) -> Contract:
    """Take the scheduled end back before it has come."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    scheduled = await effects.scheduled_termination(record.id, work)
    if scheduled is None or scheduled["ends_on"] < record.today:
        raise Refused(TERMINATION_NOT_SCHEDULED, "no end is scheduled, or it has come already; nothing can be revoked")
    await scheduling.revoke(record, scheduled)
    await record.save()
    return record.reply()


def _check_withdrawal(record: ContractRecord, request: WithdrawContract) -> None:
    CONTRACT.after("withdraw", record.status)
    if not record["withdrawal_applicable"]:
        raise Refused(WITHDRAWAL_NOT_APPLICABLE, "this contract gives no right of withdrawal; terminate it instead")
    ends_on = record["withdrawal_ends_on"]
    if ends_on is not None and request.sent_on > ends_on:
        raise Refused(
            WITHDRAWAL_PERIOD_OVER,
            f"the client could withdraw until {ends_on}; terminate the contract instead",
        )
    if not record["concluded_on"] <= request.sent_on <= request.received_on <= record.today:
        raise Refused.field(
            "received_on", "order", "sent_on lies between the signature and received_on, which is not in the future",
            INVALID_DATES,
        )  # fmt: skip


async def _ending(record: ContractRecord, request: QuoteTermination | TerminateContract) -> Ending:
    CONTRACT.after("terminate", record.status)
    if not record["concluded_on"] <= request.received_on <= record.today:
        raise Refused.field(
            "received_on",
            "range",
            "received_on lies between the signature and today; give the day it arrived",
            INVALID_DATES,
        )
    if request.requested_ends_on is not None and request.requested_ends_on > record.today + _FAR:
        raise Refused.field(
            "requested_ends_on",
            "range",
            "requested_ends_on is more than ten years away; give an earlier day",
            INVALID_DATES,
        )
    return ending_of(
        record.row,
        record.lines,
        received_on=request.received_on,
        requested=request.requested_ends_on,
        reason=request.reason_code,
        legitimate=request.legitimate_reason,
        without_notice=_is_unpaid(request),
        telecom_cap=(await choices_of(record.work, record["company_id"])).telecom_fee_cap,
    )


def _is_unpaid(request: QuoteTermination | TerminateContract) -> bool:
    """Whether the company ends a contract that was not paid."""
    company = isinstance(request, TerminateContract) and request.initiated_by is InitiatedBy.COMPANY
    return company and request.reason_code is TerminationReason.NON_PAYMENT


def _check_grounds(record: ContractRecord, request: TerminateContract) -> None:
    """A legitimate reason is proved; a debt ends a contract only after the formal notice."""
    if request.legitimate_reason and request.evidence_document_id is None:
        raise Refused(EVIDENCE_REQUIRED, "a legitimate reason is proved; name the document in evidence_document_id")
    if _is_unpaid(request) and (request.formal_notice_ends_on is None or request.formal_notice_ends_on >= record.today):
        raise Refused(
            FORMAL_NOTICE_RUNNING, "give the last day of the proved formal notice; the contract ends after it"
        )
