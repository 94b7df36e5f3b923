"""The portal as its customers use it: a real browser without scripts of ours, a page of the provider, both languages.

`make test-browser`; the browser is CRM_CHROMIUM_CMD, else `chromium` on the PATH.
"""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.payments.portal import CancelPortalSession, CreatedPortalSession, GetPortalSession
from tests.actors.payments.builders import creditor_account
from tests.actors.payments.portal_steps import TODAY, billed, link_for
from tests.harness import Running, Tenant

pytestmark = pytest.mark.browser

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser() -> AsyncIterator[Browser]:
    command = os.environ.get("CRM_CHROMIUM_CMD") or shutil.which("chromium")
    assert command, "no browser: set CRM_CHROMIUM_CMD or install chromium"
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=command, args=_FLAGS)
        yield found
        await found.close()


@pytest_asyncio.fixture(loop_scope="session", params=["fr", "en"])
async def page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A new visitor who speaks one language; he has scripts switched off."""
    context = await browser.new_context(locale=request.param, java_script_enabled=False)
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def link(running: Running, tenant: Tenant, stripe: CheckoutStripe, site: str) -> CreatedPortalSession:
    found, invoice = await billed(running, tenant, address=site)
    tenant.client.now = None
    return await link_for(tenant, found, invoice, purpose="DUNNING_LINK")


async def language_of(page: Page) -> str:
    found = await page.locator("html").get_attribute("lang")
    assert found is not None
    return found


async def is_accessible(page: Page) -> None:
    """What a screen reader and a keyboard need, and that the page's own style was let in by its policy."""
    assert await page.title()
    assert await page.locator("h1").count() == 1
    assert await page.locator("main").count() == 1
    assert await page.locator("html").get_attribute("lang") in ("fr", "en")
    assert await page.locator("img, script, iframe").count() == 0
    for control in await page.locator("a, button").all():
        assert (await control.inner_text()).strip()
    background = await page.locator("body").evaluate("body => getComputedStyle(body).maxWidth")
    assert background == "640px"  # 40rem: the policy allowed the style
    for link in await page.locator("main a, main button").all():
        colours = await link.evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]")
        assert contrast(*colours) >= 4.5, colours


def contrast(front: str, back: str) -> float:
    """WCAG 2: (L1 + 0.05) / (L2 + 0.05)."""
    lights = sorted((luminance(front), luminance(back if back != "rgba(0, 0, 0, 0)" else "rgb(255, 255, 255)")))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = ((p / 12.92) if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def test_a_customer_opens_his_link_pays_and_sees_that_it_is_paid(
    running: Running, tenant: Tenant, link: CreatedPortalSession, page: Page, request: pytest.FixtureRequest
) -> None:
    await page.goto(link.portal_url)
    await is_accessible(page)
    language = await language_of(page)
    assert language == request.node.callspec.params["page"]
    words = {"fr": ("Payer 24,90 € par carte", "Paiement reçu"), "en": ("Pay €24.90 by card", "Payment received")}
    button, received = words[language]
    await page.get_by_role("button", name=button).click()
    await page.wait_for_url("**/pay/cs_*")
    await page.get_by_label("Cardholder name").fill("ISSUE-CARD-do_not_honor")
    await page.get_by_role("button", name="Pay").click()
    await page.get_by_text("Your card was declined").wait_for()
    await page.get_by_label("Cardholder name").fill("MARTIN")
    await page.get_by_role("button", name="Pay").click()
    await page.get_by_role("heading", name=received).wait_for()
    assert await language_of(page) == language
    await is_accessible(page)
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.outcome) == ("COMPLETED", "PAID")
    await page.goto(link.portal_url)
    assert await page.locator("h1").inner_text() == {"fr": "C'est payé", "en": "Paid"}[language]


async def test_a_customer_orders_a_direct_debit(running: Running, tenant: Tenant, site: str, page: Page) -> None:
    await creditor_account(tenant)
    found, invoice = await billed(running, tenant, address=site)
    await found.open_gates(TODAY)
    tenant.client.now = None
    link = await link_for(tenant, found, invoice, allowed_actions=("VIEW_PAYMENT", "PAY_BY_SEPA"))
    await page.goto(link.portal_url)
    await is_accessible(page)
    words = {
        "fr": ("Payer 24,90 € par prélèvement", "Prélèvement demandé"),
        "en": ("Pay €24.90 by direct debit", "Direct debit ordered"),
    }
    button, ordered = words[await language_of(page)]
    await page.get_by_role("button", name=button).click()
    await page.get_by_role("heading", name=ordered).wait_for()
    await is_accessible(page)


async def test_the_keyboard_alone_pays(
    running: Running, tenant: Tenant, link: CreatedPortalSession, page: Page
) -> None:
    await page.goto(link.portal_url)
    focused = []
    for _ in range(3):
        await page.keyboard.press("Tab")
        focused.append(await page.locator(":focus").inner_text())
    assert focused[0] in ("Aller au contenu", "Skip to content")
    assert focused[2].startswith(("Payer", "Pay "))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/pay/cs_*")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/p/return?state=*")
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert session.status == "COMPLETED"


async def test_who_goes_back_from_the_provider_finds_his_link_again(
    running: Running, tenant: Tenant, link: CreatedPortalSession, page: Page
) -> None:
    await page.goto(link.portal_url)
    await page.locator("form button").first.click()
    await page.wait_for_url("**/pay/cs_*")
    await page.get_by_role("link", name="Back to the shop").click()
    await page.wait_for_url("**/p/return?cancelled=1&state=*")
    await is_accessible(page)
    await page.locator("main a").click()
    await page.wait_for_url(link.portal_url)
    assert await page.locator("form button").count() == 2
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.outcome, session.use_count) == ("ACTIVE", "ABANDONED", 1)


async def test_a_withdrawn_link_says_so_and_the_language_can_be_switched(
    running: Running, tenant: Tenant, link: CreatedPortalSession, page: Page
) -> None:
    await tenant.client.call(CancelPortalSession(session_id=link.session.session_id, reason="test"))
    answer = await page.goto(link.portal_url)
    assert answer is not None and answer.status == 410
    await is_accessible(page)
    before = await language_of(page)
    await page.locator("nav a").click()
    await page.wait_for_url("**?lang=*")
    assert {before, await language_of(page)} == {"fr", "en"}
    titles = {"fr": "Lien retiré", "en": "Link withdrawn"}
    assert await page.locator("h1").inner_text() == titles[await language_of(page)]
