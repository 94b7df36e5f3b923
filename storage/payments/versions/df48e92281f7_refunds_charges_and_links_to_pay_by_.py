"""refunds, charges and links to pay by status."""

import sqlalchemy as sa
from alembic import op

revision = "df48e92281f7"
down_revision = "9733ec894dd7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_portal_session_status", "portal_session", ["organisation_id", "status", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_recovery_charge_status", "recovery_charge", ["organisation_id", "status", "created_at", "id"], unique=False
    )
    op.drop_index("ix_recovery_charge_open", table_name="recovery_charge")  # the one by status serves what it served
    op.create_index("ix_refund_status", "refund", ["organisation_id", "status", "created_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_refund_status", table_name="refund")
    op.create_index(
        "ix_recovery_charge_open",
        "recovery_charge",
        ["organisation_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'RAISED'"),
    )
    op.drop_index("ix_recovery_charge_status", table_name="recovery_charge")
    op.drop_index("ix_portal_session_status", table_name="portal_session")
