"""Backups and restores that cannot be: each is refused in a sentence that says why, and nothing is changed."""

import pytest

from backups import GROW, SMALL, opened, session


@pytest.fixture(scope="module")
def open_shop(host):
    with opened(host) as made:
        made.back_up()
        yield made


@pytest.fixture
def shop(open_shop):
    """A shop with one sound backup."""
    yield open_shop
    open_shop.drop_copies()


@pytest.fixture
def backup(shop):
    """The name of that backup, to be damaged; afterwards it is sound again."""
    name = shop.listed()["backups"][0]["name"]
    path, kept = f"{shop.directory}/{name}", f"/var/tmp/kept_{shop.name}"
    shop.host.run("cp", "-a", path, kept)
    yield name
    shop.host.run("sh", "-c", f"rm -r {path} && mv {kept} {path}")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"login_host": "127.0.0.1", "login_password": "Geheim-4711"},
            'password authentication failed for user "postgres"',
            id="wrong-password",
        ),
        pytest.param({"login_port": 5999}, "/var/run/postgresql:5999", id="server-down"),
        pytest.param({"login_db": "nowhere"}, 'database "nowhere" does not exist', id="database-missing"),
        pytest.param({"login_role": "nobody_at_all"}, 'role "nobody_at_all" does not exist', id="role-missing"),
        pytest.param({"directory": "/root/backups"}, "/root/backups cannot be read: Permission denied", id="closed"),
        pytest.param({"directory": "/etc"}, "/etc is not writable for postgres", id="not-writable"),
        pytest.param({"directory": "/etc/passwd"}, "/etc/passwd cannot be read: Not a directory", id="file"),
        pytest.param({"level": 20}, "level is 20; zstd has levels 1 to 19", id="level"),
        pytest.param({"threads": -1}, "threads and lock_timeout_s must not be negative", id="threads"),
    ],
)
def test_a_backup_that_cannot_be_made_is_refused_by_the_dry_run_already(shop, changes, words):
    before = shop.disk()
    refusal = shop.refusal("pg_backup", shop.backup_params(**changes), check_mode=True)
    assert words in refusal
    assert "Geheim" not in refusal
    assert shop.disk() == before


def test_what_a_dry_run_refuses_a_run_refuses_too(shop):
    """Both make the same plan first; one case of each module tells that they go on to nothing else."""
    before = shop.disk()
    assert "is not writable for postgres" in shop.refusal("pg_backup", shop.backup_params(directory="/etc"))
    assert "There is no backup shop_full in " in shop.refusal("pg_restore", shop.restore_params(backup="shop_full"))
    assert (shop.disk(), shop.databases()) == (before, [shop.name])


def test_a_directory_that_cannot_be_made_is_named(shop):
    """Only the run knows: before it, somebody else may make the directory."""
    assert shop.refusal("pg_backup", shop.backup_params(directory="/etc/backups")) == (
        "The backup cannot be written to /etc/backups: Permission denied."
    )


def test_a_table_that_stays_locked_ends_the_wait(shop):
    folders = shop.folders()
    with session(shop.host, shop.name, "BEGIN; LOCK TABLE public.orders;"):
        for check_mode in (True, False):
            refusal = shop.refusal("pg_backup", shop.backup_params(lock_timeout_s=1), check_mode)
            assert refusal.startswith(f"A table of {shop.name} stayed locked by somebody else for 1 s.")
    # Whom only pg_dump waits for: nobody counts the rows of a partitioned table itself.
    with session(shop.host, shop.name, "BEGIN; LOCK TABLE ONLY public.visits;"):
        refusal = shop.refusal("pg_backup", shop.backup_params(lock_timeout_s=1))
        assert "LOCK TABLE public.visits" in refusal
    assert shop.folders() == folders


def test_a_second_backup_is_refused_with_the_process_and_start_of_the_first(shop):
    with session(shop.host, shop.name, "BEGIN; LOCK TABLE ONLY public.visits;"):
        first = shop.in_background("pg_backup", shop.backup_params())
        shop.wait_for_session("pg_dump", "wait_event_type = 'Lock'")
        before = shop.disk()
        refusal = shop.refusal("pg_backup", shop.backup_params())
        assert refusal.startswith(f"Another backup is running in {shop.directory}: process {first.pid}, started 20")
        assert shop.disk() == before
    assert first.result()["changed"] is True
    shop.host.run("rm", "-r", first.result()["backup"]["path"])


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(host):
    with opened(host) as shop:
        shop.execute(GROW.format(kibibytes=9000))
        params = shop.backup_params(directory=f"{SMALL}/{shop.name}")
        for check_mode in (True, False):
            refusal = shop.refusal("pg_backup", params, check_mode)
            assert f"The full backup of database {shop.name} needs about " in refusal
            assert f"MiB in {SMALL}/{shop.name}, where " in refusal
        assert shop.disk(SMALL + "/" + shop.name) == []


