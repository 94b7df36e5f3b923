"""The back office's check of a sale."""

from typing import Any

from sqlalchemy import select, update

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.service.gates import open_gates
from messages.contrats import (
    REVIEW_NOT_PENDING,
    SAME_REVIEWER,
    ApproveQuality,
    ContractQualityApproved,
    ContractQualityRejected,
    ContractQualitySubmitted,
    QualityReview,
    QualityStatus,
    RejectQuality,
    ReviewStatus,
    SubmitQualityReview,
)
from messages.contrats.upkeep import ListQualityQueue, QualityQueuePage
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import contract, quality_review, sales_rep_copy


async def submit_quality_review(request: SubmitQualityReview, work: UnitOfWork) -> QualityReview:
    """Put a rejected sale before the back office again."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    if record["quality_status"] != QualityStatus.REJECTED:
        raise Refused(
            REVIEW_NOT_PENDING,
            f"the quality of the contract is {record['quality_status']}; only a rejected one can be submitted",
        )
    row = await submit(record, comment=request.comment)
    await record.save()
    return views.review_of(row)


async def approve_quality(request: ApproveQuality, work: UnitOfWork) -> QualityReview:
    """Find the sale in order."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    review = await _decide(record, ReviewStatus.APPROVED, request)
    record.set(quality_status=QualityStatus.APPROVED, approved_on=record.today)
    record.state(
        ContractQualityApproved,
        review_id=review["id"],
        reviewer_id=review["reviewed_by"],
        approved_on=record.today,
    )
    await open_gates(record)
    await record.save()
    return views.review_of(review)


async def reject_quality(request: RejectQuality, work: UnitOfWork) -> QualityReview:
    """Find the sale not in order."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    review = await _decide(record, ReviewStatus.REJECTED, request, codes=list(request.codes))
    record.set(quality_status=QualityStatus.REJECTED)
    record.state(
        ContractQualityRejected,
        review_id=review["id"],
        reviewer_id=review["reviewed_by"],
        codes=request.codes,
        comment=request.comment,
    )
    await record.save()
    return views.review_of(review)


async def submit(record: ContractRecord, comment: str | None = None) -> dict[str, Any]:
    """Open a review and say so; part of the signature, and of a new submission."""
    work = record.work
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "contract_id": record.id,
        "status": ReviewStatus.PENDING,
        "checklist": {},
        "submitted_by": work.caller.principal,
        "submitted_at": work.now,
        "reviewed_by": None,
        "reviewed_at": None,
        "rejection_codes": [],
        "comment": comment,
    }
    await work.insert(quality_review, **row)
    record.set(quality_status=QualityStatus.PENDING)
    record.state(ContractQualitySubmitted, review_id=row["id"])
    return row


async def _decide(
    record: ContractRecord,
    status: ReviewStatus,
    request: ApproveQuality | RejectQuality,
    codes: list[str] | None = None,
) -> Row:
    work = record.work
    if record["quality_status"] != QualityStatus.PENDING:
        raise Refused(
            REVIEW_NOT_PENDING,
            f"the quality of the contract is {record['quality_status']}; nothing waits for a decision",
        )
    seller = await work.fetch_value(
        select(sales_rep_copy.c.user_id).where(
            sales_rep_copy.c.organisation_id == work.organisation_id, sales_rep_copy.c.rep_id == record["sales_rep_id"]
        )
    )
    if seller is not None and seller == work.caller.user_id:
        raise Refused(SAME_REVIEWER, "the seller cannot review the sale; let somebody else decide")
    decided = (
        update(quality_review)
        .where(
            quality_review.c.organisation_id == work.organisation_id,
            quality_review.c.contract_id == record.id,
            quality_review.c.status == ReviewStatus.PENDING,
        )
        .values(
            status=status,
            checklist=request.checklist,
            reviewed_by=work.caller.user_id,
            reviewed_at=work.now,
            rejection_codes=codes or [],
            comment=request.comment,
        )
        .returning(quality_review)
    )
    return await work.load(decided, "quality review", code=REVIEW_NOT_PENDING)


async def list_quality_queue(request: ListQualityQueue, work: UnitOfWork) -> QualityQueuePage:
    """A page of what waits for a reviewer, oldest first, of the companies he may see."""
    statement = (
        select(quality_review)
        .join(
            contract,
            (contract.c.organisation_id == quality_review.c.organisation_id)
            & (contract.c.id == quality_review.c.contract_id),
        )
        .where(
            quality_review.c.organisation_id == work.organisation_id,
            quality_review.c.status == ReviewStatus.PENDING,
        )
    )
    if request.company_id is not None:
        statement = statement.where(contract.c.company_id == request.company_id)
    if work.caller.company_ids is not None:
        statement = statement.where(contract.c.company_id.in_(work.caller.company_ids))
    if request.submitted_before is not None:
        statement = statement.where(quality_review.c.submitted_at < request.submitted_before)
    order = (quality_review.c.submitted_at, quality_review.c.id)
    return await page(work, request, statement, order=order, reply=QualityQueuePage, item=views.review_of)
