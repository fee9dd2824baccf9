"""Writes numbered rows one after the other, and keeps each number that a server has acknowledged.

Run on a host of the lab: ``python3 acknowledged.py write FOLDER SECONDS`` until FOLDER/stop appears, then
``python3 acknowledged.py check FOLDER``. Connects by libpq's variables; PGHOST may name several hosts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psycopg2

INSERT = "INSERT INTO acknowledged (number) VALUES (%s)"
MISSING = "SELECT n FROM unnest(%s) n WHERE NOT EXISTS (SELECT FROM acknowledged WHERE number = n) ORDER BY n"
OPTIONS = "target_session_attrs=read-write connect_timeout=2 sslmode=require application_name=acknowledged"


def write(folder: Path, seconds: float) -> dict:
    """A number whose fate is unknown, because the server went away, is not used again."""
    number, acknowledged, longest, refused = 0, 0, 0.0, 0
    conn, began = None, time.monotonic()
    last = began
    with (folder / "acknowledged").open("w") as record:
        while time.monotonic() - began < seconds and not (folder / "stop").exists():
            number += 1
            try:
                if conn is None:
                    conn = psycopg2.connect(OPTIONS)
                    conn.autocommit = True
                with conn.cursor() as cursor:
                    cursor.execute(INSERT, (number,))
            except psycopg2.Error:
                refused += 1
                if conn is not None:
                    conn.close()
                conn = None
                time.sleep(0.02)  # the pace of asking, so that servers that start are not kept busy
                continue
            now = time.monotonic()
            longest, last, acknowledged = max(longest, now - last), now, acknowledged + 1
            record.write(f"{number}\n")
            record.flush()
    return {"acknowledged": acknowledged, "refused": refused, "longest_pause_s": round(longest, 2)}


def check(folder: Path) -> dict:
    numbers = [int(line) for line in (folder / "acknowledged").read_text().splitlines()]
    with psycopg2.connect(OPTIONS) as conn, conn.cursor() as cursor:
        cursor.execute(MISSING, (numbers,))
        missing = [row[0] for row in cursor]
    return {"acknowledged": len(numbers), "missing": missing}


if __name__ == "__main__":
    print(
        json.dumps(write(Path(sys.argv[2]), float(sys.argv[3])) if sys.argv[1] == "write" else check(Path(sys.argv[2])))
    )
