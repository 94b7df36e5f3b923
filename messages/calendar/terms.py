"""calendar: its closed sets of words."""

from enum import StrEnum


class DebitDateMode(StrEnum):
    """How the target day of a month is chosen; END_OF_MONTH is its last day."""

    BATCH = "BATCH"
    FIXED_DAY = "FIXED_DAY"
    END_OF_MONTH = "END_OF_MONTH"


class ShiftStrategy(StrEnum):
    """Where a debit goes whose target day is closed.

    NEXT_WEEK_SAME_DAY: a week later, then the next open day. MODIFIED_FOLLOWING: the next open day, or the one before
    when the next is in another month; MODIFIED_PRECEDING is its mirror.
    """

    NEXT_BUSINESS_DAY = "NEXT_BUSINESS_DAY"
    PREVIOUS_BUSINESS_DAY = "PREVIOUS_BUSINESS_DAY"
    NEXT_WEEK_SAME_DAY = "NEXT_WEEK_SAME_DAY"
    MODIFIED_FOLLOWING = "MODIFIED_FOLLOWING"
    MODIFIED_PRECEDING = "MODIFIED_PRECEDING"


class WindowGuard(StrEnum):
    """What a shift must not leave: nothing, the target month, or the days of the lot."""

    NONE = "NONE"
    MONTH = "MONTH"
    LOT = "LOT"


class LatePolicy(StrEnum):
    """What happens to a date that can no longer be announced or submitted in time."""

    NEXT_FEASIBLE = "NEXT_FEASIBLE"
    NEXT_MONTH = "NEXT_MONTH"
    REJECT = "REJECT"


class ConfigurationLevel(StrEnum):
    """Who a preference is for; the more specific level wins. OVERRIDE: one month, chosen by hand."""

    SYSTEM = "SYSTEM"
    COMPANY = "COMPANY"
    CLIENT = "CLIENT"
    CONTRACT = "CONTRACT"
    OVERRIDE = "OVERRIDE"


class ConfigurationKind(StrEnum):
    """What of the debit rules changed."""

    CONFIGURATION = "CONFIGURATION"
    LOT = "LOT"
    CUTOFF = "CUTOFF"
    OVERRIDE = "OVERRIDE"


class Rail(StrEnum):
    """How the money moves."""

    SEPA_CORE = "SEPA_CORE"
    SEPA_B2B = "SEPA_B2B"
    CARD = "CARD"


class HolidayType(StrEnum):
    """Why a day is closed."""

    PUBLIC = "PUBLIC"
    BANK = "BANK"
    REGIONAL = "REGIONAL"
    COMPANY = "COMPANY"


class HolidayEffect(StrEnum):
    """CLOSED, or OPEN: cancels a computed closure of the zone, never one of TARGET."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"


class HolidayOrigin(StrEnum):
    """Where a closed day comes from: an entry, a yearly entry, or the rules of the country."""

    EXPLICIT = "EXPLICIT"
    RECURRING = "RECURRING"
    COMPUTED = "COMPUTED"


class HolidayChange(StrEnum):
    """What happened to a day; COMPUTED: a day of the rules came into the two years that are announced."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    COMPUTED = "COMPUTED"


class PlannedDebitStatus(StrEnum):
    """The mirror of a debit: planned, in a bank file, presented, paid, refused or given up."""

    PLANNED = "PLANNED"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    EXECUTED = "EXECUTED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class FailureKind(StrEnum):
    """Why a debit failed."""

    REJECT = "REJECT"
    RETURN = "RETURN"
    REFUND = "REFUND"
    REFUSAL = "REFUSAL"
    TECHNICAL = "TECHNICAL"


class DebitOrigin(StrEnum):
    """Who chose the date of a debit; RETRY: the entry was made from a payment."""

    CALENDAR = "CALENDAR"
    FALLBACK = "FALLBACK"
    MANUAL = "MANUAL"
    OVERRIDE = "OVERRIDE"
    RETRY = "RETRY"


class DebitDayStatus(StrEnum):
    """OPEN until its freeze; EMPTY when nothing was to be debited; SETTLED when the returns of the scheme are over."""

    OPEN = "OPEN"
    CUT_OFF = "CUT_OFF"
    SETTLED = "SETTLED"
    EMPTY = "EMPTY"
