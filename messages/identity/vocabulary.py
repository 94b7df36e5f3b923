"""The closed sets of identity and the values that recur in its messages."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from messages.base import Reply
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, text_of


class OrganisationStatus(StrEnum):
    """The life of a tenant. A TRIAL works like an ACTIVE one until its last day."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class CompanyStatus(StrEnum):
    """Whether a legal entity still sells."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class MembershipStatus(StrEnum):
    """Whether a member may enter the organisation."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REMOVED = "REMOVED"


class MembershipSource(StrEnum):
    """How somebody became a member."""

    OWNER_CREATION = "OWNER_CREATION"
    INVITATION = "INVITATION"
    MACHINE = "MACHINE"
    DIRECT = "DIRECT"


class CompanyScope(StrEnum):
    """Which companies of the organisation a member sees."""

    ALL = "ALL"
    LIST = "LIST"


class DataScope(StrEnum):
    """Whose records a member sees, from the narrowest to the widest."""

    OWN = "OWN"
    TEAM = "TEAM"
    COMPANY = "COMPANY"
    ORGANISATION = "ORGANISATION"


class RoleScope(StrEnum):
    """Whom a role is for."""

    ORGANISATION = "ORGANISATION"


class Explicitness(StrEnum):
    """How literally a pattern must name a permission to grant it."""

    NONE = "NONE"
    RESOURCE = "RESOURCE"
    ACTION = "ACTION"


class VatRegime(StrEnum):
    """How the company is subject to VAT."""

    NORMAL = "NORMAL"
    FRANCHISE_EXEMPT = "FRANCHISE_EXEMPT"
    CASH_BASIS = "CASH_BASIS"


class SigningKeyPurpose(StrEnum):
    """What a key signs."""

    CONTEXT_TOKEN = "CONTEXT_TOKEN"
    AUDIT = "AUDIT"
    PROOF = "PROOF"


class SigningKeyStatus(StrEnum):
    """CURRENT signs; NEXT and RETIRED only verify; REVOKED does neither."""

    CURRENT = "CURRENT"
    NEXT = "NEXT"
    RETIRED = "RETIRED"
    REVOKED = "REVOKED"


class UserKind(StrEnum):
    """A person, or the login of an upstream system."""

    PERSON = "PERSON"
    MACHINE = "MACHINE"


class UserStatus(StrEnum):
    """The life of a login; PROVISIONED never signed in with a verified address."""

    PROVISIONED = "PROVISIONED"
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    ANONYMISED = "ANONYMISED"


class DisabledReason(StrEnum):
    """Why a login was disabled."""

    ADMIN = "ADMIN"
    INACTIVITY = "INACTIVITY"
    IDP_DISABLED = "IDP_DISABLED"
    SECURITY = "SECURITY"
    ERASURE = "ERASURE"


class ProfileSource(StrEnum):
    """Who says a person's names: the issuer at each sign-in, or the person here, for good."""

    IDP = "IDP"
    LOCAL = "LOCAL"


class InvitationStatus(StrEnum):
    """The life of an invitation; reads show EXPIRED from expires_at on."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class DeliveryStatus(StrEnum):
    """What is known of an invitation's last mail; BOUNCED needs another address or another way."""

    UNKNOWN = "UNKNOWN"
    BOUNCED = "BOUNCED"


class MachineAccountStatus(StrEnum):
    """Whether an upstream system may fetch tokens; DISABLED is final."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class SessionStatus(StrEnum):
    """The life of a sign-in; SUSPICIOUS waits for a new one."""

    ACTIVE = "ACTIVE"
    SUSPICIOUS = "SUSPICIOUS"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


def _domain(text: str) -> str:
    domain = text.strip().lower().lstrip("@")
    if "." not in domain or "@" in domain or " " in domain:
        raise refusal("DOMAIN_INVALID", "the domain is not of the form example.fr; correct it")
    return domain


Domain = Annotated[str, Field(max_length=253), AfterValidator(_domain)]
PersonName = Annotated[str, text_of(100), PRINTABLE]
Industry = Annotated[str, text_of(100), PRINTABLE]
Search = Annotated[str, Field(min_length=2, max_length=100)]
Reason = Annotated[str, text_of(255), PRINTABLE]
IssuerToken = Annotated[str, Field(min_length=1, max_length=16384)]
RoleIds = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=5)]
CompanyIds = Annotated[tuple[UUID, ...], Field(max_length=200)]


class SecuritySettings(Reply):
    """What the tenant demands of invitations and sessions."""

    invitation_days: Annotated[int, Field(ge=1, le=30)] = 7
    allowed_email_domains: Annotated[tuple[Domain, ...], Field(max_length=50)] = ()
    session_idle_minutes: Annotated[int, Field(ge=5, le=480)] = 30
    session_max_hours: Annotated[int, Field(ge=1, le=24)] = 10
    inactivity_disable_days: Annotated[int, Field(ge=30, le=365)] = 90


class Grant(BaseModel):
    """The rights that an invitation or a machine account hands out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role_ids: RoleIds
    company_scope: CompanyScope = CompanyScope.ALL
    company_ids: CompanyIds = ()
    data_scope: DataScope | None = None
    team_id: UUID | None = None

    @model_validator(mode="after")
    def _list_names_companies(self) -> "Grant":
        check_company_list(self.company_scope, self.company_ids)
        return self


def check_company_list(scope: CompanyScope, company_ids: tuple[UUID, ...]) -> None:
    """Refuse a LIST without companies and companies without LIST."""
    if (scope is CompanyScope.LIST) is not bool(company_ids):
        raise refusal(
            "COMPANY_IDS", "company_ids names at least one company when company_scope is LIST, and none when it is ALL"
        )
