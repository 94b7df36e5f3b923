"""The state machines of identity (spec 6.1): whatever is not in a table is refused."""

from messages.identity import (
    CompanyStatus,
    InvitationStatus,
    MachineAccountStatus,
    MembershipStatus,
    OrganisationStatus,
    SessionStatus,
    SigningKeyStatus,
    UserStatus,
)
from messages.transitions import StateMachine

MEMBERSHIP = StateMachine(
    "membership",
    {
        ("update", MembershipStatus.ACTIVE): MembershipStatus.ACTIVE,
        ("update", MembershipStatus.SUSPENDED): MembershipStatus.SUSPENDED,
        ("suspend", MembershipStatus.ACTIVE): MembershipStatus.SUSPENDED,
        ("reactivate", MembershipStatus.SUSPENDED): MembershipStatus.ACTIVE,
        ("remove", MembershipStatus.ACTIVE): MembershipStatus.REMOVED,
        ("remove", MembershipStatus.SUSPENDED): MembershipStatus.REMOVED,
        ("rejoin", MembershipStatus.REMOVED): MembershipStatus.ACTIVE,
    },
)

ORGANISATION = StateMachine(
    "organisation",
    {
        ("activate", OrganisationStatus.TRIAL): OrganisationStatus.ACTIVE,
        ("suspend", OrganisationStatus.TRIAL): OrganisationStatus.SUSPENDED,
        ("close", OrganisationStatus.TRIAL): OrganisationStatus.CLOSING,
        ("resume_trial", OrganisationStatus.CLOSING): OrganisationStatus.TRIAL,
        ("suspend", OrganisationStatus.ACTIVE): OrganisationStatus.SUSPENDED,
        ("reactivate", OrganisationStatus.SUSPENDED): OrganisationStatus.ACTIVE,
        ("close", OrganisationStatus.ACTIVE): OrganisationStatus.CLOSING,
        ("cancel_closure", OrganisationStatus.CLOSING): OrganisationStatus.ACTIVE,
        ("end", OrganisationStatus.CLOSING): OrganisationStatus.CLOSED,
    },
)

COMPANY = StateMachine(
    "company",
    {
        ("update", CompanyStatus.ACTIVE): CompanyStatus.ACTIVE,
        ("archive", CompanyStatus.ACTIVE): CompanyStatus.ARCHIVED,
    },
)

INVITATION = StateMachine(
    "invitation",
    {
        ("accept", InvitationStatus.PENDING): InvitationStatus.ACCEPTED,
        ("decline", InvitationStatus.PENDING): InvitationStatus.DECLINED,
        ("cancel", InvitationStatus.PENDING): InvitationStatus.CANCELLED,
        ("expire", InvitationStatus.PENDING): InvitationStatus.EXPIRED,
        ("resend", InvitationStatus.PENDING): InvitationStatus.PENDING,
        ("update", InvitationStatus.PENDING): InvitationStatus.PENDING,
    },
)

USER = StateMachine(
    "user",
    {
        ("sign_in", UserStatus.PROVISIONED): UserStatus.ACTIVE,
        ("sign_in", UserStatus.ACTIVE): UserStatus.ACTIVE,
        ("deactivate", UserStatus.ACTIVE): UserStatus.DISABLED,
        ("reactivate", UserStatus.DISABLED): UserStatus.ACTIVE,
        ("anonymise", UserStatus.PROVISIONED): UserStatus.ANONYMISED,
        ("anonymise", UserStatus.ACTIVE): UserStatus.ANONYMISED,
        ("anonymise", UserStatus.DISABLED): UserStatus.ANONYMISED,
    },
)

MACHINE_ACCOUNT = StateMachine(
    "machine account",
    {
        ("rotate", MachineAccountStatus.ACTIVE): MachineAccountStatus.ACTIVE,
        ("update", MachineAccountStatus.ACTIVE): MachineAccountStatus.ACTIVE,
        ("deactivate", MachineAccountStatus.ACTIVE): MachineAccountStatus.DISABLED,
    },
)

SIGNING_KEY = StateMachine(
    "signing key",
    {
        ("retire", SigningKeyStatus.CURRENT): SigningKeyStatus.RETIRED,
        ("revoke", SigningKeyStatus.CURRENT): SigningKeyStatus.REVOKED,
        ("revoke", SigningKeyStatus.RETIRED): SigningKeyStatus.REVOKED,
    },
)

AUTH_SESSION = StateMachine(
    "session",
    {
        ("touch", SessionStatus.ACTIVE): SessionStatus.ACTIVE,
        ("suspect", SessionStatus.ACTIVE): SessionStatus.SUSPICIOUS,
        ("sign_in", SessionStatus.ACTIVE): SessionStatus.ACTIVE,
        ("sign_in", SessionStatus.SUSPICIOUS): SessionStatus.ACTIVE,
        ("revoke", SessionStatus.ACTIVE): SessionStatus.REVOKED,
        ("revoke", SessionStatus.SUSPICIOUS): SessionStatus.REVOKED,
        ("expire", SessionStatus.ACTIVE): SessionStatus.EXPIRED,
        ("expire", SessionStatus.SUSPICIOUS): SessionStatus.EXPIRED,
    },
)
