"""The backups that were made, and when all of them were read to their end."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.run_file(f"{revision}.upgrade.sql")


def downgrade() -> None:
    op.run_file(f"{revision}.downgrade.sql")
