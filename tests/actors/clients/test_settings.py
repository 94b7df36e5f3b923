"""clients: settings, tags one by one, consents that end, and the nightly search for duplicates."""

import base64
from datetime import UTC, date, datetime, timedelta

import orjson

from messages.clients import (
    AddTag,
    CheckContactPermission,
    Client,
    ConsentDecision,
    ConsentPurpose,
    ContactChannel,
    ContactPurpose,
    CreateExport,
    ExportColumn,
    ExportFormat,
    GetClientSettings,
    GetConsentMatrix,
    GetExport,
    ListDuplicateCandidates,
    OnDuplicate,
    RecordConsent,
    RemoveTag,
    UpdateClientSettings,
)
from messages.documents import OpenContent
from messages.payments import BankDetailsCreated
from messages.values.identifiers import new_id
from tests.actors.clients.builders import code_of, noon, person, say
from tests.harness import Tenant

MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def test_an_organisation_chooses_codes_and_thresholds(tenant: Tenant, other_tenant: Tenant) -> None:
    assert (await tenant.client.call(GetClientSettings())).version == 0
    change = UpdateClientSettings(
        client_code_prefix="ACME-",
        duplicate_thresholds={"possible": 30, "probable": 50, "certain": 70},  # type: ignore[arg-type]
        expected_version=0,
    )
    chosen = await tenant.client.call(change)
    assert (chosen.version, chosen.on_duplicate) == (1, "REJECT_CERTAIN")
    assert (await tenant.client.call(GetClientSettings())) == chosen
    assert await code_of(tenant.client.call(change)) == "VERSION_CONFLICT"
    first = await tenant.client.call(person(birth_date=None))
    assert first.client_code.startswith("ACME-")
    twin = person(emails=())  # the same name and phone: 70
    assert await code_of(tenant.client.call(twin)) == "DUPLICATE_CLIENT"
    allow = UpdateClientSettings(on_duplicate=OnDuplicate.ALLOW, expected_version=1)
    await tenant.client.call(allow)
    assert (await tenant.client.call(twin)).duplicates[0].level == "CERTAIN"
    theirs = await other_tenant.client.call(person())
    assert theirs.client_code.startswith("CLI-")
    assert (await other_tenant.client.call(GetClientSettings())).version == 0
    reader = tenant.token("clients:settings:read")
    assert await code_of(tenant.client.call(change, token=reader)) == "PERMISSION_MISSING"
    falling = {"duplicate_thresholds": {"possible": 60, "probable": 50, "certain": 70}, "expected_version": 2}
    answer = await tenant.client.send(UpdateClientSettings.subject, orjson.dumps(falling))
    assert answer.problem is not None and answer.problem.fields[0].rule == "THRESHOLDS"


