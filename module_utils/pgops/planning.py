"""What PostgreSQL's planner has to know of staged rows, and how much memory it may take for them."""

from __future__ import annotations

from .profile import Profile

# Staging tables are analyzed time and again, and only their size and what is unique in them matters: a sample of 3,000
# long rows is read in a tenth of the time that the usual one of 30,000 takes. How many rows share a key, or have no verdict,
# the planner cannot know: it takes a nested loop for the cheapest, which is minutes for 100,000 keys where a hash join is
# a second. A hash table that processes share lies in /dev/shm, of which a container has little; one of each process's own
# would be there several times.
SETTINGS = {
    "lock_timeout": "10s", "default_statistics_target": "10", "enable_nestloop": "off", "enable_parallel_hash": "off",
    "max_parallel_workers_per_gather": "0", "jit": "off",
}  # fmt: skip
# Whether a row stays is found by hashing: where the verdicts do not fit into memory, most of the rows themselves go into
# files, and they are wide. As much as maintenance may take, and never less than before; a sort gets it too.
MEMORY = """
    WITH bytes AS (
        SELECT pg_size_bytes(current_setting('work_mem')) * current_setting('hash_mem_multiplier')::float8 AS hashing,
               least(pg_size_bytes(current_setting('maintenance_work_mem')), %s) AS maintenance
    )
    SELECT set_config('work_mem', floor(greatest(hashing, maintenance) / 1024) || 'kB', true),
           set_config('hash_mem_multiplier', '1', true) FROM bytes
"""
# A statement may hold a few such tables at once.
MOST_MEMORY_BYTES = 256 << 20


def prepare(cursor, profile: Profile) -> None:
    """For the rest of the transaction."""
    for name, value in {**profile.session_settings, **SETTINGS}.items():
        cursor.execute("SELECT set_config(%s, %s, true)", (name, value))
    cursor.execute(MEMORY, (MOST_MEMORY_BYTES,))
