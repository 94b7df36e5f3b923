"""payments of a company by business date."""

from alembic import op

revision = "9733ec894dd7"
down_revision = "5271eaefbbb2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payment_business_date", "payment", ["organisation_id", "company_id", "business_date"])


def downgrade() -> None:
    op.drop_index("ix_payment_business_date", table_name="payment")
