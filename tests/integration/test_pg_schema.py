"""pg_schema against a real server."""

from schema import provision, rendered, schema_params

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'migration')"


def test_dry_run_run_dry_run_run(host, database):
    provision(host, database)
    runs = host.four_runs("pg_schema", schema_params(database), lambda: host.query(TABLES, db=database))
    assert [(result["changed"], found) for result, found in runs] == [
        (True, [[0]]),
        (True, [[19]]),
        (False, [[19]]),
        (False, [[19]]),
    ]
