"""How large the keyspace is, and what all its parts know: the seed, the instant, whose threads are whose."""

from __future__ import annotations

from dataclasses import dataclass

from lab.keyspace.clock import REFERENCE, instant

# How many threads the users of a block of 64 have, relative to each other: many have none, a few have most.
_RANKED = [0] * 14 + [1] * 24 + [2] * 12 + [4] * 8 + [9] * 4 + [25] * 2
_WEIGHTS = [_RANKED[(63 - 27 * place) % 64] for place in range(64)]
_BEFORE = [sum(_WEIGHTS[:place]) for place in range(64)]
_BLOCK = sum(_WEIGHTS)


@dataclass(frozen=True)
class Sizes:
    """How many of each: users, threads, subscriber addresses, premium grants, subscriptions, counters, log entries,
    analytics records, rate limits."""

    users: int = 300
    threads: int = 1500
    subscribers: int = 600
    premium: int = 60
    subscriptions: int = 30
    counters: int = 1200
    log: int = 300
    analytics: int = 150
    ratelimits: int = 40

    @classmethod
    def of(cls, users: int, threads: int, **others: int | None) -> Sizes:
        """The usual proportions for USERS and THREADS, where OTHERS does not say something else."""
        usual = {
            "subscribers": 2 * users,
            "premium": users // 5,
            "subscriptions": users // 10,
            "counters": 4 * users,
            "log": users,
            "analytics": threads // 10,
            "ratelimits": users // 8,
        }
        given = {name: size for name, size in others.items() if size is not None}
        return cls(users, threads, **{**usual, **given})

    def __post_init__(self) -> None:
        if self.threads and not self.users:
            raise ValueError("threads need users: ask for at least one user")
        if self.subscriptions > self.users:
            raise ValueError(f"{self.subscriptions} subscriptions need as many users, there are {self.users}")
        if self.analytics > self.threads:
            raise ValueError(f"{self.analytics} analytics records need as many threads, there are {self.threads}")


@dataclass(frozen=True)
class World:
    """Everything that a part needs to write its keys. ``now`` is in microseconds since 1970."""

    seed: int
    sizes: Sizes
    now: int = instant(REFERENCE)

    def threads_of(self, user: int) -> range:
        """The numbers of this user's threads; all users together have every thread once."""
        return range(self._share(user), self._share(user + 1))

    def has_analytics(self, thread: int) -> bool:
        """Whether this thread has a record: spread evenly, ``sizes.analytics`` in all."""
        wanted, threads = self.sizes.analytics, self.sizes.threads
        return wanted * thread // threads != wanted * (thread + 1) // threads

    def _share(self, users: int) -> int:
        return self.sizes.threads * _weight(users) // _weight(self.sizes.users)


def _weight(users: int) -> int:
    """The weight of the first USERS users together."""
    blocks, place = divmod(users, 64)
    return blocks * _BLOCK + _BEFORE[place]
