"""Every list request of six actors: what its table is filled with, and what people filter it by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, get_args

from pydantic import BaseModel

from benchmarks.filling import MANY, Fill, one_of, spread
from messages.base import Request
from messages.calendar import audit_trail, book, configurations, csv_files, forecast, overrides, volumes
from messages.contrats import amendments, indexation, port_ins, renewals, requests, upkeep
from messages.factures import requests as invoicing
from messages.identity import (
    audit,
    invitations,
    legal_holds,
    machines,
    memberships,
    organisations,
    privacy,
    roles,
    sessions,
    users,
)
from messages.identity import audit_trail as identity_trail
from messages.payments import alerts, bank, collection, dues, ledger, means, policies, recovery
from messages.payments import settings as payment_settings
from messages.products import (
    browsing,
    catalogue,
    client_prices,
    documents,
    partners,
    price_lists,
    promotions,
    publications,
    quotes,
    ranges,
    vat,
    version_changes,
    versions,
)
from storage.migrations import metadata_of
from storage.shared.tables import shared_metadata
from tests.actors.products.contracts import signed_contract

Filter = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """A list request, the table its rows lie in (none: filled for another list), and the filters it is measured with."""

    request: type[Request[Any]]
    table: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ({},)
    rows: int = MANY
    also: tuple[Fill, ...] = ()

    @property
    def actor(self) -> str:
        """Who answers."""
        return self.request.contract.actor

    @property
    def fills(self) -> tuple[Fill, ...]:
        """The tables to fill, the list's own first."""
        if self.table is None:
            return self.also
        (item, *_) = get_args(self.request.contract.reply.model_fields["items"].annotation)
        shown_as = item if isinstance(item, type) and issubclass(item, BaseModel) else None
        table = (shared_metadata if self.table in shared_metadata.tables else metadata_of(self.actor)).tables[
            self.table
        ]
        return (Fill(table, shown_as, self.columns, self.rows), *self.also)


def _words(*words: str) -> str:
    return f"(array[{', '.join(repr(word) for word in words)}])[1 + n % {len(words)}]"


def _of(actor: str, table: str, columns: Mapping[str, str], rows: int = MANY) -> Fill:
    return Fill(metadata_of(actor).tables[table], None, columns, rows)


CLIENT, CONTRACT, PRODUCT, CASE = (one_of(name, 7) for name in ("client", "contract", "product", "case"))
COMPANY = one_of("company", 3)
_CLIENT, _CONTRACT, _COMPANY = (
    spread("client", 50_000),
    spread("contract"),
    spread("company", 5),
)
_MONEY = {"currency": "'EUR'", "amount": "29.90"}
_OWNED = {"client_id": _CLIENT, "contract_id": _CONTRACT, "company_id": _COMPANY}
_JSON_LIST = "'[]'::jsonb"

_SNAPSHOT = signed_contract(COMPANY, CLIENT, date(2026, 3, 12)).model_dump_json()

