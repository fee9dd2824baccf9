"""pg_roles against a real server: four runs, and what the server then holds and has logged."""

import secrets

import pytest

LOG = "/var/log/postgresql/postgresql-15-main.log"
PASSWORD = "correct horse battery staple 7"
ROLES = """
    SELECT rolname, rolcanlogin, rolconnlimit, rolpassword LIKE 'SCRAM-SHA-256$4096:%' AS scram
    FROM pg_authid WHERE rolname LIKE '{prefix}%' ORDER BY rolname
"""
SETTINGS = "SELECT unnest(setconfig) AS s FROM pg_db_role_setting d JOIN pg_roles r ON r.oid = d.setrole WHERE rolname = '{name}' ORDER BY 1"


@pytest.fixture
def prefix(host):
    """Roles of one test share a prefix; they are dropped afterwards."""
    name = f"r{secrets.token_hex(3)}_"
    yield name
    for (role,) in host.query(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}%'"):
        host.execute(f"DROP ROLE {role};")


def wanted(prefix: str, **app) -> dict:
    settings = {
        "statement_timeout": "30s",
        "timezone": "UTC",
        "search_path": ["$user", "public"],
    }
    declared = {
        "name": f"{prefix}app",
        "login": True,
        "password": PASSWORD,
        "connection_limit": 40,
        "settings": settings,
        **app,
    }
    return {
        "roles": [
            {"name": f"{prefix}group", "member_of": [f"{prefix}app", "pg_monitor"]},
            declared,
        ]
    }


def test_four_runs_make_the_roles_once(host, prefix):
    runs = host.four_runs("pg_roles", wanted(prefix), lambda: host.query(ROLES.format(prefix=prefix)))
    made = [[f"{prefix}app", True, 40, True], [f"{prefix}group", False, -1, None]]
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert [rows for _, rows in runs] == [[], made, made, made]
    assert runs[0][0]["statements"] == runs[1][0]["statements"]
    assert host.query(SETTINGS.format(name=f"{prefix}app")) == [
        ["TimeZone=UTC"],
        ['search_path="$user", public'],
        ["statement_timeout=30s"],
    ]


def test_the_password_opens_the_server_and_is_nowhere_to_be_read(host, prefix):
    bytes_before = int(host.run("stat", "--format=%s", LOG).stdout)
    host.execute("ALTER SYSTEM SET log_statement = 'all';")
    host.execute("SELECT pg_reload_conf();")
    answer = host.module("pg_roles", wanted(prefix))
    host.execute("ALTER SYSTEM RESET log_statement;")
    host.execute("SELECT pg_reload_conf();")
    login = (
        "psql",
        "-XAtq",
        f"host=127.0.0.1 dbname=postgres user={prefix}app",
        "-c",
        "SELECT current_user",
    )
    assert host.run("env", f"PGPASSWORD={PASSWORD}", *login).stdout.strip() == f"{prefix}app"
    assert host.run("env", "PGPASSWORD=wrong", *login, check=False).returncode != 0
    assert PASSWORD not in str(answer) and "SCRAM" not in str(answer)
    # What was logged here, as bytes: other tests put some there that are no text.
    log = host.run("tail", f"--bytes=+{bytes_before + 1}", LOG, stdin=b"").stdout
    assert b"statement: " in log
    assert PASSWORD.encode() not in log and b"SCRAM-SHA-256$" not in log


@pytest.mark.parametrize(
    ("drift", "repair"),
    [
        pytest.param("ALTER ROLE {0}app SUPERUSER", ["ALTER ROLE {0}app NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS;"], id="power"),
        pytest.param("ALTER ROLE {0}app SET work_mem = '1GB'", ["ALTER ROLE {0}app RESET work_mem;"], id="setting-beyond"),
        pytest.param("ALTER ROLE {0}app PASSWORD 'another'", ["ALTER ROLE {0}app PASSWORD '********';"], id="password"),
        pytest.param("GRANT pg_read_all_data TO {0}app", ["REVOKE pg_read_all_data FROM {0}app;"], id="membership"),
        pytest.param("ALTER ROLE {0}app SET search_path = public", ["ALTER ROLE {0}app SET search_path TO '$user', 'public';"], id="list"),
    ],
)  # fmt: skip
def test_drift_is_repaired_and_named(host, prefix, drift, repair):
    host.module("pg_roles", wanted(prefix))
    host.execute(drift.format(prefix) + ";")
    expected = [line.format(prefix) for line in repair]
    assert [host.module("pg_roles", wanted(prefix), check)["statements"] for check in (True, False, True)] == [
        expected,
        expected,
        [],
    ]


def test_a_refused_setting_is_one_sentence_and_leaves_nothing_behind(host, prefix):
    answer = host.module("pg_roles", wanted(prefix, settings={"statement_timeout": "soon"}))
    assert answer["failed"]
    assert 'invalid value for parameter "statement_timeout": "soon"' in answer["msg"] and "\n" not in answer["msg"]
    assert host.query(ROLES.format(prefix=prefix)) == []
