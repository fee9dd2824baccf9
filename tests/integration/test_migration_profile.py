"""The engine moves the data of another application, by another profile, without a line of Threadr's."""

from __future__ import annotations

import json

import pytest

from lab.keyspace.entry import Entry, string
from migration import load
from schema import deploy

SOURCE = [
    string("shelf:a", "Atlases"),
    string("shelf:p", "Poetry"),
    string("book:1", "a|The World"),
    string("book:2", "p|Leaves\tof\\grass"),
    string("book:3", "x|Lost"),
    string("book:4", "no bar"),
    Entry(b"book:5", "string", b"\xff"),
    Entry(b"book:6", "hash", ((b"title", b"Odd"),)),
    Entry(b"readers", "set", (b"Mira", b" mira", b"Noa")),
    string("loan:1", "Mira", 600_000),
    string("cat", "asleep"),
]
TABLES = """
    CREATE SCHEMA library;
    CREATE TABLE library.shelves (name text PRIMARY KEY, label text NOT NULL);
    CREATE TABLE library.books (isbn text PRIMARY KEY, shelf text NOT NULL REFERENCES library.shelves, title text NOT NULL);
    CREATE TABLE library.readers (name text PRIMARY KEY);
"""
ROWS = """
    SELECT 'shelf' AS kind, name AS one, label AS other FROM library.shelves UNION ALL
    SELECT 'book', isbn, shelf || '|' || title FROM library.books UNION ALL
    SELECT 'reader', name, NULL FROM library.readers ORDER BY 1, 2
"""
REJECTS = "SELECT convert_from(key, 'UTF8') AS k, reason_code FROM migration.migration_rejects ORDER BY key"


@pytest.fixture
def library(host, database):
    deploy(host, database)
    host.execute(TABLES, db=database)
    load(host, SOURCE)
    return database


def run(host, database: str, what: str, check_mode: bool = False) -> dict:
    request = json.dumps({"database": database, "what": what, "check_mode": check_mode})
    script = "/src/tests/integration/library_profile.py"
    result = json.loads(host.run("python3", script, user="postgres", stdin=request).stdout)
    assert not result.get("failed"), result["msg"]
    assert result["threadr"] == []
    return result


def test_four_runs_of_another_profile(host, library):
    def once(check_mode: bool):
        return run(host, library, "migrate", check_mode), host.query(ROWS, db=library)

    (dry, nothing), (made, rows), (dry_again, _), (again, same) = [once(c) for c in (True, False, True, False)]
    assert [found["changed"] for found in (dry, made, dry_again, again)] == [True, True, False, False]
    assert nothing == []
    assert rows == same
    assert rows == [
        ["book", "1", "a|The World"], ["book", "2", "p|Leaves\tof\\grass"], ["reader", "mira", None],
        ["reader", "noa", None], ["shelf", "a", "Atlases"], ["shelf", "p", "Poetry"],
    ]  # fmt: skip
    assert dry["accounting"] == made["accounting"]
    assert made["accounting"]["total"] == {
        "scanned": 14, "written": 6, "unchanged": 0, "merged": 2, "skipped": 1, "quarantined": 4, "vanished": 0,
        "unknown": 1,
    }  # fmt: skip
    assert again["accounting"]["total"]["unchanged"] == 6
    reasons = [["book:3", "no_shelf"], ["book:4", "no_title"], ["book:5", "not_utf8"], ["book:6", "wrong_type"]]
    assert host.query(REJECTS, db=library) == reasons


def test_the_validation_works_by_any_profile(host, library):
    run(host, library, "migrate")
    assert run(host, library, "validate")["problems"] == []
    host.execute("UPDATE library.books SET title = 'Other' WHERE isbn = '1'; DELETE FROM library.readers WHERE name = 'noa'", db=library)  # fmt: skip
    assert run(host, library, "validate")["problems"] == [
        "books 1 differs in title.",
        "readers noa is missing (key readers).",
    ]
