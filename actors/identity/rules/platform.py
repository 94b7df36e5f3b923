"""What platform staff may do, in tokens of no organisation. They never see a tenant's business."""

from typing import Final

PLATFORM_PERMISSIONS: Final = (
    "identity:organisation:list_all",
    "identity:organisation:suspend",
    "identity:signing_key:rotate",
    "identity:user:delete",
    "identity:user:disable",
    "identity:user:read",
)
