"""The baseline: one key at a time, look for its row, insert it, commit every 50. Run in the container.

Takes rows out of a migrated database, so that tables and indexes have their full size, and puts them back this way.
Prints the seconds and the rows. Arguments: the database, and how many rows.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import module_runner

module_runner.prepare_imports()

import psycopg2
import redis
from ansible.module_utils.pgops.profile import Entry, Settings, names
from ansible.module_utils.pgops.threadr.profile import PROFILE
from psycopg2.extras import Json

# Nothing refers to these tables, so their rows can leave alone.
TABLES = {"threads": ("thread", "id"), "email_subscribers": ("subscriber", "email")}
TAKE = "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} ORDER BY md5({key}::text) LIMIT %s) RETURNING {key}::text"
COMMIT_EVERY = 50


def put(cursor, client, table: str, key: str) -> int:
    """One key the slow way; how many rows came of it: an address may have no record of its own."""
    pattern_name, key_column = TABLES[table]
    pattern = next(pattern for pattern in PROFILE.patterns if pattern.name == pattern_name)
    declared = PROFILE.table(table)
    redis_key = pattern.prefix + key.encode()
    value = client.get(redis_key)
    if value is None:
        return 0
    row = pattern.convert(Entry(redis_key, "string", client.pttl(redis_key), value), key, Settings())
    cursor.execute(f"SELECT {key_column} FROM {table} WHERE {key_column} = %s", (key,))
    if cursor.fetchone() is not None:
        return 0
    cells = [
        Json(cell) if column.kind == "jsonb" else cell
        for column, cell in zip(declared.columns, row.cells, strict=True)
        if column.stored
    ]
    columns = names(declared.stored)
    cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})", cells)
    return 1


def main() -> None:
    database, wanted = sys.argv[1], int(sys.argv[2])
    client = redis.Redis()
    conn = psycopg2.connect(dbname=database)
    with conn, conn.cursor() as cursor:
        taken = []
        for table, (_, key) in TABLES.items():
            cursor.execute(TAKE.format(table=table, key=key), (wanted // len(TABLES),))
            taken += [(table, found) for (found,) in cursor.fetchall()]
    started, rows = time.monotonic(), 0
    with conn.cursor() as cursor:
        for number, (table, key) in enumerate(taken, 1):
            rows += put(cursor, client, table, key)
            if number % COMMIT_EVERY == 0:
                conn.commit()
        conn.commit()
    print(json.dumps({"seconds": time.monotonic() - started, "rows": rows}))


if __name__ == "__main__":
    main()
