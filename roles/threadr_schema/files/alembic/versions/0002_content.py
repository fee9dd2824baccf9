"""Threads and e-mail subscribers."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.run_file(f"{revision}.upgrade.sql")


def downgrade() -> None:
    op.run_file(f"{revision}.downgrade.sql")
