"""Amendments: proposed, put before the client, agreed to, applied."""

from typing import Any

from sqlalchemy import select

from actors.contrats import views
from actors.contrats.billing import adjustments, bills
from actors.contrats.changes import amending, proposals
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.rules.amendments import (
    consents_for,
    exit_right_end,
    notice_is_long_enough,
    usual_proration,
)
from actors.contrats.rules.billing_periods import plan
from actors.contrats.rules.status import BOUND
from actors.contrats.service import operations
from messages.contrats import INVALID_DATES, InitiatedBy, LegalRegime
from messages.contrats.amendments import (
    CONSENT_REQUIRED,
    NOTICE_TOO_SHORT,
    AcceptAmendment,
    Amendment,
    AmendmentKind,
    AmendmentPage,
    AmendmentPreview,
    AmendmentProration,
    AmendmentStatus,
    ApplyAmendment,
    CancelAmendment,
    ConsentKind,
    ContractAmended,
    ContractAmendmentProposed,
    ContractLineChanged,
    ContractVersionPage,
    GetAmendment,
    LineChangeCause,
    ListAmendments,
    ListContractVersions,
    PreviewAmendment,
    ProposeAmendment,
    SendAmendment,
    UpdateAmendment,
    VersionKind,
)
from messages.errors import INVALID_TRANSITION
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import amendment, contract_version

_SHOWN_AHEAD = 3
_OF_THE_WORDING = (
    "consent_kind", "consent_document_id", "consent_given_on", "notified_on", "exit_right_until", "file_request_id",
    "document_id", "document_sha256",
)  # fmt: skip
"""What belongs to the words that were before the client, and goes with them."""


async def preview_amendment(request: PreviewAmendment, work: UnitOfWork) -> AmendmentPreview:
    """What the change would do; changes nothing."""
    record = await load(request.contract_id, work, lock=False)
    _check_bound(record)
    proration = request.proration or usual_proration(request.kind)
    changes = await proposals.planned(record, request.operations, request.effective_from, proration)
    before, currency = record.row, record["currency"]
    after = proposals.revenue_after(record, changes)
    corrections: list[dict[str, Any]] = []
    if proration is AmendmentProration.PRORATE:
        ended = [line for line in record.lines if line["id"] in changes.ends]
        label = f"Avenant {record['reference']}"
        corrections = await adjustments.corrections_of(record, ended, changes.opens, changes.ends, new_id(), label)
    billed = {row["id"] for row in await bills.instalments(record.id, work) if row["status"] in bills.BILLED}
    lines, until = amending.with_changes(record, changes), record.today + bills.HORIZON
    ahead = [row for row in plan(before, lines, until, before["ends_on"]) if row["id"] not in billed]
    return AmendmentPreview(
        old_mrr=views.money(before["mrr"], currency),
        new_mrr=views.money(after["mrr"], currency),
        old_recurring_net=views.money(before["recurring_net"], currency),
        new_recurring_net=views.money(after["recurring_net"], currency),
        adjustments=tuple(views.adjustment_of(row, currency) for row in corrections),
        next_instalments=tuple(
            views.instalment_of(row, currency)
            for row in sorted(ahead, key=lambda row: row["period_start"])[:_SHOWN_AHEAD]
        ),
    )


async def propose_amendment(request: ProposeAmendment, work: UnitOfWork) -> Amendment:
    """Write a change down on the contract's current version."""
    record = await load(request.contract_id, work)
    _check_bound(record)
    await proposals.check_day(record, request.effective_from)
    proration = request.proration or usual_proration(request.kind)
    changes = await proposals.planned(record, request.operations, request.effective_from, proration)
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "contract_id": record.id,
        "number": await proposals.next_number(record),
        "base_version": record["version_no"],
        "kind": request.kind,
        "initiated_by": request.initiated_by,
        "status": AmendmentStatus.DRAFT,
        "operations": [operation.model_dump(mode="json") for operation in request.operations],
        "effective_from": request.effective_from,
        "proration": proration,
        "consent_kind": None,
        "consent_document_id": None,
        "consent_given_on": None,
        "notified_on": None,
        "exit_right_until": None,
        "exit_right_exempt": request.exit_right_exempt,
        "reason": request.reason,
        "file_request_id": None,
        "document_id": None,
        "document_sha256": None,
        "old_mrr": record["mrr"],
        "new_mrr": proposals.revenue_after(record, changes)["mrr"],
    }
    _check_correction(row)
    await work.insert(amendment, **row)
    work.record("amendment", row["id"], after={"number": row["number"], "kind": request.kind})
    return views.amendment_of(row, record["currency"])


