"""What an operator gets wrong at three in the morning: one clear sentence, a failure, and nothing harmed."""

from __future__ import annotations

import json

import pytest

from lab.keyspace.entry import string
from migration import believable, contents, load, params, target

BAD_PASSWORD = {"login_host": "127.0.0.1", "login_user": "mira", "login_password": "not this one"}
ONE_USER = {"user_id": "user_a", "email": "a@example.com", "password_hash": "x", "created_at": "2025-08-02T09:15:30"}


@pytest.fixture(scope="module")
def schema(host):
    """One database for all: nothing here may harm it."""
    database = "test_bad_input"
    host.execute(f"CREATE DATABASE {database};")
    yield target(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


@pytest.fixture
def ready(host, schema):
    """A database with its schema and a keyspace to migrate."""
    load(host, believable(users=3, threads=3))
    return schema


def refused(host, options: dict, module: str = "redis_migrate") -> str:
    """The one sentence of a failure, which must come without a traceback and without the password."""
    answer = host.module(module, options)
    assert answer.get("failed") is True
    assert "Traceback" not in json.dumps(answer)
    assert "not this one" not in json.dumps(answer)
    assert "\n" not in answer["msg"]
    assert answer["msg"].endswith(".")
    return answer["msg"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            BAD_PASSWORD,
            'PostgreSQL mira@127.0.0.1:5432/DB: connection to server at "127.0.0.1", port 5432 failed: password',
        ),
        ({"login_port": 5999}, "PostgreSQL postgres@/var/run/postgresql:5999/DB: connection to server on socket"),
        ({"login_db": "nowhere"}, 'database "nowhere" does not exist'),
        ({"login_role": "nobody_here"}, 'role "nobody_here" does not exist'),
        ({"source_zone": "Mars/Olympus"}, "source_zone 'Mars/Olympus' is not in the zone database"),
        ({"schema_revision": "9999"}, "this release works with 9999. Run site.yml or deploy_schema.yml first."),
        ({"redis": {"login_port": 6999}}, "Redis 127.0.0.1:6999/0: Error 111"),
        ({"redis": {"login_db": 7}}, "Redis 127.0.0.1:6379/7 holds no keys. Check login_host and the database number"),
        ({"redis": {"login_password": "not this one"}}, "Redis 127.0.0.1:6379/0: "),
        ({"redis": {"login_host": "no.such.host.invalid"}}, "Redis no.such.host.invalid:6379/0: Error -"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_each_is_refused_in_one_sentence_and_harms_nothing(host, ready, changes, sentence, check_mode):
    before = contents(host, ready)
    options = params(ready, **changes)
    answer = host.module("redis_migrate", options, check_mode)
    assert answer.get("failed") is True
    assert sentence.replace("DB", ready) in refused(host, options)
    assert contents(host, ready) == before


def test_a_database_without_the_schema_is_refused(host, database):
    load(host, believable(users=3, threads=3))
    assert "has no table public.users: its schema is missing" in refused(host, params(database, login_role=None))


def test_a_keyspace_of_another_application_is_refused(host, ready):
    load(host, [string("session:1", "x"), string("cart:2", "y")])
    sentence = refused(host, params(ready))
    assert "None of the 2 keys in Redis 127.0.0.1:6379/0 is of a pattern of the profile threadr." in sentence
    assert host.module("redis_keyspace_info", {"redis": {}})["problems"] != []


def test_unknown_keys_fail_when_told_so_and_name_samples(host, ready):
    load(host, [string("threadr:user:user_a", json.dumps(ONE_USER)), string("team:data:1", "x")])
    assert "1 keys of no known pattern, and unknown keys are to fail: team:data:1." in refused(
        host, params(ready, unknown_keys="fail")
    )
    assert host.query("SELECT count(*) FROM users WHERE legacy_id = 'user_a'", db=ready) == [[0]]


def test_a_redis_that_wants_a_password_says_so_and_takes_it(host, ready):
    host.redis("CONFIG", "SET", "requirepass", "s3cret of the test")
    try:
        assert "the server asks for a password. Set login_password" in refused(host, params(ready))
        wrong = params(ready, redis={"login_password": "not this one"})
        assert "the server refuses this password" in refused(host, wrong)
        right = host.module("redis_migrate", params(ready, redis={"login_password": "s3cret of the test"}))
        assert not right.get("failed")
        assert "s3cret" not in json.dumps(right)
    finally:
        host.redis("-a", "s3cret of the test", "--no-auth-warning", "CONFIG", "SET", "requirepass", "")


def test_a_user_that_may_only_read_suffices(host, ready):
    host.redis(
        "ACL",
        "SETUSER",
        "migrator",
        "on",
        ">pw-of-the-test",
        "~*",
        "+@read",
        "+scan",
        "+info",
        "+dbsize",
        "+ping",
        "+client|setname",
        "+select",
    )
    try:
        answer = host.module(
            "redis_migrate", params(ready, redis={"login_user": "migrator", "login_password": "pw-of-the-test"})
        )
        assert not answer.get("failed"), answer["msg"]
    finally:
        host.redis("ACL", "DELUSER", "migrator")


@pytest.mark.parametrize("module", ["redis_migrate", "migration_info"])
def test_a_server_of_another_version_is_refused(host, ready, module):
    """The only PostgreSQL here is a 15: so the modules are told to want another one, and meet a 15."""
    script = (
        "import sys, module_runner; module_runner.prepare_imports();"
        "from ansible.module_utils.pgops import connection; connection.SUPPORTED_MAJOR = 16;"
        f"sys.argv = ['module_runner.py', '{module}']; module_runner.main()"
    )
    done = host.run(
        "env", "PYTHONPATH=/opt/ansible-core:/src/tests", "python3", "-c", script,
        user="postgres", stdin=json.dumps({"params": params(ready)}), check=False,
    )  # fmt: skip
    assert "is version 15; this project works with 16" in json.loads(done.stdout)["msg"]


def test_a_host_without_the_driver_says_which_package_is_missing(host, ready):
    request = json.dumps({"params": params(ready)})
    hidden = "import sys; sys.modules['redis'] = None; import module_runner; sys.argv = ['x', 'redis_migrate']; module_runner.main()"
    done = host.run(
        "env",
        "PYTHONPATH=/opt/ansible-core:/src/tests",
        "python3",
        "-c",
        hidden,
        user="postgres",
        stdin=request,
        check=False,
    )
    assert "Install python3-redis." in json.loads(done.stdout)["msg"]
