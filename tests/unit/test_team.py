"""Processes side by side: order, errors, and what becomes of them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.module_utils.pgops import team
from ansible.module_utils.pgops.errors import ENDING, PgopsError
from ansible.module_utils.pgops.team import processes_for, side_by_side


def squares(job: list[int], emit) -> None:
    for number in job:
        emit((number * number, os.getpid()))


def collect(processes: int, jobs, work=squares) -> list[list]:
    found: list[list] = []
    with side_by_side(processes, work, not_ours=[]) as hands:
        for job, deliver in hands.hand_out(jobs):
            results: list = []
            deliver(results.append)
            found.append([job, results])
    return found


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("jobs", [[], [[1]], [[1, 2], [], [3]], [[n] for n in range(20)]])
def test_results_come_in_the_order_of_the_jobs(processes, jobs):
    found = collect(processes, jobs)
    assert [job for job, _ in found] == jobs
    assert [[number for number, _ in results] for _, results in found] == [[n * n for n in job] for job in jobs]


def test_one_process_is_this_one_and_more_are_others():
    jobs = [[n] for n in range(6)]
    assert {pid for _, ((_, pid),) in collect(1, jobs)} == {os.getpid()}
    assert len({pid for _, ((_, pid),) in collect(2, jobs)} - {os.getpid()}) == 2


def test_large_results_do_not_block_each_other():
    def much(job, emit):
        emit(b"x" * (1 << 20))
        emit(job)

    found = collect(3, [b"y" * 200_000] * 9, much)
    assert [[len(result) for result in results] for _, results in found] == [[1 << 20, 200_000]] * 9


def test_a_process_that_has_delivered_gets_its_next_job_before_another_is_asked_for(monkeypatch):
    events: list[tuple[str, int]] = []
    give = team.Member.give

    def jobs():
        for number in range(9):
            events.append(("asked for", number))
            yield [number]

    def given(member, job):
        events.append(("given", job[0]))
        give(member, job)

    monkeypatch.setattr(team.Member, "give", given)
    with side_by_side(2, squares, not_ours=[]) as hands:
        handed_out = hands.hand_out(jobs())
        _, deliver = next(handed_out)
        asked_for = [number for what, number in events if what == "asked for"]
        assert asked_for == [0, 1, 2]
        deliver(lambda _result: None)
        next(handed_out)
    assert events[-2:] == [("given", 2), ("asked for", 3)]


class Wrong(Exception):
    """Something that goes wrong in a process."""


def test_an_error_is_raised_where_the_results_are_wanted():
    def fail(job, _emit):
        raise Wrong(job)

    with pytest.raises(Wrong, match="first"):
        collect(2, ["first", "second"], fail)


def test_a_process_that_dies_is_said_to():
    def die(_job, _emit):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(PgopsError, match=r"^A process that reads the source has died with status -9\. Look for .*\.$"):
        collect(2, [1, 2], die)


def test_one_that_has_died_before_it_gets_a_job_is_said_to():
    before = children()
    with side_by_side(2, squares, not_ours=[]) as hands:
        for pid in children() - before:
            os.kill(int(pid), signal.SIGKILL)
        for member in hands.members:
            member.process.join()
        with pytest.raises(PgopsError, match=r"^A process that reads the source has died with status -9\."):
            next(hands.hand_out([[1], [2]]))


def test_what_ends_a_module_is_for_its_parent_alone():
    """Sent to every process while results are on their way: they arrive whole, and the parent's handler speaks once."""
    told: list[int] = []
    parent = os.getpid()

    def tell(number: int, _frame) -> None:
        if os.getpid() != parent:
            raise Wrong
        told.append(number)

    handlers = {number: signal.signal(number, tell) for number in ENDING}
    try:
        with side_by_side(2, lambda job, emit: emit(b"x" * job), not_ours=[]) as hands:
            for number, (job, deliver) in zip(ENDING, hands.hand_out([1 << 22] * len(ENDING)), strict=True):
                for one in [str(os.getpid()), *children()]:
                    os.kill(int(one), number)
                results: list = []
                deliver(results.append)
                assert [len(result) for result in results] == [job]
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert told == list(ENDING)


def fail_among_three(seen: list[int], before: set[str]) -> None:
    with side_by_side(3, squares, not_ours=[]):
        seen.append(len(children() - before))
        raise Wrong


def test_nobody_is_left():
    before, seen = children(), []
    with pytest.raises(Wrong):
        fail_among_three(seen, before)
    assert seen == [3]
    assert children() == before


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


# What is open for writing stands for a session: who reads sees its end when nobody holds it any more.
PARENT = """
import sys, time
sys.path.insert(0, "tests")
import module_runner
module_runner.prepare_imports()
from ansible.module_utils.pgops.team import side_by_side
session = open(int(sys.argv[1]), "wb")
with side_by_side(2, lambda job, emit: time.sleep(60), not_ours=[session.fileno()]) as hands:
    _, deliver = next(hands.hand_out([1, 2]))
    print("ready", flush=True)
    deliver(print)
"""


def test_a_session_ends_with_its_process_whatever_its_children_do():
    ours, theirs = os.pipe()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(theirs)], pass_fds=[theirs], stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2], start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        parent.kill()
        parent.wait()
        assert select.select([ours], [], [], 10)[0]
        assert os.read(ours, 1) == b""
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        os.close(ours)


@pytest.mark.parametrize(("asked", "cores", "processes"), [(0, 1, 1), (0, 2, 2), (0, 64, 4), (1, 8, 1), (9, 2, 9)])
def test_without_a_number_there_is_one_for_each_core(monkeypatch, asked, cores, processes):
    monkeypatch.setattr(team, "core_limit", lambda: cores)
    assert processes_for(asked) == processes


def test_fewer_than_none_are_refused():
    with pytest.raises(PgopsError, match=r"^processes is -1\. Give how many, or 0 for one on each core\.$"):
        processes_for(-1)
