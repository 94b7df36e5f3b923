"""The lists of payments that providers and their customers fill: links to pay, means, refunds, reports, routes."""

from benchmarks.filling import one_of, spread
from benchmarks.list_cases.listing import CLIENT, COMPANY, MONEY, OWNED, SOME_CLIENT, SOME_COMPANY, Listing, words
from messages.payments import cards, portal, providers, psp_events, refunds, routing

_ACCOUNT = spread("psp-account", 10)

PAYMENTS_PROVIDERS = (
    Listing(portal.ListPortalSessions, "portal_session",
            {**OWNED, **MONEY, "id": spread("session"), "key_hash": "decode(md5(n::text), 'hex')", "max_uses": "5",
             "status": words("EXPIRED", "COMPLETED", "CREATED")},
            ({}, {"client_id": CLIENT}, {"company_id": COMPANY}, {"status": ("CREATED",)}, {"status": ("REDIRECTED",)},
             {"purpose": "PAY_NOW"})),
    Listing(portal.GetPortalSessionAudit, "portal_audit", {"session_id": spread("session"), "actor": "'PORTAL_TOKEN'"},
            ({"session_id": one_of("session", 7)},)),
    Listing(cards.ListPaymentMethods, "payment_method",
            {"client_id": SOME_CLIENT, "psp_account_id": _ACCOUNT, "token_digest": "'t' || n"}, ({"client_id": CLIENT},)),
    Listing(refunds.ListRefunds, "refund",
            {**MONEY, "company_id": SOME_COMPANY, "payment_id": spread("payment"),
             "status": words("SUCCEEDED", "SUCCEEDED", "FAILED")},
            ({}, {"payment_id": one_of("payment", 7)}, {"status": ("PENDING",)}, {"status": ("CANCELLED",)})),
    Listing(psp_events.ListPspEvents, "psp_event",
            {"psp_account_id": _ACCOUNT, "provider_event_id": "'e' || n", "received_at": "now() - n * interval '1 second'",
             "status": words("PROCESSED", "PROCESSED", "IGNORED")},
            ({}, {"psp_account_id": one_of("psp-account", 7)}, {"status": ("FAILED",)})),
    Listing(providers.ListPspAccounts, "psp_account",
            {"company_id": SOME_COMPANY, "name": "'A' || n", "methods": "'[]'::jsonb", "path_token": "'p' || n"},
            ({}, {"company_id": COMPANY}), rows=100),
    Listing(routing.ListRoutingRules, "routing_rule",
            {"company_id": SOME_COMPANY, "name": "'R' || n", "psp_account_id": _ACCOUNT},
            ({}, {"company_id": COMPANY}), rows=500),
    Listing(routing.ListProviderOverrides, "provider_override",
            {"company_id": SOME_COMPANY, "scope_id": spread("client"), "psp_account_id": _ACCOUNT},
            ({}, {"company_id": COMPANY})),
)  # fmt: skip
