"""Physical backups that pgBackRest would remove by its own rules, as it does after each backup."""

from __future__ import annotations

import re
from functools import partial

from . import commands
from .errors import PgopsError
from .free_space_plan import PHYSICAL, Found, Step
from .pgbackrest import ask, explained

EXPIRES = re.compile(r"repo(?P<repository>[0-9]+): expire (?:full|diff|incr|time-based|adhoc)?.*backup.*")
LABEL = re.compile(r"\b[0-9]{8}-[0-9]{6}F(?:_[0-9]{8}-[0-9]{6}[DI])?")


def expired_physical(stanza: str) -> Found:
    """Which, tells its own dry run; how large they are, its list."""
    try:
        present = ask(stanza)
        finished = commands.pgbackrest([f"--stanza={stanza}", "--dry-run", "expire"], console="info")
        if finished.code:
            raise PgopsError(explained(finished, f"What of stanza {stanza} has expired was not told"))
    except PgopsError as error:
        return Found(unknown=[f"{PHYSICAL}: {error}"])
    gone = to_expire(finished.said)
    size = sum(one.written_bytes for one in present.backups if (one.repository, one.label) in gone)
    if not gone:
        return Found()
    what = f"{len(gone)} physical backups and their WAL: {', '.join(sorted(label for _, label in gone))}"
    return Found([Step(PHYSICAL, size, what, "those states of the cluster", partial(expire, stanza))])


def to_expire(log: str) -> set[tuple[int, str]]:
    """Repository and label of each backup that a dry run would expire."""
    lines = (match for match in map(EXPIRES.search, log.splitlines()) if match)
    return {(int(line["repository"]), label) for line in lines for label in LABEL.findall(line[0])}


def expire(stanza: str) -> None:
    finished = commands.pgbackrest([f"--stanza={stanza}", "expire"])
    if finished.code:
        raise PgopsError(explained(finished, f"Backups of stanza {stanza} did not expire"))
