"""Who may do what: verified tokens, the deny table that outruns their expiry, and the tenants' state."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from messages.base import NIL_ORGANISATION, RequestContract
from messages.errors import (
    ACCOUNT_DISABLED,
    ACTOR_UNAVAILABLE,
    MEMBERSHIP_INACTIVE,
    ORGANISATION_READ_ONLY,
    ORGANISATION_SUSPENDED,
    PERMISSION_MISSING,
    SESSION_EXPIRED,
    SESSION_REVOKED,
    UNAUTHORIZED,
    find,
)
from messages.identity import GetSigningKeys, SigningKeyPurpose
from messages.problem import Refused
from messages.values.identifiers import derived_id
from runtime import clock
from runtime.caller import Caller, CallerKind
from runtime.context_tokens import ContextToken, TokenVerifier, UnknownKey
from runtime.database import Database
from runtime.headers import Cause
from runtime.port import Asking

log = structlog.get_logger()

_KEY_REFRESH_SECONDS = 10.0
_CLOSING = "identity:organisation:close"
"""Who may close an organisation may take that back, though nothing else is written there any more."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the runtime knows of an organisation."""

    id: UUID
    status: str
    timezone: str
    policy_version: int


class Access:
    """Judges tokens offline. The tables come from identity's events and are reloaded when they change."""

    def __init__(self, database: Database, asking: Asking) -> None:
        self._database = database
        self._asking = asking
        self._verifier = TokenVerifier()
        self._denials: dict[tuple[str, UUID], str] = {}
        self.tenants: dict[UUID, Tenant] = {}
        self._callers: dict[str, Caller] = {}
        self._keys_asked_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def load(self) -> None:
        """Rebuild the in-memory tables from the projections; at start and whenever they changed."""
        async with self._database.transaction(NIL_ORGANISATION, read_only=True) as connection:
            tenants = await connection.fetch("select id, status, timezone, policy_version from organisation")
            denials = await connection.fetch(
                "select subject_type, subject_id, code from access_denial where code is not null"
            )
            keys = await connection.fetch("select key_id, public_key, status from known_signing_key")
        self.tenants = {row["id"]: Tenant(**row) for row in tenants}
        self._denials = {(row["subject_type"], row["subject_id"]): row["code"] for row in denials}
        for row in keys:
            if row["status"] == "REVOKED":
                self._verifier.remove_key(row["key_id"])
            else:
                self._verifier.add_key(row["key_id"], row["public_key"])

    async def caller_of(self, authorization: str | None, judged_at: float | None = None) -> tuple[Caller, ContextToken]:
        """The person behind a bearer token; whether it was withdrawn is another question, see `check_denials`."""
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Refused(UNAUTHORIZED, "send a context token in the header authorization: Bearer <token>")
        token = await self._verified(text, judged_at or clock.unix_now())
        return self._caller(text, token), token

    def check_denials(self, token: ContextToken) -> None:
        """Refuse a token whose account, membership or session was ended, or whose rights changed since."""
        denials = self._denials
        if denials:
            subjects = (
                ("user", token.subject),
                ("membership", token.membership_id),
                ("session", session_key(token.session_id)),
            )
            for subject_type, subject in subjects:
                code = denials.get((subject_type, subject)) if subject is not None else None
                if code is not None:
                    raise Refused(find(code), "this access was withdrawn; sign in again or ask an administrator")
        tenant = self.tenants.get(token.organisation_id) if token.organisation_id is not None else None
        if tenant is not None and token.policy_version is not None and token.policy_version < tenant.policy_version:
            raise Refused(SESSION_EXPIRED, "rights changed since this token was made; fetch a new one")

    @staticmethod
    def check_permission(token: ContextToken, contract: RequestContract) -> None:
        """Refuse whom no role gives the right that the request needs."""
        if contract.permission is not None and not token.permissions.allows(contract.permission):
            raise Refused(
                PERMISSION_MISSING,
                f"this needs the permission {contract.permission}; ask an administrator for a role that has it",
                required_permission=contract.permission,
            )

    def check_tenant(self, organisation_id: UUID, contract: RequestContract) -> None:
        """Refuse what a suspended or closing organisation may not do any more."""
        tenant = self.tenants.get(organisation_id)
        if tenant is None:
            return
        if tenant.status == "SUSPENDED":
            raise Refused(ORGANISATION_SUSPENDED, "the organisation is suspended; its owner must settle that first")
        if tenant.status in ("CLOSING", "CLOSED") and not (contract.query or contract.permission == _CLOSING):
            raise Refused(ORGANISATION_READ_ONLY, "the organisation is being closed; only reading is possible")

    async def organisation_of(self, authorization: str | None, judged_at: float) -> UUID:
        """The organisation a verified token belongs to; nil when the token does not verify."""
        try:
            token = await self._verified((authorization or "").partition(" ")[2], judged_at)
        except Refused:
            return NIL_ORGANISATION
        return token.organisation_id or NIL_ORGANISATION

    async def _verified(self, text: str, now: float) -> ContextToken:
        try:
            return self._verifier.verify(text, now)
        except UnknownKey:
            await self._fetch_keys()
            return self._verifier.verify(text, now)

    async def _fetch_keys(self) -> None:
        """Ask identity for its keys, at most once per ten seconds; whoever meets the same unknown key meanwhile waits along."""
        async with self._fetching:
            if clock.monotonic() - self._keys_asked_at >= _KEY_REFRESH_SECONDS:
                await self._ask_for_keys()

    async def _ask_for_keys(self) -> None:
        try:
            answer = await self._asking.ask(
                GetSigningKeys(), organisation_id=NIL_ORGANISATION, cause=Cause("signing-keys", "signing-keys")
            )
        except Refused as refused:
            raise Refused(
                ACTOR_UNAVAILABLE, "the token's key is unknown and identity does not answer; try again"
            ) from refused
        self._keys_asked_at = clock.monotonic()
        for key in answer.keys:
            if key.purpose is SigningKeyPurpose.CONTEXT_TOKEN:
                await self.remember_key(key.kid, bytes.fromhex(key.public_key), key.status)

    async def remember_key(self, key_id: str, public_key: bytes, status: str) -> None:
        """Keep a verification key, so that a restart does not need identity."""
        if status != "REVOKED":
            self._verifier.add_key(key_id, public_key)
        async with self._database.transaction(NIL_ORGANISATION) as connection:
            await connection.execute(
                "insert into known_signing_key (key_id, public_key, status) values ($1, $2, $3)"
                " on conflict (key_id) do update set public_key = excluded.public_key, status = excluded.status",
                key_id,
                public_key,
                status,
            )

    def _caller(self, text: str, token: ContextToken) -> Caller:
        caller = self._callers.get(text)
        if caller is None:
            if len(self._callers) > 4096:
                self._callers.clear()
            caller = self._callers[text] = Caller(
                CallerKind.USER,
                user_id=token.subject,
                session_id=token.session_id,
                membership_id=token.membership_id,
                permissions=token.permissions,
                company_ids=token.company_ids,
                data_scope=token.data_scope,
            )
        return caller


_DENIAL_CODES = {"user": ACCOUNT_DISABLED, "membership": MEMBERSHIP_INACTIVE, "session": SESSION_REVOKED}


def denial_code(subject_type: str) -> str:
    """The code a denied subject answers with."""
    return _DENIAL_CODES[subject_type].code


def session_key(session_id: str) -> UUID:
    """The id under which a sign-in session, named by the issuer's text, is kept and stated."""
    return derived_id("auth session", session_id)


async def note_denial(connection: Any, subject_type: str, subject_id: UUID, version: int, *, denied: bool) -> None:
    """Store that tokens of a user, membership or session are refused, or accepted again; newer versions win."""
    await connection.execute(
        "insert into access_denial (subject_type, subject_id, code, version) values ($1, $2, $3, $4)"
        " on conflict (subject_type, subject_id) do update set code = excluded.code, version = excluded.version"
        " where access_denial.version < excluded.version",
        subject_type,
        subject_id,
        denial_code(subject_type) if denied else None,
        version,
    )
