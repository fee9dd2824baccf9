"""How the servers and their hosts were, time after time."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.run_file(f"{revision}.upgrade.sql")


def downgrade() -> None:
    op.run_file(f"{revision}.downgrade.sql")
