"""How long a quote binds."""

from datetime import date, datetime, timedelta

from messages.values.instants import local_date


def last_valid_day(today: date, price_valid_until: datetime | None, days: int = 30) -> date:
    """So many days, or the last whole day before a known change of price; never before today, which is being offered."""
    latest = today + timedelta(days=days)
    if price_valid_until is None:
        return latest
    return max(today, min(latest, local_date(price_valid_until) - timedelta(days=1)))