PRODUCTS = (
    Listing(
        catalogue.ListProducts, "product",
        {"id": spread("product"), "sku": "'FT-' || n", "sku_key": "'FT-' || n", "name": "'Produit ' || n",
         "search_name": "'ft-' || n || ' produit ' || n", "range_id": spread("range", 200), "currency": "'EUR'",
         "owner_company_id": _COMPANY, "product_type": _words("telecom", "energy", "tv"), "price_scale": "2",
         "renewal": "'NONE'", "unit": "'MONTH'", "tags": "array['tag-' || n % 500]", "features": _JSON_LIST,
         "kind": "'OWN'",
         "indicative": """jsonb_build_object('price', jsonb_build_object('amount', (n % 900)::text || '.00', 'currency', 'EUR'),
            'tax_included', true, 'vat_rate', '20.00', 'vat_category', 'S')"""},
        ({}, {"sector": "TELECOM"}, {"product_type": "tv"}, {"lifecycle": ("ACTIVE",)}, {"company_id": COMPANY},
         {"tag": "tag-7"}, {"search": "produit 77777"}, {"channel": "WEB"}, {"price_min": "890.00"},
         {"kind": "OWN"}, {"product_partner_id": CLIENT}, {"integration_status": "REQUESTED"}, {"on_promotion": True}),
    ),
    Listing(publications.ListAccountingMappings, "accounting_mapping",
            {"product_id": spread("product"), "nature": "'REVENUE'", "valid_from": "date '2026-01-01'"},
            ({}, {"product_id": PRODUCT}, {"company_id": COMPANY}, {"range_id": CLIENT}, {"status": "VALIDATED"}), rows=5000),
    Listing(client_prices.ListClientPrices, "client_price",
            {"client_id": _CLIENT, "product_id": spread("product"), "quantity_from": "1",
             "valid_from": "current_date - (n / 200)::int"},
            ({}, {"client_id": CLIENT}, {"product_id": PRODUCT}, {"valid_on": date(2026, 3, 1)})),
    Listing(documents.ListDocumentAlerts, "document_alert",
            {"product_id": spread("product"), "version_id": spread("version"), "document_type": "'IPID'"},
            ({}, {"product_id": PRODUCT}, {"severity": "CRITICAL"}, {"acknowledged": True}), rows=20_000),
    Listing(versions.ListVersions, "product_version",
            {"id": spread("version"), "product_id": spread("product", 100_000), "number": "1 + n / 100000"},
            ({"product_id": PRODUCT}, {"product_id": PRODUCT, "state": "DRAFT"})),
    Listing(version_changes.ListPlans, "product_plan",
            {"product_id": spread("product"), "version_id": spread("version"), "options": _JSON_LIST, "code": "'P' || n"},
            ({"product_id": PRODUCT}, {"version_id": one_of("version", 7)})),
    Listing(price_lists.ListPriceLists, "price_list", {"id": spread("list"), "currency": "'EUR'", "code": "'L-' || n"},
            ({}, {"active": False}, {"valid_on": date(2026, 3, 1)}, {"is_default": False}), rows=1000),
    Listing(price_lists.ListPriceItems, "price_item",
            {"list_id": spread("list", 10), "product_id": spread("product"), "unit_price": "29.90",
             "discount_percent": "0"},
            ({"list_id": one_of("list", 7)}, {"list_id": one_of("list", 7), "product_id": one_of("product", 77)})),
    Listing(price_lists.ListPriceListAssignments, "price_list_assignment",
            {"list_id": spread("list", 10), "client_id": spread("client")}, ({"list_id": one_of("list", 7)},)),
    Listing(quotes.ListPriceQuotes, "price_quote",
            {"client_id": _CLIENT, "company_id": _COMPANY, "currency": "'EUR'", "valid_until": "current_date + 10"},
            ({}, {"client_id": CLIENT}, {"status": "OPEN"}, {"status": "ACCEPTED"})),
    Listing(documents.ListProductDocuments, "product_document",
            {"version_id": spread("version"), "product_id": spread("product"), "language": "'fr'",
             "sha256": "repeat('ab', 32)", "status": "'DRAFT'"},
            ({"version_id": one_of("version", 7)},)),
    Listing(partners.ListProductPartners, "product_partner",
            {"name": "'Assureur ' || n", "search_name": "'assureur ' || n", "addresses": _JSON_LIST,
             "contacts": _JSON_LIST},
            ({}, {"type": "ENERGY"}, {"search": "assureur 777"}), rows=1000),
    Listing(promotions.ListPromotions, "promotion",
            {"code": "'PROMO-' || n", "product_ids": f"array[{spread('product')}]", "status": _words("ENDED", "CANCELLED"),
             "starts_on": "current_date - (n % 900)::int", "ends_on": "current_date - (n % 900)::int + 7"},
            ({}, {"status": "ENDED"}, {"status": "RUNNING"}, {"product_id": PRODUCT}, {"on_date": date(2026, 3, 1)}), rows=5000),
    Listing(publications.ListPublications, "publication",
            {"product_id": spread("product"), "version_id": spread("version"), "company_id": _COMPANY,
             "channels": "array[(array['WEB', 'FIELD', 'TELESALES'])[1 + n / 3 % 3]]",
             "state": _words("ENDED", "WITHDRAWN", "LIVE")},
            ({}, {"product_id": PRODUCT}, {"version_id": one_of("version", 7)}, {"company_id": COMPANY}, {"state": "LIVE"},
             {"channel": "WEB"}, {"channel": "FIELD"})),
    Listing(ranges.ListRanges, "product_range",
            {"id": spread("range"), "code": "'R_' || n", "path": "'R_' || n", "level": "0", "name": "'Gamme ' || n"},
            ({}, {"kind": "RISK"}, {"parent_id": CLIENT}), rows=500),
    Listing(vat.ListVatRates, "vat_rate",
            {"zone": "'EU:' || chr(65 + (n / 26)::int % 26) || chr(65 + n % 26)", "tax_class": "'STANDARD'",
             "valid_from": "date '2000-01-01'", "rate": "20.00"},
            ({}, {"zone": "FR_METRO"}), rows=500),
)  # fmt: skip