async def test_the_day_of_the_opt_in_law_is_a_setting(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    at = datetime(2026, 8, 12, 8, 30, tzinfo=UTC)
    ask = CheckContactPermission(
        client_id=client.id, channel=ContactChannel.PHONE, purpose=ContactPurpose.MARKETING, as_of=at
    )
    assert (await tenant.client.call(ask)).reasons == ("NO_CONSENT",)
    await tenant.client.call(UpdateClientSettings(phone_optin_from=date(2026, 9, 1), expected_version=0))
    assert (await tenant.client.call(ask)).allowed


async def test_tags_are_put_on_and_taken_off_one_by_one(tenant: Tenant, other_tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    for tag in ("vip", "fibre", "vip"):
        tagged = await tenant.client.call(AddTag(client_id=client.id, tag=tag))
    assert (tagged.tags, tagged.version) == (("fibre", "vip"), 3)
    assert await code_of(other_tenant.client.call(AddTag(client_id=client.id, tag="x"))) == "CLIENT_NOT_FOUND"
    for number in range(28):
        await tenant.client.call(AddTag(client_id=client.id, tag=f"t{number}"))
    assert await code_of(tenant.client.call(AddTag(client_id=client.id, tag="more"))) == "VALIDATION_FAILED"
    left = await tenant.client.call(RemoveTag(client_id=client.id, tag="vip"))
    assert "vip" not in left.tags and len(left.tags) == 29
    again = await tenant.client.call(RemoveTag(client_id=client.id, tag="vip"))
    assert again.version == left.version


async def test_a_consent_that_ends_is_stated_once(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    end = MARCH_2 + timedelta(days=10)
    tenant.client.now = MARCH_2
    try:
        for purpose in (ConsentPurpose.MARKETING_EMAIL, ConsentPurpose.MARKETING_SMS):
            grant = RecordConsent(
                client_id=client.id, purpose=purpose, decision="GRANTED", legal_basis="CONSENT",
                channel_of_collection="WEB_FORM", expires_at=end,
            )  # fmt: skip
            await tenant.client.call(grant)
        withdraw = grant.model_copy(update={"decision": ConsentDecision.WITHDRAWN, "expires_at": None})
        tenant.client.now = MARCH_2 + timedelta(days=1)
        await tenant.client.call(withdraw)
        for days in (9, 11, 12, 13):
            await tenant.running.tick("day", MARCH_2 + timedelta(days=days, seconds=41))
        tenant.client.now = MARCH_2 + timedelta(days=13)
        matrix = await tenant.client.call(GetConsentMatrix(client_id=client.id))
    finally:
        tenant.client.now = None
    stated = [body["purpose"] for _, body in await tenant.running.events("client_consent.expired", tenant.id)]
    assert stated == ["MARKETING_EMAIL"]
    assert [found.purpose for found in matrix.items] == ["MARKETING_SMS"]


async def test_case_19_accounts_in_common_make_a_pair_by_night(tenant: Tenant) -> None:
    clients: list[Client] = []
    for number in (1, 2):
        tenant.client.now = MARCH_2
        request = person(emails=(f"j{number}@example.fr",), phones=(f"06123456{number}8",))
        clients.append(await tenant.client.call(request))
        tenant.client.now = None
        account = BankDetailsCreated.model_validate(
            {
                "bank_details_id": new_id(), "client_id": clients[-1].id, "holder_name": "Jean-Pierre de La Tour",
                "iban_masked": "FR76 **** **** 0189", "iban_fingerprint": "f" * 64, "iban_country": "FR",
                "iban_last4": "0189", "status": "ACTIVE", "is_default": True, "usage": "DEBIT",
            }
        )  # fmt: skip
        await say(tenant, account, 1, date(2026, 3, 2))
    for _ in range(2):
        await tenant.running.tick("day", noon(date(2026, 3, 2)) + timedelta(hours=12, seconds=43))
    (pair,) = (await tenant.client.call(ListDuplicateCandidates())).items
    assert (pair.score, pair.level) == (75, "PROBABLE")
    assert len(await tenant.running.events("client_duplicate.detected", tenant.id)) == 1


async def test_a_list_is_written_as_json_lines(tenant: Tenant) -> None:
    client = await tenant.client.call(person(family_name="=1+1"))
    for tag in ("vip", "fibre"):
        await tenant.client.call(AddTag(client_id=client.id, tag=tag))
    columns = (ExportColumn.FAMILY_NAME, ExportColumn.TAGS, ExportColumn.DO_NOT_CONTACT, ExportColumn.SIREN)
    job = await tenant.client.call(CreateExport(columns=columns, format=ExportFormat.JSONL))
    await tenant.running.settled()
    done = await tenant.client.call(GetExport(job_id=job.id))
    assert (done.status, done.row_count) == ("DONE", 1), done
    assert done.document_id is not None
    part = await tenant.client.call(OpenContent(document_id=done.document_id, purpose="DOWNLOAD"))
    (line,) = base64.b64decode(part.content_base64).splitlines()
    assert orjson.loads(line) == {
        "family_name": "=1+1", "tags": ["fibre", "vip"], "do_not_contact": False, "siren": None,
    }  # fmt: skip
