"""Which source value a written row came from, so that the same value need not be converted again."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.run_file(f"{revision}.upgrade.sql")


def downgrade() -> None:
    op.run_file(f"{revision}.downgrade.sql")
