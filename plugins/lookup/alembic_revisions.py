"""Renders the revisions of an Alembic tree on the controller: no database, no Alembic on the hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: alembic_revisions
author: The maintainers
short_description: Revisions of an Alembic tree as SQL statements
description:
  - Reads an Alembic tree and renders each revision in Alembic's offline mode, together with the statements that keep
    Alembic's own table C(alembic_version).
  - The tree has to be a line, without branches.
options:
  _terms:
    description: Folders with C(env.py) and C(versions/), usually one.
    required: true
    type: list
    elements: path
requirements:
  - alembic (on the controller)
"""

EXAMPLES = r"""
- name: Deploy the schema
  pg_schema:
    login_db: threadr
    revisions: "{{ query('alembic_revisions', role_path ~ '/files/alembic') }}"
"""

RETURN = r"""
_list:
  description: The revisions, oldest first. The statements run in their order and open and close their transaction.
  type: list
  elements: dict
  sample:
    - revision: "0001"
      down_revision: null
      description: Users, their sessions, teams.
      upgrade_sql: ["BEGIN;", "CREATE TABLE users (id uuid);", "COMMIT;"]
      downgrade_sql: ["BEGIN;", "DROP TABLE users;", "COMMIT;"]
"""

from collections.abc import Callable
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

try:
    from alembic import command
    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory
    from alembic.util import CommandError
except ImportError as error:
    MISSING_ALEMBIC: ImportError | None = error
else:
    MISSING_ALEMBIC = None

PROGRESS = "-- Running "  # Alembic's remark about each revision; no statement


class StatementBuffer:
    """What Alembic writes to: one call of write() for each statement, so nothing has to be split."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def write(self, text: str) -> None:
        if text.strip() and not text.startswith(PROGRESS):
            self.statements.append(text.strip())

    def flush(self) -> None:
        """Alembic flushes what it takes for a file."""


def rendered(directory: Path, run: Callable[[Config, str], None], span: str) -> list[str]:
    """Statements that Alembic's command RUN writes for SPAN, such as C(0001:0002)."""
    buffer = StatementBuffer()
    # Alembic asks only for write() and flush().
    config = Config(output_buffer=buffer)  # type: ignore[arg-type]
    config.set_main_option("script_location", str(directory).replace("%", "%%"))
    run(config, span)
    return buffer.statements


def in_line(script: ScriptDirectory) -> list[Script]:
    """The revisions from the oldest to the newest."""
    heads = script.get_heads()
    if len(heads) != 1:
        raise AnsibleError(
            f"{script.dir} has {len(heads)} newest revisions ({', '.join(heads)}); it needs exactly one."
        )
    line = list(reversed(list(script.walk_revisions())))
    for revision in line:
        if revision.is_branch_point or revision.is_merge_point:
            raise AnsibleError(f"{script.dir} branches at revision {revision.revision}; it has to be one line.")
    return line


def revisions(directory: Path) -> list[dict]:
    if not (directory / "env.py").is_file():
        raise AnsibleError(f"{directory} is no Alembic tree: it has no env.py.")
    try:
        line = in_line(ScriptDirectory(str(directory)))
        return [
            {
                "revision": step.revision,
                "down_revision": step.down_revision,
                "description": step.doc,
                "upgrade_sql": rendered(
                    directory,
                    lambda c, span: command.upgrade(c, span, sql=True),
                    f"{step.down_revision or 'base'}:{step.revision}",
                ),
                "downgrade_sql": rendered(
                    directory,
                    lambda c, span: command.downgrade(c, span, sql=True),
                    f"{step.revision}:{step.down_revision or 'base'}",
                ),
            }
            for step in line
        ]
    except CommandError as error:
        raise AnsibleError(f"Alembic cannot render {directory}: {error}") from error


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        if MISSING_ALEMBIC is not None:
            raise AnsibleError(f"The controller needs Alembic to render the schema: {MISSING_ALEMBIC}.")
        return [revision for term in terms for revision in revisions(Path(term))]
