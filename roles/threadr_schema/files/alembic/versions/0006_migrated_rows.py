"""What the migration has written, row by row."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.run_file(f"{revision}.upgrade.sql")


def downgrade() -> None:
    op.run_file(f"{revision}.downgrade.sql")
