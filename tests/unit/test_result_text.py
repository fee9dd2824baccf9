"""Lines that people read."""

import pytest

from plugins.filter.result_text import (
    OUTCOMES,
    accounting_lines,
    aligned,
    backup_lines,
    drill_lines,
    human_bytes,
    human_seconds,
    last_restored,
    made_backup_lines,
)


def test_what_became_of_every_key():
    line = {**dict.fromkeys(OUTCOMES, 0), "scanned": 3, "written": 1}
    shown = accounting_lines({
        "accounting": {"patterns": {"user": line}, "total": line},
        "tables": {"users": {"inserted": 1, "updated": 0, "unchanged": 0}},
        "rejects": {"malformed_json": 1}, "skipped_by": {"session": 1}, "notes": {"defaulted users.role": 1},
        "unknown_prefixes": {"other:": 2}, "unknown_samples": ["other:1"],
        "conflicts": {"kept": {}, "overwritten": {}, "samples": []}, "gone": {"users": {"rows": 2, "keys": ["threadr:user:a"]}},
    })  # fmt: skip
    assert shown[0].split()[:3] == ["pattern", "scanned", "written"]
    assert [row.split()[0] for row in shown[1:3]] == ["user", "total"]
    assert shown[3:] == [
        "users: 1 inserted, 0 updated, 0 unchanged", "skipped as session: 1", "quarantined as malformed_json: 1",
        "noted defaulted users.role: 1", "unknown keys under other:: 2", "unknown key: other:1",
        "gone from the source, kept: 2 of users, such as threadr:user:a",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2, "1.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (2 * 1024**4, "2.0 TiB"),
        (3000 * 1024**4, "3000.0 TiB"),
    ],
)
def test_sizes_are_powers_of_1024(size, text):
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-3, "-3 s"),  # a clock was set back
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3900, "65 min"),
        (7200, "2 h"),
        (172800, "2 d"),
        (63072000, "730 d"),
    ],
)
def test_times_are_the_largest_unit_of_which_there_are_two(seconds, text):
    assert human_seconds(seconds) == text


def test_columns_are_aligned_without_trailing_blanks():
    assert aligned([["name", "rows"], ["a", "12345"], ["longer", ""]]) == ["name     rows", "a       12345", "longer"]


def listed(**changes) -> dict:
    return {
        "name": "shop_full_20261124T030000Z",
        "type": "full",
        "database": "shop",
        "age_s": 7200,
        "size_bytes": 1536,
        "database_size_bytes": 8388608,
        "rows": {"public.orders": 700, "stock.items": 3},
        "sound": True,
        **changes,
    }


NO_DRILLS = {"restored": [], "unknown": None}


def test_backups_are_a_table_and_a_damaged_one_stands_out():
    damaged = listed(name="shop_full_20261123T030000Z", age_s=93600, sound=False)
    problem, remark = "The archive has 5 bytes instead of 1536.", "notes.txt is no backup of ours, and is left alone."
    restored = {"kind": "logical", "backup": damaged["name"], "repository": None, "finished_age_s": 7200}
    found = {"backups": [listed(), damaged], "problems": [problem], "remarks": [remark]}
    assert backup_lines(found, {**NO_DRILLS, "restored": [restored]}) == [
        "backup                      type   age     size  of a database of  rows  sound  restored",
        "shop_full_20261124T030000Z  full   2 h  1.5 KiB           8.0 MiB   703    yes     never",
        "shop_full_20261123T030000Z  full  26 h  1.5 KiB           8.0 MiB   703     NO   2 h ago",
        problem,
        remark,
    ]


def test_what_no_database_can_be_made_of_was_never_to_be_restored():
    roles = listed(
        name="server_globals_20261124T030000Z", type="globals", database="", database_size_bytes=0, rows={"roles": 9}
    )
    found = {"backups": [listed(name="shop_data_20261124T030000Z", type="data"), roles], "problems": [], "remarks": []}
    assert backup_lines(found, NO_DRILLS)[1:] == [
        "shop_data_20261124T030000Z          data  2 h  1.5 KiB           8.0 MiB   703    yes         -",
        "server_globals_20261124T030000Z  globals  2 h  1.5 KiB                 -     9    yes         -",
    ]