CONTRATS = (
    Listing(requests.ListContracts, "contract",
            {"id": spread("contract"), "reference": "'CT-2026-' || lpad(n::text, 6, '0')", "client_id": _CLIENT,
             "company_id": _COMPANY, "sales_rep_id": spread("rep", 300), "currency": "'EUR'",
             "status": _words("ACTIVE", "ACTIVE", "TERMINATED", "DRAFT"), "ends_on": "current_date + (n % 700)::int",
             "starts_on": "current_date - (n % 700)::int", "billing_frequency": "'MONTHLY'", "mrr": "n % 90"},
            ({}, {"client_id": CLIENT}, {"company_id": COMPANY}, {"sales_rep_id": one_of("rep", 7)},
             {"status": ("ACTIVE",)}, {"status": ("SUSPENDED",)}, {"quality_status": ("APPROVED",)},
             {"sort_by": "reference"}, {"sort_by": "starts_on"}, {"sort_by": "ends_on"}, {"sort_by": "status"},
             {"sort_by": "mrr"}, {"ends_from": date(2026, 12, 1), "ends_to": date(2026, 12, 5)},
             {"product_id": PRODUCT}, {"search": "2026-077777"}, {"search": "dupont 777"}),
            also=(
                _of("contrats", "contract_line", {"contract_id": spread("contract"), "product_id": spread("product")}),
                _of("contrats", "client_copy",
                    {"client_id": spread("client"), "search_name": f"{_words('dupont', 'martin', 'petit', 'moreau')} || ' ' || n",
                     "display_name": "'Dupont ' || n"},
                    50_000),
            )),
    Listing(amendments.ListAmendments, "amendment", {"contract_id": spread("contract"), "operations": _JSON_LIST},
            ({"contract_id": CONTRACT},)),
    Listing(requests.ListContractStatusHistory, "status_history", {"contract_id": spread("contract")},
            ({"contract_id": CONTRACT},)),
    Listing(amendments.ListContractVersions, "contract_version",
            {"contract_id": spread("contract"), "snapshot": f"$${_SNAPSHOT}$$::jsonb"},
            ({"contract_id": CONTRACT},)),
    Listing(indexation.ListIndexValues, "price_index_value",
            {"code": _words(*(code.value for code in indexation.IndexCode)),
             "period": "lpad((n / 96)::text, 4, '0') || '-' || lpad((1 + n / 8 % 12)::text, 2, '0')"}, ({"code": "SYNTEC"},)),
    Listing(requests.ListOperations, "contract_operation", {"contract_id": spread("contract")},
            ({"contract_id": CONTRACT},)),
    Listing(port_ins.ListPortIns, "port_in",
            {"contract_id": spread("contract"), "msisdn_index": "decode(md5(n::text), 'hex')"}, ({"contract_id": CONTRACT},)),
    Listing(upkeep.ListQualityQueue, "quality_review",
            {"contract_id": spread("contract"), "status": _words("PENDING", "APPROVED", "APPROVED", "APPROVED")},
            ({}, {"company_id": COMPANY}, {"submitted_before": datetime(2026, 1, 1, tzinfo=UTC)})),
    Listing(renewals.ListRenewals, "renewal_cycle",
            {"contract_id": spread("contract"), "company_id": _COMPANY, "refusal_deadline": "current_date + (n % 700)::int",
             "term_ends_on": "current_date + (n % 700)::int + 30"},
            ({}, {"deadline_from": date(2026, 12, 1), "deadline_to": date(2026, 12, 5)})),
)  # fmt: skip