async def update_amendment(request: UpdateAmendment, work: UnitOfWork) -> Amendment:
    """Write the amendment anew, on the version that is current now."""
    record, row = await proposals.hold(request.amendment_id, work)
    _check_bound(record)
    await proposals.check_day(record, request.effective_from)
    proration = request.proration or AmendmentProration(row["proration"])
    changes = await proposals.planned(record, request.operations, request.effective_from, proration)
    rewritten = {
        "base_version": record["version_no"],
        "operations": [operation.model_dump(mode="json") for operation in request.operations],
        "effective_from": request.effective_from,
        "proration": proration,
        "reason": request.reason if request.reason is not None else row["reason"],
        "old_mrr": record["mrr"],
        "new_mrr": proposals.revenue_after(record, changes)["mrr"],
    }
    forgotten = dict.fromkeys(_OF_THE_WORDING)
    _check_correction({**row, **rewritten})
    changed = await proposals.move(record, row, "rewrite", **rewritten, **forgotten)
    return views.amendment_of(changed, record["currency"])


async def send_amendment(request: SendAmendment, work: UnitOfWork) -> Amendment:
    """Put the change before the client; a change by the company is told a month ahead and opens the door."""
    record, row = await proposals.hold(request.amendment_id, work)
    proposals.check_base(record, row)
    notified, until = record.today, None
    consumer = record["legal_regime"] != LegalRegime.BUSINESS
    binding = row["initiated_by"] == InitiatedBy.COMPANY and row["kind"] != AmendmentKind.CORRECTION
    if binding and consumer:
        if not notice_is_long_enough(notified, row["effective_from"]):
            raise Refused(
                NOTICE_TOO_SHORT,
                f"told on {notified}, the change may take effect a month later; move effective_from",
            )
        if not row["exit_right_exempt"]:
            until = exit_right_end(record["legal_regime"], notified, row["effective_from"])
    told = {"notified_on": notified, "exit_right_until": until, "file_request_id": new_id()}
    sent = await proposals.move(record, row, "send", **told)
    if until is not None:
        record.set(exit_right_until=max(until, record["exit_right_until"] or until))
    record.state(
        ContractAmendmentProposed,
        amendment_id=row["id"],
        kind=row["kind"],
        effective_from=row["effective_from"],
        exit_right_until=until,
    )
    await proposals.ask_for_file(record, sent)
    await record.save()
    return views.amendment_of(sent, record["currency"])


async def accept_amendment(request: AcceptAmendment, work: UnitOfWork) -> Amendment:
    """Record the consent, of a kind that is strong enough for the change."""
    record, row = await proposals.hold(request.amendment_id, work)
    proposals.check_base(record, row)
    kind = AmendmentKind(row["kind"])
    allowed = consents_for(kind, InitiatedBy(row["initiated_by"]))
    if request.consent_kind not in allowed:
        names = " or ".join(allowed)
        raise Refused(CONSENT_REQUIRED, f"a {kind} is agreed to by {names}; record that", details={"allowed": names})
    if request.consent_kind is not ConsentKind.NONE and request.document_id is None:
        raise Refused(CONSENT_REQUIRED, "name the document that proves the consent in document_id")
    telecom = record["legal_regime"] == LegalRegime.CONSUMER_TELECOM
    if kind is AmendmentKind.COMMITMENT_CHANGE and telecom and not request.separate_consent:
        raise Refused(CONSENT_REQUIRED, "a telecom consumer agrees to a new commitment separately; record it")
    if not (row["notified_on"] or request.given_on) <= request.given_on <= record.today:
        raise Refused.field(
            "given_on", "range", "given_on lies between the sending and today; correct it", INVALID_DATES
        )
    accepted = await proposals.move(
        record,
        row,
        "accept",
        consent_kind=request.consent_kind,
        consent_document_id=request.document_id,
        consent_given_on=request.given_on,
    )
    return views.amendment_of(accepted, record["currency"])


