"""pg_backup of rows alone, of statements alone, and of what databases share: what is in them, and what they are not taken for."""

import json

import pytest

from backups import ROWS, Shop, aged, opened
from drills import Drills, heartbeat

VERIFIER = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"


@pytest.fixture(scope="module")
def open_shop(host):
    with opened(host) as made:
        yield made


@pytest.fixture
def shop(open_shop):
    yield open_shop
    open_shop.clear()


def unpacked(shop: Shop, backup: dict) -> str:
    """What is in its archive, by the tools of others."""
    archive = f"{backup['path']}/{'archive.sql.zst' if backup['type'] == 'globals' else 'archive.dump.zst'}"
    reader = "cat" if backup["type"] == "globals" else "pg_restore --file=-"
    return shop.host.run("sh", "-c", f"zstd -dqc {archive} | {reader}").stdout


@pytest.mark.parametrize("kind", ["data", "schema", "globals"])
def test_each_run_makes_one_and_no_dry_run_touches_the_disk(shop, kind):
    runs = shop.host.four_runs("pg_backup", shop.backup_params(type=kind), shop.folders)
    assert [run.get("changed") for run, _ in runs] == [True] * 4, runs
    names = [runs[place][0]["backup"]["name"] for place in (1, 3)]
    whose = "server" if kind == "globals" else shop.name
    assert all(name.startswith(f"{whose}_{kind}_20") for name in names)
    assert [folders for _, folders in runs] == [[], names[:1], names[:1], sorted(names)]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    subject = "the server" if kind == "globals" else f"database {shop.name}"
    assert runs[0][0]["diff"]["after"].startswith(f"{kind} backup of {subject} in {shop.directory}, about ")
    listed = shop.listed(checksum=True)
    assert [(one["name"], one["type"], one["sound"]) for one in listed["backups"]] == [
        (name, kind, True) for name in reversed(names)
    ]
    assert (listed["problems"], listed["remarks"]) == ([], [])


def test_data_are_the_rows_and_a_schema_is_the_statements(shop):
    data, schema = (shop.back_up(type=kind, login_role=f"{shop.name}_backup")["backup"] for kind in ("data", "schema"))
    assert (data["rows"], schema["rows"]) == (ROWS, {})
    rows, statements = unpacked(shop, data), unpacked(shop, schema)
    assert "item 700\t700.00" in rows and "CREATE TABLE" not in rows
    assert "CREATE INDEX orders_item" in statements and "COPY " not in statements


@pytest.fixture
def clerk(shop):
    """A role with a password, a membership and a setting; its name, which has to be quoted."""
    name = f"{shop.name} Clerk"
    shop.host.execute(f"""
        CREATE ROLE "{name}" LOGIN PASSWORD 'Geheim-4711'; GRANT pg_monitor TO "{name}" WITH ADMIN OPTION;
        ALTER ROLE "{name}" SET work_mem = '7MB'; COMMENT ON ROLE "{name}" IS 'changes its password';
    """)
    yield name
    shop.host.execute(f'DROP ROLE "{name}";')


