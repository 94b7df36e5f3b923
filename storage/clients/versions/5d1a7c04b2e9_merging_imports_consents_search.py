"""merging imports consents search."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5d1a7c04b2e9"
down_revision = "d3685e7cdaaf"
branch_labels = None
depends_on = None


# The words a client is found by (storage/clients/search.py). Alphabetical order everywhere: two transactions that learn the same
# new words wait for one another instead of running into a deadlock.
_SEARCH_INDEX = (
    """
    create function search_words(text) returns setof text language sql immutable as $$
        select word from regexp_split_to_table(
            translate(upper($1), 'ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ', 'AAAAAACEEEEIIIINOOOOOUUUUYY'), '[^A-Z0-9]+') as word
        where word <> ''
    $$
    """,
    """
    create function search_digits(text) returns setof text language sql immutable as $$
        select unnest(array[$1, '<' || reverse($1)]) where $1 <> ''
    $$
    """,
    """
    create function search_words_of_client(client) returns setof text language sql stable as $$
        select search_words($1.search_name)
        union select search_words($1.legal_name)
        union select search_words($1.trade_name)
        union select upper($1.client_code)
        union select search_digits(regexp_replace($1.client_code, '[^0-9]', '', 'g'))
        union select unnest(array[$1.siren, $1.siret])
        union select upper(unnest($1.tags))
    $$
    """,
    """
    create function search_words_of_point(contact_point) returns setof text language sql stable as $$
        select upper($1.normalized) where $1.kind = 'EMAIL'
        union select search_digits(replace($1.normalized, '+', '')) where $1.kind = 'PHONE'
        union select '0' || substr($1.normalized, 4) where $1.kind = 'PHONE' and $1.normalized like '+33%'
    $$
    """,
    """
    create function search_words_of_address(address) returns setof text language sql stable as $$
        select $1.postal_code union select search_words($1.city)
    $$
    """,
    """
    create function learn_words(organisation uuid, words text[]) returns void language plpgsql as $$
    declare
        learnt text;
    begin
        -- in one order, so that two writers never wait for each other
        for learnt in select distinct word from unnest(words) as word order by word loop
            continue when learnt ~ '[0-9]' or learnt = '' or exists (
                select from word_trigram
                where organisation_id = organisation and trigram = (show_trgm(learnt))[1] and word = learnt);
            insert into word_trigram (organisation_id, trigram, word)
            select organisation, trigram, learnt from unnest(show_trgm(learnt)) as trigram order by trigram
            on conflict do nothing;
        end loop;
    end $$
    """,
    """
    create function index_client(client) returns void language plpgsql as $$
    begin
        delete from client_word where organisation_id = $1.organisation_id and client_id = $1.id;
        if $1.record_state in ('LIVE', 'ARCHIVED') then
            perform learn_words($1.organisation_id, string_to_array($1.search_name, ' '));
            insert into client_word (organisation_id, word, client_id)
            select $1.organisation_id, word, $1.id from (
                select search_words_of_client($1)
                union select search_words_of_point(p) from contact_point p
                    where p.organisation_id = $1.organisation_id and p.client_id = $1.id
                union select search_words_of_address(a) from address a
                    where a.organisation_id = $1.organisation_id and a.client_id = $1.id
            ) as found (word) where word is not null;
        end if;
    end $$
    """,
    """
    create function index_new_client() returns trigger language plpgsql as $$
    begin
        perform learn_words(new.organisation_id, string_to_array(new.search_name, ' '));
        insert into client_word (organisation_id, word, client_id)
        select new.organisation_id, word, new.id from search_words_of_client(new) as word where word is not null
        on conflict do nothing;
        return null;
    end $$
    """,
    """
    create function index_new_point() returns trigger language plpgsql as $$
    begin
        insert into client_word (organisation_id, word, client_id)
        select new.organisation_id, word, new.client_id from search_words_of_point(new) as word
        on conflict do nothing;
        return null;
    end $$
    """,
    """
    create function index_new_address() returns trigger language plpgsql as $$
    begin
        insert into client_word (organisation_id, word, client_id)
        select new.organisation_id, word, new.client_id from search_words_of_address(new) as word
        on conflict do nothing;
        return null;
    end $$
    """,
    """
    create function index_changed_client() returns trigger language plpgsql as $$
    begin
        perform index_client(new);
        return null;
    end $$
    """,
    """
    create function index_owner_again() returns trigger language plpgsql as $$
    begin
        perform index_client(c) from client c where c.id = old.client_id;
        return null;
    end $$
    """,
    "create trigger index_new after insert on client for each row execute function index_new_client()",
    "create trigger index_new after insert on contact_point for each row execute function index_new_point()",
    "create trigger index_new after insert on address for each row execute function index_new_address()",
    """
    create trigger index_changed after update on client for each row
    when (row(old.search_name, old.legal_name, old.trade_name, old.siren, old.siret, old.tags, old.record_state)
        is distinct from row(new.search_name, new.legal_name, new.trade_name, new.siren, new.siret, new.tags, new.record_state))
    execute function index_changed_client()
    """,
    """
    create trigger index_changed after delete or update of normalized, client_id on contact_point for each row
    execute function index_owner_again()
    """,
    """
    create trigger index_changed after delete or update of postal_code, city, client_id on address for each row
    execute function index_owner_again()
    """,
)
_FUNCTIONS = (
    "index_owner_again", "index_changed_client", "index_new_address", "index_new_point", "index_new_client", "index_client",
    "learn_words", "search_words_of_address", "search_words_of_point", "search_words_of_client", "search_digits", "search_words",
)  # fmt: skip


def upgrade() -> None:

    op.create_table(
        "call_ref",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "activity_id", name=op.f("pk_call_ref")),
        comment="projection of activites: outbound marketing calls",
        info={"tenant": True},
    )
    op.create_index("ix_call_ref_client", "call_ref", ["organisation_id", "client_id", "occurred_at"], unique=False)
    op.create_table(
        "client_settings",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_client_settings")),
        info={"tenant": True},
    )
    op.create_table(
        "client_word",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "word",
            sa.Text(collation="C"),
            nullable=False,
            comment="upper case; a number also backwards after '<', to be found by its end",
        ),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "word", "client_id", name=op.f("pk_client_word")),
        info={"tenant": True},
    )
    op.create_index("ix_client_word_client", "client_word", ["organisation_id", "client_id"], unique=False)
    op.create_table(
        "document_ref",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "document_id", name=op.f("pk_document_ref")),
        comment="projection of documents",
        info={"tenant": True},
    )
    op.create_index("ix_document_ref_client", "document_ref", ["organisation_id", "client_id"], unique=False)
    op.create_table(
        "duplicate_pair",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client_a_id", sa.Uuid(), nullable=False),
        sa.Column("client_b_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("client_a_id < client_b_id", name=op.f("ck_duplicate_pair_ordered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pair")),
        sa.UniqueConstraint(
            "organisation_id",
            "client_a_id",
            "client_b_id",
            name=op.f("uq_duplicate_pair_organisation_id_client_a_id_client_b_id"),
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_duplicate_pair_open", "duplicate_pair", ["organisation_id", "status", "score", "id"], unique=False
    )
    op.create_index("ix_duplicate_pair_other", "duplicate_pair", ["organisation_id", "client_b_id"], unique=False)
    op.create_table(
        "export_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_job")),
        info={"tenant": True},
    )
    op.create_table(
        "holiday_ref",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "zone_code", "on_date", name=op.f("pk_holiday_ref")),
        comment="projection of calendar",
        info={"tenant": True},
    )
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("file_document_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file_size", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("delimiter", sa.Text(), nullable=False),
        sa.Column("header", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "forced",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="read in although the same file was before",
        ),
        sa.Column("counters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "run",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="which pass over the file the workers are in",
        ),
        sa.Column(
            "next_offset",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="byte of the file the pass has reached",
        ),
        sa.Column("next_line", sa.Integer(), server_default="1", nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
        info={"tenant": True},
    )
    op.create_index("ix_import_job_created", "import_job", ["organisation_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_import_job_status", "import_job", ["organisation_id", "status", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_import_job_file_committed",
        "import_job",
        ["organisation_id", "file_sha256"],
        unique=True,
        postgresql_where=sa.text("status in ('COMMITTING', 'COMPLETED') and not forced"),
    )
    op.create_table(
        "import_row",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column(
            "line_number", sa.Integer(), nullable=False, comment="physical line of the file on which the record begins"
        ),
        sa.Column("raw", sa.Text(), nullable=False, comment="as in the file; account numbers masked"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "job_id", "line_number", name=op.f("pk_import_row")),
        info={"tenant": True},
    )
    op.create_index(
        "ix_import_row_outcome", "import_row", ["organisation_id", "job_id", "outcome", "line_number"], unique=False
    )
    op.create_table(
        "merge_operation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("field_choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "snapshot_before", sa.LargeBinary(), nullable=False, comment="both records before the merge, encrypted"
        ),
        sa.Column(
            "copied_ids",
            sa.ARRAY(sa.Uuid()),
            nullable=False,
            comment="contact points, addresses and persons the survivor got",
        ),
        sa.Column(
            "followed_ids",
            sa.ARRAY(sa.Uuid()),
            nullable=False,
            comment="records merged earlier that now point at the survivor",
        ),
        sa.Column("performed_by", sa.Text(), nullable=False),
        sa.Column("performed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undoable_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_operation")),
        info={"tenant": True},
    )
    op.create_index(
        "ix_merge_operation_merged", "merge_operation", ["organisation_id", "merged_id", "performed_at"], unique=False
    )
    op.create_index(
        "ix_merge_operation_survivor",
        "merge_operation",
        ["organisation_id", "survivor_id", "performed_at"],
        unique=False,
    )
    op.create_table(
        "opposition",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("list_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "hash", "list", name=op.f("pk_opposition")),
        comment="numbers and addresses whose owners object to marketing, by the blind index of their normal form",
        info={"tenant": True},
    )
    op.create_table(
        "word_trigram",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("trigram", sa.Text(collation="C"), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "trigram", "word", name=op.f("pk_word_trigram")),
        comment="the vocabulary of names by their trigrams; words that no client has any more do no harm",
        info={"tenant": True},
    )
    op.create_table(
        "contact_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_contact_person_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_person")),
        info={"tenant": True},
    )
    op.create_index(
        "ix_contact_person_client", "contact_person", ["organisation_id", "client_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_contact_person_primary",
        "contact_person",
        ["organisation_id", "client_id"],
        unique=True,
        postgresql_where=sa.text("is_primary"),
    )
    op.add_column("address", sa.Column("delivery_point", sa.Text(), nullable=True))
    op.add_column("address", sa.Column("building", sa.Text(), nullable=True))
    op.add_column("address", sa.Column("is_default_for", sa.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("address", sa.Column("validation_status", sa.Text(), server_default="NOT_VALIDATED", nullable=False))
    op.add_column("address", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("address", sa.Column("valid_to", sa.Date(), nullable=True))
    op.add_column(
        "client",
        sa.Column(
            "merged_into_id",
            sa.Uuid(),
            nullable=True,
            comment="set while the record is MERGED; never points at a merged record",
        ),
    )
    op.add_column("client", sa.Column("status_mode", sa.Text(), server_default="AUTO", nullable=False))
    op.add_column(
        "client", sa.Column("manual_until", sa.Date(), nullable=True, comment="last day of a status set by hand")
    )
    op.add_column("client", sa.Column("default_payment_term_id", sa.Uuid(), nullable=True))
    op.add_column("client", sa.Column("default_billing_period_id", sa.Uuid(), nullable=True))
    op.add_column("client", sa.Column("billing_mode_id", sa.Uuid(), nullable=True))
    op.add_column("client", sa.Column("invoice_issue_mode_id", sa.Uuid(), nullable=True))
    op.add_column("client", sa.Column("buyer_reference", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("purchase_order_required", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("client", sa.Column("einvoice_scheme", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("einvoice_address", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("registration_pending", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("client", sa.Column("first_contact_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("client", sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("client", sa.Column("last_inbound_contact_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("client", sa.Column("deceased_on", sa.Date(), nullable=True))
    op.add_column("client", sa.Column("legal_protection", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("blocked_scope", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("blocked_until", sa.Date(), nullable=True))
    op.add_column("client", sa.Column("blocked_reason", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("in_insolvency", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("client", sa.Column("insolvency_kind", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("insolvency_opened_on", sa.Date(), nullable=True))
    op.add_column("client", sa.Column("kyc_status", sa.Text(), server_default="NOT_STARTED", nullable=False))
    op.add_column("client", sa.Column("kyc_verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("client", sa.Column("kyc_expires_on", sa.Date(), nullable=True))
    op.add_column("client", sa.Column("tags", sa.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column(
        "client", sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.drop_index(
        op.f("ix_client_search_name"),
        table_name="client",
        postgresql_ops={"search_name": "gin_trgm_ops"},
        postgresql_using="gin",
    )
    op.create_index(
        "ix_client_blocked_until",
        "client",
        ["organisation_id", "blocked_until"],
        unique=False,
        postgresql_where=sa.text("blocked_until is not null"),
    )
    op.create_index("ix_client_city", "client", ["organisation_id", "city"], unique=False)
    op.create_index(
        "ix_client_kyc_expiry",
        "client",
        ["organisation_id", "kyc_expires_on"],
        unique=False,
        postgresql_where=sa.text("kyc_status = 'VERIFIED' and kyc_expires_on is not null"),
    )
    op.create_index(
        "ix_client_manual_until",
        "client",
        ["organisation_id", "manual_until"],
        unique=False,
        postgresql_where=sa.text("manual_until is not null"),
    )
    op.create_index("ix_client_merged_into", "client", ["organisation_id", "merged_into_id"], unique=False)
    op.create_index("ix_client_same_name", "client", ["organisation_id", "search_name"], unique=False)
    op.add_column("contact_point", sa.Column("label", sa.Text(), server_default="OTHER", nullable=False))
    op.add_column("contact_point", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact_point", sa.Column("bounce_kind", sa.Text(), nullable=True))
    op.drop_index(
        op.f("ix_contact_point_end"),
        table_name="contact_point",
        postgresql_ops={"reverse(normalized)": "text_pattern_ops"},
    )
    op.drop_index(
        op.f("ix_contact_point_start"), table_name="contact_point", postgresql_ops={"normalized": "text_pattern_ops"}
    )
    op.create_index("ix_contact_point_normalized", "contact_point", ["organisation_id", "normalized"], unique=False)
    op.add_column("dictionary_entry", sa.Column("description", sa.Text(), nullable=True))
    op.add_column("dictionary_entry", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("payment_term", sa.Column("sector_agreement", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(
        "payment_term",
        sa.Column(
            "late_interest_rate", sa.Numeric(precision=5, scale=2), nullable=True, comment="null is the statutory rate"
        ),
    )
    op.add_column("payment_term", sa.Column("recovery_fee", sa.Numeric(precision=14, scale=2), nullable=True))
    op.add_column("payment_term", sa.Column("early_discount_percent", sa.Numeric(precision=5, scale=2), nullable=True))
    op.add_column("payment_term", sa.Column("early_discount_days", sa.Integer(), nullable=True))
    for statement in _SEARCH_INDEX:
        op.execute(statement)


def downgrade() -> None:
    for name in _FUNCTIONS:
        op.execute(f"drop function {name} cascade")

    op.drop_column("payment_term", "early_discount_days")
    op.drop_column("payment_term", "early_discount_percent")
    op.drop_column("payment_term", "recovery_fee")
    op.drop_column("payment_term", "late_interest_rate")
    op.drop_column("payment_term", "sector_agreement")
    op.drop_column("dictionary_entry", "version")
    op.drop_column("dictionary_entry", "description")
    op.drop_index("ix_contact_point_normalized", table_name="contact_point")
    op.create_index(
        op.f("ix_contact_point_start"),
        "contact_point",
        ["organisation_id", "normalized"],
        unique=False,
        postgresql_ops={"normalized": "text_pattern_ops"},
    )
    op.create_index(
        op.f("ix_contact_point_end"),
        "contact_point",
        ["organisation_id", sa.literal_column("reverse(normalized)")],
        unique=False,
        postgresql_ops={"reverse(normalized)": "text_pattern_ops"},
    )
    op.drop_column("contact_point", "bounce_kind")
    op.drop_column("contact_point", "bounced_at")
    op.drop_column("contact_point", "label")
    op.drop_index("ix_client_same_name", table_name="client")
    op.drop_index("ix_client_merged_into", table_name="client")
    op.drop_index("ix_client_manual_until", table_name="client", postgresql_where=sa.text("manual_until is not null"))
    op.drop_index(
        "ix_client_kyc_expiry",
        table_name="client",
        postgresql_where=sa.text("kyc_status = 'VERIFIED' and kyc_expires_on is not null"),
    )
    op.drop_index("ix_client_city", table_name="client")
    op.drop_index("ix_client_blocked_until", table_name="client", postgresql_where=sa.text("blocked_until is not null"))
    op.create_index(
        op.f("ix_client_search_name"),
        "client",
        ["search_name"],
        unique=False,
        postgresql_ops={"search_name": "gin_trgm_ops"},
        postgresql_using="gin",
    )
    op.drop_column("client", "custom")
    op.drop_column("client", "tags")
    op.drop_column("client", "kyc_expires_on")
    op.drop_column("client", "kyc_verified_at")
    op.drop_column("client", "kyc_status")
    op.drop_column("client", "insolvency_opened_on")
    op.drop_column("client", "insolvency_kind")
    op.drop_column("client", "in_insolvency")
    op.drop_column("client", "blocked_reason")
    op.drop_column("client", "blocked_until")
    op.drop_column("client", "blocked_scope")
    op.drop_column("client", "legal_protection")
    op.drop_column("client", "deceased_on")
    op.drop_column("client", "last_inbound_contact_at")
    op.drop_column("client", "last_contact_at")
    op.drop_column("client", "first_contact_at")
    op.drop_column("client", "registration_pending")
    op.drop_column("client", "einvoice_address")
    op.drop_column("client", "einvoice_scheme")
    op.drop_column("client", "purchase_order_required")
    op.drop_column("client", "buyer_reference")
    op.drop_column("client", "invoice_issue_mode_id")
    op.drop_column("client", "billing_mode_id")
    op.drop_column("client", "default_billing_period_id")
    op.drop_column("client", "default_payment_term_id")
    op.drop_column("client", "manual_until")
    op.drop_column("client", "status_mode")
    op.drop_column("client", "merged_into_id")
    op.drop_column("address", "valid_to")
    op.drop_column("address", "valid_from")
    op.drop_column("address", "validation_status")
    op.drop_column("address", "is_default_for")
    op.drop_column("address", "building")
    op.drop_column("address", "delivery_point")
    op.drop_index("uq_contact_person_primary", table_name="contact_person", postgresql_where=sa.text("is_primary"))
    op.drop_index("ix_contact_person_client", table_name="contact_person")
    op.drop_table("contact_person")
    op.drop_table("word_trigram")
    op.drop_table("opposition")
    op.drop_index("ix_merge_operation_survivor", table_name="merge_operation")
    op.drop_index("ix_merge_operation_merged", table_name="merge_operation")
    op.drop_table("merge_operation")
    op.drop_index("ix_import_row_outcome", table_name="import_row")
    op.drop_table("import_row")
    op.drop_index(
        "uq_import_job_file_committed",
        table_name="import_job",
        postgresql_where=sa.text("status in ('COMMITTING', 'COMPLETED') and not forced"),
    )
    op.drop_index("ix_import_job_status", table_name="import_job")
    op.drop_index("ix_import_job_created", table_name="import_job")
    op.drop_table("import_job")
    op.drop_table("holiday_ref")
    op.drop_table("export_job")
    op.drop_index("ix_duplicate_pair_other", table_name="duplicate_pair")
    op.drop_index("ix_duplicate_pair_open", table_name="duplicate_pair")
    op.drop_table("duplicate_pair")
    op.drop_index("ix_document_ref_client", table_name="document_ref")
    op.drop_table("document_ref")
    op.drop_index("ix_client_word_client", table_name="client_word")
    op.drop_table("client_word")
    op.drop_table("client_settings")
    op.drop_index("ix_call_ref_client", table_name="call_ref")
    op.drop_table("call_ref")
