"""documents: links that open a file to somebody without an account."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actors.documents.signing import opened, sign
from messages.documents import (
    CreateDownloadLink,
    Disposition,
    DocumentType,
    DownloadLink,
    ReadDownload,
    ResolveDownloadLink,
    RevokeDownloadLink,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.calls import Calls
from runtime.connection import Connection
from runtime.headers import Cause
from tests.actors.documents.test_documents import EICAR, HELLO, file, refused
from tests.actors.documents.test_formats import PDF
from tests.harness import Running, Tenant

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
KEY = b"test-download-key-0123456789abcdef"
LINK_ID = UUID("0190aaaa-0000-7000-8000-00000000000a")
EXPIRY = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = "v1.0190aaaa-0000-7000-8000-00000000000a.1772366400.TEKvWHJ-f2jWtWvW_IUl_OtjB073dhbntIZ3wH6dFUE"


class Visitor:
    """Opens links as the bridge does for somebody on the web."""

    def __init__(self, running: Running) -> None:
        self._connection = Connection("bridge", running.settings("bridge"))

    async def __aenter__(self) -> "Visitor":
        await self._connection.broker.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.broker.stop()

    async def ask(self, tenant: Tenant, request: Any, now: datetime = NOW) -> Any:
        identity = str(new_id())
        cause = Cause(identity, identity, simulated_time=now)
        return await Calls("bridge", self._connection).ask(request, organisation_id=tenant.id, cause=cause)

    async def opens(
        self, tenant: Tenant, link: DownloadLink, ip: str = "203.0.113.7", now: datetime = NOW, **more: Any
    ) -> str:
        """The bytes, or the code of the refusal."""
        token = link.url_path.rpartition("/")[2]
        try:
            ticket = await self.ask(tenant, ResolveDownloadLink(token=token, ip=ip, **more), now)
            part = await self.ask(tenant, ReadDownload(ticket=ticket.ticket), now)
        except Refused as refusal:
            return refusal.code.code
        return base64.b64decode(part.content_base64).decode()


async def link_to(tenant: Tenant, **changes: Any) -> DownloadLink:
    tenant.client.now = NOW
    stored = await tenant.client.call(file())
    return await tenant.client.call(CreateDownloadLink.model_validate({"document_id": stored.document.id} | changes))


def test_case_11_the_token_is_the_vector_and_a_flipped_character_opens_nothing() -> None:
    assert sign("v1", LINK_ID, EXPIRY, KEY) == TOKEN
    found = opened("v1", TOKEN, [b"newer key", KEY])
    assert found is not None and (found.id, found.expires_at) == (LINK_ID, EXPIRY)
    for place in range(len(TOKEN)):
        flipped = TOKEN[:place] + ("A" if TOKEN[place] != "A" else "B") + TOKEN[place + 1 :]
        assert opened("v1", flipped, [KEY]) is None
    assert opened("r1", TOKEN, [KEY]) is None


@given(some.text(max_size=200))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    assert opened("v1", text, [KEY]) is None


async def test_case_12_of_two_visitors_at_once_exactly_one_gets_in(running: Running, tenant: Tenant) -> None:
    link = await link_to(tenant)
    async with Visitor(running) as visitor:
        answers = await asyncio.gather(*(visitor.opens(tenant, link, ip) for ip in ("203.0.113.7", "198.51.100.9")))
    assert sorted(answers) == sorted([HELLO.decode(), "LINK_USED"])
    await running.settled()
    assert len(await running.events("document.accessed", tenant.id)) == 1


async def test_case_13_at_its_expiry_the_link_is_over(running: Running, tenant: Tenant) -> None:
    link = await link_to(tenant, ttl_seconds=900)
    async with Visitor(running) as visitor:
        assert await visitor.opens(tenant, link, now=link.expires_at) == "LINK_EXPIRED"
        before = link.expires_at - timedelta(milliseconds=1)
        assert await visitor.opens(tenant, link, now=before) == HELLO.decode()


async def test_the_same_visitor_resumes_once_within_a_minute(running: Running, tenant: Tenant) -> None:
    link = await link_to(tenant)
    async with Visitor(running) as visitor:
        assert await visitor.opens(tenant, link) == HELLO.decode()
        assert await visitor.opens(tenant, link, now=NOW + timedelta(seconds=59)) == HELLO.decode()
        assert await visitor.opens(tenant, link, now=NOW + timedelta(seconds=59)) == "LINK_USED"


async def test_a_link_is_revoked_bound_or_of_another_organisation(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    user_id = new_id()
    revoked, bound = await link_to(tenant), await link_to(tenant, bound_user_id=user_id)
    await tenant.client.call(RevokeDownloadLink(link_id=revoked.link_id))
    await tenant.client.call(RevokeDownloadLink(link_id=revoked.link_id))
    assert await refused(other_tenant, RevokeDownloadLink(link_id=bound.link_id)) == "LINK_INVALID"
    async with Visitor(running) as visitor:
        assert await visitor.opens(tenant, revoked) == "LINK_REVOKED"
        assert await visitor.opens(tenant, bound) == "LINK_BOUND"
        assert await visitor.opens(other_tenant, bound, user_id=user_id) == "LINK_INVALID"
        assert await visitor.opens(tenant, bound, user_id=user_id) == HELLO.decode()


async def test_a_ticket_ends_after_a_quarter_of_an_hour(running: Running, tenant: Tenant) -> None:
    link = await link_to(tenant)
    async with Visitor(running) as visitor:
        opens = ResolveDownloadLink(token=link.url_path.rpartition("/")[2], ip="203.0.113.7")
        ticket = await visitor.ask(tenant, opens)
        with pytest.raises(Refused) as late:
            await visitor.ask(tenant, ReadDownload(ticket=ticket.ticket), NOW + timedelta(minutes=15))
        assert late.value.code.code == "LINK_INVALID"


async def test_case_9_no_link_is_made_to_an_infected_file(tenant: Tenant) -> None:
    stored = await tenant.client.call(file(EICAR))
    assert await refused(tenant, CreateDownloadLink(document_id=stored.document.id)) == "NOT_CLEAN"


async def test_personal_papers_need_a_purpose_and_tables_are_not_shown_inline(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    paper = await tenant.client.call(file(PDF, type=DocumentType.ID_DOCUMENT, filename="cni.pdf"))
    assert await refused(tenant, CreateDownloadLink(document_id=paper.document.id)) == "VALIDATION_FAILED"
    await tenant.client.call(CreateDownloadLink(document_id=paper.document.id, purpose="KYC"))
    table = await tenant.client.call(file(b"a;b\n1;2\n", filename="a.csv"))
    inline = CreateDownloadLink(document_id=table.document.id, disposition=Disposition.INLINE)
    assert await refused(tenant, inline) == "VALIDATION_FAILED"
    assert await refused(other_tenant, inline) == "DOCUMENT_NOT_FOUND"
