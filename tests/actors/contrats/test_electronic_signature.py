"""Electronic signature: one envelope, whatever breaks; webhooks signed, repeated, late and out of order."""

import base64
import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.contrats.rules.signatures import SIGNATURE
from actors.contrats.yousign.simulator import YousignSimulator
from actors.contrats.yousign.webhooks import signature_of
from messages.contrats import CancelContract, Contract
from messages.contrats.signatures import (
    GetSignatureRequest,
    HandleSignatureWebhook,
    RecallSignature,
    ResendSignature,
    SendContractForSignature,
    SignatureRequest,
    SignatureStatus,
    SignerDraft,
)
from messages.documents import DocumentGenerated, GetDocument, StoreDocument
from messages.problem import Refused
from messages.shared import Ref
from runtime import headers
from runtime.simulation import SentWebhook
from tests.actors.contrats.builders import MARCH_2, Sale, at, fact
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

PDF = b"%PDF-1.7 contrat a signer\n%%EOF\n"
MARCH_3 = at(date(2026, 3, 3))


def test_case_34_the_signature_is_the_providers() -> None:
    body = b'{"event_id":"e1","event_name":"signature_request.done"}'
    expected = "872cc9e4b196ecf2c99cd1c64f27c8de17dfff4322e200887784a61fa73f6eb4"
    assert signature_of("whsec_test", body) == f"sha256={expected}"


class LifeOfARequest(RuleBasedStateMachine):
    """It ends once, and is done only after the signers were asked."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [SignatureStatus.PREPARING]

    def _take(self, trigger: str) -> None:
        if SIGNATURE.allows(trigger, self.path[-1]):
            self.path.append(SIGNATURE.after(trigger, self.path[-1]))
            return
        with pytest.raises(Refused) as refusal:
            SIGNATURE.after(trigger, self.path[-1])
        assert refusal.value.code.code == "INVALID_TRANSITION"

    @rule()
    def activate(self) -> None:
        self._take("activate")

    @rule()
    def finish(self) -> None:
        self._take("finish")

    @rule()
    def decline(self) -> None:
        self._take("decline")

    @rule()
    def expire(self) -> None:
        self._take("expire")

    @rule()
    def cancel(self) -> None:
        self._take("cancel")

    @rule()
    def fail(self) -> None:
        self._take("fail")

    @invariant()
    def the_end_is_the_end(self) -> None:
        assert set(self.path[:-1]) <= {SignatureStatus.PREPARING, SignatureStatus.ONGOING}

    @invariant()
    def nobody_signs_what_was_not_sent(self) -> None:
        if self.path[-1] is SignatureStatus.DONE:
            assert self.path[-2] is SignatureStatus.ONGOING


TestLifeOfARequest = LifeOfARequest.TestCase
TestLifeOfARequest.settings = settings(max_examples=50, stateful_step_count=10, deadline=None)


class Signing:
    """A draft, its file, and the provider's side."""

    def __init__(self, sale: Sale, yousign: YousignSimulator, document_id: UUID) -> None:
        self.sale, self.yousign, self.document_id = sale, yousign, document_id
        self.contract: Contract

    def request(self, **changes: Any) -> SendContractForSignature:
        """The file before Jeanne, with a code by SMS."""
        person = SignerDraft(first_name="Jeanne", last_name="Moreau", email="jeanne@example.fr", phone="+33612345678")
        fields: dict[str, Any] = {
            "contract_id": self.contract.contract_id, "expected_version": self.contract.version, "signers": (person,),
            "document_id": self.document_id, "withdrawal_form_included": True, "include_mandate": True,
        }  # fmt: skip
        return SendContractForSignature.model_validate(fields | changes)

    async def send(self, **changes: Any) -> SignatureRequest:
        """Send it; the request as it is when the provider has been asked."""
        sent = await self.sale.tenant.client.call(self.request(**changes))
        await self.sale.running.settled()
        return await self.read(sent.id)

    async def read(self, request_id: UUID) -> SignatureRequest:
        """Where the request stands."""
        return await self.sale.tenant.client.call(GetSignatureRequest(signature_request_id=request_id))

    async def deliver(self, *webhooks: SentWebhook, raw: bytes | None = None) -> list[str]:
        """Hand webhooks on as the bridge does; the codes of the answers."""
        bridge, codes = await self.sale.running.client("bridge"), []
        contract = HandleSignatureWebhook.contract
        for webhook in webhooks:
            body = {"provider": "YOUSIGN", "headers": webhook.headers}
            body["raw_body_b64"] = base64.b64encode(raw if raw is not None else webhook.body).decode()
            found = {headers.ORGANISATION: str(self.sale.tenant.id), headers.IDEMPOTENCY_KEY: str(uuid4())}
            found[headers.TIME] = "2026-03-03T09:00:00Z"
            answer = await bridge.send(contract.internal_subject, json.dumps(body).encode(), found)
            codes.append(answer.problem.code if answer.problem is not None else "OK")
        await self.sale.running.settled()
        return codes


