"""The modules' own wiring, where no server is needed."""

import pg_schema
import pg_schema_info
from test_schema import A, B


def test_a_dry_run_without_a_database_plans_for_an_empty_one(run_module, monkeypatch):
    monkeypatch.setattr(pg_schema, "absent", lambda params: "database shop does not exist yet")
    result = run_module(pg_schema, check_mode=True, login_db="shop", revisions=[A, B])
    assert result["changed"] is True
    assert result["assumed_empty"] is True
    assert result["steps"] == ["upgrade a (Brings a)", "upgrade b (Brings b)"]
    assert result["diff"]["before_header"] == "shop, taken for empty: database shop does not exist yet"


def test_a_broken_line_is_refused_before_anything_is_asked(run_module):
    result = run_module(pg_schema, login_db="shop", login_host="/nowhere", revisions=[B])
    assert result["failed"] is True
    assert result["msg"].startswith("Revision b follows a, but stands after None")


def test_an_unusable_declaration_is_refused_before_anything_is_asked(run_module):
    result = run_module(pg_schema_info, login_db="shop", login_host="/nowhere", declared={"revision": "1"})
    assert result["failed"] is True
    assert result["msg"].startswith("The declaration lacks schemas, objects")
