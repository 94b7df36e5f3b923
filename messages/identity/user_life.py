"""How a login is made, closed, opened again and erased; the issuer's side follows in the background."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.identity.users import User
from messages.identity.vocabulary import DisabledReason, PersonName, Reason
from messages.values.contact import EmailAddress, PhoneNumber


class IssuerTask(StrEnum):
    """What the issuer's directory is told about an account."""

    CREATE_USER = "CREATE_USER"
    DISABLE = "DISABLE"
    ENABLE = "ENABLE"
    DELETE = "DELETE"
    VERIFY_EMAIL = "VERIFY_EMAIL"
    UPDATE_PASSWORD = "UPDATE_PASSWORD"


class RequestAccepted(Reply):
    """The same answer whether or not there is such an account."""

    accepted: bool = True


class UserDeletion(Reply):
    """The privacy requests that erase the user, one per organisation."""

    request_ids: tuple[UUID, ...]


class CreateUser(Request[User]):
    """Make a login before its first sign-in, here and at the issuer; the issuer's mail lets the person choose a password.

    The person becomes a member by add_member or by invitation. No password ever travels through here.
    """

    email: EmailAddress
    first_name: Annotated[str, Field(max_length=100)] = ""
    last_name: PersonName
    phone: PhoneNumber | None = None
    send_activation: bool = True


class DeactivateUser(Request[User], permission="identity:user:disable", tenant_scoped=False):
    """Close a login everywhere; its memberships are suspended and its sessions end.

    An organisation closes the logins of people who belong to it alone, platform staff any. The last owner stays.
    """

    user_id: UUID
    reason: DisabledReason = DisabledReason.ADMIN
    reassign_to_user_id: UUID | None = None


class ReactivateUser(Request[User], permission="identity:user:disable", tenant_scoped=False):
    """Open a closed login again; its memberships stay suspended until each organisation gives them back."""

    user_id: UUID
    reason: Reason


class DeleteUser(Request[UserDeletion], permission="identity:user:delete", tenant_scoped=False):
    """Begin the erasure of a user: a privacy request in the caller's organisation, or for platform staff in all of his.

    The login itself goes when the last organisation has executed its request.
    """

    user_id: UUID
    reason: Reason


class RequestPasswordReset(
    Request[RequestAccepted], access=Access.PUBLIC, tenant_scoped=False, idempotency=Idempotency.NONE
):
    """Have the issuer mail a link to choose another password, if there is such an account; 3 an hour per address."""

    email: EmailAddress


class RequestEmailVerification(Request[RequestAccepted], access=Access.SELF, tenant_scoped=False):
    """Have the issuer mail a link that verifies the caller's address; 3 an hour."""


class UserReactivated(Event, aggregate="user", tenant_scoped=False):
    """The login is open again: its tokens are accepted."""

    user_id: UUID


class UserAnonymised(Event, aggregate="user", tenant_scoped=False):
    """Nothing personal is left of the login; projections drop its names and addresses."""

    user_id: UUID


class UserInactivityNoticed(Event, aggregate="user"):
    """Nobody has used a member's login for long: it is closed on that day unless its owner signs in; he is told by mail."""

    user_id: UUID
    organisation_name: str
    closes_on: date
    closes_in_days: int
