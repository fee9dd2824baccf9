"""What a restore is going to do, and when it may not."""

from dataclasses import asdict
from pathlib import Path

import pytest
from ansible.module_utils.pgops.backup_catalog import Backup
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.restore_plan import (
    Database,
    make_plan,
    origin_of,
    require_comparable,
    require_replaceable,
    required_roles,
)

from test_manifest import made

BACKUP = Backup(Path("/backups/shop"), made(), None)
NAME = BACKUP.manifest.name


def databases(**origins: str | None) -> dict[str, Database]:
    """Databases of 9 MB and two sessions each, and what they were made of."""
    return {name: Database(name, 9_000_000, True, 2, origin) for name, origin in origins.items()}


def test_beside_the_original_nothing_of_it_is_in_the_plan():
    plan = make_plan(BACKUP, "shop_copy", databases(shop=None), None, dry=False)
    assert asdict(plan)["steps"] == (
        f"make database shop_copy_restoring from backup {NAME} (1 tables, 7 rows)",
        "verify that each table has the rows that the backup's manifest names",
        "rename shop_copy_restoring to shop_copy",
    )
    assert (plan.kept, plan.leftover_bytes) == (None, None)


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        pytest.param({}, "shop_before_restore_1", id="first"),
        pytest.param({"shop_before_restore_1": None}, "shop_before_restore_2", id="second"),
        pytest.param({"shop_before_restore_2": None}, "shop_before_restore_1", id="a-gap"),
    ],
)
def test_over_the_original_it_is_kept_under_a_free_name(others, kept):
    plan = make_plan(BACKUP, "shop", databases(shop=None, **others), "shop", dry=False)
    assert plan.kept == kept
    assert plan.steps[2:] == (
        "end the 2 sessions of database shop",
        f"keep database shop (9 MiB) as {kept}",
        "rename shop_restoring to shop",
    )


@pytest.mark.parametrize(
    ("confirm", "dry", "refused"),
    [
        pytest.param(None, False, "no confirmation was given", id="run-without"),
        pytest.param(None, True, None, id="dry-run-shows-its-plan"),
        pytest.param("shop_copy", False, "the confirmation says 'shop_copy'", id="another-database"),
        pytest.param("shop_copy", True, "the confirmation says 'shop_copy'", id="another-database-in-a-dry-run"),
        pytest.param("", False, "the confirmation says ''", id="empty"),
        pytest.param("SHOP", False, "the confirmation says 'SHOP'", id="capitals"),
        pytest.param("shop", False, None, id="named"),
    ],
)
def test_a_database_is_replaced_by_its_name_only(confirm, dry, refused):
    if refused is None:
        assert make_plan(BACKUP, "shop", databases(shop=None), confirm, dry).kept == "shop_before_restore_1"
        return
    with pytest.raises(PgopsError) as refusal:
        make_plan(BACKUP, "shop", databases(shop=None), confirm, dry)
    assert refused in str(refusal.value)
    assert "Nothing was changed." in str(refusal.value)
    assert "set confirm to shop" in str(refusal.value)


@pytest.mark.parametrize(
    ("open_to_all", "size_bytes", "origin", "ours"),
    [
        pytest.param(True, 9_000_000, origin_of(BACKUP.manifest), True, id="half-made"),
        pytest.param(False, 7_800_000, None, True, id="killed-before-it-was-marked"),
        pytest.param(True, 7_500_000, None, False, id="made-by-somebody-else"),
        pytest.param(False, 9_000_000, None, False, id="closed-by-somebody-else-and-not-empty"),
    ],
)
def test_only_what_an_interrupted_restore_left_is_dropped(open_to_all, size_bytes, origin, ours):
    there = {
        "template0": Database("template0", 7_500_000, False, 0, None),
        "shop_restoring": Database("shop_restoring", size_bytes, open_to_all, 0, origin),
    }
    if ours:
        plan = make_plan(BACKUP, "shop", there, None, dry=False)
        assert plan.steps[0] == "drop database shop_restoring, which an interrupted restore left"
        assert plan.leftover_bytes == size_bytes
        return
    with pytest.raises(PgopsError) as refusal:
        make_plan(BACKUP, "shop", there, None, dry=True)
    assert "shop_restoring is in the way" in str(refusal.value)


@pytest.mark.parametrize(
    ("target", "present", "fits"),
    [
        pytest.param("x" * 53, False, True, id="beside-fits-exactly"),
        pytest.param("x" * 54, False, False, id="beside-too-long"),
        pytest.param("x" * 46, True, True, id="kept-fits-exactly"),
        pytest.param("x" * 47, True, False, id="kept-too-long"),
        pytest.param("ü" * 27, False, False, id="bytes-count"),
    ],
)
def test_a_name_that_postgresql_would_cut_is_refused(target, present, fits):
    there = databases(**{target: None}) if present else {}
    if fits:
        assert make_plan(BACKUP, target, there, target, dry=False).target == target
        return
    with pytest.raises(PgopsError) as refusal:
        make_plan(BACKUP, target, there, target, dry=False)
    assert "is longer than 63 bytes" in str(refusal.value)


@pytest.mark.parametrize(
    ("target", "login_db", "words"),
    [
        pytest.param("", "postgres", "The target is empty.", id="empty"),
        pytest.param("shop", "shop", "cannot be replaced from there", id="logged-into"),
        pytest.param("shop", "postgres", None, id="another"),
        pytest.param("shop_copy", "shop_copy", None, id="missing-which-the-login-tells"),
    ],
)
def test_the_database_that_is_logged_into_is_not_replaced(target, login_db, words):
    if words is None:
        require_replaceable(target, login_db, databases(shop=None))
        return
    with pytest.raises(PgopsError) as refusal:
        require_replaceable(target, login_db, databases(shop=None))
    assert words in str(refusal.value)


def test_what_is_compared_with_must_exist():
    require_comparable(None, {})
    require_comparable("shop", databases(shop=None))
    with pytest.raises(PgopsError) as refusal:
        require_comparable("shop", {})
    assert str(refusal.value) == "There is no database shop to compare with. Nothing was changed."


def test_the_roles_of_a_database_are_its_owner_grantees_and_those_with_settings():
    manifest = made(settings=[["", "work_mem", "12MB"], ["shop_night", "work_mem", "1GB"]])
    assert required_roles(manifest) == {"shop_owner", "shop_app", "shop_night"}
