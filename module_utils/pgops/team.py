"""Work in processes side by side, its results in the order of the jobs.

Python computes on one core in one process. A child has what its parent had when it was made: drivers that open a
connection anew in a child can be used there, a session of the parent's cannot.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from .errors import ENDING, PgopsError
from .tuning_host import core_limit

# More would find the one session that takes all results busy.
MOST_PROCESSES = 4
RESULT, DONE, FAILED = "result", "done", "failed"
END_LIMIT_S = 10

Emit = Callable[[Any], None]
Work = Callable[[Any, Emit], None]
Deliver = Callable[[Emit], None]


def processes_for(asked: int) -> int:
    """How many an option asks for; 0 is one for each core that may be used, up to C(MOST_PROCESSES)."""
    if asked < 0:
        raise PgopsError(f"processes is {asked}. Give how many, or 0 for one on each core.")
    return asked or min(core_limit(), MOST_PROCESSES)


class Member:
    """One process, and what it says: RESULT any number of times, then DONE or FAILED."""

    def __init__(self, work: Work, not_ours: list[int]) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=serve, args=(theirs, work, [*not_ours, self.pipe.fileno()]), daemon=True
        )
        # Until the child takes no notice of them: the handlers that it has from its parent would speak in its name.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def give(self, job: Any) -> None:
        with self.alive():
            self.pipe.send(job)

    def deliver(self, emit: Emit) -> None:
        """All results of the job that it has."""
        while True:
            with self.alive():
                what, content = self.pipe.recv()
            if what == DONE:
                return
            if what == FAILED:
                raise content
            emit(content)

    @contextmanager
    def alive(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError):
            self.process.join(END_LIMIT_S)
            raise PgopsError(
                f"A process that reads the source has died with status {self.process.exitcode}. "
                "Look for the kernel's out-of-memory killer in the system's log, then run it again."
            ) from None

    def end(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join(END_LIMIT_S)


class Team:
    """So many processes; with one, the work is done in this one."""

    def __init__(self, work: Work, members: list[Member]) -> None:
        self.work, self.members = work, members

    def hand_out(self, jobs: Iterable) -> Iterator[tuple[Any, Deliver]]:
        """Each of JOBS with what delivers its results, which is to be called before the next one is asked for.

        JOBS are asked for ahead: one for each process, and one that is at hand when a process has delivered.
        """
        if not self.members:
            yield from ((job, partial(self.work, job)) for job in jobs)
            return
        waiting, ahead = iter(jobs), deque(self.members)
        given: deque[tuple[Any, Member]] = deque()
        job = next(waiting, None)
        while True:
            # A process gets its next job when it has delivered the one before: otherwise both would wait for the other.
            while ahead and job is not None:
                member = ahead.popleft()
                member.give(job)
                given.append((job, member))
                job = next(waiting, None)
            if not given:
                return
            delivered, member = given.popleft()
            yield delivered, member.deliver
            ahead.append(member)


@contextmanager
def side_by_side(processes: int, work: Work, not_ours: list[int]) -> Iterator[Team]:
    """Processes that do WORK, which gets a job and a function for its results, each of which can be pickled.

    NOT_OURS are descriptors of sessions that the children must not hold: else they would outlive a killed parent.
    """
    members: list[Member] = []
    try:
        for _ in range(processes if processes > 1 else 0):
            members.append(Member(work, [*not_ours, *(member.pipe.fileno() for member in members)]))
        yield Team(work, members)
    finally:
        for member in members:
            member.end()


def serve(pipe, work: Work, not_ours: list[int]) -> None:
    """A child's life: until the parent's end of the pipe is closed, or the parent is gone.

    What ends the module is often sent to all its processes. It is the parent's business: half a result of a child that died
    of it would be read as a whole one.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in not_ours:
        # Not closed: its number must not become that of a connection, which the driver of the session would then spoil.
        os.dup2(nothing, descriptor)
    with suppress(EOFError, OSError):
        while True:
            job = pipe.recv()
            try:
                work(job, lambda result: pipe.send((RESULT, result)))
            except BaseException as error:
                pipe.send((FAILED, error))
                # The parent says what is to be said.
                raise SystemExit(1) from error
            pipe.send((DONE, None))
