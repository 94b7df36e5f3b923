"""The lists of identity."""

from datetime import UTC, datetime

from benchmarks.filling import one_of, spread
from benchmarks.list_cases.listing import CLIENT, SOME_CLIENT, Listing, rows_of, words
from messages.identity import (
    audit,
    brand_themes,
    invitations,
    legal_holds,
    machines,
    memberships,
    organisations,
    privacy,
    retention,
    roles,
    sessions,
    users,
)
from messages.identity import audit_trail as identity_trail

IDENTITY = (
    Listing(identity_trail.ListAudit, "audit_copy",
            {"stream": words("clients", "payments"), "seq": "10000000 + n", "actor": "'{\"type\": \"USER\"}'::jsonb",
             "actor_user_id": spread("user", 300), "action": words("clients.client.update", "payments.payment.create"),
             "request_id": "'r' || n", "correlation_id": "'c' || n", "target_type": "'client'",
             "target_id": "(n % 50000)::text", "entry_hash": "'e' || n", "prev_hash": "'p' || n"},
            tuple({**period, **wanted} for period in (
                {"occurred_from": datetime(2026, 6, 1, tzinfo=UTC), "occurred_to": datetime(2027, 5, 1, tzinfo=UTC)},)
                for wanted in ({}, {"stream": "payments"}, {"actions": ("clients.client.update",)},
                               {"actor_user_ids": (one_of("user", 7),)}, {"target_type": "client", "target_id": "777"},
                               {"correlation_id": "c7777"}, {"request_id": "r7777"}, {"results": ("DENIED",)}))),
    Listing(audit.ListAuditCheckpoints, "audit_checkpoint", {"stream": words("clients", "payments"), "last_seq": "n"},
            ({}, {"stream": "payments"})),
    Listing(organisations.ListCompanies, None, {}, ({}, {"search": "bench"})),
    Listing(brand_themes.ListBrandThemes, "brand_theme",
            {"owner_type": "'ORGANISATION'", "owner_id": "$1", "primary_color": "'#1D4ED8'",
             "archived_at": "case when n % 3 = 0 then now() end"},
            ({}, {"include_archived": True})),
    Listing(invitations.ListInvitations, "invitation",
            {"role_codes": "array['OWNER']", "email": "'\\x00'", "company_scope": "'ALL'", "expires_at": "now() + interval '1 day'",
             "email_index": "decode(md5(n::text), 'hex')"},
            ({}, {"status": "ACCEPTED"}, {"status": "PENDING"}, {"status": "EXPIRED"}, {"search": "a@example.fr"})),
    Listing(legal_holds.ListLegalHolds, "legal_hold", {"subject_id": SOME_CLIENT},
            ({}, {"is_active": True})),
    Listing(machines.ListMachineAccounts, None, {}, ({},)),
    Listing(memberships.ListMembers, "membership",
            {"id": spread("membership"), "user_id": spread("user"), "role_codes": "array['OWNER']", "company_scope": "'ALL'",
             "status": "'ACTIVE'"},
            ({}, {"status": "ACTIVE"}, {"role_code": "OWNER"}, {"search": "martin 777"}), rows=5000,
            also=(
                rows_of("identity", "user_account",
                    {"id": spread("user"), "kind": "'PERSON'", "status": "'ACTIVE'", "search_name": "'jean martin ' || n",
                     "profile_source": "'IDP'", "locale": "'fr-FR'", "timezone": "'Europe/Paris'",
                     "created_at": "now() - n * interval '1 second'"}, 5000),
                rows_of("identity", "user_membership",
                    {"membership_id": spread("membership"), "user_id": spread("user"), "status": "'ACTIVE'"}, 5000),
                rows_of("identity", "auth_session",
                    {"session_id": "'s-' || n", "user_id": spread("user", 5000), "status": "'ACTIVE'",
                     "expires_at": "now() + interval '1 year'"}),
            )),
    Listing(memberships.ListUserMemberships, None, {}, ({"user_id": one_of("user", 7)},)),
    Listing(users.ListUsers, None, {}, ({}, {"status": "ACTIVE"}, {"search": "martin 777"})),
    Listing(sessions.ListUserSessions, None, {}, ({"user_id": one_of("user", 7)},)),
    Listing(sessions.ListMySessions, None, {}, ({},)),
    Listing(roles.ListPermissions, None, {}, ({}, {"actor": "payments"}, {"search": "mandate"})),
    Listing(roles.ListRoles, None, {}, ({},)),
    Listing(privacy.ListPrivacyRequests, "privacy_request",
            {"subject_id": SOME_CLIENT},
            ({}, {"kind": "ERASURE"}, {"status": "COMPLETED"}, {"subject_id": CLIENT})),
    Listing(retention.ListPurgeRuns, "purge_run",
            {"policy_id": spread("policy", 20)}, ({}, {"category": "PROSPECT"}, {"status": "FAILED"}), rows=20_000),
)  # fmt: skip
