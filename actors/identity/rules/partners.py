"""White-label partners: the life of a partnership, and what their people may do (spec 6.8)."""

from typing import Final

from messages.identity import PartnerRole, PartnerStatus
from messages.transitions import StateMachine

PARTNER: Final = StateMachine(
    "partner",
    {
        ("activate", PartnerStatus.ONBOARDING): PartnerStatus.ACTIVE,
        ("suspend", PartnerStatus.ACTIVE): PartnerStatus.SUSPENDED,
        ("activate", PartnerStatus.SUSPENDED): PartnerStatus.ACTIVE,
        ("terminate", PartnerStatus.ONBOARDING): PartnerStatus.TERMINATED,
        ("terminate", PartnerStatus.ACTIVE): PartnerStatus.TERMINATED,
        ("terminate", PartnerStatus.SUSPENDED): PartnerStatus.TERMINATED,
    },
)
TRIGGER_TO: Final = {
    PartnerStatus.ONBOARDING: "onboard",
    PartnerStatus.ACTIVE: "activate",
    PartnerStatus.SUSPENDED: "suspend",
    PartnerStatus.TERMINATED: "terminate",
}
LETS_ITS_PEOPLE_IN: Final = frozenset({PartnerStatus.ONBOARDING, PartnerStatus.ACTIVE})

_READS: Final = ("identity:partner:read", "identity:brand_theme:read")
_BRANDS: Final = (*_READS, "identity:partner_member:read", "identity:brand_theme:write", "identity:brand_theme:delete")
RIGHTS: Final = {
    PartnerRole.OWNER: (*_BRANDS, "identity:partner_member:write", "identity:partner_member:delete"),
    PartnerRole.ADMIN: _BRANDS,
    PartnerRole.SUPPORT: (*_READS, "identity:partner_member:read"),
    PartnerRole.VIEWER: _READS,
}
"""What a role grants in the partner it is held in, and there only."""