async def apply_amendment(request: ApplyAmendment, work: UnitOfWork) -> Amendment:
    """Make the change: lines, terms, version and bills together, or not at all."""
    record, row = await proposals.hold(request.amendment_id, work)
    _check_bound(record)
    proposals.check_base(record, row)
    applied = await proposals.move(record, row, "apply")
    await proposals.check_day(record, row["effective_from"])
    wanted, old_mrr = proposals.operations_of(row), record["mrr"]
    proration = AmendmentProration(row["proration"])
    changes = await proposals.planned(record, wanted, row["effective_from"], proration)
    amending.set_terms(record, wanted, row["effective_from"])
    correction = row["kind"] == AmendmentKind.CORRECTION
    await amending.apply(
        record,
        changes,
        VersionKind.CORRECTION if correction else VersionKind.AMENDMENT,
        row["effective_from"],
        source_id=row["id"],
        label=f"Avenant {row['number']}",
        prorate=proration is AmendmentProration.PRORATE,
        amendment_id=row["id"],
    )
    await proposals.outdate_others(record, row["id"])
    amounts = {
        "old_mrr": views.money(old_mrr, record["currency"]),
        "new_mrr": views.money(record["mrr"], record["currency"]),
    }
    if changes.ends or changes.opens:
        record.state(ContractLineChanged, cause=LineChangeCause.AMENDMENT, **amounts)
    record.state(
        ContractAmended,
        amendment_id=row["id"],
        kind=row["kind"],
        effective_from=row["effective_from"],
        commission_base_changed=old_mrr != record["mrr"],
        **amounts,
    )
    await operations.run_next(record)
    await record.save()
    return views.amendment_of(applied, record["currency"])


async def cancel_amendment(request: CancelAmendment, work: UnitOfWork) -> Amendment:
    """Give the change up, or keep that the client refused it."""
    record, row = await proposals.hold(request.amendment_id, work)
    trigger = "refuse" if request.refused_by_client else "cancel"
    reason = request.reason if request.reason is not None else row["reason"]
    cancelled = await proposals.move(record, row, trigger, reason=reason)
    return views.amendment_of(cancelled, record["currency"])


async def get_amendment(request: GetAmendment, work: UnitOfWork) -> Amendment:
    """One amendment."""
    row = await proposals.find(request.amendment_id, work)
    record = await load(row["contract_id"], work, lock=False)
    return views.amendment_of(row, record["currency"])


async def list_amendments(request: ListAmendments, work: UnitOfWork) -> AmendmentPage:
    """The amendments of a contract."""
    record = await load(request.contract_id, work, lock=False)
    return await page(
        work,
        request,
        select(amendment).where(
            amendment.c.organisation_id == work.organisation_id, amendment.c.contract_id == request.contract_id
        ),
        order=(amendment.c.id,),
        descending=True,
        reply=AmendmentPage,
        item=lambda row: views.amendment_of(row, record["currency"]),
    )


async def list_contract_versions(request: ListContractVersions, work: UnitOfWork) -> ContractVersionPage:
    """What was agreed when."""
    record = await load(request.contract_id, work, lock=False)
    return await page(
        work,
        request,
        select(contract_version).where(
            contract_version.c.organisation_id == work.organisation_id,
            contract_version.c.contract_id == request.contract_id,
        ),
        order=(contract_version.c.version_no,),
        descending=True,
        reply=ContractVersionPage,
        item=lambda row: views.version_of(row, record["currency"]),
    )


def _check_bound(record: ContractRecord) -> None:
    if record.status not in BOUND:
        raise Refused(
            INVALID_TRANSITION,
            f"a contract that is {record.status} is not amended; change the draft, or agree on a new contract",
            details={"from": record.status, "trigger": "amend"},
        )


def _check_correction(row: Row | dict[str, Any]) -> None:
    """A correction mends a word; what costs another amount is another kind of amendment."""
    if row["kind"] == AmendmentKind.CORRECTION and row["old_mrr"] != row["new_mrr"]:
        raise Refused(CONSENT_REQUIRED, "a CORRECTION changes no amount; propose a PRICE_CHANGE or another kind")
