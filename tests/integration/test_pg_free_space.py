"""pg_free_space on a real host: what takes room and need not, what goes when it is named, and what must not go."""

import json
import secrets

import pytest

from operators import Operator
from sessions import clients

DATA = "/var/lib/postgresql/15/main"
LOGS = "/var/log/postgresql"
AGED = "touch -d '40 days ago'"


@pytest.fixture
def directory(host):
    path = f"/var/tmp/{secrets.token_hex(4)}"
    yield path
    host.run("rm", "-rf", path)


def back_up(host, directory: str, database: str) -> str:
    """The name of a new dump."""
    return host.module("pg_backup", {"login_db": database, "directory": directory})["backup"]["name"]


def free(host, database: str, directory: str, *steps: str, check_mode: bool = False, **changes) -> dict:
    params = {"login_db": database, "directory": directory, "steps": list(steps), "keep_count": 1, **changes}
    return host.module("pg_free_space", params, check_mode)


def names(result: dict) -> list[str]:
    assert not result.get("failed"), result["msg"]
    return [step["step"] for step in result["plan"]]


def test_what_nobody_misses_in_four_runs(host, database, directory):
    first, second = (back_up(host, directory, database) for _ in range(2))
    host.run(
        "sh",
        "-c",
        f"mkdir {directory}/.partial-x; head -c 10000 /dev/zero > {directory}/.partial-x/dump",
        user="postgres",
    )
    orphan = f"{DATA}/base/pgsql_tmp/pgsql_tmp4194304.0"
    mine = f"{DATA}/base/pgsql_tmp/pgsql_tmp1.0"
    host.run(
        "sh", "-c", f"mkdir -p {DATA}/base/pgsql_tmp; head -c 9000 /dev/zero | tee {orphan} > {mine}", user="postgres"
    )
    old = [
        f"{LOGS}/postgresql-2026-01-01_000000.log",
        f"{LOGS}/postgresql-15-main.log.3.gz",
        f"{LOGS}/postgresql-15-main.log.4.gz",
    ]
    stay = [f"{LOGS}/other.log", f"{LOGS}/postgresql-15-other.log", f"{LOGS}/postgresql-2026-11-01_000000.log"]
    host.run(
        "sh",
        "-c",
        f"echo old | tee {' '.join(old + stay)}; {AGED} {' '.join(old + stay[:2])}",
        user="postgres",
    )
    every = ["old_logs", "temporary_files", "interrupted_backups", "expired_dumps"]

    def witness() -> str:
        return host.run(
            "sh", "-c", f"ls -d {directory}/* {directory}/.partial* {orphan} {mine} {LOGS}/*o*.log* 2>/dev/null; true"
        ).stdout

    try:
        before = witness()
        params = {"login_db": database, "directory": directory, "steps": every, "keep_count": 1}
        runs = host.four_runs("pg_free_space", params, witness)
        assert [run["changed"] for run, _ in runs] == [True, True, False, False]
        assert names(runs[0][0])[:4] == names(runs[1][0])[:4] == every
        assert runs[0][0]["freed_bytes"] == runs[1][0]["freed_bytes"] >= 19_000
        assert runs[0][1] == before and first in before
        after = runs[1][1]
        assert after == runs[3][1]
        there = after.splitlines()  # the second one's name may begin with that of the first
        assert any(path.endswith(f"/{second}") for path in there) and not any(
            path.endswith(f"/{first}") for path in there
        )
        assert ".partial" not in after
        assert mine in after and orphan not in after
        assert [path for path in old + stay if f"{path}\n" in after] == stay
        assert runs[3][0]["absent"] == every
    finally:
        host.run("rm", "-f", mine, orphan, *stay, *old)


def test_what_was_set_aside_goes_by_its_name_only(host, database, directory):
    kept, used = f"{database}_before_restore_1", f"{database}_before_restore_2"
    host.execute(f"CREATE DATABASE {kept};")
    host.execute(f"CREATE DATABASE {used};")
    host.execute("CREATE SCHEMA before_restore_1; CREATE TABLE before_restore_1.t (id int);", database)
    host.execute(
        "CREATE SCHEMA before_restore_2; CREATE TABLE before_restore_2.t (id int); CREATE VIEW v AS TABLE before_restore_2.t;",
        database,
    )
    host.execute("SELECT pg_create_physical_replication_slot('gone', true);")
    aside = f"{DATA}.before_recovery_1"
    host.run("sh", "-c", f"mkdir {aside}; echo 15 > {aside}/PG_VERSION; ln -s /etc {aside}/pg_tblspc", user="postgres")
    everything = [f"schema:before_restore_{n}" for n in (1, 2)] + [
        f"database:{kept}",
        f"database:{used}",
        f"directory:{aside}",
        "slot:gone",
    ]
    try:
        # Somebody has built on the second one.
        free_ones = [name for name in everything if name != everything[1]]
        assert [name for name in names(free(host, database, directory)) if name in everything] == free_ones
        assert host.query("SELECT slot_name FROM pg_replication_slots") == [["gone"]]
        said = free(host, database, directory, everything[0], everything[1])["msg"]
        assert said == f"{everything[1]} must not go: v is built on it. Nothing was done."
        chosen = [name for name in free_ones if name != everything[3]]
        assert free(host, database, directory, *chosen)["done"] == chosen
        assert [name for name in names(free(host, database, directory)) if name in everything] == [everything[3]]
        assert host.query("SELECT slot_name FROM pg_replication_slots") == []
        assert host.run("test", "-e", "/etc/passwd").returncode == 0
    finally:
        host.execute(f"DROP DATABASE IF EXISTS {kept};")
        host.execute(f"DROP DATABASE {used};")
        host.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'gone'")
        host.run("rm", "-rf", aside)


