"""What is told of a running migration, from what the database says, and when it pauses for the source."""

import pytest
from ansible.module_utils.pgops.progress import Seen, phase, report
from ansible.module_utils.pgops.sparing import LONGEST_PAUSE_S, Guard

READING = Seen(4, "running", 20.0, True, 3000, 10_000, False, (("thread", 2000), ("user", 1000)))


@pytest.mark.parametrize(
    ("seen", "after", "expected"),
    [
        (Seen(), 0, "starting"),
        (READING, 4, "starting"),
        (READING, 3, "reading"),
        (Seen(4, "running", 20.0, True, 3000, 10_000, True), 3, "deciding and writing"),
        (Seen(4, "running", 20.0, True), 3, "reading"),
        (Seen(4, "running", 20.0, False), 3, "interrupted"),
        (Seen(4, "finished", 20.0, True), 3, "finished"),
        (Seen(4, "failed", 20.0, False), 3, "failed"),
    ],
)
def test_phases(seen, after, expected):
    assert phase(seen, after) == expected
    assert report(seen, after, 0, 0)["running"] is (expected in ("starting", "reading", "deciding and writing"))


def test_the_rate_is_that_since_the_earlier_look():
    found = report(READING, 3, 1000, 16.0)
    assert (found["keys_per_s"], found["remaining_s"]) == (500, 14)
    assert found["summary"] == "run 4: reading, 3000 of 10000 keys, 500 a second, 14 s to read (thread 2000, user 1000)"


def test_nothing_is_promised_without_a_rate():
    found = report(READING, 3, 3000, 20.0)
    assert (found["keys_per_s"], found["remaining_s"]) == (0, None)
    assert "second" not in found["summary"]


def test_more_read_than_there_were_keys_leaves_nothing():
    seen = Seen(4, "running", 20.0, True, 11_000, 10_000, False)
    assert report(seen, 3, 1000, 10.0)["remaining_s"] == 0


def test_six_patterns_are_shown_and_all_are_returned():
    many = tuple((f"p{number}", 10 - number) for number in range(9))
    found = report(Seen(4, "running", 20.0, True, 49, 100, False, many), 3, 0, 0)
    assert found["summary"].count("p") == 6
    assert len(found["patterns"]) == 9


def test_pauses_double_while_the_source_is_slow_and_halve_when_it_is_not():
    guard = Guard(max_latency_ms=10)
    assert [guard.pause_after(ms) for ms in (1, 11, 11, 10, 10, 10)] == [0, 0.05, 0.1, 0.05, 0, 0]
    assert guard.slowed_batches == 2
    assert max(guard.pause_after(11) for _ in range(20)) == LONGEST_PAUSE_S
