"""Keys of no known pattern, as a run has staged them: how many of which prefix, and some of them by name."""

from __future__ import annotations

from collections import Counter

from .accounting import UNKNOWN
from .keyspace import SAMPLES, add_prefix, shown
from .staging import Stage

SAMPLE = f"SELECT key FROM {{entry}} WHERE pattern = '{UNKNOWN}' ORDER BY key LIMIT %s"
# Not the driver's named cursor: it wants to manage the transaction itself.
DECLARE = (
    f"DECLARE unknown_keys NO SCROLL CURSOR FOR SELECT key FROM {{entry}} WHERE pattern = '{UNKNOWN}' ORDER BY key"
)
FETCH = "FETCH FORWARD %s FROM unknown_keys"
KEYS_PER_FETCH = 2000


def samples(cursor, stage: Stage) -> list[str]:
    cursor.execute(stage.format(SAMPLE), (SAMPLES,))
    return [shown(bytes(key)) for (key,) in cursor.fetchall()]


def prefixes(cursor, stage: Stage) -> dict[str, int]:
    """The most frequent first; memory does not grow with the number of keys."""
    counted: Counter[str] = Counter()
    cursor.execute(stage.format(DECLARE))
    while True:
        cursor.execute(FETCH, (KEYS_PER_FETCH,))
        keys = cursor.fetchall()
        if not keys:
            break
        for (key,) in keys:
            add_prefix(counted, bytes(key))
    cursor.execute("CLOSE unknown_keys")
    return dict(counted.most_common())