def test_a_disk_that_becomes_full_keeps_the_backups_it_has_and_no_more(host):
    with opened(host) as shop:
        shop.directory = f"{SMALL}/{shop.name}"
        first = shop.back_up()["backup"]["name"]
        # Against the estimate by the last backup.
        shop.execute(GROW.format(kibibytes=9000))
        assert shop.refusal("pg_backup", shop.backup_params()).startswith(f"{shop.directory} became full: ")
        assert shop.folders() == [first]
        assert [one["name"] for one in shop.listed(checksum=True)["backups"] if one["sound"]] == [first]
        # Remains that the next backup removes are not in its way, though there is no room beside them.
        shop.execute("TRUNCATE public.noise;")
        host.run(
            "sh", "-c", f"cd {shop.directory} && mkdir .partial-x && cat /dev/zero > .partial-x/archive",
            user="postgres", check=False,
        )  # fmt: skip
        dry = host.module("pg_backup", shop.backup_params(), True)
        assert dry["diff"]["before"] == "remains of an interrupted backup, .partial-x\n"
        second = shop.back_up()["backup"]["name"]
        assert shop.folders() == [first, second]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param("truncate --size=-1 archive.dump.zst", "bytes instead of", id="archive-truncated"),
        pytest.param("rm archive.dump.zst", "cannot be read: No such file or directory", id="archive-missing"),
        pytest.param("chown root archive.dump.zst", "cannot be read: Permission denied", id="archive-unreadable"),
        pytest.param("rm manifest.json", "has no manifest", id="manifest-missing"),
        pytest.param("chown root manifest.json", "cannot be read: Permission denied", id="manifest-unreadable"),
        pytest.param("echo garbage > manifest.json", "is no JSON: ", id="manifest-garbage"),
        pytest.param("head -c 99 archive.dump.zst > manifest.json", "is no JSON: ", id="manifest-binary"),
        pytest.param("echo '[]' > manifest.json", "is no JSON object", id="manifest-no-object"),
        pytest.param("""sed -i 's/"sha256": "/&0/' manifest.json""", "SHA-256 of its manifest", id="checksum"),
        pytest.param("""sed -i 's/"database": .*/"database": 5,/' manifest.json""", "no proper database", id="manifest-field"),
    ],
)  # fmt: skip
def test_a_damaged_backup_is_not_restored(shop, backup, damage, words):
    shop.host.run("sh", "-c", f"cd {shop.directory}/{backup} && {damage}")
    refusal = shop.refusal("pg_restore", shop.restore_params(backup=backup))
    assert words in refusal
    assert backup in refusal
    assert shop.databases() == [shop.name]


def test_an_archive_with_one_flipped_byte_is_not_restored(shop, backup):
    shop.flip_byte(f"{shop.directory}/{backup}/archive.dump.zst")
    for check_mode in (True, False):
        refusal = shop.refusal("pg_restore", shop.restore_params(), check_mode)
        assert refusal.startswith(f"The archive of backup {backup} does not have the SHA-256 of its manifest.")
    assert shop.databases() == [shop.name]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"login_port": 5999}, "/var/run/postgresql:5999", id="server-down"),
        pytest.param({"backup": "shop_full"}, "There is no backup shop_full in ", id="unknown-backup"),
        pytest.param({"database": "nowhere"}, "There is no sound full backup of nowhere in ", id="no-backup-of-it"),
        pytest.param({"directory": "/var/tmp/nowhere"}, "The directory does not exist.", id="directory-missing"),
        pytest.param({"directory": "/root"}, "/root cannot be read: Permission denied", id="directory-closed"),
        pytest.param({"compare_with": "nowhere"}, "There is no database nowhere to compare with", id="nothing-to-compare"),
        pytest.param({"target": "x" * 60}, "is longer than 63 bytes", id="name-too-long"),
        pytest.param({"target": ""}, "The target is empty", id="no-name"),
        pytest.param({"target": "postgres", "confirm": "postgres"}, "is the one that this module logs into", id="own"),
    ],
)  # fmt: skip
def test_a_restore_that_cannot_be_is_refused_by_the_dry_run_already(shop, changes, words):
    refusal = shop.refusal("pg_restore", shop.restore_params(**changes), check_mode=True)
    assert words in refusal
    assert shop.databases() == [shop.name]


