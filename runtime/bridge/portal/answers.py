"""Which page answers what: a link that opens, a payment as it stands, a refusal."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from messages.errors import RATE_LIMITED, SESSION_EXPIRED, SESSION_REVOKED, ErrorCode
from messages.payments import COLLECTION_BLOCKED, LIVE_PAYMENT_EXISTS, ROUTING_NOT_FOUND
from messages.payments.portal import (
    ACTION_NOT_ALLOWED,
    NOTHING_DUE,
    SESSION_ALREADY_USED,
    SESSION_NOT_FOUND,
    SESSION_TERMINAL,
    TOKEN_MALFORMED,
    PortalPayment,
    PortalView,
)
from messages.payments.portal_vocabulary import (
    PortalAction,
    PortalMessage,
    PortalOutcome,
    PortalPurpose,
    PortalSessionStatus,
)
from messages.problem import Refused
from runtime.bridge.portal.rendering import page
from runtime.bridge.portal.texts import money_text

REFUSALS: Final[dict[ErrorCode, tuple[str, int]]] = {
    TOKEN_MALFORMED: ("unknown", 404),
    SESSION_NOT_FOUND: ("unknown", 404),
    SESSION_REVOKED: ("revoked", 410),
    SESSION_EXPIRED: ("expired", 410),
    SESSION_TERMINAL: ("used", 410),
    SESSION_ALREADY_USED: ("used", 410),
    NOTHING_DUE: ("paid", 200),
    LIVE_PAYMENT_EXISTS: ("live", 409),
    COLLECTION_BLOCKED: ("blocked", 422),
    ROUTING_NOT_FOUND: ("blocked", 422),
    ACTION_NOT_ALLOWED: ("blocked", 422),
    RATE_LIMITED: ("busy", 429),
}
"""The page and the status of each refusal; anything else is a service that does not answer."""

_KEYS: Final = {
    PortalMessage.PREPARING: "preparing",
    PortalMessage.CONTINUE: "abandoned",
    PortalMessage.PENDING: "pending",
    PortalMessage.PAID: "received",
    PortalMessage.SAVED: "saved",
    PortalMessage.DEBIT_ORDERED: "ordered",
    PortalMessage.DECLINED: "declined",
    PortalMessage.ABANDONED: "abandoned",
    PortalMessage.UNAVAILABLE: "failed",
}
_ENDED: Final[Mapping[Any, str]] = {PortalOutcome.SAVED: "kept", PortalOutcome.DEBIT_ORDERED: "on_its_way"}
"""What a link says once it has served, where that is not that it is paid."""
_PENDING_SECONDS: Final = 10


def link_page(view: PortalView, language: str, *, link: str, form_token: str) -> Response:
    """What is owed and how it may be paid; or that it is done."""
    asks_for_money = view.purpose is not PortalPurpose.UPDATE_CARD
    if view.status is PortalSessionStatus.COMPLETED or (asks_for_money and view.amount.amount <= 0):
        key = _ENDED.get(view.outcome, "paid")
        return message_page(key, language, company=view.company_name)
    may_start = view.status is not PortalSessionStatus.REDIRECTED and view.starts_left > 0
    pays = may_start and asks_for_money and PortalAction.PAY_BY_CARD in view.allowed_actions
    debits = may_start and asks_for_money and view.debit is not None
    saves = may_start and PortalAction.UPDATE_CARD in view.allowed_actions
    return page(
        "pay",
        language,
        company=view.company_name,
        title_key="pay_title" if asks_for_money else "card_title",
        view=view,
        link=link,
        form_token=form_token,
        asks_for_money=asks_for_money,
        pays_by_card=pays,
        saves_card=saves,
        pays_by_debit=debits,
        partial=sum(item.open.amount for item in view.items) > view.amount.amount,
        nothing_offered=not (pays or debits or saves or view.continue_url or view.transfer),
    )


def checkout_page(paid: PortalPayment, language: str, link: str) -> Response:
    """Lead to the provider's page: at once, and by a link for who asked his browser not to."""
    if paid.redirect_url is None:
        return payment_page(paid, language, link=link, here=f"{link}?")
    return message_page(
        "go",
        language,
        here=f"{link}?",
        company=paid.company_name,
        link=paid.redirect_url,
        link_text="go_link",
        headers={"refresh": f"0; url={paid.redirect_url}"},
    )


def payment_page(paid: PortalPayment, language: str, *, link: str | None, here: str) -> Response:
    """How a payment stands. One that is not confirmed looks again by itself; one that failed leads back to the link."""
    key, headers, text = _KEYS[paid.message], {}, "back_to_link"
    if paid.message in (PortalMessage.PAID, PortalMessage.SAVED, PortalMessage.DEBIT_ORDERED):
        link = None
    elif paid.message is PortalMessage.PENDING:
        headers, link, text = {"refresh": str(_PENDING_SECONDS)}, here.rstrip("?&"), "refresh"
        key = "pending" if paid.amount is not None else "saving"
    return message_page(
        key,
        language,
        here=here,
        company=paid.company_name,
        amount=money_text(paid.amount, language) if paid.amount is not None else "",
        link=link,
        link_text=text,
        headers=headers,
    )


def refusal_page(refused: Refused, language: str, link: str | None = None) -> Response:
    """Why it does not go on, with the cure."""
    key, status = REFUSALS.get(refused.code, ("unavailable", 503))
    if refused.details.get("status") == PortalSessionStatus.COMPLETED:
        key, status = _ENDED.get(refused.details.get("outcome"), "paid"), 200
    again = {"retry-after": str(refused.retry_after_seconds or 60)} if status in (429, 503) else {}
    return message_page(
        key, language, here=f"{link or ''}?", status=status, link=link if key == "live" else None, headers=again
    )


def message_page(
    key: str,
    language: str,
    *,
    here: str = "?",
    status: int = 200,
    company: str = "",
    amount: str = "",
    link: str | None = None,
    link_text: str = "back_to_link",
    headers: dict[str, str] | None = None,
) -> Response:
    """A page that says one thing, with at most one way on."""
    return page(
        "message",
        language,
        status=status,
        headers=headers,
        here=here,
        company=company,
        key=key,
        amount=amount,
        link=link,
        link_text=link_text,
    )
