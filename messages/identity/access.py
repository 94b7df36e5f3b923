"""From a sign-in to a context token, and the keys that verify it."""

from uuid import UUID

from pydantic import Field

from messages.base import Access, Idempotency, Reply, Request
from messages.identity.vocabulary import DataScope, IssuerToken, SigningKeyPurpose
from messages.registry import ACTORS
from messages.values.instants import Instant


class AccessContext(Reply):
    """What a token says; without organisation it allows only what concerns the person himself."""

    user_id: UUID
    organisation_id: UUID | None = None
    membership_id: UUID | None = None
    role_codes: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    company_ids: tuple[UUID, ...] | None = Field(default=None, description="null = all companies")
    data_scope: DataScope
    team_id: UUID | None = None
    policy_version: int | None = None


class ContextTokenBuilt(Reply):
    """A context token of 90 seconds and what it says."""

    token: str = Field(repr=False)
    expires_at: Instant
    context: AccessContext


class SigningKey(Reply):
    """A public key that verifies context tokens; `public_key` is 32 bytes in hexadecimal."""

    kid: str
    purpose: SigningKeyPurpose
    public_key: str
    status: str


class SigningKeys(Reply):
    """The keys that verify now."""

    keys: tuple[SigningKey, ...]


class GetSigningKeys(
    Request[SigningKeys], access=Access.INTERNAL, internal_callers=(*ACTORS, "bridge"), query=True, tenant_scoped=False
):
    """The public keys of context tokens, for actors that met an unknown key id."""


class BuildAccessContext(
    Request[ContextTokenBuilt],
    access=Access.INTERNAL,
    internal_callers=("bridge",),
    tenant_scoped=False,
    idempotency=Idempotency.NONE,
    audited=False,
):
    """Exchange an issuer's token for a context token in one organisation, or in none. The token is verified here."""

    idp_token: IssuerToken
    organisation_id: UUID | None = None
