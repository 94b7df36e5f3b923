"""Orders of other actors to render a file, and the letterheads the files carry."""

from typing import Any
from uuid import UUID

from actors.documents.rendering import formal_notices, jobs
from messages.contrats.signatures import ContractDocumentRequested
from messages.documents import LinkRole, RenderPurpose, SubjectType
from messages.identity import CompanyCreated, CompanySnapshot, CompanyUpdated
from messages.payments import FormalNoticeRequested, MandateSignatureRequested
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork
from storage.documents.tables import company
from storage.projections import keep_newest


async def keep_letterhead(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """What a company's files say of it."""
    letterhead = CompanySnapshot.model_validate(event.model_dump()).model_dump(mode="json")
    kept = keep_newest(
        company,
        organisation_id=work.organisation_id,
        id=event.company_id,
        version=work.source_version,
        letterhead=letterhead,
    )
    await work.execute(kept)


async def render_contract_file(event: ContractDocumentRequested, work: UnitOfWork) -> None:
    """A contract, an amendment or a letter about one; the answer carries request_id."""
    order = jobs.Order(
        template_key=event.template_key,
        purpose=RenderPurpose(event.purpose.value),
        reference=Ref(type="contract", id=event.contract_id),
        data=event.data,
        revision=str(event.request_id),
        echo={"request_id": str(event.request_id)},
        links=_links(CONTRACT=event.contract_id, CLIENT=event.client_id),
        client_id=event.client_id,
        contract_id=event.contract_id,
        company_id=event.company_id,
    )
    await jobs.take_order(order, work)


async def render_mandate(event: MandateSignatureRequested, work: UnitOfWork) -> None:
    """A mandate to sign; the answer carries mandate_id."""
    order = jobs.Order(
        template_key=event.template_key,
        purpose=RenderPurpose.MANDATE,
        reference=Ref(type="mandate", id=event.mandate_id),
        data=event.data,
        revision=str(event.mandate_id),
        echo={"mandate_id": str(event.mandate_id)},
        links=_links(MANDATE=event.mandate_id, CLIENT=event.client_id, CONTRACT=event.contract_id),
        client_id=event.client_id,
        contract_id=event.contract_id,
        company_id=event.company_id,
    )
    await jobs.take_order(order, work)


async def render_formal_notice(event: FormalNoticeRequested, work: UnitOfWork) -> None:
    """A formal notice; the answer carries notice_id. A draft that was completed is another rendering."""
    order = jobs.Order(
        template_key=event.template_key,
        purpose=RenderPurpose.FORMAL_NOTICE,
        reference=Ref(type="formal_notice", id=event.notice_id),
        data=formal_notices.data_of(event),
        revision=f"{event.notice_id}:{work.source_version}",
        echo={"notice_id": str(event.notice_id)},
        links=_links(CLIENT=event.client_id, CONTRACT=event.contract_id),
        client_id=event.client_id,
        contract_id=event.contract_id,
        company_id=event.company_id,
    )
    await jobs.take_order(order, work)


def _links(**subjects: UUID | None) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"subject_type": SubjectType(name).value, "subject_id": str(id_), "role": LinkRole.MAIN.value}
        for name, id_ in subjects.items()
        if id_ is not None
    )
