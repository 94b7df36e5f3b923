"""The statements of clients that run often or are worth a name; compiled once."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, any_, bindparam, literal, select

from storage.clients.tables import address, client, contact_point
from storage.shared.statements import Statement, prepare, rows_as_json


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """The column holds one of the values: one array parameter, so that the statement is the same for any number."""
    return column == any_(literal([*values], ARRAY(column.type)))


_POINTS = rows_as_json(
    "contact_points",
    [contact_point.c.id, contact_point.c.kind, contact_point.c.value, contact_point.c.is_primary],
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
    ],
    address.c.client_id == client.c.id,
    address.c.id,
)

INTEGER = Integer()
"""For counting a condition in a score."""

FULL: Select[tuple[object, ...]] = select(client, _POINTS, _ADDRESSES)

# Who shares an e-mail address, phone, SIREN, SIRET, VAT number or birth date. One shape for all: a null finds nobody.
SHARED_IDENTITY = Statement(
    """
    select client_id as id from contact_point where organisation_id = $1 and hash = any($2::text[])
    union select id from client where organisation_id = $1 and siren = $3
    union select id from client where organisation_id = $1 and siret = $4 and record_state = 'LIVE'
    union select id from client where organisation_id = $1 and vat_number = $5
    union select id from client where organisation_id = $1 and birth_hash = $6
    limit $7
    """,
    ("organisation_id", "hashes", "siren", "siret", "vat_number", "birth_hash", "most"),
    {},
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

SUMMARY = select(
    client.c.id,
    client.c.client_code,
    client.c.display_name,
    client.c.type,
    client.c.status_category,
    client.c.record_state,
    client.c.primary_email,
    client.c.primary_phone,
    client.c.city,
    client.c.company_id,
    client.c.created_at,
)
