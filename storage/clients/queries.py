"""The statements of clients that run often or are worth a name; compiled once."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    Label,
    ScalarSelect,
    Select,
    and_,
    any_,
    bindparam,
    func,
    literal,
    literal_column,
    not_,
    select,
)

from storage.clients.tables import (
    address,
    client,
    company_ref,
    contact_point,
    contract_ref,
    dictionary_entry,
    invoice_payment_ref,
    invoice_ref,
    payment_term,
)
from storage.shared.statements import Statement, prepare, rows_as_json


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """The column holds one of the values: one array parameter, so that the statement is the same for any number."""
    return column == any_(literal([*values], ARRAY(column.type)))


_POINTS = rows_as_json(
    "contact_points",
    [
        contact_point.c.id,
        contact_point.c.kind,
        contact_point.c.value,
        contact_point.c.is_primary,
        contact_point.c.label,
        contact_point.c.bounced_at,
        contact_point.c.bounce_kind,
    ],
    contact_point.c.client_id == client.c.id,
    contact_point.c.id,
)
_ADDRESSES = rows_as_json(
    "addresses",
    [
        address.c.id,
        address.c.usage,
        address.c.recipient_line,
        address.c.line1,
        address.c.line2,
        address.c.postal_code,
        address.c.city,
        address.c.country,
        address.c.department,
        address.c.delivery_point,
        address.c.building,
        address.c.is_default_for,
        address.c.validation_status,
        address.c.valid_from,
        address.c.valid_to,
    ],
    address.c.client_id == client.c.id,
    address.c.id,
)

INTEGER = Integer()
"""For counting a condition in a score."""


def _preference(name: str, table: FromClause, key: ColumnElement[Any], *settings: str) -> Label[Any]:
    """The dictionary entry a client prefers, as JSON."""
    fields: list[Any] = ["id", table.c.id, "code", table.c.code]
    for setting in settings:
        fields += [setting, table.c.settings[setting].astext]
    shown = func.jsonb_build_object(
        *(literal_column(f"'{field}'") if isinstance(field, str) else field for field in fields)
    )
    return select(shown).where(table.c.id == key).scalar_subquery().label(name)


FULL: Select[tuple[object, ...]] = select(
    client,
    _POINTS,
    _ADDRESSES,
    _preference("default_payment_term", payment_term, client.c.default_payment_term_id),
    _preference("billing_mode", dictionary_entry.alias("mode"), client.c.billing_mode_id, "issuer", "scope"),
    _preference("invoice_issue_mode", dictionary_entry.alias("issue"), client.c.invoice_issue_mode_id, "channel"),
)

# Who shares an e-mail address, phone, SIREN, SIRET, VAT number or birth date; ids may repeat. A null finds nobody.
SHARED_IDENTITY = Statement(
    """
    select client_id as id from contact_point where organisation_id = $1 and hash = any($2::text[])
    union all select id from client where organisation_id = $1 and siren = $3
    union all select id from client where organisation_id = $1 and siret = $4 and record_state = 'LIVE'
    union all select id from client where organisation_id = $1 and vat_number = $5
    union all select id from client where organisation_id = $1 and birth_hash = $6
    limit $7
    """,
    ("organisation_id", "hashes", "siren", "siret", "vat_number", "birth_hash", "most"),
    {},
)

ACTIVE_COMPANIES: Statement = prepare(
    select(company_ref.c.company_id).where(
        company_ref.c.organisation_id == bindparam("organisation_id"), company_ref.c.status == "ACTIVE"
    )
)

# Locks what identifies a client, in the order given, and answers the active companies: two questions, one round trip.
LOCK_AND_COMPANIES = Statement(
    """
    select company_ref.company_id
    from (select count(pg_advisory_xact_lock(hashtextextended(key, 0))) from unnest($2::text[]) as key) as locked
    join company_ref on company_ref.organisation_id = $1 and company_ref.status = 'ACTIVE'
    """,
    ("organisation_id", "keys"),
    {},
)

CLIENT_BY_ID: Statement = prepare(FULL.where(client.c.id == bindparam("id")))
CLIENT_BY_CODE: Statement = prepare(FULL.where(client.c.client_code == bindparam("client_code")))
CLIENT_FOR_UPDATE: Statement = prepare(FULL.where(client.c.id == bindparam("id")).with_for_update(of=client))

MERGED_INTO: Statement = prepare(
    select(client.c.id).where(
        client.c.organisation_id == bindparam("organisation_id"), client.c.merged_into_id == bindparam("client_id")
    )
)

_ACTIVE_CONTRACTS = (
    select(func.count())
    .select_from(contract_ref)
    .where(
        contract_ref.c.organisation_id == client.c.organisation_id,
        contract_ref.c.client_id == client.c.id,
        contract_ref.c.status == "ACTIVE",
    )
    .scalar_subquery()
)
_ALLOCATED = (
    select(func.coalesce(func.sum(invoice_payment_ref.c.allocated_after), 0))
    .where(
        invoice_payment_ref.c.organisation_id == invoice_ref.c.organisation_id,
        invoice_payment_ref.c.invoice_id == invoice_ref.c.invoice_id,
    )
    .scalar_subquery()
)


_UNPAID = invoice_ref.c.gross - invoice_ref.c.credited - _ALLOCATED


def late_bills(today: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The conditions that a bill is late on that day, and that something of it is unpaid; in euros."""
    bill = invoice_ref.c
    # "not", word for word as in the index of open bills: from "is false" PostgreSQL does not see that the index has them all
    return and_(not_(bill.settled), bill.late_from <= today, bill.currency == "EUR"), _UNPAID > 0


def late_amount(today: date) -> ScalarSelect[Any]:
    """What the client of the row should have paid before that day, in euros."""
    bill = invoice_ref.c
    return (
        select(func.coalesce(func.sum(_UNPAID), Decimal("0.00")))
        .where(bill.organisation_id == client.c.organisation_id, bill.client_id == client.c.id, *late_bills(today))
        .scalar_subquery()
    )


SUMMARY = select(
    client.c.id,
    client.c.client_code,
    client.c.display_name,
    client.c.type,
    client.c.status_category,
    client.c.status_code,
    _ACTIVE_CONTRACTS.label("active_contract_count"),
    client.c.record_state,
    client.c.primary_email,
    client.c.primary_phone,
    client.c.city,
    client.c.company_id,
    client.c.created_at,
)

EXPORTED = select(
    client.c.id,
    client.c.client_code,
    client.c.type,
    client.c.title,
    client.c.family_name,
    client.c.given_name,
    client.c.legal_name,
    client.c.display_name,
    client.c.primary_email.label("email"),
    client.c.primary_phone.label("phone"),
    client.c.siren,
    client.c.siret,
    client.c.vat_number,
    client.c.language,
    client.c.status_code,
    client.c.status_category,
    client.c.record_state,
    client.c.source,
    client.c.do_not_contact,
    client.c.tags,
    client.c.created_at,
    _ADDRESSES,
)
"""What a row of an exported file is made of."""
