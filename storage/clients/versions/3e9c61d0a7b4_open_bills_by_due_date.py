"""open bills by due date; the words of a client."""

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
        ["organisation_id", "due_on"],
        unique=False,
        postgresql_include=["client_id", "invoice_id", "gross", "credited", "currency"],
        postgresql_where=sa.text("not settled"),
    )
    op.drop_index("ix_client_word_client", table_name="client_word")
    op.create_index("ix_client_word_client", "client_word", ["organisation_id", "client_id", "word"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_client_word_client", table_name="client_word")
    op.create_index("ix_client_word_client", "client_word", ["organisation_id", "client_id"], unique=False)
    op.drop_index("ix_invoice_ref_open", table_name="invoice_ref", postgresql_where=sa.text("not settled"))
