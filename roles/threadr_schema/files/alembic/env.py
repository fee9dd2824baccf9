"""Renders revisions as SQL; the module pg_schema applies them. Alembic never connects to a server itself."""

from __future__ import annotations

from pathlib import Path

from alembic import context
from alembic.operations import MigrateOperation, Operations
from alembic.util import CommandError

SQL_DIRECTORY = Path(__file__).resolve().parent / "sql"
STATEMENT_END = ";\n\n"


@Operations.register_operation("run_file")
class RunFileOp(MigrateOperation):
    """op.run_file(NAME): the statements of sql/NAME, one after the other."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def run_file(cls, operations: Operations, name: str) -> None:
        operations.invoke(cls(name))


@Operations.implementation_for(RunFileOp)
def run_file(operations: Operations, operation: RunFileOp) -> None:
    # A statement ends with a semicolon before an empty line, so function bodies have no such lines.
    text = (SQL_DIRECTORY / operation.name).read_text(encoding="utf-8")
    for statement in text.split(STATEMENT_END):
        operations.execute(statement.strip().removesuffix(";"))


def render() -> None:
    if not context.is_offline_mode():
        raise CommandError("These revisions are applied by the module pg_schema. To read their SQL, add --sql.")
    context.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
        if context.get_revision_argument() is None:
            # Alembic would leave its own table behind, empty.
            context.execute("DROP TABLE alembic_version")


render()
