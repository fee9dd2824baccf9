"""Lines that people read."""

import pytest

from plugins.filter.result_text import aligned, backup_lines, human_bytes, human_seconds


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
        "age_s": 7200,
        "size_bytes": 1536,
        "database_size_bytes": 8388608,
        "rows": {"public.orders": 700, "stock.items": 3},
        "sound": True,
        **changes,
    }


def test_backups_are_a_table_and_a_damaged_one_stands_out():
    damaged = listed(name="shop_full_20261123T030000Z", age_s=93600, sound=False)
    problem, remark = "The archive has 5 bytes instead of 1536.", "notes.txt is no backup of ours, and is left alone."
    assert backup_lines({"backups": [listed(), damaged], "problems": [problem], "remarks": [remark]}) == [
        "backup                      type   age     size  of a database of  rows  sound",
        "shop_full_20261124T030000Z  full   2 h  1.5 KiB           8.0 MiB   703    yes",
        "shop_full_20261123T030000Z  full  26 h  1.5 KiB           8.0 MiB   703     NO",
        problem,
        remark,
    ]


def test_no_backups_are_said_to_be_none():
    missing = "The directory /backups does not exist."
    assert backup_lines({"backups": [], "problems": [], "remarks": [missing]}) == ["no backups", missing]
