"""The tables that every actor's database has, and the guards of the audit trail."""

from alembic import op

from storage.shared.tables import shared_metadata

revision = "shared_0001"
down_revision = None
branch_labels = ("shared",)
depends_on = None

_EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist")

# cross_cutting 6.6 point 6: content never changes, the chain columns are filled once, nothing is deleted or truncated.
_AUDIT_GUARDS = """
create function audit_entry_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit entries are append-only: % refused', tg_op using errcode = 'insufficient_privilege';
end $$;
create function audit_entry_seal_once() returns trigger language plpgsql as $$
begin
    if old.seq is not null
        or (to_jsonb(new) - array['seq', 'prev_hash', 'entry_hash']) is distinct from
           (to_jsonb(old) - array['seq', 'prev_hash', 'entry_hash'])
    then
        raise exception 'audit entries are sealed once and never changed' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger audit_entry_update before update on audit_entry for each row execute function audit_entry_seal_once();
create trigger audit_entry_delete before delete on audit_entry for each row execute function audit_entry_refuse();
create trigger audit_entry_truncate before truncate on audit_entry for each statement execute function audit_entry_refuse();
"""

# unaccent() is only STABLE (its dictionary may change); search columns need an immutable form for their indexes.
_SEARCH = """
create function search_form(value text) returns text language sql immutable parallel safe
    return lower(public.unaccent('public.unaccent'::regdictionary, coalesce(value, '')))
"""


def upgrade() -> None:
    for extension in _EXTENSIONS:
        op.execute(f"create extension if not exists {extension}")
    op.execute(_SEARCH)
    shared_metadata.create_all(op.get_bind())
    for statement in _AUDIT_GUARDS.strip().split(";\ncreate"):
        op.execute(statement if statement.startswith("create") else "create" + statement)


def downgrade() -> None:
    shared_metadata.drop_all(op.get_bind())
