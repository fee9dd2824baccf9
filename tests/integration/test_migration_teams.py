"""Keys of teams: unknown unless they are chosen, and what a later run makes of a team that was handed over."""

from __future__ import annotations

import pytest

from lab.keyspace.entry import Entry
from lab.keyspace.hostile.base import OWNER, USER, user_id
from lab.keyspace.hostile.case import user_uuid
from lab.keyspace.hostile.kind import spaced
from lab.keyspace.hostile.teams import EDITOR, INVITE, MEMBERSHIP, TEAM, TIDE, team_id
from migration import TEAMS, contents, load, migrate, params, target, validate

CHOSEN = {"include": ["teams"]}
USERS = (USER.entry("Owner"), USER.entry("TeamEditor"))
EVENT = {"team_id": TIDE, "user_id": OWNER, "action": "team_created", "resource_type": "team",
         "timestamp": "2025-08-03T07:44:02"}  # fmt: skip
ACTIVITY = Entry(f"team:activity:{TIDE}".encode(), "list", (spaced(EVENT), spaced(EVENT)))
OWNS, EDITS = {"user_id": OWNER, "role": "owner", "id": team_id("OwnerPlace")}, {}
BEFORE = (
    *USERS, TEAM.entry("Tide", None), MEMBERSHIP.entry("Tide", OWNS), MEMBERSHIP.entry("Tide", EDITS),
    INVITE.entry("One", {"email": "a@example.com"}), ACTIVITY,
)  # fmt: skip


@pytest.fixture
def ready(host, database):
    return target(host, database)


def test_rows_of_keys_that_are_there_are_not_gone_when_they_are_not_chosen(host, ready):
    load(host, BEFORE)
    assert migrate(host, ready, **CHOSEN)["tables"]["teams"]["inserted"] == 1
    assert migrate(host, ready)["gone"] == {}


def test_without_the_choice_they_are_unknown_and_block_the_cutover(host, ready):
    load(host, BEFORE)
    for check_mode in (True, False):
        run = migrate(host, ready, check_mode=check_mode)
        assert run["accounting"]["total"]["unknown"] == 5
        assert run["unknown_prefixes"] == {
            "team:data:": 1,
            "team:membership:": 2,
            "team:invite:": 1,
            "team:activity:": 1,
        }
        assert sorted(run["unknown_samples"]) == sorted(entry.key.decode() for entry in BEFORE[2:])
        assert run["skipped_by"] == {}
    assert {table: run["tables"][table]["inserted"] for table in TEAMS} == dict.fromkeys(TEAMS, 0)
    answer = host.module("migration_cutover", params(ready, window_s=1, operator="mira"), check_mode=True)
    assert answer["open"] == ["5 keys are open as unknown_keys, not waived."]


def test_four_runs_with_the_choice_and_the_way_back(host, ready):
    load(host, BEFORE)
    empty = contents(host, ready)
    dry, made = migrate(host, ready, check_mode=True, **CHOSEN), migrate(host, ready, **CHOSEN)
    assert (dry["accounting"], dry["tables"], dry["diff"]) == (made["accounting"], made["tables"], made["diff"])
    assert {table: made["tables"][table]["inserted"] for table in TEAMS} == dict(zip(TEAMS, (1, 2, 1, 1), strict=True))
    # An event twice in the list is one.
    assert (made["repeated_keys"], made["accounting"]["total"]["unknown"]) == (1, 0)
    state = contents(host, ready)
    assert [migrate(host, ready, check_mode, **CHOSEN)["changed"] for check_mode in (True, False)] == [False, False]
    assert contents(host, ready) == state
    assert validate(host, ready, **CHOSEN)["problems"] == []
    host.execute("UPDATE team_memberships SET thread_count = 9 WHERE role = 'editor'", db=ready)
    assert validate(host, ready, **CHOSEN)["problems"][0].endswith(" differs in thread_count, updated_at.")
    host.execute("SET threadr.keep_updated_at = 'on'; UPDATE team_memberships SET thread_count = 3,"
                 " updated_at = '2025-08-10T07:44:02.9912Z' WHERE role = 'editor'", db=ready)  # fmt: skip
    undone = host.module("migration_undo", {"login_db": ready, "login_role": "threadr_migration", "confirm": ready})
    assert not undone.get("failed"), undone
    assert contents(host, ready) == empty


