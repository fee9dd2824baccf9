"""Sessions: their marks, who waits for whom, and which are chosen to be ended."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.session_ending import choose, require_one_way, steps
from ansible.module_utils.pgops.sessions import Session, blocking_tree

BEGAN, LATER = "2026-11-29 03:00:00+00", "2026-11-29 03:00:01+00"
NOTHING = {
    "sessions": [], "idle_longer_than_s": None, "running_longer_than_s": None, "role": None, "database": None,
    "application": None, "spared_applications": ["pg_", "pgops"],
}  # fmt: skip


def session(pid: int, state: str = "active", **changes) -> Session:
    facts = {
        "pid": pid, "role": "app", "database": "shop", "application": "web", "client": "socket", "state": state,
        "waits_for": "", "began": BEGAN, "statement_began": BEGAN, "age_s": 100.0, "statement_s": 100.0,
        "transaction_s": None, "state_s": 100.0, "blocked_by": (), "statement": "SELECT ?",
    }  # fmt: skip
    return Session(**{**facts, **changes})


def waiting(**pids: tuple[int, ...]) -> list[Session]:
    return [session(int(name[1:]), blocked_by=blockers) for name, blockers in pids.items()]


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        pytest.param(waiting(s1=()), [], id="nobody-waits"),
        pytest.param(waiting(s1=(), s2=(1,), s3=(2,), s4=(1,)), [(0, 1), (1, 2), (2, 3), (1, 4)], id="chain"),
        pytest.param(waiting(s1=(), s2=(), s3=(1, 2)), [(0, 1), (1, 3), (0, 2), (1, 3)], id="two-hold-one"),
        pytest.param(waiting(s2=(0,)), [(0, 0), (1, 2)], id="prepared-transaction"),
        pytest.param(waiting(s1=(2,), s2=(1,), s3=(1,)), [(0, 1), (1, 2), (1, 3)], id="deadlock"),
        pytest.param(waiting(s1=(2,), s2=(1,), s3=(), s4=(3,)), [(0, 3), (1, 4), (0, 1), (1, 2)], id="deadlock-beside"),
    ],
)
def test_who_waits_for_whom(sessions, expected):
    assert [(line["depth"], line["pid"]) for line in blocking_tree(sessions)] == expected


def test_a_mark_is_of_one_statement_of_one_session():
    one = session(7)
    assert one.mark == session(7, state="idle", state_s=1.0).mark
    assert len({one.mark, session(7, statement_began=LATER).mark, session(7, began=LATER).mark, session(8).mark}) == 4


def chosen(present: list[Session], check_mode: bool = False, **changes) -> list[int]:
    return [one.pid for one in choose(present, {**NOTHING, **changes}, "pg1", check_mode).ended]


IDLE = [
    session(1, "idle"),
    session(2, "idle in transaction", role="batch"),
    session(3, "idle in transaction (aborted)", database="other"),
    session(4, "idle", state_s=9.9),
    session(5, "active"),
    session(6, "active", statement_s=9.9),
    session(7, "idle", application="pgops redis_migrate"),
    session(8, "active", application="pg_dump"),
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"idle_longer_than_s": 10}, [1, 2, 3]),
        ({"idle_longer_than_s": 10, "role": "batch"}, [2]),
        ({"idle_longer_than_s": 10, "database": "other"}, [3]),
        ({"idle_longer_than_s": 9}, [1, 2, 3, 4]),
        ({"idle_longer_than_s": 10, "application": "none"}, []),
        ({"idle_longer_than_s": 10, "spared_applications": []}, [1, 2, 3, 7]),
        ({"running_longer_than_s": 10}, [5]),
        ({"running_longer_than_s": 10, "spared_applications": []}, [5, 8]),
        ({"sessions": [IDLE[7].mark, IDLE[7].mark, IDLE[4].mark]}, [8, 5]),
    ],
)
def test_who_is_chosen(changes, expected):
    assert chosen(IDLE, **changes) == expected


def test_who_is_spared_is_told():
    assert choose(IDLE, {**NOTHING, "running_longer_than_s": 10}, "pg1", False).spared == (
        f"{IDLE[7].mark} of app in shop (pg_dump) is spared: name it to end it",
    )


def test_a_number_alone_does_for_a_plan_only():
    assert chosen(IDLE, True, sessions=["5"]) == [5]
    with pytest.raises(PgopsError, match=rf"5 is a number without its mark, .* It is {IDLE[4].mark} now\."):
        chosen(IDLE, sessions=["5"])


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("5; DROP", "5; DROP names no session"),
        ("0", "0 names no session"),
        ("-5", "-5 names no session"),
        ("99-abcdef", "pg1 has no session of a client with the number 99"),
        ("5-abcdef", "5-abcdef has begun another statement since it was listed"),
    ],
)
def test_what_names_no_session_is_refused(text, sentence, check_mode):
    with pytest.raises(PgopsError) as refused:
        chosen(IDLE, check_mode, sessions=[IDLE[0].mark, text])
    assert str(refused.value).startswith(sentence) and "Nothing was done." in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Give exactly one of sessions, idle_longer_than_s, running_longer_than_s"),
        ({"sessions": ["1"], "idle_longer_than_s": 3}, "Give exactly one of"),
        ({"idle_longer_than_s": -3}, "idle_longer_than_s is -3, and has to be a second at least"),
        ({"sessions": ["1"], "role": "app"}, "role narrows what is chosen by age"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(changes, sentence):
    with pytest.raises(PgopsError, match=sentence):
        require_one_way({**NOTHING, **changes})


@pytest.mark.parametrize(
    ("action", "expected"),
    [("terminate", ["terminate", "cancel, or else terminate"]), ("cancel", ["leave", "cancel"])],
)
def test_what_is_done_to_each(action, expected):
    choice = choose(IDLE, {**NOTHING, "sessions": [IDLE[0].mark, IDLE[4].mark]}, "pg1", False)
    assert [
        step.split(f" {one.mark}")[0] for step, one in zip(steps(choice, action), choice.ended, strict=True)
    ] == expected
