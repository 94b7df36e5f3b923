"""Erased persons, and how far an erasure has come."""

import sqlalchemy as sa
from alembic import op

revision = "shared_0002"
down_revision = "shared_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erased_subject",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "subject_id", name=op.f("pk_erased_subject")),
        comment="tombstones: late facts about these persons change nothing",
        if_not_exists=True,
    )
    op.create_table(
        "privacy_progress",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("anonymised", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "order_id", "entity", name=op.f("pk_privacy_progress")),
        comment="what an erasure has done so far, so that it goes on and reports rightly after a crash",
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("privacy_progress")
    op.drop_table("erased_subject")