def test_globals_have_roles_and_no_password_of_any(shop, clerk):
    # What the server has is a verifier, and the password is nowhere.
    verifier = shop.host.query(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{clerk}'")[0][0]
    assert verifier.startswith("SCRAM-SHA-256$")
    made = shop.back_up(type="globals", login_db="postgres", login_role=f"{shop.name}_backup")["backup"]
    text = unpacked(shop, made)
    for line in (
        f'CREATE ROLE "{clerk}";',
        f'GRANT pg_monitor TO "{clerk}" WITH ADMIN OPTION',
        "SET work_mem TO '7MB';",
    ):
        assert line in text
    assert not [word for word in ("SCRAM-SHA-256", "PASSWORD '", "Geheim", verifier) if word in text]
    found = shop.host.run("sh", "-c", f"cat {made['path']}/* | grep -acE 'SCRAM-SHA-256|Geheim'", check=False)
    assert found.stdout.strip() == "0"
    roles = shop.host.query("SELECT count(*) FROM pg_roles WHERE rolname !~ '^pg_'")[0][0]
    assert (made["rows"]["roles"], made["database"], made["database_size_bytes"]) == (roles, "", 0)
    assert made["rows"]["memberships"] >= 2


def test_globals_make_the_roles_of_an_empty_server(shop, clerk):
    made = shop.back_up(type="globals")["backup"]
    roles = "SELECT rolname, rolcanlogin, rolconfig FROM pg_roles WHERE rolname ~ '^shop' ORDER BY 1"
    before = shop.host.query(roles)
    script = f"""
        pg_createcluster 15 empty --port 5999 --start >&2
        zstd -dqc {made["path"]}/archive.sql.zst | runuser -u postgres -- psql -XAtq -p 5999 -d postgres 2>/var/tmp/said
        runuser -u postgres -- psql -XAtq -p 5999 -d postgres -c "SELECT json_agg(q) FROM ({roles}) q"
    """
    try:
        said = shop.host.run("sh", "-c", script).stdout
        assert [list(row.values()) for row in json.loads(said)] == before
    finally:
        shop.host.run("pg_dropcluster", "15", "empty", "--stop", check=False)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("COMMENT ON ROLE {} IS 'the old one: " + VERIFIER + "'", id="verifier-in-a-comment"),
        pytest.param("ALTER ROLE {} SET app.api_token = 'Geheim-4711'", id="password-in-a-setting"),
    ],
)
def test_globals_with_a_password_in_another_place_are_not_kept(shop, statement):
    role = f"{shop.name}_app"
    shop.host.execute(statement.format(role) + ";")
    try:
        for check_mode in (True, False):
            refusal = shop.refusal("pg_backup", shop.backup_params(type="globals"), check_mode)
            assert refusal.startswith("A comment or a setting of a role or tablespace holds what looks like a password")
            assert "Geheim" not in refusal and "SCRAM" not in refusal
            assert shop.folders() == []
    finally:
        shop.host.execute(f"COMMENT ON ROLE {role} IS NULL; ALTER ROLE {role} RESET ALL;")


def test_each_type_and_database_is_kept_for_its_own_time(shop):
    old = {kind: aged(shop, 40, kind) for kind in ("full", "data", "globals")}
    older = {kind: aged(shop, 50, kind) for kind in ("full", "data", "globals")}
    for kind in ("data", "globals", "full"):
        params = shop.backup_params(type=kind, keep_days=30, keep_count=2)
        dry = shop.host.module("pg_backup", params, check_mode=True)
        assert dry["removed"] == [old[kind], older[kind]]
        assert shop.back_up(type=kind, keep_days=30, keep_count=2)["removed"] == dry["removed"]
    assert len(shop.folders()) == 3


def test_the_room_it_needs_is_told_by_the_last_of_its_type(shop):
    full = shop.back_up()["backup"]
    schema = shop.back_up(type="schema")["backup"]
    asked = {kind: shop.host.module("pg_backup", shop.backup_params(type=kind), True) for kind in ("full", "schema")}
    assert asked["full"]["estimated_bytes"] == int(full["size_bytes"] * 1.25) + 1
    assert asked["schema"]["estimated_bytes"] == int(schema["size_bytes"] * 1.25) + 1


def test_the_newest_that_can_be_restored_is_a_full_one(shop):
    heartbeat(shop.host, shop.name, 100)
    full = shop.back_up()["backup"]["name"]
    others = [shop.back_up(type=kind)["backup"]["name"] for kind in ("data", "schema", "globals")]
    assert shop.restore()["backup"]["name"] == full
    drills = Drills(shop.host, kind="logical", database=shop.name, directory=shop.directory, queries=[])
    assert drills.passed()["backup"] == full
    for name, kind in zip(others, ("data", "schema", "globals"), strict=True):
        words = f"Backup {name} is of type {kind}, and a database can be made of a full one only: choose such a one with list_backups.yml."
        params = shop.restore_params(backup=name, target=f"{shop.name}_other")
        assert [shop.refusal("pg_restore", params, check_mode) for check_mode in (True, False)] == [words] * 2
        assert drills.refusal(backup=name) == words
    assert f"{shop.name}_other" not in shop.databases()
