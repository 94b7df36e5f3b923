"""Machine accounts: logins of upstream systems, bound to one organisation."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Idempotency, Reply, Request
from messages.identity.memberships import RoleSummary
from messages.identity.vocabulary import (
    CompanyIds,
    CompanyScope,
    DataScope,
    Grant,
    MachineAccountStatus,
    Reason,
    RoleIds,
    Search,
)
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.networks import Network
from messages.values.text import Label


class MachineAccount(Reply):
    """An upstream system's login; never its secret."""

    machine_account_id: UUID
    user_id: UUID
    membership_id: UUID
    name: str
    client_id: str
    roles: tuple[RoleSummary, ...]
    company_scope: CompanyScope
    company_ids: tuple[UUID, ...] = ()
    data_scope: DataScope | None = None
    secret_version: int
    previous_valid_until: Instant | None = None
    expires_on: date | None = None
    allowed_ips: tuple[str, ...] = ()
    last_used_at: Instant | None = None
    status: MachineAccountStatus
    version: int


class MachineAccountPage(Page[MachineAccount]):
    """Machine accounts by name."""


class MachineAccountCreated(Reply):
    """The new account and its secret, shown this once: a repeated request answers without it."""

    account: MachineAccount
    client_id: str
    secret: str | None = Field(default=None, repr=False)

    def stored(self) -> "MachineAccountCreated":
        """Without the secret."""
        return self.model_copy(update={"secret": None})


class MachineSecret(Reply):
    """A new secret, shown this once: a repeated request answers without it."""

    client_id: str
    secret: str | None = Field(default=None, repr=False)

    def stored(self) -> "MachineSecret":
        """Without the secret."""
        return self.model_copy(update={"secret": None})


class MachineToken(Reply):
    """A context token in the words of OAuth (RFC 6749 5.1); `expires_in` is in seconds."""

    access_token: str = Field(repr=False)
    token_type: str = "Bearer"
    expires_in: int


class CreateMachineAccount(Grant, Request[MachineAccountCreated]):
    """Give an upstream system a login of its own; the secret is shown once. Roles and scopes as for a person."""

    name: Label
    expires_on: date | None = None


class UpdateMachineAccount(Request[MachineAccount]):
    """Change an upstream system's login; a field left out stays. Older tokens expire within a second if rights changed.

    Over HTTP, tokens are issued to `allowed_ips` and accepted from them only; an empty list allows every address.
    """

    machine_account_id: UUID
    name: Label | None = None
    role_ids: RoleIds | None = None
    company_scope: CompanyScope | None = None
    company_ids: CompanyIds | None = None
    data_scope: DataScope | None = None
    expires_on: date | None = None
    allowed_ips: Annotated[tuple[Network, ...], Field(max_length=50)] | None = None
    expected_version: int


class RotateMachineSecret(Request[MachineSecret], permission="identity:machine_account:write"):
    """Make a new secret; the old one works for `keep_previous_hours` more, 0 ends it at once."""

    machine_account_id: UUID
    keep_previous_hours: Annotated[int, Field(ge=0, le=24)] = 24


class DeactivateMachineAccount(Request[MachineAccount], permission="identity:machine_account:write"):
    """End an upstream system's access for good; its tokens are refused within a second."""

    machine_account_id: UUID
    reason: Reason


class ListMachineAccounts(PageRequest, Request[MachineAccountPage], query=True):
    """The organisation's machine accounts, by name."""

    status: MachineAccountStatus | None = None
    search: Search | None = None


class IssueMachineToken(Request[MachineToken], access=Access.PUBLIC, tenant_scoped=False, idempotency=Idempotency.NONE):
    """A token of 15 minutes for a machine account; also `POST /oauth/token` with the client credentials grant."""

    client_id: Annotated[str, Field(min_length=1, max_length=64)]
    client_secret: Annotated[str, Field(min_length=1, max_length=128)]
