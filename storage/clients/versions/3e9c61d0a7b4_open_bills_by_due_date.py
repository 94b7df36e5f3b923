"""open bills by due date."""

import sqlalchemy as sa
from alembic import op

revision = "3e9c61d0a7b4"
down_revision = "0ad008c3530f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_invoice_ref_open",
        "invoice_ref",
        ["organisation_id", "due_on", "client_id"],
        unique=False,
        postgresql_where=sa.text("not settled"),
    )


def downgrade() -> None:
    op.drop_index("ix_invoice_ref_open", table_name="invoice_ref", postgresql_where=sa.text("not settled"))