@pytest.fixture
async def signing(running: Running, tenant: Tenant, yousign: YousignSimulator) -> Signing:
    """A draft and the file that shows it."""
    sale = await Sale(running, tenant).prepare()
    yousign.webhooks.clear()
    stored = await tenant.client.call(
        StoreDocument(
            type="CONTRACT", filename="contrat.pdf", content_base64=base64.b64encode(PDF).decode(),
            declared_mime="application/pdf", source_key=f"test:{uuid4()}",
        )
    )  # fmt: skip
    await running.settled()
    found = Signing(sale, yousign, stored.document.id)
    found.contract = await sale.draft()
    return found


async def test_a_contract_is_signed_electronically_and_its_proofs_are_kept(signing: Signing, tenant: Tenant) -> None:
    sent = await signing.send()
    assert (sent.status, sent.level, sent.signers[0].status) == ("ONGOING", "SES", "NOTIFIED")
    ((_, asked),) = await signing.sale.stated("contract.sent_for_signature")
    assert (asked["request_id"], asked["status"]) == (str(sent.id), "AWAITING_SIGNATURE")
    signing.yousign.sign(sent.id, MARCH_3)
    assert set(await signing.deliver(*signing.yousign.webhooks)) == {"OK"}
    ((_, body),) = await signing.sale.stated("contract.signed")
    assert (body["concluded_on"], body["mandate_consent"]["document_id"]) == ("2026-03-03", body["document_id"])
    signed = await tenant.client.call(GetDocument(document_id=body["document_id"]))
    trail = await tenant.client.call(GetDocument(document_id=body["signature_evidence_document_id"]))
    assert (signed.type, trail.purpose) == ("CONTRACT_SIGNED", "SIGNATURE_EVIDENCE")
    done = await signing.read(sent.id)
    assert (done.status, done.signers[0].signed_at) == ("DONE", MARCH_3)


async def test_case_34_webhooks_forged_repeated_and_out_of_order(signing: Signing) -> None:
    sent = await signing.send()
    signing.yousign.sign(sent.id, MARCH_3)
    activated, signer_done, done = signing.yousign.webhooks
    forged = done.body.replace(b"done", b"dona", 1)
    assert await signing.deliver(done, raw=forged) == ["BAD_SIGNATURE"]
    assert await signing.sale.stated("contract.signed") == []
    assert await signing.deliver(done, done, signer_done, activated, done) == ["OK"] * 5
    assert len(await signing.sale.stated("contract.signed")) == 1
    assert (await signing.sale.contract()).status == "SIGNED"


async def test_an_event_of_the_other_environment_is_refused(signing: Signing, yousign: YousignSimulator) -> None:
    await signing.send()
    (activated,) = yousign.webhooks
    body = activated.body.replace(b'"sandbox": true', b'"sandbox": false')
    real = SentWebhook({"X-Yousign-Signature-256": signature_of("whsec_test_of_contrats", body)}, body)
    assert await signing.deliver(real) == ["BAD_SIGNATURE"]


@pytest.mark.parametrize("lost", ["create", "document", "signer", "activate"])
async def test_a_lost_answer_never_sends_the_file_twice(signing: Signing, lost: str) -> None:
    signing.yousign.lose(lost)
    sent = await signing.send()
    assert sent.status == "ONGOING"
    (procedure,) = signing.yousign.of(sent.id)
    assert (len(procedure.documents), len(procedure.signers), procedure.status) == (1, 1, "ongoing")


async def test_a_lost_webhook_is_made_up_for_within_a_day(signing: Signing) -> None:
    sent = await signing.send()
    signing.yousign.sign(sent.id, MARCH_3)
    await signing.sale.tick("hour", MARCH_2 + timedelta(hours=23))
    assert (await signing.sale.contract()).status == "AWAITING_SIGNATURE"
    await signing.sale.tick("hour", MARCH_2 + timedelta(hours=25))
    assert (await signing.sale.contract()).status == "SIGNED"


async def test_a_signer_who_declines_makes_it_a_draft_again(signing: Signing) -> None:
    sent = await signing.send()
    signing.yousign.decline(sent.id, "prix")
    await signing.deliver(*signing.yousign.webhooks)
    ((_, body),) = await signing.sale.stated("contract.signature_declined")
    assert (body["reason"], body["status"]) == ("prix", "DRAFT")
    signing.contract = await signing.sale.contract()
    assert (await signing.send()).status == "ONGOING"


