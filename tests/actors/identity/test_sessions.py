"""Sign-in sessions: tracked by the bridge, ended by people, by the issuer, by time; refused everywhere at once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from actors.identity.rules.sessions import device_label, end_of
from messages.base import NIL_ORGANISATION
from messages.clients import ListClients
from messages.identity import (
    AuthSession,
    BuildAccessContext,
    CheckSession,
    HandleBackchannelLogout,
    ListMySessions,
    ListUserSessions,
    RevokeSession,
    RevokeUserSessions,
    SecuritySettings,
    TouchSession,
    TrackSession,
)
from messages.values.identifiers import new_id
from runtime import clock
from tests.actors.identity.people import IssuerServer, Person, as_bridge, member
from tests.actors.identity.test_members import refused_with
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/129.0 Safari/537.36"
PARIS = "203.0.113.7"


async def tracked(someone: Person, user_agent: str = FIREFOX, **claims: Any) -> AuthSession:
    """The bridge notes a sign-in."""
    someone.idp_token = someone.issuer.token(someone.email, **claims)
    return await as_bridge(someone.running, TrackSession(idp_token=someone.idp_token, ip=PARIS, user_agent=user_agent))


def logout_token(issuer: IssuerServer, **claims: Any) -> str:
    """What the issuer sends when somebody signs out elsewhere."""
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    known = {"aud": "crm-web", "events": event, "jti": str(new_id())}
    return issuer.signer.sign({name: value for name, value in (known | claims).items() if value is not None})


async def test_case_29_the_issuers_logout_ends_the_session_everywhere_at_once(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    someone, _ = await member(owner, "viewer")
    sid = f"S-{uuid4()}"
    await tracked(someone, sid=sid)
    await someone.enter(tenant.id)
    assert await refused_with(someone, ListClients()) is None
    token = logout_token(issuer, sid=sid)
    assert (await as_bridge(running, HandleBackchannelLogout(logout_token=token))).revoked == 1

    async def refused() -> bool:
        return await refused_with(someone, ListClients()) == "SESSION_REVOKED"

    assert await eventually(refused, 1.0)
    build = BuildAccessContext(idp_token=someone.idp_token, organisation_id=tenant.id)
    assert await code_of(as_bridge(running, build)) == "SESSION_REVOKED"
    assert (await as_bridge(running, HandleBackchannelLogout(logout_token=token))).revoked == 0
    revoked = [body for _, body in await running.events("auth_session.revoked", NIL_ORGANISATION)]
    assert [body["reason"] for body in revoked if body["session_id"] == sid] == ["LOGOUT"]
    check = await as_bridge(running, CheckSession(session_id=sid))
    assert (check.valid, check.invalid_reason) == (False, "SESSION_REVOKED")


async def test_only_a_fresh_logout_token_of_the_issuer_is_obeyed(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    sid = f"S-{uuid4()}"
    await tracked(owner, sid=sid)
    now = int(clock.unix_now())
    for wrong in (
        {"nonce": "n"},
        {"events": {}},
        {"events": None},
        {"jti": 5},
        {"iat": now - 301, "exp": now + 60},
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
    ):
        token = logout_token(issuer, sid=sid, **wrong)
        assert await code_of(as_bridge(running, HandleBackchannelLogout(logout_token=token))) == (
            "SSO_ASSERTION_INVALID"
        ), wrong
    assert (await as_bridge(running, CheckSession(session_id=sid))).valid


async def test_a_logout_of_the_person_ends_all_his_sessions(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    for _ in range(2):
        await tracked(owner, sid=f"S-{uuid4()}")
    token = logout_token(issuer, sub=f"sub-{owner.email}")
    assert (await as_bridge(running, HandleBackchannelLogout(logout_token=token))).revoked == 2


async def test_another_browser_is_suspicious_until_a_new_sign_in(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    sid = f"S-{uuid4()}"
    session = await tracked(owner, sid=sid, auth_time=1000)
    assert session.device_label == "Firefox, Linux"
    moved = await as_bridge(running, TouchSession(session_id=sid, ip="198.51.100.4", user_agent=FIREFOX))
    assert (moved.context_changed, moved.session.status) == (True, "ACTIVE")
    stolen = await as_bridge(running, TouchSession(session_id=sid, ip=PARIS, user_agent=CHROME))
    assert stolen.session.status == "SUSPICIOUS"
    build = BuildAccessContext(idp_token=owner.idp_token, organisation_id=tenant.id)
    assert await code_of(as_bridge(running, build)) == "SESSION_SUSPICIOUS"
    assert (await tracked(owner, sid=sid, auth_time=1000)).status == "SUSPICIOUS"
    assert (await tracked(owner, sid=sid, auth_time=2000)).status == "ACTIVE"
    await as_bridge(running, build)
    facts = [body for _, body in await running.events("auth_session.marked_suspicious", NIL_ORGANISATION)]
    assert [body["reason"] for body in facts if body["session_id"] == sid] == ["USER_AGENT_CHANGED"]


async def test_the_eleventh_session_ends_the_oldest(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    names = [f"S-{number}-{uuid4()}" for number in range(11)]
    for sid in names:
        await tracked(owner, sid=sid)
    await owner.enter(tenant.id)
    shown: list[str] = []
    cursor = None
    while True:
        page = await owner.client.call(ListMySessions(limit=4, cursor=cursor))
        shown += [item.session_id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert shown == names[:0:-1]
    oldest = await as_bridge(running, CheckSession(session_id=names[0]))
    assert oldest.session is not None and oldest.session.revocation_reason == "MAX_SESSIONS"
    ended = await owner.client.call(ListMySessions(limit=100, include_revoked=True))
    assert len(ended.items) == 11


async def test_people_end_their_own_sessions_and_administrators_those_of_members(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    stranger, _ = other
    someone, _ = await member(owner, "viewer")
    mine, theirs = f"S-{uuid4()}", f"S-{uuid4()}"
    await tracked(someone, sid=mine)
    await tracked(stranger, sid=theirs)
    await someone.enter(tenant.id)
    assert await code_of(someone.client.call(RevokeSession(session_id=theirs))) == "PERMISSION_MISSING"
    assert await code_of(owner.call(RevokeSession(session_id=theirs))) == "AUTH_SESSION_NOT_FOUND"
    assert await code_of(owner.call(RevokeSession(session_id="unknown"))) == "AUTH_SESSION_NOT_FOUND"
    assert await code_of(owner.call(ListUserSessions(user_id=stranger.user.user_id))) == "USER_NOT_FOUND"
    assert await code_of(owner.call(RevokeUserSessions(user_id=stranger.user.user_id))) == "USER_NOT_FOUND"
    listed = await owner.call(ListUserSessions(user_id=someone.user.user_id))
    assert [item.session_id for item in listed.items] == [mine]
    assert (await someone.client.call(RevokeSession(session_id=mine))).revoked == 1
    assert (await owner.call(RevokeSession(session_id=mine))).revoked == 0
    await tracked(someone, sid=f"S-{uuid4()}")
    assert (await owner.call(RevokeUserSessions(user_id=someone.user.user_id))).revoked == 1
    assert (await owner.call(ListUserSessions(user_id=someone.user.user_id))).items == ()


async def test_a_silent_session_expires_and_is_forgotten_after_thirty_days(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    sid = f"S-{uuid4()}"
    await tracked(owner, sid=sid)
    await _age(running, sid, timedelta(minutes=31))
    build = BuildAccessContext(idp_token=owner.idp_token, organisation_id=tenant.id)
    assert await code_of(as_bridge(running, build)) == "SESSION_EXPIRED"
    assert (await as_bridge(running, TouchSession(session_id=sid, ip=PARIS, user_agent=FIREFOX))).session.status == (
        "EXPIRED"
    )
    await running.tick("minute", datetime(2037, 1, 1, tzinfo=UTC))
    assert await _stored_status(running, sid) == "EXPIRED"
    await _age(running, sid, timedelta(days=31))
    await running.tick("day", datetime(2037, 1, 2, tzinfo=UTC))
    assert await _stored_status(running, sid) is None


async def _age(running: Running, sid: str, time: timedelta) -> None:
    """Sessions follow the real clock, so the row is made older."""
    connection = await asyncpg.connect(running.database("identity"))
    try:
        await connection.execute(
            "update auth_session set created_at = created_at - $2::interval, last_activity_at = last_activity_at - $2::interval,"
            " expires_at = expires_at - $2::interval where session_id = $1",
            sid,
            time,
        )
    finally:
        await connection.close()


async def _stored_status(running: Running, sid: str) -> Any:
    connection = await asyncpg.connect(running.database("identity"))
    try:
        return await connection.fetchval("select status from auth_session where session_id = $1", sid)
    finally:
        await connection.close()


async def test_addresses_and_browsers_are_kept_as_hashes(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    await tracked(owner, sid=f"S-{uuid4()}")
    connection = await asyncpg.connect(running.database("identity"))
    try:
        rows = await connection.fetch("select to_jsonb(s)::text as text from auth_session s")
    finally:
        await connection.close()
    for secret in (PARIS, FIREFOX, PARIS.encode().hex()):
        assert not any(secret in row["text"] for row in rows)


@pytest.mark.parametrize(("hours", "minutes", "expected"), [(10, 30, 30), (1, 480, 60)])
def test_a_session_ends_after_its_longest_life_or_silence(hours: int, minutes: int, expected: int) -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    security = SecuritySettings(session_max_hours=hours, session_idle_minutes=minutes)
    assert end_of(start, start, security) == start + timedelta(minutes=expected)


@pytest.mark.parametrize(
    ("agent", "label"), [(FIREFOX, "Firefox, Linux"), (CHROME, "Chrome, Windows"), ("curl/8.5", "?")]
)
def test_a_device_is_called_by_browser_and_system(agent: str, label: str) -> None:
    assert device_label(agent) == label