def test_what_is_handed_over_changes_hands_in_one_run(host, ready):
    """Owner and editor swap places, two teams their slugs, and an address gets a new invite for a revoked one."""
    other = TEAM.entry("Ebb", {"slug": "ebb"})
    load(host, (*BEFORE, other))
    migrate(host, ready, **CHOSEN)
    load(host, (
        *USERS, TEAM.entry("Tide", {"owner_id": EDITOR, "slug": "ebb"}), TEAM.entry("Ebb", {"slug": "hostile-tide"}),
        MEMBERSHIP.entry("Tide", {**OWNS, "role": "editor"}), MEMBERSHIP.entry("Tide", {**EDITS, "role": "owner"}),
        INVITE.entry("One", {"email": "a@example.com", "status": "revoked"}), INVITE.entry("Two", {"email": "A@example.com"}),
    ))  # fmt: skip
    run = migrate(host, ready, **CHOSEN)
    assert (run["rejects"], run["conflicts"]["samples"]) == ({}, [])
    assert validate(host, ready, **CHOSEN)["problems"] == []
    owner = "SELECT user_id::text FROM team_memberships WHERE role = 'owner'"
    assert host.query(owner, db=ready) == [[user_uuid(EDITOR)]]
    slugs = "SELECT id::text, slug FROM teams"
    assert dict(host.query(slugs, db=ready)) == {TIDE: "ebb", team_id("Ebb"): "hostile-tide"}


def test_a_row_of_another_writer_keeps_what_it_has(host, ready):
    load(host, BEFORE)
    host.execute(
        "INSERT INTO users (legacy_id, email, password_hash) VALUES ('own', 'own@example.com', 'x');"
        " INSERT INTO teams (name, slug, owner_id) SELECT 'Own', 'hostile-tide', id FROM users", db=ready
    )  # fmt: skip
    run = migrate(host, ready, **CHOSEN)
    assert run["rejects"] == {"duplicate_slug": 1, "orphan": 4}
    assert validate(host, ready, **CHOSEN)["problems"] == []
    assert host.query("SELECT name FROM teams", db=ready) == [["Own"]]


@pytest.mark.parametrize("placed", [False, True], ids=["his key is gone", "he is an editor by now"])
def test_a_team_keeps_its_owner_while_he_is_a_member_as_owner(host, ready, placed):
    load(host, BEFORE)
    migrate(host, ready, **CHOSEN)
    former = (MEMBERSHIP.entry("Tide", {**OWNS, "role": "editor"}),) if placed else ()
    heir = MEMBERSHIP.entry("Tide", {"role": "owner"})
    load(host, (*USERS, TEAM.entry("Tide", {"owner_id": EDITOR}), heir, *former))
    dry, run = migrate(host, ready, check_mode=True, **CHOSEN), migrate(host, ready, **CHOSEN)
    assert dry["rejects"] == run["rejects"] == ({} if placed else {"still_owned": 1, "orphan": 1})
    assert validate(host, ready, **CHOSEN)["problems"] == []
    owners = "SELECT t.owner_id::text, m.user_id::text FROM teams t JOIN team_memberships m ON m.owner_id IS NOT NULL"
    assert host.query(owners, db=ready) == [[user_uuid(EDITOR if placed else OWNER)] * 2]


def test_an_owner_whom_the_team_does_not_name_is_refused(host, ready):
    load(host, BEFORE)
    migrate(host, ready, **CHOSEN)
    heir = MEMBERSHIP.entry("Tide", {"user_id": user_id("Heir"), "role": "owner", "id": team_id("Heir")})
    load(host, (*USERS, TEAM.entry("Tide", None), MEMBERSHIP.entry("Tide", OWNS), USER.entry("Heir"), heir))
    assert migrate(host, ready, **CHOSEN)["rejects"] == {"orphan": 1}


def test_teams_that_a_run_overwrote_come_back_with_each_other_s_slugs(host, ready):
    load(host, (*BEFORE[:3], TEAM.entry("Ebb", {"slug": "ebb"})))
    migrate(host, ready, **CHOSEN)
    host.execute("DELETE FROM migration.migration_rows WHERE table_name = 'teams'", db=ready)
    before = contents(host, ready)["teams"]
    load(host, (*USERS, TEAM.entry("Tide", {"slug": "ebb"}), TEAM.entry("Ebb", {"slug": "hostile-tide"})))
    migrate(host, ready, conflicts="source_wins", **CHOSEN)
    assert contents(host, ready)["teams"] != before
    done = host.module("migration_undo", {"login_db": ready, "login_role": "threadr_migration", "confirm": ready})
    assert done["tables"]["teams"]["restore"] == 2, done
    assert contents(host, ready)["teams"] == before
