"""From a sign-in to a context token, and the keys that verify it."""

from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Reply, Request
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


class RotateSigningKey(Request[SigningKey], permission="identity:signing_key:rotate", tenant_scoped=False):
    """Sign with a new key from now on, for platform staff.

    The old key goes on verifying what it signed; with `revoke_current` (it leaked) everything it signed is refused.
    """

    purpose: SigningKeyPurpose
    revoke_current: bool = False


class SigningKeyRotated(Event, aggregate="signing_key", aggregate_id="signing_key_id", tenant_scoped=False):
    """Another key signs; every actor knows it before the first token made with it arrives."""

    signing_key_id: UUID
    kid: str
    purpose: SigningKeyPurpose
    public_key: str = Field(description="32 bytes in hexadecimal")
    not_before: Instant
    revoked_kid: str | None = Field(default=None, description="this key proves nothing any more")


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
