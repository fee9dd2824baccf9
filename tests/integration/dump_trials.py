"""What may happen to dumps, to their restores and to drills with them: each trial strikes at a random place, and judges."""

from __future__ import annotations

import random

from backups import SMALL
from drills import Drills
from faults import empty_disk, fill_disk
from striking import World, sentence

PROGRAMS = ("pg_dump", "zstd", "pg_restore", "pg_amcheck")
DEARER = "UPDATE public.orders SET price = price + 1;"


def sound(world: World) -> list[str]:
    """Names of what is listed: each of it has to be whole, to the last byte."""
    found = world.shop.listed(checksum=True)
    assert found["problems"] == [], found["problems"]
    assert all(one["sound"] for one in found["backups"]), found["backups"]
    return sorted(one["name"] for one in found["backups"])


def require_next_backup(world: World) -> None:
    """It succeeds, removes what was left, and can be restored."""
    shop = world.shop
    made = shop.back_up(keep_count=2)["backup"]["name"]
    assert made in sound(world)
    assert shop.folders() == sound(world), "something is left of a backup"
    shop.restore(backup=made)
    assert shop.contents(f"{shop.name}_copy") == shop.contents(shop.name)
    shop.drop_copies()


def backup_killed(world: World, place: float) -> None:
    shop, before = world.shop, [""]
    params = shop.backup_params(keep_count=2, level=12, threads=1)
    contents = shop.contents(shop.name)

    def begin():
        before[0] = shop.back_up()["backup"]["name"]
        return shop.in_background("pg_backup", params)

    world.strike("backup", begin, place)
    world.await_end(*PROGRAMS)
    # A run that gets as far puts a whole one in the place of the oldest.
    assert before[0] in sound(world)
    assert shop.contents(shop.name) == contents
    require_next_backup(world)


def disk_full(world: World, place: float) -> None:
    """Of backups, while one is written."""
    shop, host = world.shop, world.host
    params = shop.backup_params(directory=f"{SMALL}/{shop.name}", keep_count=1)
    kept, shop.directory = shop.directory, params["directory"]
    try:
        shop.succeed("pg_backup", params)
        before = [shop.folders()]

        def begin():
            before[0] = shop.folders()
            return shop.in_background("pg_backup", params)

        answer = world.strike("small", begin, place, lambda _: fill_disk(host, SMALL), lambda: empty_disk(host, SMALL))
        said = sentence(answer)
        assert f"{shop.directory} became full: " in said or f"MiB in {shop.directory}, where 0 MiB are free" in said, (
            said
        )
        assert shop.folders() == before[0] == sound(world)
        made = shop.succeed("pg_backup", params)["backup"]["name"]
        assert shop.folders() == [made] == sound(world)
    finally:
        shop.directory = kept
        host.run("sh", "-c", f"rm -rf {SMALL}/*")


def restore_killed(world: World, place: float) -> None:
    """Over the live database, which has changed since the backup."""
    shop = world.shop
    shop.back_up(keep_count=1)
    expected, about, before = shop.contents(shop.name), shop.about(shop.name), [[""]]
    over = shop.restore_params(target=shop.name, confirm=shop.name)

    def begin():
        shop.drop_copies()
        shop.execute(DEARER)
        before[0] = shop.contents(shop.name)
        return shop.in_background("pg_restore", over)

    world.strike("restore", begin, place)
    world.await_end(*PROGRAMS)
    kept = f"{shop.name}_before_restore_1"
    done = kept in shop.databases()
    assert shop.contents(shop.name) == (expected if done else before[0])
    assert shop.about(shop.name) == about
    shop.succeed("pg_restore", over)
    assert shop.databases() == [shop.name, kept], "something is left of a restore"
    assert (shop.contents(shop.name), shop.contents(kept)) == (expected, before[0])
    assert shop.about(shop.name) == about
    shop.drop_copies()


def drill_killed(world: World, place: float) -> None:
    shop = world.shop
    shop.back_up(keep_count=1)
    drills = Drills(world.host, kind="logical", database=shop.name, directory=shop.directory)
    before = shop.contents(shop.name), shop.folders(), shop.databases()
    world.strike("drill", drills.in_background, place)
    assert (shop.contents(shop.name), shop.folders(), shop.databases()) == before
    drills.passed()
    assert drills.left() == []


def is_detected(world: World, place: float, damage) -> None:
    """What a random file of the newest backup has become by DAMAGE(path, offset) is found before a restore begins."""
    shop = world.shop
    name = (shop.listed()["backups"] or [shop.back_up()["backup"]])[0]["name"]
    folder, whole = f"{shop.directory}/{name}", f"{shop.directory}_whole"
    world.host.run("cp", "-a", folder, whole)
    try:
        listed = world.host.run(
            "find", folder, "-type", "f", "!", "-name", "manifest.json", "-printf", "%s %p\n"
        ).stdout
        sizes = [line.split(" ", 1) for line in sorted(listed.splitlines())]
        chance = random.Random(place)
        size, path = chance.choices(sizes, [int(size) for size, _ in sizes])[0]
        damage(path, int(int(size) * place))
        for check_mode in (True, False):
            refusal = shop.refusal("pg_restore", shop.restore_params(backup=name), check_mode)
            assert name in refusal, refusal
        assert shop.databases() == [shop.name]
        assert [one["sound"] for one in shop.listed(checksum=True)["backups"] if one["name"] == name] == [False]
    finally:
        world.host.run("sh", "-c", f"rm -r {folder} && mv {whole} {folder}")


def dump_truncated(world: World, place: float) -> None:
    is_detected(world, place, lambda path, offset: world.host.run("truncate", f"--size={offset}", path))


def dump_byte_flipped(world: World, place: float) -> None:
    is_detected(world, place, world.shop.flip_byte)


FAULTS = {
    "backup_killed": backup_killed,
    "restore_killed": restore_killed,
    "drill_killed": drill_killed,
    "backup_disk_full": disk_full,
    "dump_truncated": dump_truncated,
    "dump_byte_flipped": dump_byte_flipped,
}
