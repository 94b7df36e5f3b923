"""Users: people with a login, their profile, and what the issuer says of them."""

from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.identity.memberships import RoleSummary
from messages.identity.organisations import OTHER_ACTORS
from messages.identity.vocabulary import (
    CompanyScope,
    DisabledReason,
    IssuerToken,
    MembershipStatus,
    OrganisationStatus,
    PersonName,
    ProfileSource,
    Search,
    UserKind,
    UserStatus,
)
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.refusal import refusal


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise refusal("TIMEZONE_INVALID", "the time zone is no name of the IANA database; write one like Europe/Paris")
    return name


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_time_zone)]
LocaleTag = Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]


class UserSnapshot(Reply):
    """What other actors know of a login."""

    user_id: UUID
    kind: UserKind
    first_name: str
    last_name: str
    email: str | None = None
    locale: str
    timezone: str
    status: UserStatus


class User(UserSnapshot):
    """A login in full."""

    email_verified: bool = False
    phone: str | None = None
    disabled_reason: DisabledReason | None = None
    profile_source: ProfileSource = ProfileSource.IDP
    last_login_at: Instant | None = None
    last_seen_at: Instant | None = None
    version: int


class UserPage(Page[User]):
    """Users by the creation of their membership."""


class UserSynced(Reply):
    """The user behind an issuer's token."""

    user: User
    created: bool


class ProfileOrganisation(Reply):
    """An organisation the user may choose, and as what."""

    organisation_id: UUID
    name: str
    slug: str
    status: OrganisationStatus
    membership_id: UUID
    membership_status: MembershipStatus
    roles: tuple[RoleSummary, ...]
    company_scope: CompanyScope
    sales_rep_id: UUID | None = None


class Profile(Reply):
    """Everything a screen needs after sign-in, in one call."""

    user: User
    organisations: tuple[ProfileOrganisation, ...]
    pending_invitations: int


class SyncUser(
    Request[UserSynced],
    access=Access.INTERNAL,
    internal_callers=("bridge",),
    tenant_scoped=False,
    idempotency=Idempotency.NONE,
):
    """Create or update the user whom the issuer's token names; called at each sign-in. Nothing but the token is believed."""

    idp_token: IssuerToken


class GetMyProfile(Request[Profile], access=Access.SELF, query=True, tenant_scoped=False):
    """The caller, the organisations he belongs to, and how many invitations wait for him."""


class UpdateMyProfile(Request[User], access=Access.SELF, tenant_scoped=False):
    """Change one's own names, phone, language or time zone; own names are no longer overwritten by the issuer."""

    first_name: Annotated[str, Field(max_length=100)] | None = None
    last_name: PersonName | None = None
    phone: PhoneNumber | None = None
    locale: LocaleTag | None = None
    timezone: TimeZone | None = None


class GetUser(Request[User], query=True, internal_callers=OTHER_ACTORS):
    """A user who is, or was, a member of the caller's organisation."""

    user_id: UUID


class ListUsers(PageRequest, Request[UserPage], query=True):
    """The users of the organisation, active and disabled; `search` finds names or one address."""

    search: Search | None = None
    status: UserStatus | None = None


class UserFound(Reply):
    """The member behind an address or subject, or nobody."""

    user: User | None = None


class FindUser(Request[UserFound], query=True, permission="identity:user:read"):
    """The member with exactly this address, or this subject of the issuer; give one of them."""

    email: EmailAddress | None = None
    idp_subject: Annotated[str, Field(min_length=1, max_length=255)] | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "FindUser":
        if (self.email is None) is (self.idp_subject is None):
            raise refusal("ONE_KEY", "give either email or idp_subject")
        return self


class UpdateUser(Request[User]):
    """Correct the names or phone of a member who belongs to no other organisation; the issuer no longer overwrites them."""

    user_id: UUID
    expected_version: int
    first_name: Annotated[str, Field(max_length=100)] | None = None
    last_name: PersonName | None = None
    phone: PhoneNumber | None = None


class UserRegistered(UserSnapshot, Event, aggregate="user", personal=True, tenant_scoped=False):
    """A person or machine can now hold memberships."""


class UserUpdated(UserSnapshot, Event, aggregate="user", personal=True, tenant_scoped=False):
    """The user's visible data changed."""

    changed_fields: tuple[str, ...]


class UserDeactivated(Event, aggregate="user", tenant_scoped=False):
    """The login is closed: all its tokens are refused."""

    user_id: UUID
    reason: DisabledReason
    reassign_to_user_id: UUID | None = None
