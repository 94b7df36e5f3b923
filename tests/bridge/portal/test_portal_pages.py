"""The portal over plain HTTP: the page behind a link in each state, in both languages, and how it guards itself."""

import re
from datetime import timedelta

import httpx
import pytest
from starlette.responses import Response

from messages.payments import PaymentMethod, RecordManualPayment
from messages.payments.portal import CancelPortalSession
from messages.values.instants import format_instant
from runtime import clock
from runtime.bridge.portal.forms import FormTokens
from runtime.bridge.portal.limits import VisitLimit, network_of
from runtime.bridge.portal.pages import OPENINGS_A_MINUTE
from runtime.bridge.portal.texts import LANGUAGES, TEXTS, language_of
from tests.actors.payments.builders import creditor_account, money
from tests.actors.payments.portal_steps import TODAY, billed, link_for
from tests.bridge.portal.steps import obeys_the_house_rules, read, text_of
from tests.harness import Running, Tenant

UNKNOWN = f"/p/v1.{'a' * 43}"


async def test_the_link_shows_amount_and_purpose_in_both_languages(
    running: Running, tenant: Tenant, visitor: httpx.AsyncClient
) -> None:
    await creditor_account(tenant)
    found, invoice = await billed(running, tenant, "1234.50", address=str(visitor.base_url).rstrip("/"))
    tenant.client.now = None
    link = await link_for(tenant, found, invoice, description="Fibre <b>avril</b>", amount=money("1000.00"))
    french = await visitor.get(link.portal_url)
    assert french.status_code == 200
    obeys_the_house_rules(french)
    shown = text_of(french)
    assert "À payer : 1 000,00 €" in shown and "F2026-0001 25 avril 2026 1 234,50 €" in shown
    assert "Fibre <b>avril</b>" in shown and "Vous réglez une partie" in shown
    assert "FR14 2004 1010 0505 0001 3M02 606" in shown and "RF12F20260001" in shown
    english = await visitor.get(link.portal_url, headers={"accept-language": "de;q=0.9, en-GB;q=0.8, fr;q=0.1"})
    obeys_the_house_rules(english)
    assert "To pay: €1,000.00" in text_of(english) and "April 25, 2026" in text_of(english)


async def test_the_switch_of_language_is_remembered(
    running: Running, tenant: Tenant, visitor: httpx.AsyncClient
) -> None:
    page = await visitor.get(UNKNOWN)
    switch = read(page).one("nav").one("a")
    assert (switch.attributes["lang"], switch.text) == ("en", "English")
    english = await visitor.get(UNKNOWN + switch.attributes["href"])
    again = await visitor.get(UNKNOWN, headers={"accept-language": "fr"})
    assert [answer.headers["content-language"] for answer in (page, english, again)] == ["fr", "en", "en"]
    odd = await visitor.get(UNKNOWN, params={"lang": "xx"}, headers={"accept-language": "fr"})
    assert odd.headers["content-language"] == "en"


async def test_a_link_that_does_not_open_says_why_and_nothing_else(
    running: Running, tenant: Tenant, visitor: httpx.AsyncClient
) -> None:
    found, invoice = await billed(running, tenant)
    links = [await link_for(tenant, found, invoice) for _ in range(3)]
    later = format_instant(links[0].session.expires_at + timedelta(minutes=1))
    now = {"crm-time": format_instant(links[0].session.created_at)}
    await tenant.client.call(CancelPortalSession(session_id=links[1].session.session_id, reason="test"))
    receipt = RecordManualPayment(
        company_id=tenant.company_id,
        client_id=found.client_id,
        amount=money("24.90"),
        method=PaymentMethod.CHEQUE,
        received_on=TODAY,
    )
    await tenant.client.call(receipt, key="receipt-01")
    for path, headers, status, words in (
        (UNKNOWN, now, 404, "n'existe pas"),
        ("/p/v1.short", now, 404, "n'existe pas"),
        ("/p/%00%C3%A9" + "x" * 500, now, 404, "n'existe pas"),
        (f"/p/{links[0].token}", {"crm-time": later}, 410, "n'est plus valable"),
        (f"/p/{links[1].token}", now, 410, "a été retiré"),
        (f"/p/{links[2].token}", now, 200, "déjà réglée"),
        (f"/p/{links[2].token}", now, 200, "déjà réglée"),
    ):
        answer = await visitor.get(path, headers=headers)
        assert (answer.status_code, words in text_of(answer)) == (status, True), path
        assert "24,90" not in answer.text and "Martin" not in answer.text
        obeys_the_house_rules(answer)
    assert (await visitor.post(f"/p/{links[0].token}")).status_code == 405


async def test_a_guesser_of_links_is_stopped(visitor: httpx.AsyncClient) -> None:
    for _ in range(OPENINGS_A_MINUTE):
        assert (await visitor.get(UNKNOWN)).status_code == 404
    stopped = await visitor.get(UNKNOWN)
    assert (stopped.status_code, 0 < int(stopped.headers["retry-after"]) <= 60) == (429, True)
    obeys_the_house_rules(stopped)


async def test_a_silent_actor_is_a_page_too(running: Running, visitor: httpx.AsyncClient) -> None:
    await running.stop_actor("payments")
    try:
        answer = await visitor.get(UNKNOWN)
    finally:
        await running.start_actor("payments")
    assert (answer.status_code, "Rien n'a été débité" in text_of(answer)) == (503, True)


def test_visits_are_counted_per_network_and_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    limit = VisitLimit(2)
    assert [limit.wait_seconds("2001:db8::1"), limit.wait_seconds("2001:db8::2")] == [0, 0]
    assert limit.wait_seconds("2001:db8::3") == 60
    assert limit.wait_seconds("2001:db8:0:1::1") == 0
    now = 160.0
    assert limit.wait_seconds("2001:db8::3") == 0
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")


def test_every_language_says_the_same_things() -> None:
    fields = re.compile(r"{(\w+)}")
    for key, text in TEXTS["fr"].items():
        for language in LANGUAGES:
            assert fields.findall(TEXTS[language][key]) == fields.findall(text), (language, key)
    assert {language: len(texts) for language, texts in TEXTS.items()} == dict.fromkeys(LANGUAGES, len(TEXTS["fr"]))


def test_the_first_language_that_the_pages_speak_wins() -> None:
    assert language_of(None, None) == language_of("", "de, it") == language_of("xx", "fr-CA, en") == "fr"
    assert language_of("en", "fr") == language_of(None, "de-CH, en-US;q=0.7, fr;q=0.3") == "en"


def test_in_production_the_cookie_of_a_form_is_bound_to_its_host_and_to_https() -> None:
    response = Response()
    forms = FormTokens(secure=True)
    forms.keep(response, forms.new())
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-portal_form=")
    assert cookie.endswith("HttpOnly; Max-Age=3600; Path=/; SameSite=strict; Secure")
