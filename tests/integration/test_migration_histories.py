"""Keyspaces one after the other into one database: what a later run may take away, and what it must leave."""

from __future__ import annotations

from datetime import datetime

import pytest

from lab.keyspace.hostile.histories import histories
from migration import EMPTY, TABLES, contents, load, migrate, target, validate

HISTORIES = list(histories())


@pytest.fixture(scope="module")
def schema(host):
    database = "test_histories"
    host.execute(f"CREATE DATABASE {database};")
    yield target(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


def same(expected, found) -> bool:
    if isinstance(expected, str) and isinstance(found, str) and expected != found:
        try:
            return datetime.fromisoformat(expected) == datetime.fromisoformat(found)
        except ValueError:
            return False
    return expected == found


def standing(host, database: str) -> list[tuple[str, dict]]:
    every = " UNION ALL ".join(
        f"SELECT '{table}' AS name, to_jsonb(t) AS row FROM public.{table} t" for table in TABLES
    )
    return [(table, row) for table, row in host.query(every, db=database)]


def key_of(row: tuple[str, dict]) -> tuple[str, str]:
    return row[0], row[1].get("id") or row[1]["email"]


def refused(host, database: str) -> set[tuple]:
    asked = "SELECT encode(key, 'hex') AS k, encode(member, 'hex') AS m, reason_code, encode(value, 'hex') AS v"
    found = host.query(f"{asked} FROM migration.migration_rejects WHERE resolved_run_id IS NULL", db=database)
    return {tuple(line) for line in found}


@pytest.mark.parametrize("history", HISTORIES, ids=[history.note for history in HISTORIES])
def test_after_the_last_keyspace_stands_what_the_oracle_says(host, schema, history):
    host.execute(EMPTY, db=schema)
    for keyspace in history.keyspaces:
        load(host, keyspace)
        dry = migrate(host, schema, check_mode=True)
        run = migrate(host, schema)
        for part in ("changed", "accounting", "tables", "rejects", "notes", "diff"):
            assert dry[part] == run[part], part
    found = sorted(standing(host, schema), key=key_of)
    expected = sorted(history.rows, key=key_of)
    assert [key_of(row) for row in found] == [key_of(row) for row in expected]
    for (_, cells), (_, row) in zip(expected, found, strict=True):
        assert {c: row[c] for c, cell in cells.items() if not same(cell, row[c])} == {}
    assert refused(host, schema) == {
        (key.hex(), None if member is None else member.hex(), reason, value.hex())
        for key, member, reason, value in history.rejects
    }
    before = contents(host, schema)
    again = migrate(host, schema)
    assert (again["changed"], again["accounting"]["total"]["written"]) == (False, 0)
    assert contents(host, schema) == before
    assert validate(host, schema)["problems"] == []
