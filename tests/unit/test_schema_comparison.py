"""Differences between a declared and a found schema, as sentences."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schema_comparison import compare, require_declaration

USERS = {
    "table": {"public.users": "table"},
    "column": {"id on public.users": "uuid NOT NULL", "email on public.users": "text"},
    "constraint": {"users_pkey on public.users": "PRIMARY KEY (id)"},
    "index": {"users_email_idx on public.users": "CREATE INDEX users_email_idx ON public.users (email)"},
    "function": {"public.now_utc()": "CREATE FUNCTION\nBEGIN ATOMIC 1"},
}
DECLARED = {"revision": "2", "schemas": ["public", "staging"], "objects": USERS}


def with_changes(**kinds) -> dict:
    """USERS with objects set, or taken away where the value is None."""
    found = {kind: dict(names) for kind, names in USERS.items()}
    for kind, changes in kinds.items():
        for name, definition in changes.items():
            if definition is None:
                del found[kind][name]
            else:
                found.setdefault(kind, {})[name] = definition
    return found


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        pytest.param(with_changes(), [], id="as-declared"),
        pytest.param(
            with_changes(index={"users_email_idx on public.users": None}),
            ["index users_email_idx on public.users is missing"],
            id="dropped-index",
        ),
        pytest.param(
            with_changes(column={"shoe_size on public.users": "integer"}),
            ["column shoe_size on public.users is not declared"],
            id="added-column",
        ),
        pytest.param(
            with_changes(column={"email on public.users": "text NOT NULL"}),
            ["column email on public.users is text NOT NULL where text is declared"],
            id="altered-column",
        ),
        pytest.param(
            with_changes(function={"public.now_utc()": "CREATE FUNCTION\nBEGIN ATOMIC 2"}),
            ["function public.now_utc() is defined otherwise than declared"],
            id="long-definitions-are-not-printed",
        ),
        pytest.param(
            {"function": USERS["function"]},
            ["table public.users is missing"],
            id="missing-table-is-named-once",
        ),
        pytest.param(
            with_changes(table={"public.x": "table"}, column={"a on public.x": "integer"}),
            ["table public.x is not declared"],
            id="undeclared-table-is-named-once",
        ),
        pytest.param(
            with_changes(table={"staging.x": "table"}, column={"a on staging.x": "integer"}),
            [],
            id="others-may-keep-tables-in-other-schemas",
        ),
    ],
)
def test_every_difference_is_a_sentence(found, problems):
    assert compare(DECLARED, "2", found) == problems


def test_a_trigger_on_a_declared_view_is_compared():
    declared = {"view": {"public.v": "view"}, "trigger": {"t on public.v": "CREATE TRIGGER"}}
    assert compare({**DECLARED, "objects": declared}, "2", {"view": {"public.v": "view"}}) == [
        "trigger t on public.v is missing"
    ]


def test_another_revision_comes_first():
    problems = compare(DECLARED, "1", with_changes(column={"email on public.users": None}))
    assert problems == ["the database is at revision 1 where 2 is declared", "column email on public.users is missing"]


def test_a_database_without_schema_is_one_problem():
    assert compare(DECLARED, None, {}) == ["no schema is deployed where revision 2 is declared"]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        pytest.param({}, "lacks revision, schemas, objects", id="empty"),
        pytest.param(
            {**DECLARED, "objects": {"indices": {}}}, "kinds of objects that nobody reads: indices", id="unknown-kind"
        ),
    ],
)
def test_a_declaration_of_another_shape_is_refused(declared, words):
    with pytest.raises(PgopsError) as refusal:
        require_declaration(declared)
    assert words in str(refusal.value)
