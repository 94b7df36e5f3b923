"""documents: files rendered on the orders of others."""

import base64
import io
import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pypdf import PdfReader

from actors.documents.rendering.jobs import RENDERINGS
from actors.documents.rendering.sheets import facts_of
from actors.documents.rendering.templates import SEEDS, template_for
from actors.documents.rendering.typesetting import typeset
from messages.contrats.signatures import ContractDocumentRequested, DocumentPurpose
from messages.documents import (
    GetContent,
    GetDocument,
    GetDocumentTemplate,
    GetRenderJob,
    ListDocumentTemplates,
    RenderDocument,
    RenderPurpose,
    RenderStatus,
)
from messages.payments import FormalNoticeRequested, MandateSignatureRequested
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from tests.actors.documents.test_documents import refused
from tests.harness import Running, Tenant

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
COMPANY = {
    "legal_name": "Telecom Dupont",
    "siren": "732829320",
    "address": {"street": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"},
}
SIX_LINES = [
    "M. Jean Dupont", "Appartement 3", "Résidence des Lilas", "12 rue de la République", "BP 4", "69001 Lyon",
]  # fmt: skip
MANDATE = {"rum": "RUM-2026-1", "creditor_name": "Telecom Dupont", "creditor_identifier": "FR72ZZZ123456"}


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def contract_data(**changes: Any) -> dict[str, Any]:
    line = {
        "description": "Fibre 1 Gbit/s",
        "quantity": "1",
        "unit_price_net": euros("29.90"),
        "billing_period": "MONTHLY",
        "vat_rate": "20.00",
        "net": euros("29.90"),
    }
    contract = {
        "reference": "CT-2026-00001",
        "starts_on": "2026-03-01",
        "billing_frequency": "MONTHLY",
        "recurring_net": euros("29.90"),
        "recurring_gross": euros("35.88"),
        "commitment_months": 12,
        "lines": [line],
    }
    return {"contract": contract | changes, "withdrawal_form": True}


def letter_data(lines: list[str]) -> dict[str, Any]:
    return {
        "recipient": {"address_lines": lines},
        "subject": "Mise en demeure de payer",
        "paragraphs": ["Nous vous mettons en demeure de régler les factures ci-dessous sous huit jours."],
        "items": [{"number": "FA-2026-00001", "due_date": "2026-02-01", "amount": euros("35.88")}],
        "total": euros("35.88"),
    }


def contract_order(tenant: Tenant, data: dict[str, Any], request_id: UUID | None = None) -> ContractDocumentRequested:
    return ContractDocumentRequested(
        request_id=request_id or new_id(),
        contract_id=new_id(),
        client_id=new_id(),
        company_id=tenant.company_id,
        purpose=DocumentPurpose.CONTRACT_SIGNATURE,
        template_key="contract.standard",
        locale="fr",
        data=data,
        include_mandate=False,
    )


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


async def test_case_28_an_order_of_a_contract_is_rendered_and_answered_once(running: Running, tenant: Tenant) -> None:
    order = contract_order(tenant, contract_data())
    await running.state(order, tenant.id, now=NOW)
    await running.state(order, tenant.id, now=NOW)
    await running.settled()
    ((headers, answer),) = await running.events("document.generated", tenant.id)
    ((_, available),) = await running.events("document.available", tenant.id)
    assert (answer["request_id"], answer["purpose"], headers["ce-crmversion"]) == (
        str(order.request_id), "CONTRACT_SIGNATURE", "1",
    )  # fmt: skip
    assert answer["document_id"] == available["document_id"]
    document = await tenant.client.call(GetDocument(document_id=answer["document_id"]))
    assert (document.type, document.scan_status, document.sha256) == ("CONTRACT", "SKIPPED", answer["sha256"])
    assert {link.subject_type for link in document.links} == {"CONTRACT", "CLIENT"}
    content = await tenant.client.call(GetContent(document_id=document.id))
    pdf = base64.b64decode(content.content_base64)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == answer["page_count"] == 2
    for said in ("CT-2026-00001", "Société DUP", "Fibre 1 Gbit/s", "35,88", "Formulaire de rétractation"):
        assert said in text_of(pdf).replace("\xa0", " ")


async def test_case_28_a_missing_variable_is_answered_at_once_and_nothing_is_stored(
    running: Running, tenant: Tenant
) -> None:
    order = contract_order(tenant, contract_data(recurring_net=None))
    await running.state(order, tenant.id, now=NOW)
    await running.settled()
    ((_, answer),) = await running.events("document.generation_failed", tenant.id)
    assert (answer["request_id"], answer["error_code"], answer["missing_variables"]) == (
        str(order.request_id), "DOCUMENT_VARIABLES_INVALID", ["contract.recurring_net"],
    )  # fmt: skip
    assert await running.events("document.generated", tenant.id) == []
    assert await running.events("document.available", tenant.id) == []


async def test_data_that_no_layout_can_set_is_answered_after_the_attempts(running: Running, tenant: Tenant) -> None:
    order = contract_order(tenant, contract_data(lines=[{"description": "sans prix"}]))
    await running.state(order, tenant.id, now=NOW)
    await running.settled()
    ((_, answer),) = await running.events("document.generation_failed", tenant.id)
    assert (answer["request_id"], answer["error_code"]) == (str(order.request_id), "RENDERING_FAILED")


async def test_a_mandate_is_rendered_with_the_authorisation_text(running: Running, tenant: Tenant) -> None:
    mandate_id, client_id = new_id(), new_id()
    order = MandateSignatureRequested.model_validate(
        {
            "mandate_id": mandate_id, "rum": "RUM-2026-1", "client_id": client_id, "company_id": tenant.company_id,
            "scheme": "SEPA_CORE", "kind": "RECURRENT", "creditor_identifier": "FR72ZZZ123456",
            "status": "PENDING_CUSTOMER_APPROVAL", "signature_channel": "ESIGN", "template_key": "MANDATE", "data": MANDATE,
        }
    )  # fmt: skip
    await running.state(order, tenant.id, now=NOW)
    await running.settled()
    ((_, answer),) = await running.events("document.generated", tenant.id)
    assert (answer["mandate_id"], answer["type"]) == (str(mandate_id), "MANDATE")
    content = await tenant.client.call(GetContent(document_id=answer["document_id"]))
    letters = re.sub(r"[^\w]", "", text_of(base64.b64decode(content.content_base64)))  # lines break inside words
    assert "RUM20261" in letters and "8semaines" in letters


async def test_case_29_a_formal_notice_is_rendered_with_what_the_law_wants_in_it(
    running: Running, tenant: Tenant
) -> None:
    item = {
        "invoice_number": "F2026-0001", "due_date": "2026-04-25", "principal": euros("24.90"), "interest": euros("0.00"),
        "charges": euros("0.00"),
    }  # fmt: skip
    address = {"street": "12 rue de la République", "postal_code": "69001", "city": "Lyon"}
    order = FormalNoticeRequested.model_validate(
        {
            "notice_id": new_id(), "case_id": new_id(), "case_number": "REC-2026-000001", "company_id": tenant.company_id,
            "client_id": new_id(), "kind": "STANDARD", "medium": "REGISTERED_POST", "consumer": True, "items": [item],
            "recipient": {"kind": "CONSUMER", "display_name": "Jean Dupont", "address": address},
            "total": euros("24.90"), "template_key": "letter.formal_notice", "locale": "fr", "deadline_days": 15,
        }
    )  # fmt: skip
    for _ in range(2):
        await running.state(order, tenant.id, now=NOW)
    await running.settled()
    ((_, answer),) = await running.events("document.generated", tenant.id)
    assert (answer["notice_id"], answer["type"]) == (str(order.notice_id), "DUNNING_LETTER")
    content = await tenant.client.call(GetContent(document_id=answer["document_id"]))
    letters = re.sub(r"[^\w]", "", text_of(base64.b64decode(content.content_base64)))
    for words in ("miseendemeure", "F20260001", "2490", "REC2026000001", "15jours", "L1118", "JEANDUPONT", "69001LYON"):
        assert words in letters


def test_case_29_six_address_lines_stand_in_the_window_and_nothing_else() -> None:
    template = SEEDS["letter.formal_notice"]
    made = typeset(template.layout, facts_of(template, letter_data(SIX_LINES), COMPANY, date(2026, 3, 1)), NOW)
    assert made.window_is_right
    assert made.page_count == len(PdfReader(io.BytesIO(made.pdf)).pages)
    wide = [*SIX_LINES[:5], "69001 Lyon " * 20]
    assert not typeset(
        template.layout, facts_of(template, letter_data(wide), COMPANY, date(2026, 3, 1)), NOW
    ).window_is_right


async def test_case_29_seven_address_lines_are_refused(running: Running, tenant: Tenant) -> None:
    order = RenderDocument(
        template_key="letter.formal_notice",
        purpose=RenderPurpose.FORMAL_NOTICE,
        reference=Ref(type="formal_notice", id=new_id()),
        data=letter_data([*SIX_LINES, "France"]),
        company_id=tenant.company_id,
    )
    job = await tenant.client.call(order)
    await running.settled()
    ended = await tenant.client.call(GetRenderJob(job_id=job.job_id))
    assert (ended.status, ended.error_code) == ("FAILED", "WINDOW_ZONE_INVALID")
    assert await running.events("document.generated", tenant.id) == []


def test_the_same_facts_give_the_same_bytes() -> None:
    for key, data in (
        ("contract.standard", contract_data()),
        ("mandate.sepa", MANDATE),
        ("letter.reminder", letter_data(SIX_LINES)),
        ("commission_statement", {"number": "1", "representative": "X", "columns": ["a", "b"], "rows": [["1", "2"]]}),
    ):
        template = SEEDS[key]
        facts = facts_of(template, data, COMPANY, date(2026, 3, 1))
        assert template.missing(data) == ()
        assert typeset(template.layout, facts, NOW) == typeset(template.layout, facts, NOW)


async def test_the_same_reference_and_revision_is_one_job_and_one_document(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    order = RenderDocument(
        template_key="mandate.sepa",
        purpose=RenderPurpose.MANDATE,
        reference=Ref(type="mandate", id=new_id()),
        data=MANDATE,
    )
    first, second = await tenant.client.call(order), await tenant.client.call(order)
    assert first.job_id == second.job_id
    await running.settled()
    again = await tenant.client.call(order)
    assert (again.status, again.document_id) == ("DONE", first.job_id)
    assert (await tenant.client.call(order.model_copy(update={"revision": "2"}))).job_id != first.job_id
    assert await refused(other_tenant, GetRenderJob(job_id=first.job_id)) == "RENDER_JOB_NOT_FOUND"


async def test_an_order_that_cannot_be_set_is_refused_with_what_is_missing(tenant: Tenant) -> None:
    fields = {"purpose": RenderPurpose.MANDATE, "reference": Ref(type="mandate", id=new_id())}
    unknown = RenderDocument(template_key="nothing", data={}, **fields)
    assert await refused(tenant, unknown) == "DOCUMENT_TEMPLATE_NOT_FOUND"
    empty = RenderDocument(template_key="mandate.sepa", data={}, **fields)
    assert await refused(tenant, empty) == "DOCUMENT_VARIABLES_INVALID"


async def test_templates_are_listed_with_what_they_need(tenant: Tenant) -> None:
    listed = await tenant.client.call(ListDocumentTemplates())
    assert {item.key for item in listed.items} == set(SEEDS)
    mandate = await tenant.client.call(GetDocumentTemplate(key="mandate.sepa"))
    assert mandate.variables == ("rum", "creditor_identifier", "creditor_name")
    assert await refused(tenant, GetDocumentTemplate(key="nothing")) == "DOCUMENT_TEMPLATE_NOT_FOUND"


@pytest.mark.parametrize("purpose", list(RenderPurpose))
def test_an_unknown_key_falls_back_to_the_seed_of_its_purpose(purpose: RenderPurpose) -> None:
    assert template_for("unheard.of", purpose).purpose is purpose


class RenderingLife(RuleBasedStateMachine):
    """A rendering is answered once: nothing follows DONE or FAILED."""

    def __init__(self) -> None:
        super().__init__()
        self.status = RenderStatus.QUEUED
        self.answers = 0

    @rule(trigger=some.sampled_from(["finish", "give_up"]))
    def happens(self, trigger: str) -> None:
        if RENDERINGS.allows(trigger, self.status):
            self.status = RENDERINGS.after(trigger, self.status)
            self.answers += 1
        else:
            with pytest.raises(Refused):
                RENDERINGS.after(trigger, self.status)

    @invariant()
    def it_is_answered_once(self) -> None:
        assert self.answers == (0 if self.status is RenderStatus.QUEUED else 1)


test_a_rendering_is_answered_once = RenderingLife.TestCase