def test_a_copy_that_is_not_what_the_manifest_says_is_removed(shop, backup):
    shop.change_manifest(backup, rows={"public.orders": 701, "public.gone": 1})
    refusal = shop.refusal("pg_restore", shop.restore_params())
    assert "public.gone has no rows instead of 1; public.orders has 700 rows instead of 701;" in refusal
    assert shop.databases() == [shop.name]


def test_a_disk_that_is_too_small_for_the_copy_is_refused(shop, backup):
    shop.change_manifest(backup, database_size_bytes=1 << 50)
    for check_mode in (True, False):
        refusal = shop.refusal("pg_restore", shop.restore_params(), check_mode)
        assert "needs about 1073741824 MiB in /var/lib/postgresql/15/main, where " in refusal
    assert shop.databases() == [shop.name]


def test_a_disk_that_becomes_full_leaves_no_copy(host):
    """A table space on the small disk has room for one of them."""
    with opened(host) as shop:
        space = f"{shop.name}_space"
        host.run("install", "-d", "-o", "postgres", "-g", "postgres", f"{SMALL}/space")
        host.execute(f"CREATE TABLESPACE {space} LOCATION '{SMALL}/space';")
        try:
            shop.execute(GROW.format(kibibytes=4000) + f"ALTER TABLE public.noise SET TABLESPACE {space};")
            shop.back_up()
            refusal = shop.refusal("pg_restore", shop.restore_params())
            assert "No space left on device" in refusal
            assert refusal.endswith("The unfinished copy is removed; nothing else was touched.")
            assert shop.databases() == [shop.name]
        finally:
            host.execute(f"DROP DATABASE {shop.name} WITH (FORCE); DROP TABLESPACE {space};")


def test_a_foreign_database_in_the_way_is_left_alone(shop):
    shop.host.execute(f"CREATE DATABASE {shop.name}_copy_restoring;")
    for check_mode in (True, False):
        refusal = shop.refusal("pg_restore", shop.restore_params(), check_mode)
        assert refusal.startswith(f"Database {shop.name}_copy_restoring is in the way")
    assert shop.databases() == [shop.name, f"{shop.name}_copy_restoring"]


def test_roles_that_the_server_lacks_are_named(host):
    with opened(host) as shop:
        clerk = f"{shop.name}_clerk"
        shop.execute(f"CREATE ROLE {clerk}; GRANT SELECT ON public.orders TO {clerk};")
        shop.back_up()
        host.execute(
            f"DROP DATABASE {shop.name}; DROP ROLE {clerk}; DROP ROLE {shop.name}_app; DROP ROLE {shop.name}_owner;"
        )
        for check_mode in (True, False):
            refusal = shop.refusal("pg_restore", shop.restore_params(), check_mode)
            assert f"needs roles that this server does not have: {shop.name}_app, {shop.name}_owner. Nothing" in refusal
        # A role that only an object names is found by pg_restore.
        host.execute(f"CREATE ROLE {shop.name}_app; CREATE ROLE {shop.name}_owner;")
        assert f'role "{clerk}" does not exist' in shop.refusal("pg_restore", shop.restore_params())
        assert shop.databases() == []


def test_a_second_restore_is_refused_with_the_process_and_start_of_the_first(shop):
    with session(shop.host, shop.name, "BEGIN; LOCK TABLE stock.items;"):
        first = shop.in_background("pg_restore", shop.restore_params(compare_with=shop.name))
        shop.wait_for_session("pg_restore", "wait_event_type = 'Lock'")
        before = shop.databases()
        refusal = shop.refusal("pg_restore", shop.restore_params(target=f"{shop.name}_second"))
        holder = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_restore' AND datname = 'postgres'"
        assert refusal.startswith(f"Another restore is running: backend {shop.host.query(holder)[0][0]}, started 20")
        assert shop.databases() == before
    assert first.result()["changed"] is True