CALENDAR = (
    Listing(audit_trail.GetAuditLogs, "audit_entry",
            {"stream": "'calendar'", "seq": "10000000 + n", "actor": "'{\"type\": \"USER\"}'::jsonb", "result": "'ALLOWED'",
             "request_id": "'r' || n", "correlation_id": "'c' || n", "action": "'calendar.holiday.create'", "v": "1",
             "transaction_id": "1", "prev_hash": "'p' || n", "entry_hash": "'e' || n",
             "target": f"jsonb_build_object('type', 'holiday', 'id', {spread('holiday', 2000)})"},
            ({}, {"entity_type": "holiday"}), rows=20_000),
    Listing(audit_trail.GetEntityHistory, None, {}, ({"entity_type": "holiday", "entity_id": one_of("holiday", 7)},)),
    Listing(book.ListPlannedDebits, "planned_debit",
            {**_OWNED, **_MONEY, "schedule_id": spread("schedule"), "period": "'2026-06'",
             "planned_debit_date": "current_date + (n % 900)::int - 450", "status": _words("PLANNED", "EXECUTED", "FAILED"),
             "lot_code": _words("L1", "L2", "L3", "L4"), "blocked_reason": "case when n % 1000 = 0 then 'MANUAL' end"},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"company_ids": (COMPANY,)}, {"lot_codes": ("L2",)},
             {"start_date": date(2026, 3, 1), "end_date": date(2026, 3, 31)}, {"status": ("FAILED",)},
             {"status": ("PROCESSING",)}, {"blocked": True}, {"overdue": True})),
    Listing(book.ListDebitDays, "debit_day",
            {"company_id": spread("company", 100), "collection_date": "date '2010-01-01' + (n / 100)::int",
             "rail": "'SEPA_CORE'"},
            ({"start_date": date(2015, 1, 1)}, {"company_id": one_of("company", 7)}, {"status": ("OPEN",)})),
    Listing(configurations.ListDebitConfigurations, "debit_configuration",
            {"level": "'CLIENT'", "scope_id": spread("client"), "mode": "'FIXED_DAY'", "fixed_day": "1 + n % 28",
             "is_active": "true"},
            ({}, {"scope_id": CLIENT}, {"level": "COMPANY"}, {"mode": "FIXED_DAY"}, {"lot_code": "L3"})),
    Listing(overrides.ListDebitDateOverrides, "debit_date_override",
            {"level": "'CONTRACT'", "scope_id": spread("contract"), "target_year": "2026", "target_month": "1 + n % 12"},
            ({}, {"scope_id": CONTRACT}, {"level": "CLIENT"}, {"from_date": date(2026, 3, 1)})),
    Listing(csv_files.ListCsvImports, "csv_import", {"options": "'{}'::jsonb"}, ({}, {"type": "HOLIDAYS"})),
    Listing(forecast.GetVolumeForecast, "volume_forecast",
            {"company_id": spread("company", 100), "date": "current_date + (n / 100)::int - 1000", "currency": "'EUR'"},
            ({"from_date": date(2026, 3, 1), "to_date": date(2026, 12, 31)},)),
    Listing(volumes.ListVolumeThresholds, "volume_threshold", {"company_id": _COMPANY, "currency": "'EUR'"},
            ({}, {"company_id": COMPANY}), rows=1000),
)  # fmt: skip

