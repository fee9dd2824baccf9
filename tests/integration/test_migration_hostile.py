"""The hostile set against its oracle: every key's outcome and every cell of every row."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import datetime

import pytest

from lab.host import PROJECT
from lab.keyspace.hostile import cases, standalone
from lab.keyspace.hostile.expected import MAPPED, OPTIONAL
from migration import contents, load, migrate, target, validate

# What tells the oracle's rows apart; it does not know the ids that the product makes.
KEYS = {
    "users": ("legacy_id",), "threads": ("id",), "email_subscribers": ("email",), "subscriptions": ("user_id",),
    "premium_grants": ("granted_at", "email", "ip_address", "subject_raw"),
    "usage_counters": ("user_id", "ip_address", "email", "subject_raw", "period_type", "period_start"),
    "usage_events": ("occurred_at", "ip_address"), "user_thread_stats": ("user_id",),
    "app_counters": ("metric", "period_type", "period_start"), "thread_analytics": ("thread_id",),
    "analytics_timeseries": ("user_id", "metric_name", "period_type", "bucket_at"), "teams": ("id",),
    "team_memberships": ("team_id", "user_id"), "team_invites": ("id",), "team_activities": ("team_id", "occurred_at"),
}  # fmt: skip
ALL = {"include": sorted(OPTIONAL)}
CHOSEN = MAPPED.union(*OPTIONAL.values())


@pytest.fixture(scope="module")
def hostile(host):
    """The hostile set in Redis, migrated: (database, result of the dry run, result of the run)."""
    database = "test_hostile"
    host.execute(f"CREATE DATABASE {database};")
    target(host, database)
    load(host, (case.entry for case in cases()))
    wait_for_expiry(host, [e.key for e in expectations() if e.transient])
    dry = migrate(host, database, check_mode=True, **ALL)
    yield database, dry, migrate(host, database, **ALL)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


def wait_for_expiry(host, keys: list[bytes]) -> None:
    """Until the short-lived keys are gone, so that a dry run and a run see one keyspace."""
    for _ in range(100):
        answer = host.run("redis-cli", stdin=b"EXISTS " + b" ".join(keys) + b"\n").stdout.decode().strip()
        if answer == "0":
            return
        time.sleep(0.1)
    raise AssertionError(f"{answer} short-lived keys are still there")


def is_mapped(expectation) -> bool:
    return (expectation.pattern or "").split(".")[0] in CHOSEN


def expectations():
    return [expectation for case in cases() for expectation in case.expected]


def unpack(rows: list[list]) -> set[tuple]:
    return {tuple(row) for row in rows}


def test_the_dry_run_says_what_the_run_then_does(hostile):
    _, dry, run = hostile
    for part in ("changed", "accounting", "tables", "rejects", "skipped_by", "notes", "diff"):
        assert dry[part] == run[part], part


def test_every_key_is_accounted_for_as_the_oracle_says(hostile):
    _, _, run = hostile
    lasting = [e for e in expectations() if is_mapped(e) and not e.transient]
    for pattern in sorted({e.pattern for e in lasting}):
        expected = Counter(e.outcome for e in lasting if e.pattern == pattern)
        found = {
            what: keys for what, keys in run["accounting"]["patterns"][pattern].items() if what != "scanned" and keys
        }
        assert found == expected, pattern


def test_every_refused_value_is_kept_raw_with_its_reason(host, hostile):
    database, _, _ = hostile
    found = unpack(
        host.query(
            "SELECT encode(key, 'hex') AS k, encode(member, 'hex') AS m, reason_code FROM migration.migration_rejects"
            " WHERE resolved_run_id IS NULL AND value IS NOT NULL AND reason LIKE '%.'",
            db=database,
        )
    )
    expected = {
        (e.key.hex(), e.member.hex() if e.member is not None else None, e.reason)
        for e in expectations()
        if is_mapped(e) and e.outcome == "quarantined"
    }
    assert found == expected


def test_kept_strings_are_the_very_bytes(host, hostile):
    database, _, _ = hostile
    found = dict(
        host.query(
            "SELECT encode(key, 'hex') AS k, encode(value, 'hex') AS v FROM migration.migration_rejects WHERE redis_type = 'string'",
            database,
        )
    )
    strings = {case.entry.key.hex(): case.entry.value.hex() for case in cases() if case.entry.type == "string"}
    assert found
    assert {key: strings[key] for key in found} == found


def plain(cells: dict, columns: tuple[str, ...]) -> tuple:
    """Cells of those columns, times as numbers."""
    return tuple(
        datetime.fromisoformat(cell).timestamp() if name.endswith("_at") and cell else cell
        for name, cell in ((name, cells[name]) for name in columns)
    )


def same(column: str, expected, found) -> bool:
    if isinstance(expected, str) and isinstance(found, str) and expected != found:
        try:
            return datetime.fromisoformat(expected) == datetime.fromisoformat(found)
        except ValueError:
            return False
    return expected == found and isinstance(expected, bool) == isinstance(found, bool)


@pytest.mark.parametrize("table", sorted(KEYS))
def test_every_cell_is_what_the_oracle_says(host, hostile, table):
    database, _, _ = hostile
    key = KEYS[table]
    expected = {
        plain(e.rows[0][1], key): e.rows[0][1]
        for e in expectations()
        if e.rows and e.rows[0][0] == table and not e.transient
    }
    rows = host.query(f"SELECT to_jsonb(t) AS cells FROM public.{table} t", db=database)
    found = {plain(cells, key): cells for (cells,) in rows}
    assert len(found) == len(rows)
    assert set(found) == set(expected)
    wrong = {
        name: {
            column: (cell, found[name][column])
            for column, cell in cells.items()
            if not same(column, cell, found[name][column])
        }
        for name, cells in expected.items()
    }
    assert {name: cells for name, cells in wrong.items() if cells} == {}


def test_a_second_run_changes_nothing(host, hostile):
    database, _, _ = hostile
    before = contents(host, database)
    again = migrate(host, database, **ALL)
    assert again["changed"] is False
    assert again["accounting"]["total"]["written"] == 0
    assert contents(host, database) == before


def test_the_validation_finds_every_record_equal_or_on_record(host, hostile):
    database, _, _ = hostile
    comparison = validate(host, database, **ALL)
    assert comparison["problems"] == []
    asked = "SELECT reason_code, count(*) FROM migration.migration_rejects WHERE resolved_run_id IS NULL GROUP BY 1"
    quarantine = dict(host.query(asked, db=database))
    refused = {code: quarantine[code] - comparison["excused"].get(code, 0) for code in quarantine}
    assert comparison["excused"]["orphan"] == quarantine["orphan"] > 0
    assert min(refused.values()) >= 0
    assert sum(refused.values()) == sum(comparison["refused"].values())


def test_the_quarantine_is_listed_as_the_page_says(host, hostile):
    database, _, run = hostile
    page = (PROJECT / "docs/migration.md").read_text(encoding="utf-8")
    [listed] = [block for block in re.findall(r"```sql\n(.+?)```", page, re.DOTALL) if "migration_rejects" in block]
    rows = host.execute(listed, db=database).splitlines()
    assert sum(line.startswith("orphan|") for line in rows) >= 1
    shown = [line for line in rows if " has no row for " in line and not line.startswith("orphan|")]
    assert len(shown) == min(20, run["rejects"]["orphan"])


@pytest.mark.parametrize("number", range(sum(1 for _ in standalone())))
def test_cases_that_exclude_one_another(host, database, number):
    case = list(standalone())[number]
    target(host, database)
    load(host, [case.entry])
    run = migrate(host, database)
    for expectation in case.expected:
        name = expectation.pattern or "unknown"
        assert run["accounting"]["patterns"][name][expectation.outcome] >= 1, case.note
