"""Row-level security and grants, laid over the tables after every migration so that no migration can forget them."""

from sqlalchemy import Connection, MetaData, Table, inspect, text

TENANT = {"tenant": True}
"""Give `info=TENANT` to a table whose rows belong to an organisation; it must have the column organisation_id."""

# What the application role may do with the audit trail: append, and let the sealer fill the chain columns once.
_AUDIT_GRANTS = (
    "revoke all on audit_entry from {role}",
    "grant select, insert, update (seq, prev_hash, entry_hash) on audit_entry to {role}",
)


def protect(connection: Connection, metadata: MetaData, application_role: str) -> None:
    """Grant the application role its rights and force row-level security on every tenant table of the metadata."""
    connection.execute(
        text(f"grant select, insert, update, delete on all tables in schema public to {application_role}")
    )
    connection.execute(text(f"grant usage, select on all sequences in schema public to {application_role}"))
    for grant in _AUDIT_GRANTS:
        connection.execute(text(grant.format(role=application_role)))
    existing = set(inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.info.get("tenant") and table.name in existing:
            _protect_table(connection, table)


def _protect_table(connection: Connection, table: Table) -> None:
    if "organisation_id" not in table.c:
        raise TypeError(f"tenant table {table.name} has no column organisation_id")
    name = table.name
    connection.execute(text(f"alter table {name} enable row level security"))
    connection.execute(text(f"alter table {name} force row level security"))
    connection.execute(text(f"drop policy if exists tenant on {name}"))
    connection.execute(
        text(
            f"create policy tenant on {name} using "
            "(organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)"
        )
    )
