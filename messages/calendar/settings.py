"""calendar: what the organisation sets for its calendar."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.values.refusal import refusal

Amount = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]


class IntensityLimit(Part):
    """More debits or a larger amount in EUR than this reach the level."""

    count: Annotated[int, Field(ge=0)]
    amount: Amount


class CalendarSettings(Reply):
    """When a day counts as busy, how early a debit is announced, and whether cards settle on weekends."""

    medium: IntensityLimit = IntensityLimit(count=20, amount=Decimal("1000.00"))
    high: IntensityLimit = IntensityLimit(count=50, amount=Decimal("5000.00"))
    critical: IntensityLimit = IntensityLimit(count=100, amount=Decimal("10000.00"))
    prenotification_margin_days: int = 1
    cards_settle_on_weekends: bool = False
    version: int = 0


class GetCalendarSettings(Request[CalendarSettings], query=True, permission="calendar:settings:read"):
    """The settings; defaults until somebody changes them."""


class UpdateCalendarSettings(Request[CalendarSettings], permission="calendar:settings:write"):
    """Change settings; what is not sent stays."""

    expected_version: int
    medium: IntensityLimit | None = None
    high: IntensityLimit | None = None
    critical: IntensityLimit | None = None
    prenotification_margin_days: Annotated[int, Field(ge=0, le=10)] | None = None
    cards_settle_on_weekends: bool | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> "UpdateCalendarSettings":
        if len(self.model_fields_set) == 1:
            raise refusal("NOTHING_SENT", "send at least one setting beside expected_version")
        return self
