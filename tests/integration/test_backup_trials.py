"""Backups struck at for real, at random moments: nothing half done counts, nothing is harmed, and the next run succeeds."""

from __future__ import annotations

import pytest

from backup_trials import TRIALS
from faults import moments
from striking import opened

# All of them, at other places: make faults-backup. Kills of drills and recoveries, what a store refuses, and an archive that is
# dead for too long are in test_pg_drill*.py, test_pg_recover.py, test_pg*_offsite.py and test_pgbackrest*.py.
FEW = {
    "backup_killed": 2,
    "restore_killed": 1,
    "backup_disk_full": 1,
    "dump_truncated": 3,
    "dump_byte_flipped": 3,
    "store_down": 1,
    "store_slow": 1,
    "physical_backup_killed": 1,
    "archive_disk_full": 1,
    "recovered_to_a_second": 1,
}
CASES = [(name, place) for seed, (name, count) in enumerate(FEW.items(), 30) for place in moments(count, seed)]


@pytest.fixture(scope="module")
def world():
    with opened() as made:
        yield made


@pytest.mark.parametrize(("name", "place"), CASES, ids=[f"{name} at {place:.2f}" for name, place in CASES])
def test_struck_at_a_place_it_loses_nothing_and_the_next_run_succeeds(world, name, place):
    TRIALS[name](world, place)
