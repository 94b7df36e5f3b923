"""Sign-in sessions: how long they last, what makes them end, and how a browser is called (spec 6.6). Real time only."""

import re
from datetime import datetime, timedelta

from messages.errors import SESSION_EXPIRED, SESSION_REVOKED
from messages.identity import SESSION_SUSPICIOUS, SecuritySettings, SessionStatus
from messages.problem import Refused

MOST_SESSIONS = 10
LOGOUT_TOKEN_AGE = timedelta(minutes=5)
KEPT_AFTER_END = timedelta(days=30)

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def end_of(created_at: datetime, last_activity_at: datetime, security: SecuritySettings) -> datetime:
    """When a session ends unless somebody acts: after its longest life or its longest silence, whichever is earlier."""
    longest = created_at + timedelta(hours=security.session_max_hours)
    return min(longest, last_activity_at + timedelta(minutes=security.session_idle_minutes))


def status_at(status: SessionStatus, expires_at: datetime, now: datetime) -> SessionStatus:
    """What a session is now: expired from its very instant on, before the job says so."""
    is_open = status in (SessionStatus.ACTIVE, SessionStatus.SUSPICIOUS)
    return SessionStatus.EXPIRED if is_open and now >= expires_at else status


def check_is_open(status: SessionStatus) -> None:
    """Refuse tokens to a session that ended or needs a new sign-in."""
    match status:
        case SessionStatus.REVOKED:
            raise Refused(SESSION_REVOKED, "this sign-in was ended; sign in again")
        case SessionStatus.EXPIRED:
            raise Refused(SESSION_EXPIRED, "this sign-in has lasted or rested too long; sign in again")
        case SessionStatus.SUSPICIOUS:
            raise Refused(SESSION_SUSPICIOUS, "the browser of this sign-in changed; sign in again")


def device_label(user_agent: str) -> str:
    """`Firefox, Linux`: enough to recognise one's own device in a list."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if re.search(mark, user_agent)), None)
    return ", ".join(part for part in (browser, system) if part) or "?"
