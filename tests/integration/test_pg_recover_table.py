"""pg_recover_table: one table as it was, beside the present one; killed and refused, nothing is left and nothing has changed."""

import pytest

from backups import Running, wait_until
from lab.host import started
from physical import opened

DATABASE = "shop"
WORK = "/var/lib/postgresql/table_recovery"
TABLE = """
    CREATE ROLE clerk;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text UNIQUE NOT NULL, mood mood DEFAULT 'good',
                        facts json, shout text GENERATED ALWAYS AS (upper(mail)) STORED);
    ALTER TABLE users OWNER TO clerk;
    GRANT SELECT ON users TO PUBLIC;
    INSERT INTO users (mail, facts) SELECT 'u' || n, '{"a" : 1}' FROM generate_series(1, 50) n;
"""
THERE = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
DIGEST = "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} t"


@pytest.fixture(scope="module")
def archive():
    with started("recover_table") as host, opened(host) as made:
        host.execute(f"CREATE DATABASE {DATABASE};")
        host.execute(TABLE, db=DATABASE)
        made.stanza()
        made.back_up(type="full")
        yield made


@pytest.fixture
def lsn(archive):
    """A moment at which there were 50 users; there are 40 now. Afterwards there are 50 again, and no other table."""
    found = archive.host.query("SELECT pg_current_wal_insert_lsn()::text")[0][0]
    archive.host.execute("CREATE TABLE kept AS SELECT * FROM users; DELETE FROM users WHERE id > 40;", db=DATABASE)
    yield found
    archive.host.execute(
        "DELETE FROM users; INSERT INTO users (id, mail, mood, facts) OVERRIDING SYSTEM VALUE SELECT id, mail, mood, facts FROM kept;",
        db=DATABASE,
    )
    for (name,) in archive.host.query(THERE, db=DATABASE):
        if name != "users":
            archive.host.execute(f"DROP TABLE {name};", db=DATABASE)


def params(**changes) -> dict:
    return {"database": DATABASE, "table": "users", "keep_free_ratio": 0, "timeout_s": 60, **changes}


def refusal(archive, check_mode: bool = False, **changes) -> str:
    result = archive.host.module("pg_recover_table", params(**changes), check_mode)
    assert result.get("failed"), result
    assert "\n" not in result["msg"] and result["msg"].endswith("."), result["msg"]
    return result["msg"]


def witness(archive) -> tuple:
    """Tables, the users there are, that the live server was never restarted, and what is left beside it."""
    files = archive.host.run("sh", "-c", f"ls -A {WORK} 2>/dev/null", check=False).stdout.split()
    return (
        archive.host.query(THERE, db=DATABASE),
        archive.host.query(DIGEST.format("users"), db=DATABASE),
        archive.host.query("SELECT pg_postmaster_start_time()::text, timeline_id FROM pg_control_checkpoint()"),
        [name for name in files if name != ".lock"],
        archive.host.run("sh", "-c", "pgrep -af '[t]able_recovery/side'", check=False).stdout,
    )


def test_to_a_time_in_four_runs(archive, lsn):
    now = "SELECT to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.USOF:00')"
    archive.host.execute("INSERT INTO users (mail) VALUES ('then');", db=DATABASE)
    [[moment]] = archive.host.query(now)
    then = archive.host.query(DIGEST.format("users"), db=DATABASE)
    archive.host.execute("UPDATE users SET mail = 'x' || id;", db=DATABASE)
    before = witness(archive)
    runs = archive.host.four_runs("pg_recover_table", params(target_time=moment), lambda: witness(archive))
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert runs[0][0]["plan"] == runs[1][0]["plan"]
    assert runs[0][1] == before
    name = f"users_as_of_{moment[:19].replace('-', '').replace('T', '_').replace(':', '')}"
    assert runs[1][0]["table"] == f"public.{name}"
    assert runs[1][0]["rows"] == 41
    assert [found for _, found in runs[1:]] == [([["kept"], ["users"], [name]], *before[1:])] * 3
    assert archive.host.query(DIGEST.format(name), db=DATABASE) == then
    about = (
        f"SELECT pg_get_userbyid(relowner), relacl::text, obj_description(oid) FROM pg_class WHERE relname = '{name}'"
    )
    owner, access, comment = archive.host.query(about, db=DATABASE)[0]
    assert (owner, access) == ("clerk", None)
    assert comment.startswith("public.users as of ")
    assert archive.host.query(
        f"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{name}'::regclass", db=DATABASE
    ) == [["PRIMARY KEY (id)"]]
    # Another moment is another table.
    assert "is not public.users as of" in refusal(archive, target_lsn=lsn, new_name=name)


def test_a_dropped_table_comes_back_under_the_name_given(archive, lsn):
    then = archive.host.query(DIGEST.format("kept"), db=DATABASE)
    archive.host.execute("ALTER TABLE users RENAME TO hidden;", db=DATABASE)
    try:
        result = archive.host.module("pg_recover_table", params(target_lsn=lsn, new_name="former"))
    finally:
        archive.host.execute("ALTER TABLE hidden RENAME TO users;", db=DATABASE)
    assert (result.get("changed"), result.get("table")) == (True, "public.former"), result
    assert archive.host.query(DIGEST.format("former"), db=DATABASE) == then


def test_what_cannot_be_is_refused_and_nothing_is_changed(archive, lsn):
    before = witness(archive)
    for check_mode in (True, False):
        for changes, words in (
            ({}, "Give exactly one of target_time, target_lsn"),
            ({"target_time": "2099-01-01T00:00:00Z"}, "still to come"),
            ({"target_time": "2001-01-01T00:00:00Z"}, "No sound backup ended before"),
            ({"target_time": "yesterday"}, "give date, time and zone"),
            (
                {"target_lsn": lsn, "new_name": "kept"},
                "public.kept is there already, and is not public.users as of LSN",
            ),
            ({"target_lsn": lsn, "table": "stock.users"}, "There is no schema stock"),
            ({"target_lsn": lsn, "table": " "}, "No table is named"),
            ({"target_lsn": lsn, "new_name": "n" * 64}, "is longer than 63 bytes"),
            ({"target_lsn": lsn, "keep_free_ratio": 0.999}, "less than keep_free_ratio (0.999) says"),
            ({"target_lsn": lsn, "backup": "20200101-000000F"}, "There is no sound backup 20200101-000000F"),
            ({"target_lsn": lsn, "database": "nowhere"}, 'database "nowhere" does not exist'),
        ):
            assert words in refusal(archive, check_mode, **changes)
    assert "Database shop had no table public.nobody as of LSN" in refusal(archive, target_lsn=lsn, table="nobody")
    assert "The WAL in the repository ends before LSN F/FFFFFFF0. Nothing was changed." in refusal(
        archive, target_lsn="F/FFFFFFF0"
    )
    assert witness(archive) == before


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(f"test -e {WORK}/side/data/PG_VERSION", id="restoring"),
        pytest.param(f"test -e {WORK}/side/data/postmaster.pid", id="replaying"),
    ],
)
def test_killed_it_leaves_no_server_and_the_next_one_passes(archive, lsn, moment):
    before = witness(archive)
    request = {"params": params(target_lsn=lsn, new_name="former"), "check_mode": False}
    Running(archive.host, "pg_recover_table", request).kill_when(moment)
    wait_until(lambda: witness(archive)[4] == "", seconds=60)
    assert witness(archive)[:3] == before[:3]
    result = archive.host.module("pg_recover_table", params(target_lsn=lsn, new_name="former"))
    assert (result.get("changed"), result.get("rows")) == (True, 50), result
    assert witness(archive)[1:] == before[1:]
