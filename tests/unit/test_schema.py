"""Planning upgrades and downgrades."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schema import excerpt, line_of, plan, report, require_confirmation


def given(name: str, below: str | None, **changes) -> dict:
    return {
        "revision": name,
        "down_revision": below,
        "description": f"Brings {name}.",
        "upgrade_sql": ["BEGIN;", f"CREATE TABLE t{name} ();", "COMMIT;"],
        "downgrade_sql": ["BEGIN;", f"DROP TABLE t{name};", "COMMIT;"],
        **changes,
    }


A, B, C = given("a", None), given("b", "a"), given("c", "b")
LINE = line_of([A, B, C])


@pytest.mark.parametrize(
    ("current", "target", "steps"),
    [
        pytest.param(
            None, "head", [("upgrade", "a", "a"), ("upgrade", "b", "b"), ("upgrade", "c", "c")], id="everything"
        ),
        pytest.param("a", "head", [("upgrade", "b", "b"), ("upgrade", "c", "c")], id="what-is-new"),
        pytest.param("c", "head", [], id="newest-already"),
        pytest.param(None, "b", [("upgrade", "a", "a"), ("upgrade", "b", "b")], id="up-to-a-revision"),
        pytest.param("b", "b", [], id="at-the-revision-already"),
        pytest.param("c", "a", [("downgrade", "c", "b"), ("downgrade", "b", "a")], id="down-to-a-revision"),
        pytest.param("b", "base", [("downgrade", "b", "a"), ("downgrade", "a", None)], id="down-to-nothing"),
        pytest.param(None, "base", [], id="nothing-already"),
    ],
)
def test_the_plan_leads_from_the_present_revision_to_the_target(current, target, steps):
    planned = plan(LINE, current, target)
    assert [(step.verb, step.revision.revision, step.arrives_at) for step in planned] == steps


@pytest.mark.parametrize(
    ("current", "target", "words"),
    [
        pytest.param(
            "z", "head", "database is at revision z, which is not among those given (a to c)", id="newer-or-foreign"
        ),
        pytest.param("a", "z", "There is no revision z: known are a to c, head and base", id="unknown-target"),
        pytest.param("head", "base", "database is at revision head", id="a-word-is-no-revision-of-a-database"),
    ],
)
def test_an_unknown_revision_is_refused(current, target, words):
    with pytest.raises(PgopsError) as refusal:
        plan(LINE, current, target)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("revisions", "words"),
    [
        pytest.param([], "No revisions were given", id="none"),
        pytest.param([B], "Revision b follows a, but stands after None", id="first-is-missing"),
        pytest.param([A, C], "Revision c follows b, but stands after a", id="a-gap"),
        pytest.param(
            [A, given("b", "a", upgrade_sql=["SELECT 1;"])], "not enclosed in BEGIN; and COMMIT;", id="no-transaction"
        ),
        pytest.param([given("a", None, downgrade_sql=[])], "not enclosed in BEGIN; and COMMIT;", id="no-way-back"),
    ],
)
def test_revisions_that_are_no_line_are_refused(revisions, words):
    with pytest.raises(PgopsError) as refusal:
        line_of(revisions)
    assert words in str(refusal.value)


def test_an_empty_down_revision_is_none():
    assert line_of([given("a", "")])[0].down_revision is None


@pytest.mark.parametrize(
    ("target", "confirm", "check_mode", "refused"),
    [
        pytest.param("a", None, False, "no confirmation was given", id="run-without"),
        pytest.param("a", None, True, None, id="dry-run-shows-its-plan"),
        pytest.param("a", "other", False, "the confirmation says 'other'", id="another-database"),
        pytest.param("a", "other", True, "the confirmation says 'other'", id="another-database-in-a-dry-run"),
        pytest.param("a", "", False, "the confirmation says ''", id="empty"),
        pytest.param("a", "shop", False, None, id="named"),
        pytest.param("head", None, False, None, id="upgrades-need-none"),
        pytest.param("b", None, False, None, id="nothing-to-do"),
    ],
)
def test_a_downgrade_takes_the_name_of_the_database(target, confirm, check_mode, refused):
    steps = plan(LINE, "b", target)
    if refused is None:
        require_confirmation(steps, "shop", confirm, check_mode)
        return
    with pytest.raises(PgopsError) as refusal:
        require_confirmation(steps, "shop", confirm, check_mode)
    assert refused in str(refusal.value)
    assert "Set confirm to shop" in str(refusal.value)


def test_the_report_shows_the_sql_of_every_step():
    result = report(plan(LINE, "a", "head"), [], "a", "shop")
    assert result["changed"] is True
    assert (result["revision_before"], result["revision"]) == ("a", "c")
    assert result["steps"] == ["upgrade b (Brings b)", "upgrade c (Brings c)"]
    assert result["diff"]["before"] == ""
    assert result["diff"]["after"] == (
        "-- upgrade b (Brings b)\nBEGIN;\n\nCREATE TABLE tb ();\n\nCOMMIT;\n\n"
        "-- upgrade c (Brings c)\nBEGIN;\n\nCREATE TABLE tc ();\n\nCOMMIT;\n"
    )


def test_the_report_of_an_empty_plan_changes_nothing():
    result = report([], [], "c", "shop")
    assert (result["changed"], result["revision"], result["steps"]) == (False, "c", [])
    assert (result["diff"]["before"], result["diff"]["after"]) == ("", "")


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        pytest.param(
            "-- why\nCREATE TABLE t (\n    a int -- the first\n);", "CREATE TABLE t ( a int );", id="comments-and-lines"
        ),
        pytest.param("x" * 160, "x" * 160, id="fits-exactly"),
        pytest.param("x" * 161, "x" * 159 + "…", id="too-long"),
    ],
)
def test_an_excerpt_is_one_short_line(statement, shown):
    assert excerpt(statement) == shown
