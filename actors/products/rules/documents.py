"""Product documents: how one lives, and which a sale asks for.

Sources: C. assur. L112-2 and L521-3 (information document, general terms), C. conso. L111-1 and L224-30 (telecom).
"""

from collections.abc import Collection
from datetime import date, timedelta

from messages.products.documents import AlertSeverity, DocumentAlertType, ProductDocumentStatus, ProductDocumentType
from messages.products.publications import Channel
from messages.products.ranges import Sector
from messages.transitions import StateMachine

DOCUMENT = StateMachine(
    "product document",
    {
        ("publish", ProductDocumentStatus.DRAFT): ProductDocumentStatus.PUBLISHED,
        ("archive", ProductDocumentStatus.DRAFT): ProductDocumentStatus.ARCHIVED,
        ("archive", ProductDocumentStatus.PUBLISHED): ProductDocumentStatus.ARCHIVED,
        ("archive", ProductDocumentStatus.EXPIRED): ProductDocumentStatus.ARCHIVED,
        ("expire", ProductDocumentStatus.PUBLISHED): ProductDocumentStatus.EXPIRED,
    },
)

_INSURANCE = frozenset(
    {Sector.INSURANCE_HEALTH, Sector.INSURANCE_PROVIDENT, Sector.INSURANCE_PROPERTY, Sector.INSURANCE_LEGAL}
)
_OF_SECTOR = {
    Sector.TELECOM: (ProductDocumentType.SALES_TERMS, ProductDocumentType.MANDATE_INFO, ProductDocumentType.PRIVACY),
    Sector.ENERGY: (ProductDocumentType.SALES_TERMS, ProductDocumentType.NOTICE),
    Sector.MEDIA: (ProductDocumentType.USE_TERMS, ProductDocumentType.SUBSCRIPTION_TERMS),
    Sector.ASSISTANCE: (ProductDocumentType.SALES_TERMS, ProductDocumentType.NOTICE),
    Sector.SERVICE: (ProductDocumentType.SALES_TERMS, ProductDocumentType.NOTICE),
}
GROUP_COVER = "group_cover"


def required_documents(sector: Sector, product_type: str, channels: Collection[Channel]) -> list[ProductDocumentType]:
    """What a sale of that trade needs on these channels, by name."""
    if sector not in _INSURANCE:
        return sorted(_OF_SECTOR.get(sector, ()))
    needed = {ProductDocumentType.IPID, ProductDocumentType.GENERAL_TERMS}
    if Channel.WEB in channels:
        needed.add(ProductDocumentType.SPECIFIC_TERMS)
    if sector is Sector.INSURANCE_HEALTH:
        needed.add(ProductDocumentType.PRECONTRACT_SHEET)
    if product_type == GROUP_COVER:
        needed.add(ProductDocumentType.NOTICE)
    return sorted(needed)


def missing_documents(
    sector: Sector, product_type: str, channels: Collection[Channel], present: Collection[ProductDocumentType]
) -> list[ProductDocumentType]:
    """What a sale needs and has not."""
    return [needed for needed in required_documents(sector, product_type, channels) if needed not in present]


def alert_about(valid_to: date | None, today: date, warning_days: int) -> DocumentAlertType | None:
    """What is wrong with a published document on a day."""
    if valid_to is None:
        return None
    if valid_to < today:
        return DocumentAlertType.EXPIRED
    return DocumentAlertType.EXPIRING_SOON if valid_to <= today + timedelta(days=warning_days) else None


def severity_of(type_: DocumentAlertType) -> AlertSeverity:
    """A document that will end warns, one that is not there is critical."""
    return AlertSeverity.WARNING if type_ is DocumentAlertType.EXPIRING_SOON else AlertSeverity.CRITICAL