def test_what_must_not_go_is_refused(host, database, directory):
    kept, aside, note = f"{database}_before_restore_1", f"{DATA}.before_rebuild_1", f"{DATA}.recovery.json"
    host.execute(f"CREATE DATABASE {kept};")
    host.run("sh", "-c", f"mkdir {aside}; cat > {note}", user="postgres", stdin=json.dumps({"state": "verified"}))
    cases = {
        "vacuum": "There is no step vacuum; there are old_logs, ",
        "old_log": "There is no step old_log; did you mean old_logs?",
        "database:": "There is no step database:;",
        f"directory:{aside}": "must not go: a recovery is not ended",
        f"directory:{DATA}": "is none that a recovery or a rebuild has set aside.",
        "directory:/etc": "is none that a recovery or a rebuild has set aside.",
    }
    try:
        for step, sentence in cases.items():
            said = free(host, database, directory, "old_logs", step)
            assert said.get("failed") and sentence in said["msg"] and "Nothing was done." in said["msg"], said
        # A database that was not set aside is none of the plan.
        told = free(host, database, directory, f"database:{database}", "slot:nobody")
        assert (told["changed"], told["absent"]) == (False, [f"database:{database}", "slot:nobody"])
        assert (
            free(host, database, directory, keep_days=0)["msg"]
            == "keep_days is 0, and has to be 1 or more. Nothing was done."
        )
        with clients(host, kept, "looks"):
            said = free(host, "postgres", directory, f"database:{kept}")["msg"]
        assert said.startswith(f"database:{kept} must not go: 1 sessions are in it")
    finally:
        host.execute(f"DROP DATABASE IF EXISTS {kept};")
        host.run("rm", "-rf", aside, note)


def test_a_server_that_is_down_has_files_all_the_same(host, directory):
    old = f"{LOGS}/postgresql-2026-01-01_000000.log"
    new = f"{LOGS}/postgresql-2026-11-01_000000.log"
    host.run("sh", "-c", f"echo old | tee {old} {new}; {AGED} {old}", user="postgres")
    host.run("systemctl", "stop", "postgresql@15-main")
    try:
        told = free(host, "postgres", directory, "old_logs")
        assert (told["done"], told["state"]) == (["old_logs"], "unknown")
        assert told["unknown"][0].startswith(
            "databases, schemas, slots: PostgreSQL postgres@/var/run/postgresql:5432/postgres: "
        )
        said = free(host, "postgres", directory, login_port=5999)["msg"]
        assert said.startswith("No server answers at port 5999, and no cluster of this host has it. Nothing was done.")
    finally:
        host.run("rm", "-f", old, new)
        host.run("systemctl", "start", "postgresql@15-main")


def test_the_playbook_shows_a_plan_and_does_what_is_named(host, database, directory, tmp_path):
    operator = Operator(
        host,
        tmp_path,
        threadr_database=database,
        threadr_backup_directory=directory,
        threadr_physical_backups_enabled=False,
    )
    kept = f"{database}_before_restore_1"
    host.execute(f"CREATE DATABASE {kept};")
    there = f"SELECT count(*) FROM pg_database WHERE datname = '{kept}'"
    try:
        words, told = operator.succeed("playbooks/free_space.yml")
        assert (
            f"database:{kept}" in words
            and "Nothing was done. Name steps to do them" in words
            and told["changed"] is False
        )
        # What could not be looked at is told, and is no reason to do nothing.
        words, told = operator.succeed("playbooks/free_space.yml", maintain_lock_timeout_s=-1)
        assert told["unknown"][-1].startswith("Bloated indexes: lock_timeout_s")
        assert "not looked at: Bloated indexes: lock_timeout_s" in words and f"database:{kept}" in words
        code, words, _ = operator.play(
            "playbooks/free_space.yml", free_steps=f"database:{kept},bloat", maintain_lock_timeout_s=-1
        )
        assert code == 2 and f"done: database:{kept}" in words and host.query(there) == [[0]]
        host.execute(f"CREATE DATABASE {kept};")
        words, _ = operator.succeed("playbooks/free_space.yml", free_steps=f"database:{kept},bloat")
        assert f"done: database:{kept}" in words and host.query(there) == [[0]]
        code, words, _ = operator.play("playbooks/free_space.yml", free_steps="everything")
        assert code == 2 and "There is no step everything; there are old_logs, " in words and "Traceback" not in words
    finally:
        host.execute(f"DROP DATABASE IF EXISTS {kept};")
