"""Paying by card over plain HTTP: the form, the way to the provider's page, the way back."""

import re

import httpx
import pytest_asyncio

from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.payments.portal import CreatedPortalSession, CreatePortalSession, GetPortalSession
from runtime import clock
from tests.actors.payments.builders import creditor_account
from tests.actors.payments.portal_steps import TODAY, billed, link_for
from tests.bridge.portal.steps import obeys_the_house_rules, read, text_of
from tests.harness import Running, Tenant


@pytest_asyncio.fixture(loop_scope="session")
async def link(running: Running, tenant: Tenant, stripe: CheckoutStripe, site: str) -> CreatedPortalSession:
    found, invoice = await billed(running, tenant, address=site)
    tenant.client.now = None
    return await link_for(tenant, found, invoice, purpose="DUNNING_LINK", max_uses=2)


async def pressed(visitor: httpx.AsyncClient, link: CreatedPortalSession) -> httpx.Response:
    """Open the link and press its first button."""
    form = next(read(await visitor.get(link.portal_url)).all("form"))
    token = form.one("input").attributes
    assert (form.attributes["method"], token["type"]) == ("post", "hidden")
    return await visitor.post(form.attributes["action"], data={token["name"]: token["value"]})


async def test_the_button_leads_to_the_provider_and_the_provider_back(
    running: Running, tenant: Tenant, stripe: CheckoutStripe, visitor: httpx.AsyncClient, link: CreatedPortalSession
) -> None:
    opened = await visitor.get(link.portal_url)
    obeys_the_house_rules(opened)
    assert "Payer 24,90 € par carte" in text_of(opened)
    leading = await pressed(visitor, link)
    obeys_the_house_rules(leading)
    (page,) = stripe.sessions
    address = stripe.sessions[page]["url"]
    assert (leading.status_code, leading.headers["refresh"]) == (200, f"0; url={address}")
    assert read(leading).one("main").one("a").attributes["href"] == address
    waiting = await visitor.get(link.portal_url)
    assert "Continuer ce que vous avez commencé" in text_of(waiting)
    assert read(waiting).one("main").one("a").attributes["href"] == address
    stripe.pay(page, clock.now())
    back = await visitor.get(stripe.addresses[page]["success_url"])
    obeys_the_house_rules(back)
    assert "Votre paiement de 24,90 € à Société DUP est confirmé" in text_of(back)
    english = await visitor.get(stripe.addresses[page]["success_url"], params={"lang": "en"})
    assert english.status_code == 404  # httpx replaces the query: a return without its state leads nowhere
    switch = read(back).one("nav").one("a").attributes["href"]
    english = await visitor.get(f"/p/return{switch}")
    assert "Your payment of €24.90 to Société DUP is confirmed" in text_of(english)
    again = await visitor.get(link.portal_url)
    assert (again.status_code, "There is nothing else for you to do" in text_of(again)) == (200, True)


async def test_a_refused_card_and_a_change_of_mind_lead_back_to_the_link(
    running: Running, tenant: Tenant, stripe: CheckoutStripe, visitor: httpx.AsyncClient, link: CreatedPortalSession
) -> None:
    await pressed(visitor, link)
    (page,) = stripe.sessions
    stripe.pay(page, clock.now(), holder="ISSUE-CARD-do_not_honor")
    refused = await visitor.get(stripe.addresses[page]["cancel_url"])
    obeys_the_house_rules(refused)
    assert "Votre banque a refusé le paiement de 24,90 €. Rien n'a été débité." in text_of(refused)
    assert read(refused).one("main").one("a").attributes["href"] == f"/p/{link.token}"
    await pressed(visitor, link)
    page = list(stripe.sessions)[-1]
    left = await visitor.get(stripe.addresses[page]["cancel_url"])
    assert "Rien n'a été débité" in text_of(left)
    assert stripe.sessions[page]["status"] == "open"  # it was the last use: he may go on with this page
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.use_count) == ("REDIRECTED", 2)


