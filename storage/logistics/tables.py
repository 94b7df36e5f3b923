"""The tables of logistics."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

letter = Table(
    "letter",
    metadata,
    *aggregate(),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    text("kind"),
    text("purpose"),
    text("status"),
    reference("company_id"),
    reference("client_id", nullable=True),
    reference("contract_id", nullable=True),
    reference("invoice_id", nullable=True),
    reference("request_id", nullable=True),
    reference("document_id", nullable=True),
    Column("recipient", JSONB, nullable=False),
    Column("sender", JSONB),
    text("postage"),
    Column("colour", Boolean, nullable=False),
    Column("duplex", Boolean, nullable=False),
    Column("pages", Integer),
    Column("sheets", Integer),
    text("envelope", nullable=True),
    text("provider_sending_id", nullable=True),
    Column(
        "sending_no", Integer, nullable=False, comment="which sending at the provider this is; a retry makes a new one"
    ),
    Column("turn", Integer, nullable=False, comment="counts orders to the workers; one order is one work item"),
    Column("submit_begun", Boolean, nullable=False, comment="set before the call that cannot be taken back"),
    instant("document_deadline", nullable=True),
    instant("next_poll_at", nullable=True),
    instant("submitted_at", nullable=True),
    instant("accepted_at", nullable=True),
    instant("posted_at", nullable=True),
    text("registered_number", nullable=True),
    instant("first_presented_at", nullable=True),
    instant("delivered_at", nullable=True),
    instant("returned_at", nullable=True),
    text("undelivered_code", nullable=True),
    instant("last_scan_at", nullable=True),
    Column("estimated_delivery_on", Date),
    text("last_error_code", nullable=True),
    text("last_error_text", nullable=True),
    text("source_key", nullable=True),
    UniqueConstraint("organisation_id", "year", "sequence"),
    UniqueConstraint("organisation_id", "source_key"),
    Index("ix_letter_created", "organisation_id", "created_at", "id"),
    Index("ix_letter_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_letter_contract", "organisation_id", "contract_id", "created_at", "id"),
    Index("ix_letter_invoice", "organisation_id", "invoice_id", "created_at", "id"),
    Index("ix_letter_status", "organisation_id", "status", "created_at", "id"),
    Index("ix_letter_purpose", "organisation_id", "purpose", "created_at", "id"),
    Index("ix_letter_document", "organisation_id", "document_id"),
    Index("ix_letter_request", "organisation_id", "request_id"),
    Index("ix_letter_poll", "organisation_id", "next_poll_at", postgresql_where=sql("next_poll_at is not null")),
    Index(
        "ix_letter_deadline",
        "organisation_id",
        "document_deadline",
        postgresql_where=sql("status = 'WAITING_DOCUMENT'"),
    ),
    info=TENANT,
)

letter_proof = Table(
    "letter_proof",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("letter_id", Uuid, ForeignKey("letter.id"), nullable=False),
    text("kind"),
    Column("proof_date", Date, nullable=False),
    reference("document_id", nullable=True),
    PrimaryKeyConstraint("organisation_id", "letter_id", "kind"),
    comment="proofs that the provider has; without document while it is fetched",
    info=TENANT,
)

tracking_event = Table(
    "tracking_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    text("subject_type"),
    Column("subject_id", Uuid, nullable=False),
    text("code"),
    text("normalised_code"),
    text("label"),
    instant("occurred_at"),
    text("location", nullable=True),
    text("source"),
    instant("received_at"),
    UniqueConstraint("organisation_id", "subject_type", "subject_id", "code", "occurred_at"),
    Index("ix_tracking_event_subject", "organisation_id", "subject_type", "subject_id", "occurred_at", "id"),
    info=TENANT,
)

shipment = Table(
    "shipment",
    metadata,
    *aggregate(),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    reference("client_id"),
    reference("contract_id", nullable=True),
    text("order_reference", nullable=True),
    reference("product_id", nullable=True),
    text("carrier"),
    text("tracking_number"),
    Column("recipient", JSONB, nullable=False),
    text("status"),
    Column("is_delayed", Boolean, nullable=False),
    Column("estimated_delivery_on", Date),
    instant("shipped_at", nullable=True),
    instant("delivered_at", nullable=True),
    instant("returned_at", nullable=True),
    instant("last_scan_at", nullable=True),
    UniqueConstraint("organisation_id", "year", "sequence"),
    UniqueConstraint("organisation_id", "carrier", "tracking_number"),
    Index("ix_shipment_created", "organisation_id", "created_at", "id"),
    Index("ix_shipment_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_shipment_contract", "organisation_id", "contract_id", "created_at", "id"),
    Index("ix_shipment_status", "organisation_id", "status", "created_at", "id"),
    Index(
        "ix_shipment_late",
        "organisation_id",
        "estimated_delivery_on",
        postgresql_where=sql("not is_delayed and delivered_at is null"),
    ),
    Index("ix_shipment_silent", "organisation_id", "last_scan_at", postgresql_where=sql("delivered_at is null")),
    info=TENANT,
)

shipment_number_block = Table(
    "shipment_number_block",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("next_number", Integer, nullable=False),
    info=TENANT,
)

letter_number_block = Table(
    "letter_number_block",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("next_number", Integer, nullable=False),
    info=TENANT,
)

rendered_document = Table(
    "rendered_document",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("request_id", Uuid, nullable=False),
    reference("document_id"),
    instant("created_at"),
    PrimaryKeyConstraint("organisation_id", "request_id"),
    Index("ix_rendered_document_created", "organisation_id", "created_at"),
    comment="files rendered for an order whose letter is not known here yet",
    info=TENANT,
)

carrier_account = Table(
    "carrier_account",
    metadata,
    *aggregate(),
    text("name"),
    text("base_url"),
    text("username"),
    Column("is_default", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "base_url", "username"),
    Index(
        "uq_carrier_account_default",
        "organisation_id",
        unique=True,
        postgresql_where=sql("is_default"),
    ),
    info=TENANT,
)

carrier_secret = Table(
    "carrier_secret",
    metadata,
    Column("account_id", Uuid, ForeignKey("carrier_account.id"), primary_key=True),
    tenant(),
    Column("password", LargeBinary, nullable=False, comment="encrypted; no reply ever holds it"),
    info=TENANT,
)

company_ref = Table(
    "company_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("company_id", Uuid, nullable=False),
    text("name"),
    Column("address", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity: the default senders",
    info=TENANT,
)
