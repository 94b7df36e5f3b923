"""Requests about what the quality desk checks."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.requests.versions import version_by_id
from actors.products.rows import locked_product, new_row
from messages.products.events import QualityRuleSaved
from messages.products.quality_rules import QUALITY_RULE_NOT_FOUND, GetQualityRule, QualityRule, SetQualityRule
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import quality_rule


async def set_quality_rule(request: SetQualityRule, work: UnitOfWork) -> QualityRule:
    """Set or replace the rule of a version; sales already checked stay as they are."""
    version = await version_by_id(request.version_id, work)
    await locked_product(version["product_id"], work)
    row = {
        **new_row(new_id(), work),
        "version_id": request.version_id,
        "rule": request.rule.model_dump(mode="json"),
    }
    statement = insert(quality_rule).values(**row)
    stored = await work.load(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "version_id"],
            set_={
                "rule": statement.excluded.rule,
                "version": quality_rule.c.version + 1,
                "updated_at": work.now,
                "updated_by": work.caller.principal,
            },
        ).returning(quality_rule),
        "quality rule",
    )
    event = QualityRuleSaved(
        version_id=request.version_id,
        required_fields=request.rule.required_fields,
        required_documents=request.rule.required_documents,
    )
    work.emit(event, version=stored["version"])
    return views.quality_rule_of(stored)


async def get_quality_rule(request: GetQualityRule, work: UnitOfWork) -> QualityRule:
    """The rule of a version."""
    sought = select(quality_rule).where(
        quality_rule.c.organisation_id == work.organisation_id, quality_rule.c.version_id == request.version_id
    )
    return views.quality_rule_of(await work.load(sought, "quality rule", code=QUALITY_RULE_NOT_FOUND))
