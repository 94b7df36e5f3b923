"""Tables of products, who pays less: assignments of price lists, client prices and promotions."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text, UniqueConstraint, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.columns import aggregate, reference, tenant, text
from storage.products.tables.metadata import RATE, metadata
from storage.tenancy import TENANT

price_list_assignment = Table(
    "price_list_assignment",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("list_id"),
    reference("client_id", nullable=True),
    reference("partner_id", nullable=True),
    reference("company_id", nullable=True),
    text("channel", nullable=True),
    text("client_type", nullable=True),
    Column(
        "specificity", Integer, nullable=False, comment="32 client, 16 partner, 8 company, 4 channel, 2 client type"
    ),
    Column("valid_from", Date),
    Column("valid_to", Date),
    UniqueConstraint(
        "organisation_id",
        "list_id",
        "client_id",
        "partner_id",
        "company_id",
        "channel",
        "client_type",
        "valid_from",
        name="uq_price_list_assignment_criteria",
        postgresql_nulls_not_distinct=True,
    ),
    info=TENANT,
)

client_price = Table(
    "client_price",
    metadata,
    *aggregate(),
    reference("client_id"),
    reference("original_client_id"),
    reference("product_id"),
    Column("plan_code", Text, comment="null: all plans"),
    text("mode"),
    Column("value", RATE, nullable=False),
    Column("tax_included", Boolean, nullable=False),
    Column("quantity_from", RATE, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    text("reason", nullable=True),
    text("approved_by", nullable=True),
    text("contract_reference", nullable=True),
    Column("ended", Boolean, nullable=False, comment="the end was announced"),
    UniqueConstraint(
        "organisation_id",
        "client_id",
        "product_id",
        "plan_code",
        "quantity_from",
        "valid_from",
        name="uq_client_price_start",
        postgresql_nulls_not_distinct=True,
    ),
    Index("ix_client_price_start", "organisation_id", "valid_from", "id"),
    Index("ix_client_price_product", "organisation_id", "product_id", "valid_from", "id"),
    Index("ix_client_price_ends", "organisation_id", "valid_to", postgresql_where=sql("not ended")),
    info=TENANT,
)

promotion = Table(
    "promotion",
    metadata,
    *aggregate(),
    text("code"),
    text("name"),
    text("kind"),
    Column("value", RATE, nullable=False),
    Column("product_ids", ARRAY(Uuid), nullable=False),
    Column("range_ids", ARRAY(Uuid), nullable=False),
    Column("plan_codes", ARRAY(Text), nullable=False),
    Column("conditions", JSONB, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("duration_periods", Integer),
    Column("stackable", Boolean, nullable=False),
    Column("applies_to_negotiated", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    text("status"),
    Column("redemptions", Integer, nullable=False),
    UniqueConstraint("organisation_id", "code"),
    Index("ix_promotion_start", "organisation_id", "starts_on", "id"),
    Index("ix_promotion_status", "organisation_id", "status", "starts_on", "id"),
    Index("ix_promotion_products", "product_ids", postgresql_using="gin"),
    info=TENANT,
)

promotion_redemption = Table(
    "promotion_redemption",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("promotion_id", Uuid, primary_key=True),
    Column("contract_id", Uuid, primary_key=True),
    reference("client_id"),
    Column("given_back", Boolean, nullable=False, comment="the contract was cancelled or withdrawn"),
    Index("ix_promotion_redemption_client", "organisation_id", "promotion_id", "client_id"),
    Index("ix_promotion_redemption_contract", "organisation_id", "contract_id"),
    info=TENANT,
)
