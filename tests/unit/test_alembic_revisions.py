"""The lookup that renders revisions, on the project's own tree and on broken ones."""

from pathlib import Path
from textwrap import dedent

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader

from plugins.lookup.alembic_revisions import revisions

PROJECT = Path(__file__).resolve().parents[2]
TREE = PROJECT / "roles" / "threadr_schema" / "files" / "alembic"

ENV = """
    from alembic import context
    context.configure(dialect_name="postgresql")
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
    '''Brings {name}.'''
    revision = "{name}"
    down_revision = {below!r}
    def upgrade(): pass
    def downgrade(): pass
"""


def tree(directory: Path, *steps: tuple) -> Path:
    """An Alembic tree with revisions (name, down_revision)."""
    (directory / "versions").mkdir()
    (directory / "env.py").write_text(dedent(ENV))
    for name, below in steps:
        (directory / "versions" / f"{name}.py").write_text(dedent(REVISION).format(name=name, below=below))
    return directory


@pytest.fixture(scope="module")
def rendered():
    return revisions(TREE)


def test_revisions_follow_one_another(rendered):
    names = [revision["revision"] for revision in rendered]
    assert names == sorted(names)
    assert [revision["down_revision"] for revision in rendered] == [None, *names[:-1]]
    assert all(revision["description"] for revision in rendered)


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_each_revision_is_one_transaction_with_its_own_record(rendered, direction):
    for revision in rendered:
        statements = revision[f"{direction}_sql"]
        assert (statements[0], statements[-1]) == ("BEGIN;", "COMMIT;")
        assert all(text.rstrip().endswith(";") for text in statements)
        assert any("alembic_version" in text and revision["revision"] in text for text in statements)


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_statements_are_sent_as_they_are_written(rendered, direction):
    """Nothing is taken for a bind parameter or a format, and function bodies stay whole."""
    for revision in rendered:
        written = (TREE / "sql" / f"{revision['revision']}.{direction}.sql").read_text()
        sent = [
            text
            for text in revision[f"{direction}_sql"]
            if text not in ("BEGIN;", "COMMIT;") and "alembic_version" not in text
        ]
        assert "\n\n".join(sent) == written.strip()
        assert all(text.count("$$") % 2 == 0 for text in sent)


def test_the_first_revision_makes_alembics_table_and_takes_it_away(rendered):
    assert any(text.startswith("CREATE TABLE alembic_version") for text in rendered[0]["upgrade_sql"])
    assert rendered[0]["downgrade_sql"][-2] == "DROP TABLE alembic_version;"


def test_ansible_finds_the_lookup():
    lookup_loader.add_directory(str(PROJECT / "plugins" / "lookup"))
    assert lookup_loader.get("alembic_revisions").run([str(TREE)]) == revisions(TREE)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        pytest.param([("a", None), ("b", "a"), ("c", "a")], "has 2 newest revisions", id="two-heads"),
        pytest.param(
            [("a", None), ("b", "a"), ("c", "a"), ("d", ("b", "c"))], "branches at revision", id="branch-merged-again"
        ),
        pytest.param([], "has 0 newest revisions", id="no-revision"),
    ],
)
def test_a_tree_that_is_no_line_is_refused(tmp_path, steps, words):
    with pytest.raises(AnsibleError) as refusal:
        revisions(tree(tmp_path, *steps))
    assert words in str(refusal.value)


def test_a_folder_that_is_no_tree_is_refused(tmp_path):
    with pytest.raises(AnsibleError) as refusal:
        revisions(tmp_path)
    assert "it has no env.py" in str(refusal.value)


def test_what_alembic_refuses_is_told_with_the_folder(tmp_path):
    tree(tmp_path, ("a", None))
    (tmp_path / "env.py").write_text("from alembic.util import CommandError\nraise CommandError('not like this')\n")
    with pytest.raises(AnsibleError) as refusal:
        revisions(tmp_path)
    assert str(refusal.value) == f"Alembic cannot render {tmp_path}: not like this"
