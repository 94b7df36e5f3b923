"""The statements of clients that run often or are worth a name; compiled once."""

from sqlalchemy import Select, bindparam, select, update

from storage.clients.tables import address, client, contact_point
from storage.shared.statements import Statement, prepare, rows_as_json

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

_FULL: Select[tuple[object, ...]] = select(client, _POINTS, _ADDRESSES)

CLIENT_BY_ID: Statement = prepare(_FULL.where(client.c.id == bindparam("id")))
CLIENT_BY_CODE: Statement = prepare(_FULL.where(client.c.client_code == bindparam("client_code")))
CLIENT_FOR_UPDATE: Statement = prepare(_FULL.where(client.c.id == bindparam("id")).with_for_update(of=client))

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

STATUS_CHANGED: Statement = prepare(
    update(client)
    .where(client.c.id == bindparam("client_id"))
    .values(
        status_code=bindparam("status_code"),
        status_category=bindparam("status_category"),
        relation_started_on=bindparam("relation_started_on"),
        relation_ended_on=bindparam("relation_ended_on"),
        version=client.c.version + 1,
        updated_at=bindparam("updated_at"),
        updated_by=bindparam("updated_by"),
    )
    .returning(client.c.version)
)
