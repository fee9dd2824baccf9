"""Dry runs on a host that has a cluster, and not yet the wanted one: they plan for an empty server, and a run does not."""

import pytest

PORT = 5470
REVISION = {
    "revision": "0001",
    "description": "First",
    "upgrade_sql": ["BEGIN;", "CREATE TABLE t ();", "COMMIT;"],
    "downgrade_sql": ["BEGIN;", "DROP TABLE t;", "COMMIT;"],
}
MODULES = [
    pytest.param("pg_roles", {"roles": [{"name": "new"}]}, id="roles"),
    pytest.param("pg_database", {"name": "new", "owner": "postgres"}, id="database"),
    pytest.param("pg_standby_slots", {"slots": ["new"]}, id="slots"),
    pytest.param("pg_schema", {"revisions": [REVISION]}, id="schema"),
    pytest.param("pg_pooler_auth", {"owner": "new", "reader": "postgres", "body": "SELECT 1"}, id="pooler"),
]


@pytest.mark.parametrize(("module", "params"), MODULES)
def test_a_cluster_at_another_port_is_not_the_wanted_one(host, module, params):
    planned, refused = (host.module(module, {"login_port": PORT, **params}, check) for check in (True, False))
    assert not planned.get("failed"), planned["msg"]
    assert planned["changed"] is True
    assert planned["assumed_because"] == f"there is no PostgreSQL cluster at port {PORT} of this host yet"
    assert refused["failed"] and f"{PORT}" in refused["msg"] and "\n" not in refused["msg"]


@pytest.fixture
def stopped(host):
    """A cluster at that port which does not run."""
    host.run("pg_createcluster", "15", "stopped", f"--port={PORT}")
    yield
    host.run("pg_dropcluster", "15", "stopped")


def test_a_cluster_that_is_down_is_not_taken_for_an_empty_one(host, stopped):
    for module, params in (case.values for case in MODULES):
        answer = host.module(module, {"login_port": PORT, **params}, check_mode=True)
        assert answer["failed"] and f"/var/run/postgresql:{PORT}/" in answer["msg"], (module, answer)