def test_what_is_off_site_is_a_column_and_what_is_only_there_a_line():
    copies = [{"name": f"shop_full_202611{day}T030000Z", "size_bytes": 1536} for day in (24, 22, 20, 19)]
    there = [
        listed(),
        listed(name="shop_full_20261123T030000Z"),
        listed(name="shop_full_20261122T030000Z", size_bytes=9),
    ]
    found = {"backups": there, "problems": [], "remarks": []}
    lines = backup_lines(found, NO_DRILLS, {"unknown": None, "copies": copies})
    assert [line.split()[-1] for line in lines[:4]] == ["off-site", "yes", "NO", "DIFFERS"]
    assert lines[4:] == [
        "2 more in the object store alone, shop_full_20261119T030000Z to shop_full_20261120T030000Z: fetch_backup.yml brings one back"
    ]
    assert backup_lines({**found, "backups": []}, NO_DRILLS, {"unknown": None, "copies": []}) == ["no backups"]


def test_what_a_store_does_not_say_is_unknown_and_not_missing():
    found = {"backups": [listed()], "problems": [], "remarks": []}
    lines = backup_lines(found, NO_DRILLS, {"unknown": "The store cannot be reached.", "copies": []})
    assert [line.split()[-1] for line in lines] == ["off-site", "unknown"]


def test_what_was_made_is_a_line_each():
    roles = listed(
        name="server_globals_20261124T030000Z", database="", rows={"roles": 9, "tablespaces": 1}, duration_s=0.2
    )
    assert made_backup_lines([listed(duration_s=1.5), roles], ["shop_full_20261024T030000Z"]) == [
        "shop_full_20261124T030000Z: 1.5 KiB of a database of 8.0 MiB, 703 rows in 2 tables, in 1.5 s, verified",
        "server_globals_20261124T030000Z: 1.5 KiB, 9 roles, 1 tablespaces, in 0.2 s, verified",
        "removed shop_full_20261024T030000Z",
    ]


def test_no_backups_are_said_to_be_none():
    missing = "The directory /backups does not exist."
    assert backup_lines({"backups": [], "problems": [], "remarks": [missing]}, NO_DRILLS) == ["no backups", missing]


@pytest.mark.parametrize(
    ("kind", "repository", "unknown", "text"),
    [
        pytest.param("physical", 1, None, "2 h ago", id="of-this-repository"),
        pytest.param("physical", 2, None, "never", id="of-another"),
        pytest.param("logical", None, None, "never", id="of-another-kind"),
        pytest.param("logical", None, "refused", "unknown", id="nobody-knows"),
    ],
)
def test_when_a_backup_was_restored(kind, repository, unknown, text):
    drills = {
        "restored": [
            {"kind": "physical", "backup": "F", "repository": 1, "finished_age_s": age} for age in (9000, 7200)
        ],
        "unknown": unknown,
    }
    assert last_restored(drills, kind, "F", repository) == text


def drilled(**changes) -> dict:
    durations = {"fetch": 0.04, "restore": 2.5, "replay": None, "verify": 400.2}
    check = {"name": "amcheck", "verdict": "passed", "finding": "Fine."}
    return {
        "kind": "logical",
        "backup": "a",
        "passed": True,
        "durations_s": durations,
        "rto_s": 402.7,
        "rpo_s": 61.2,
        "checks": [check],
        "problems": [],
        **changes,
    }


def test_drills_are_a_table_with_what_was_found():
    skipped = {"name": "heartbeat", "verdict": "skipped", "finding": "None is in it."}
    failed = drilled(kind="physical", backup=None, passed=False, rto_s=None, rpo_s=None, problems=["No backup."])
    assert drill_lines([drilled(checks=[skipped]), failed]) == [
        "drill     backup  result  fetch  restore  replay  verify    RTO     RPO",
        "logical        a  passed  0.0 s    2.5 s       -   6 min  6 min  61.2 s",
        "physical       -  FAILED  0.0 s    2.5 s       -   6 min      -       -",
        "physical: No backup.",
        "logical: heartbeat: None is in it.",
    ]
