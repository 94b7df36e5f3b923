"""Bills are late after their planned debit."""

import sqlalchemy as sa
from alembic import op

revision = "3c7542dc9dd3"
down_revision = "fc1f455bbe1d"
branch_labels = None
depends_on = None

_INCLUDED = ["client_id", "invoice_id", "gross", "credited", "currency"]
_OPEN = sa.text("not settled")


def upgrade() -> None:
    comment = "the first day on which it is late when open; waits for a planned debit"
    op.add_column("invoice_ref", sa.Column("late_from", sa.Date(), nullable=True, comment=comment))
    op.execute("update invoice_ref set late_from = due_on + 1")
    op.drop_index("ix_invoice_ref_open", table_name="invoice_ref")
    op.create_index(
        "ix_invoice_ref_open",
        "invoice_ref",
        ["organisation_id", "late_from"],
        postgresql_include=_INCLUDED,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_index("ix_invoice_ref_open", table_name="invoice_ref")
    op.create_index(
        "ix_invoice_ref_open",
        "invoice_ref",
        ["organisation_id", "due_on"],
        postgresql_include=_INCLUDED,
        postgresql_where=_OPEN,
    )
    op.drop_column("invoice_ref", "late_from")