async def test_only_the_page_itself_sends_its_form_and_once(
    running: Running, tenant: Tenant, stripe: CheckoutStripe, visitor: httpx.AsyncClient, link: CreatedPortalSession
) -> None:
    page = await visitor.get(link.portal_url)
    cookie = page.headers["set-cookie"]
    assert re.search(r"portal_form=\S+; HttpOnly; Max-Age=3600; Path=/; SameSite=strict", cookie)
    form = {"form": next(read(page).all("input")).attributes["value"]}
    card = f"/p/{link.token}/card"
    stranger = httpx.AsyncClient(base_url=visitor.base_url, trust_env=False)
    async with stranger:
        for data in (form, {"form": ""}, {}):
            answer = await stranger.post(card, data=data)
            assert answer.status_code == 403
    obeys_the_house_rules(answer)
    forged = await visitor.post(card, data=form, headers={"sec-fetch-site": "cross-site"})
    wrong = await visitor.post(card, data={"form": "x" * 43})
    large = await visitor.post(card, data=form | {"more": "x" * 5000})
    assert [answer.status_code for answer in (forged, wrong, large)] == [403, 403, 403]
    assert (await visitor.post(card, data=form)).status_code == 200
    twice = await visitor.post(card, data=form)
    assert (twice.status_code, "déjà été envoyé" in text_of(twice)) == (403, True)
    assert len(stripe.sessions) == 1


async def test_a_card_is_saved_without_paying(
    running: Running, tenant: Tenant, stripe: CheckoutStripe, visitor: httpx.AsyncClient, link: CreatedPortalSession
) -> None:
    order = {"company_id": link.session.company_id, "client_id": link.session.client_id, "purpose": "UPDATE_CARD"}
    card = await tenant.client.call(CreatePortalSession.model_validate(order | {"idempotency_key": "card-link-1"}))
    opened = await visitor.get(card.portal_url)
    obeys_the_house_rules(opened)
    assert "Enregistrer une autre carte" in text_of(opened) and "À payer" not in text_of(opened)
    leading = await pressed(visitor, card)
    (page,) = stripe.sessions
    assert leading.headers["refresh"] == f"0; url={stripe.sessions[page]['url']}"
    left = await visitor.get(stripe.addresses[page]["success_url"] + "&cancelled=1")
    assert "Rien n'a été débité" in text_of(left)
    await pressed(visitor, card)
    stripe.pay(list(stripe.sessions)[-1], clock.now())
    saved = await visitor.get(stripe.addresses[list(stripe.sessions)[-1]]["success_url"])
    obeys_the_house_rules(saved)
    assert "Société DUP prendra vos prochains paiements sur cette carte" in text_of(saved)
    assert "Votre carte est enregistrée." in text_of(await visitor.get(card.portal_url))
    unknown = await visitor.post(f"/p/{link.token}/gold", data={"form": "x"})
    assert unknown.status_code == 403


async def test_a_debit_is_ordered_without_leaving_the_page(
    running: Running, tenant: Tenant, site: str, visitor: httpx.AsyncClient
) -> None:
    await creditor_account(tenant)
    found, invoice = await billed(running, tenant, address=site)
    await found.open_gates(TODAY)
    tenant.client.now = None
    link = await link_for(tenant, found, invoice, allowed_actions=("VIEW_PAYMENT", "PAY_BY_SEPA"))
    opened = await visitor.get(link.portal_url)
    obeys_the_house_rules(opened)
    assert "Payer 24,90 € par prélèvement Société DUP débitera votre compte le" in text_of(opened)
    assert "Compte débité FR76 **** **** 0189 Référence du mandat RUMCRM" in text_of(opened)
    english = await visitor.get(link.portal_url, params={"lang": "en"})
    obeys_the_house_rules(english)
    assert "Pay €24.90 by direct debit Société DUP will debit your account on" in text_of(english)
    ordered = await pressed(visitor, link)
    obeys_the_house_rules(ordered)
    assert "Your direct debit of €24.90 by Société DUP is ordered." in text_of(ordered)
    assert "refresh" not in ordered.headers and not list(read(ordered).one("main").all("a"))
    again = await visitor.get(link.portal_url, params={"lang": "fr"})
    assert (again.status_code, "Le prélèvement de cette somme est demandé" in text_of(again)) == (200, True)


async def test_a_payment_that_was_begun_elsewhere_is_told(
    running: Running, tenant: Tenant, stripe: CheckoutStripe, visitor: httpx.AsyncClient, link: CreatedPortalSession
) -> None:
    (invoice_id,) = link.session.invoice_ids
    order = {"company_id": link.session.company_id, "client_id": link.session.client_id}
    other = await tenant.client.call(
        CreatePortalSession.model_validate(order | {"idempotency_key": "another-link", "invoice_ids": [invoice_id]})
    )
    await pressed(visitor, link)
    busy = await pressed(visitor, other)
    obeys_the_house_rules(busy)
    assert (busy.status_code, "Quelqu'un paie déjà cette somme" in text_of(busy)) == (409, True)
    assert len(stripe.sessions) == 1