FACTURES = (
    Listing(invoicing.ListInvoices, "invoice",
            {**_OWNED, "number": "'FA-2026-' || lpad(n::text, 6, '0')", "draft_ref": "'B-' || n",
             "preceding_id": "case when n % 50 = 0 then md5('invoice-' || n - 1)::uuid end", "id": spread("invoice"),
             "status": _words("ISSUED", "ISSUED", "ISSUED", "DRAFT"), "issue_date": "current_date - (n % 900)::int",
             "due_date": "current_date - (n % 900)::int + 15", "overdue": "n % 60 = 0"},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"company_id": COMPANY}, {"kind": "CREDIT_NOTE"},
             {"status": "DRAFT"}, {"settlement_status": "PAID"}, {"overdue": True}, {"preceding_id": one_of("invoice", 49)},
             {"number_prefix": "FA-2026-0777"}, {"issued_from": date(2026, 3, 1), "issued_to": date(2026, 3, 2)})),
    Listing(invoicing.ListBillingIntakes, "billing_intake",
            {"contract_id": spread("contract"), "reference": "'I-' || n", "item_hash": "'h' || n"},
            ({}, {"contract_id": CONTRACT}, {"status": "FAILED"})),
)  # fmt: skip

PAYMENTS = (
    Listing(collection.ListPayments, "payment",
            {**_OWNED, **_MONEY, "reference": "'PAY-' || n", "batch_id": spread("batch", 500),
             "instalment_id": spread("instalment"), "idempotency_key": "'k' || n", "end_to_end_id": "'E' || n",
             "status": _words("PAID", "PAID", "REJECTED"), "allocated_amount": "0",
             "requested_collection_date": "current_date - (n % 900)::int"},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"instalment_id": one_of("instalment", 7)},
             {"batch_id": one_of("batch", 7)}, {"company_id": COMPANY}, {"status": ("REJECTED",)}, {"status": ("PENDING",)},
             {"method": "CARD"}, {"reference": "PAY-77777"},
             {"collected_from": date(2026, 3, 1), "collected_to": date(2026, 3, 2)})),
    Listing(dues.ListInstalments, "instalment",
            {**_OWNED, **_MONEY, "id": spread("instalment"), "schedule_id": spread("schedule"),
             "invoice_id": spread("invoice"), "planned_debit_date": "current_date + (n % 900)::int - 450",
             "status": _words("PAID", "PLANNED", "UNPAID"), "paid_amount": "case n % 3 when 0 then 29.90 else 0 end"},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"schedule_id": one_of("schedule", 7)},
             {"invoice_id": one_of("invoice", 7)}, {"status": ("UNPAID",)}, {"status": ("BLOCKED",)},
             {"due_before": date(2026, 3, 1)})),
    Listing(dues.ListSchedules, "schedule",
            {**_OWNED, **_MONEY, "id": spread("schedule"), "reference": "'ECH-' || n"},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"status": ("PAUSED",)})),
    Listing(means.ListMandates, "mandate",
            {**_OWNED, "rum": "'RUM-' || n", "bank_details_id": spread("account"), "creditor_identifier": "'FR72ZZZ123456'",
             "status": _words("ACTIVE", "CANCELLED")},
            ({}, {"client_id": CLIENT}, {"company_id": COMPANY}, {"contract_id": CONTRACT}, {"rum": "RUM-77777"},
             {"status": ("ACTIVE",)}, {"status": ("BLOCKED",)}, {"usable": True}, {"usable": False})),
    Listing(means.ListBankDetails, "bank_details",
            {"id": spread("account"), "client_id": _CLIENT, "iban_fingerprint": "'f' || n", "iban_country": "'FR'",
             "external_id": "'x' || n", "iban_masked": "'FR76 **** 0189'", "iban_last4": "'0189'"},
            ({"client_id": CLIENT}, {"client_id": CLIENT, "external_id": "x7"})),
    Listing(bank.ListBankMessages, "bank_message", {"file_sha256": "'h' || n", "msg_id": "'M' || n"},
            ({}, {"kind": "CAMT053"}, {"status": ("FAILED",)})),
    Listing(bank.ListBankTransactions, "bank_transaction",
            {"message_id": spread("message", 1000), "statement_id": spread("statement", 1000), "dedupe_key": "'d' || n",
             **_MONEY, "booking_date": "current_date - (n % 900)::int"},
            ({}, {"match_status": ("UNMATCHED",)}, {"message_id": one_of("message", 7)},
             {"booked_from": date(2026, 3, 1), "booked_to": date(2026, 3, 2)})),
    Listing(bank.ListCollectionBatches, "collection_batch",
            {"company_id": _COMPANY, "currency": "'EUR'", "msg_id": "'B' || n", "approvals": _JSON_LIST},
            ({}, {"company_id": COMPANY}, {"status": ("REJECTED",)})),
    Listing(payment_settings.ListCreditorAccounts, "creditor_account",
            {"company_id": _COMPANY, "currency": "'EUR'", "iban_fingerprint": "'f' || n", "iban_masked": "'FR76 **** 0189'",
             "status": "'ACTIVE'", "creditor_identifier": "'FR72ZZZ123456'"}, ({}, {"company_id": COMPANY}), rows=500),
    Listing(policies.ListDunningPolicies, "dunning_policy", {"name": "'D' || n", "code": "'D' || n"}, ({},), rows=0),
    Listing(policies.ListRetryPolicies, "retry_policy", {"name": "'R' || n"}, ({},), rows=500),
    Listing(ledger.ListJournalEntries, "journal_entry",
            {"id": spread("entry"), "company_id": spread("company", 5), "number": "n", "posting_key": "'k' || n",
             "fiscal_year": "2026", "entry_date": "current_date - (n % 900)::int"},
            ({"company_id": one_of("company", 3)}, {"company_id": one_of("company", 3), "journal": "BAN"},
             {"company_id": one_of("company", 3), "from_date": date(2026, 3, 1), "to_date": date(2026, 3, 2)}),
            also=(_of("payments", "journal_line", {"entry_id": "md5('entry-' || (n + 1) / 2 % 200000)::uuid",
                     "line_no": "1 + n % 2",
                     "debit": "29.90 * (n % 2)", "credit": "29.90 * ((n + 1) % 2)"}, 2 * MANY),)),
    Listing(alerts.ListAlerts, "alert", {"dedupe_key": "'d' || n", "code": "'CODE-' || n % 50"},
            ({}, {"status": ("OPEN",)}, {"code": "CODE-7"})),
    Listing(recovery.ListRecoveryCases, "recovery_case",
            {**_OWNED, "id": spread("case"), "number": "'R-' || n", "currency": "'EUR'", "due_steps": _JSON_LIST,
             "assigned_to": spread("agent", 50), "status": _words("CLOSED", "CLOSED", "CLOSED", "OPEN")},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"company_id": COMPANY}, {"status": ("OPEN",)},
             {"assigned_to": one_of("agent", 7)}, {"level": 3}, {"service_state": "SUSPENDED"})),
    Listing(recovery.ListReminders, "reminder",
            {**_OWNED, "case_id": spread("case"), "key": "'k' || n"},
            ({}, {"case_id": CASE}, {"client_id": CLIENT}, {"channel": "SMS"}, {"status": ("PENDING",)})),
    Listing(recovery.ListRetryPlans, "retry_plan",
            {**_OWNED, **_MONEY, "case_id": spread("case")},
            ({}, {"case_id": CASE}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"status": ("ACTIVE",)})),
    Listing(recovery.ListSuspensionRequests, "suspension_request",
            {"case_id": spread("case"), "contract_id": spread("contract")},
            ({}, {"case_id": CASE}, {"contract_id": CONTRACT}, {"status": ("REQUESTED",)})),
)  # fmt: skip

