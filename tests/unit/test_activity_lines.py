"""What keeps a server busy, as people read it."""

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.activity import activity_lines, seconds, size, tree

SESSION = {
    "session": "7-0c1d2e", "pid": 7, "role": "app", "database": "shop", "application": "web", "client": "socket",
    "state": "active", "state_s": 61.0, "transaction_s": None, "waits_for": "", "statement": "SELECT ?", "blocked_by": [],
}  # fmt: skip
EMPTY = {
    "state": "primary", "max_connections": 100, "reserved_connections": 3, "sessions": [], "counts": {"state": {}},
    "blocking": [], "statements": [], "databases": [], "tables": [], "indexes": [], "places": {}, "slots": [], "unknown": [],
}  # fmt: skip


def test_a_server_where_nothing_happens():
    assert activity_lines(EMPTY) == [
        "primary, 0 sessions of clients, 99 of 100 free, 3 of them for superusers alone",
        "",
        "no session is at work",
        "",
        "nobody waits for a lock",
        "",
        "what takes room:",
        "what  name  size",
    ]


def test_idle_sessions_are_counted_and_not_listed_unless_they_hold_up_others():
    idle = {**SESSION, "state": "idle"}
    text = "\n".join(activity_lines({**EMPTY, "sessions": [idle], "counts": {"state": {"idle": 1}}}))
    assert "by state: 1 idle" in text and "no session is at work" in text
    held = activity_lines({**EMPTY, "sessions": [idle], "blocking": [{"depth": 0, "pid": 7, "session": "7-0c1d2e"}]})
    assert any(line.startswith("7-0c1d2e  app") for line in held)


def test_who_waits_is_below_who_holds_it_up():
    blocking = [
        {"depth": 0, "pid": 0, "session": None},
        {"depth": 1, "pid": 7, "session": "7-0c1d2e"},
        {"depth": 0, "pid": 9, "session": None},
    ]
    assert tree({"sessions": [SESSION], "blocking": blocking}) == [
        "a prepared transaction holds up others",
        "    7-0c1d2e of app, active for 61 s waits",
        "process 9 of the server holds up others",
    ]


def test_sizes_statements_and_what_is_not_known_are_told():
    found = {
        **EMPTY,
        "indexes": [{"name": "public.a", "size_bytes": 8192}],
        "places": {"server logs": 1, "WAL": 16 << 20},
        "slots": [{"name": "pg2", "active": False, "wal_status": "lost", "held_bytes": 0}],
        "statements": [{"total_ms": 7_200_000, "mean_ms": 1.25, "calls": 3, "role": "app", "statement": "SELECT ?"}],
        "unknown": ["WAL: permission denied."],
    }
    text = [" ".join(line.split()) for line in activity_lines(found)]
    assert "index public.a 8.0 KiB" in text
    assert [line.split()[1] for line in text if line.startswith("place")] == ["WAL", "server"]
    assert "slot pg2 (NOT in use, lost) holds back 0 B" in text
    assert "2 h 1.2 ms 3 app SELECT ?" in text
    assert text[-1] == "not known: WAL: permission denied."


def test_what_is_no_such_result_is_refused():
    with pytest.raises(AnsibleFilterError, match="result of pg_activity_info"):
        activity_lines({"msg": "no"})


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (90000, "25 h")],
)
def test_ages(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (1536, "1.5 KiB"), (1 << 30, "1.0 GiB"), (3 << 50, "3072.0 TiB")]
)
def test_sizes(value, text):
    assert size(value) == text