async def test_a_request_nobody_answers_expires_at_the_provider_too(signing: Signing) -> None:
    sent = await signing.send(expires_in_days=5)
    await signing.sale.tick("hour", MARCH_2 + timedelta(days=5))
    ((_, body),) = await signing.sale.stated("contract.signature_expired")
    assert (body["request_id"], body["status"]) == (str(sent.id), "DRAFT")
    assert signing.yousign.of(sent.id)[0].status == "canceled"


async def test_a_recalled_file_is_taken_back(signing: Signing, tenant: Tenant, other_tenant: Tenant) -> None:
    sent = await signing.send()
    recall = RecallSignature(signature_request_id=sent.id)
    assert await refused(other_tenant.client.call(recall)) == "SIGNATURE_REQUEST_NOT_FOUND"
    assert (await tenant.client.call(recall)).status == "CANCELLED"
    await signing.sale.running.settled()
    assert signing.yousign.of(sent.id)[0].status == "canceled"
    assert await refused(tenant.client.call(recall)) == "SIGNATURE_NOT_ONGOING"
    signing.contract = await signing.sale.contract()
    again = await signing.send()
    await tenant.client.call(
        CancelContract(
            contract_id=signing.contract.contract_id, expected_version=await signing.sale.version(), reason_code="NO"
        )
    )
    await signing.sale.running.settled()
    assert (await signing.read(again.id)).status == "CANCELLED"


async def test_signers_who_have_not_signed_are_reminded(signing: Signing, tenant: Tenant, other_tenant: Tenant) -> None:
    sent = await signing.send()
    resend, before = ResendSignature(signature_request_id=sent.id), signing.yousign.calls["remind"]
    assert await refused(other_tenant.client.call(resend)) == "SIGNATURE_REQUEST_NOT_FOUND"
    assert (await tenant.client.call(resend)).status == "ONGOING"
    await signing.sale.running.settled()
    assert signing.yousign.calls["remind"] == before + 1
    signing.yousign.sign(sent.id, MARCH_3)  # and no webhook told us yet
    await tenant.client.call(resend)
    await signing.sale.running.settled()
    assert signing.yousign.calls["remind"] == before + 1
    await signing.deliver(*signing.yousign.webhooks)
    assert await refused(tenant.client.call(resend)) == "SIGNATURE_NOT_ONGOING"


async def test_the_file_may_be_rendered_first(signing: Signing, tenant: Tenant) -> None:
    sent = await signing.send(document_id=None)
    ((_, asked),) = await signing.sale.stated("contract.document_requested")
    assert (asked["request_id"], asked["purpose"], asked["include_mandate"]) == (
        str(sent.id),
        "CONTRACT_SIGNATURE",
        True,
    )
    assert sent.status == "ONGOING" and sent.document_id is not None  # documents has set it meanwhile
    stored = await tenant.client.call(GetDocument(document_id=sent.document_id))
    assert (stored.mime, stored.reference) == ("application/pdf", Ref(type="contract", id=signing.contract.contract_id))
    rendered = fact(DocumentGenerated, document_id=stored.id, sha256=stored.sha256, request_id=sent.id, links=())
    await signing.sale.hears(rendered, times=2)
    assert len(signing.yousign.of(sent.id)) == 1


async def test_what_is_missing_is_named_before_anything_is_sent(signing: Signing, tenant: Tenant) -> None:
    call = tenant.client.call
    no_phone = SignerDraft(first_name="Jeanne", last_name="Moreau", email="jeanne@example.fr")
    assert await refused(call(signing.request(signers=(no_phone,)))) == "MISSING_SIGNER_CONTACT"
    assert await refused(call(signing.request(withdrawal_form_included=False))) == "WITHDRAWAL_FORM_MISSING"
    assert await refused(call(signing.request(expected_version=9))) == "VERSION_CONFLICT"
    assert (await signing.sale.contract()).status == "DRAFT"
    assert await signing.sale.stated("contract.sent_for_signature") == []


async def test_a_contract_of_much_money_is_signed_with_an_advanced_signature(signing: Signing) -> None:
    signing.contract = await signing.sale.draft(lines=(signing.sale.line("1200.00"),))
    assert (await signing.send()).level == "AES"
    assert (await signing.read((await signing_request(signing)).id)).level == "AES"


async def signing_request(signing: Signing) -> SignatureRequest:
    """The only request of the contract, looked up by its fact."""
    ((_, body),) = await signing.sale.stated("contract.sent_for_signature")
    return await signing.read(UUID(body["request_id"]))


async def test_addresses_of_signers_are_stored_encrypted(signing: Signing, running: Running, tenant: Tenant) -> None:
    await signing.send()
    connection = await asyncpg.connect(running.database("contrats"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        rows = await connection.fetch("select email, phone from signer where organisation_id = $1", tenant.id)
    finally:
        await connection.close()
    assert rows and all(b"jeanne" not in row["email"] and b"336" not in row["phone"] for row in rows)