IDENTITY = (
    Listing(identity_trail.ListAudit, "audit_copy",
            {"stream": _words("clients", "payments"), "seq": "10000000 + n", "actor": "'{\"type\": \"USER\"}'::jsonb",
             "actor_user_id": spread("user", 300), "action": _words("clients.client.update", "payments.payment.create"),
             "request_id": "'r' || n", "correlation_id": "'c' || n", "target_type": "'client'",
             "target_id": "(n % 50000)::text", "entry_hash": "'e' || n", "prev_hash": "'p' || n"},
            tuple({**period, **wanted} for period in (
                {"occurred_from": datetime(2026, 6, 1, tzinfo=UTC), "occurred_to": datetime(2027, 5, 1, tzinfo=UTC)},)
                for wanted in ({}, {"stream": "payments"}, {"actions": ("clients.client.update",)},
                               {"actor_user_ids": (one_of("user", 7),)}, {"target_type": "client", "target_id": "777"},
                               {"correlation_id": "c7777"}, {"request_id": "r7777"}, {"results": ("DENIED",)}))),
    Listing(audit.ListAuditCheckpoints, "audit_checkpoint", {"stream": _words("clients", "payments"), "last_seq": "n"},
            ({}, {"stream": "payments"})),
    Listing(organisations.ListCompanies, None, {}, ({}, {"search": "bench"})),
    Listing(invitations.ListInvitations, "invitation",
            {"role_codes": "array['OWNER']", "email": "'\\x00'", "company_scope": "'ALL'", "expires_at": "now() + interval '1 day'",
             "email_index": "decode(md5(n::text), 'hex')"},
            ({}, {"status": "ACCEPTED"}, {"status": "PENDING"}, {"status": "EXPIRED"}, {"search": "a@example.fr"})),
    Listing(legal_holds.ListLegalHolds, "legal_hold", {"subject_id": _CLIENT},
            ({}, {"is_active": True})),
    Listing(machines.ListMachineAccounts, None, {}, ({},)),
    Listing(memberships.ListMembers, "membership",
            {"id": spread("membership"), "user_id": spread("user"), "role_codes": "array['OWNER']", "company_scope": "'ALL'",
             "status": "'ACTIVE'"},
            ({}, {"status": "ACTIVE"}, {"role_code": "OWNER"}, {"search": "martin 777"}), rows=5000,
            also=(
                _of("identity", "user_account",
                    {"id": spread("user"), "kind": "'PERSON'", "status": "'ACTIVE'", "search_name": "'jean martin ' || n",
                     "profile_source": "'IDP'", "locale": "'fr-FR'", "timezone": "'Europe/Paris'",
                     "created_at": "now() - n * interval '1 second'"}, 5000),
                _of("identity", "user_membership",
                    {"membership_id": spread("membership"), "user_id": spread("user"), "status": "'ACTIVE'"}, 5000),
                _of("identity", "auth_session",
                    {"session_id": "'s-' || n", "user_id": spread("user", 5000), "status": "'ACTIVE'",
                     "expires_at": "now() + interval '1 year'"}),
            )),
    Listing(users.ListUsers, None, {}, ({}, {"status": "ACTIVE"}, {"search": "martin 777"})),
    Listing(sessions.ListUserSessions, None, {}, ({"user_id": one_of("user", 7)},)),
    Listing(sessions.ListMySessions, None, {}, ({},)),
    Listing(roles.ListPermissions, None, {}, ({}, {"actor": "payments"}, {"search": "mandate"})),
    Listing(roles.ListRoles, None, {}, ({},)),
    Listing(privacy.ListPrivacyRequests, "privacy_request",
            {"subject_id": _CLIENT},
            ({}, {"kind": "ERASURE"}, {"status": "COMPLETED"}, {"subject_id": CLIENT})),
)  # fmt: skip

ELSEWHERE = {
    browsing.GetCatalog: "prices every product it shows; measured with calculate_price in benchmarks/catalogue.py"
}
ONLY_THEIR_ORDER = frozenset(
    {
        "contrats.list_contract_lines",
        "factures.list_closings",
        "factures.list_e_reports",
        "factures.list_lifecycle_events",
        "factures.list_transmissions",
        "identity.list_organisations",
        "identity.list_purge_runs",
        "identity.list_user_memberships",
        "payments.get_portal_session_audit",
        "payments.list_account_lines",
        "payments.list_formal_notices",
        "payments.list_payment_methods",
        "payments.list_payment_promises",
        "payments.list_portal_sessions",
        "payments.list_provider_overrides",
        "payments.list_psp_accounts",
        "payments.list_psp_events",
        "payments.list_refunds",
        "payments.list_reminder_policies",
        "payments.list_retry_runs",
        "payments.list_routing_rules",
    }
)
"""Lists that the benchmark does not fill: that an index gives their order is all that is tested of them."""
LISTINGS = (*IDENTITY, *PRODUCTS, *CONTRATS, *CALENDAR, *FACTURES, *PAYMENTS)
