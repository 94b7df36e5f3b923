"""What platform staff may do, in tokens of no organisation. They never see a tenant's business."""

from typing import Final

PLATFORM_PERMISSIONS: Final = (
    "identity:brand_theme:delete",
    "identity:brand_theme:read",
    "identity:brand_theme:write",
    "identity:organisation:list_all",
    "identity:organisation:suspend",
    "identity:partner:list_all",
    "identity:partner:read",
    "identity:partner:write",
    "identity:partner_member:delete",
    "identity:partner_member:read",
    "identity:partner_member:write",
    "identity:signing_key:rotate",
    "identity:user:delete",
    "identity:user:disable",
    "identity:user:read",
)
