"""What pgBackRest says: the stanza, its repositories and backups; and its errors as sentences that say what to do."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from . import commands
from .backup import existing_part
from .commands import Finished
from .errors import PgopsError
from .object_store import remedy

# Of a stanza in one repository; any other code is an error that comes with a message.
GOOD, NO_STANZA, NO_BACKUP, NO_STANZA_DATA = 0, 1, 2, 3
MISSING = (NO_STANZA, NO_STANZA_DATA)
ERROR = re.compile(r"ERROR: \[(?P<code>\d+)\]: (?P<text>.*)", re.DOTALL)
# What it finds in a file that it has decrypted with another passphrase is no text, or nothing.
UNREADABLE = re.compile(r"CryptoError|is or was the repo encrypted|unable to load info file.*FormatError", re.DOTALL)
LOCK, ARCHIVE_TIMEOUT, STOPPED, CRYPTO = 50, 82, 62, 95
NO_SPACE = "No space left on device"
WRITING = re.compile(r"unable to (?:write|create|open|sync|close) .*?'(?P<path>/[^']+)'")
TOO_LITTLE = 1 << 22
ADVICE = {
    LOCK: "Another backup or expiry of this stanza runs. Wait for it to end; a process that died holds no lock.",
    ARCHIVE_TIMEOUT: (
        "WAL does not arrive in the repository, so the backup cannot be finished and does not count. See the server's log and "
        "pg_stat_archiver for what archive_command says, mend it, and start again."
    ),
    STOPPED: "Somebody has stopped pgBackRest here. pgbackrest start lets it work again.",
    CRYPTO: (
        "The passphrase is not the one that this repository was encrypted with. Correct pgbackrest_passphrase; without the "
        "right one nobody can read these backups."
    ),
}


@dataclass(frozen=True)
class Backup:
    """One backup in one repository. Sizes in bytes; C(error) says that pages of it failed their checksum."""

    label: str
    type: str
    repository: int
    started_s: int
    stopped_s: int
    database_size_bytes: int
    read_bytes: int
    repository_size_bytes: int
    written_bytes: int
    wal_start: str
    wal_stop: str
    lsn_start: str
    lsn_stop: str
    prior: str | None
    error: bool
    cluster: int

    def described(self, now_s: float) -> dict:
        """For module results: as it is, with times as text, C(duration_s) and C(age_s)."""
        facts = asdict(self)
        del facts["cluster"]
        return {
            **facts,
            "started_at": iso(self.started_s),
            "stopped_at": iso(self.stopped_s),
            "duration_s": self.stopped_s - self.started_s,
            "age_s": max(0, round(now_s - self.stopped_s)),
        }


@dataclass(frozen=True)
class Repository:
    """One repository, by its number: what it knows of the stanza. C(system_identifier) is the cluster's that it is for now."""

    key: int
    code: int
    message: str
    cipher: str
    cluster: int = 0
    system_identifier: str = ""
    version: str = ""
    wal_min: str | None = None
    wal_max: str | None = None

    @property
    def is_missing(self) -> bool:
        return self.code in MISSING


@dataclass(frozen=True)
class Stanza:
    """A stanza as all of its repositories know it; backups of its present cluster, newest first."""

    name: str
    repositories: tuple[Repository, ...]
    backups: tuple[Backup, ...]
    locked: bool

    def repository(self, key: int) -> Repository:
        for one in self.repositories:
            if one.key == key:
                return one
        known = ", ".join(str(one.key) for one in self.repositories) or "none"
        raise PgopsError(
            f"pgBackRest has no repository {key} for stanza {self.name}; it has {known}. Nothing was done."
        )

    def sound(self, key: int) -> list[Backup]:
        return [one for one in self.backups if one.repository == key and not one.error]


def described(one: Repository) -> dict:
    """For module results."""
    return {name: value for name, value in asdict(one).items() if name != "cluster"}


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def ask(stanza: str, account: str = "") -> Stanza:
    """What pgBackRest tells of STANZA now."""
    # A store that cannot be reached is tried several times, each for so long; with the default of 60 s that takes minutes.
    finished = commands.pgbackrest(["info", f"--stanza={stanza}", "--output=json", "--io-timeout=10"], account)
    if finished.code:
        raise PgopsError(explained(finished, f"pgBackRest cannot tell of stanza {stanza}"))
    return parse(finished.said, stanza)


def parse(text: str, name: str) -> Stanza:
    found = next((one for one in json.loads(text, strict=False) if one["name"] == name), None)
    if found is None:
        return Stanza(name, (), (), False)
    repositories = tuple(_repository(found, repo) for repo in found["repo"])
    clusters = {(one.key, one.cluster) for one in repositories}
    backups = [_backup(one) for one in found["backup"]]
    present = [one for one in backups if (one.repository, one.cluster) in clusters]
    newest_first = sorted(present, key=lambda one: (one.stopped_s, one.label, -one.repository), reverse=True)
    return Stanza(name, repositories, tuple(newest_first), found["status"]["lock"]["backup"]["held"])


def _repository(found: dict, repo: dict) -> Repository:
    key = repo["key"]
    clusters = [one for one in found["db"] if one["repo-key"] == key]
    status = repo["status"]
    made = {"key": key, "code": status["code"], "message": status["message"], "cipher": repo["cipher"]}
    if not clusters:
        return Repository(**made)
    newest = max(clusters, key=lambda one: one["id"])
    archives = [
        one
        for one in found["archive"]
        if one["database"] == {"id": newest["id"], "repo-key": key} and one["max"] is not None
    ]
    return Repository(
        **made,
        cluster=newest["id"],
        system_identifier=str(newest["system-id"]),
        version=newest["version"],
        wal_min=min((one["min"] for one in archives), default=None),
        wal_max=max((one["max"] for one in archives), default=None),
    )


def _backup(one: dict) -> Backup:
    info = one["info"]
    return Backup(
        label=one["label"],
        type=one["type"],
        repository=one["database"]["repo-key"],
        started_s=one["timestamp"]["start"],
        stopped_s=one["timestamp"]["stop"],
        database_size_bytes=info["size"],
        read_bytes=info["delta"],
        repository_size_bytes=info["repository"]["size"],
        written_bytes=info["repository"]["delta"],
        wal_start=one["archive"]["start"],
        wal_stop=one["archive"]["stop"],
        lsn_start=one["lsn"]["start"],
        lsn_stop=one["lsn"]["stop"],
        prior=one["prior"],
        error=bool(one.get("error")),
        cluster=one["database"]["id"],
    )


def explained(finished: Finished, what: str) -> str:
    """WHAT failed, in pgBackRest's own first words, and what to do about it."""
    return sentence(what, finished.code, finished.said)


def is_full(log: str) -> bool:
    """Whether it failed for want of space. Of its helpers it does not always tell the first reason, so the disk is asked."""
    if NO_SPACE in log:
        return True
    failed = WRITING.search(log)
    if failed is None:
        return False
    found = os.statvfs(existing_part(Path(failed["path"])))
    return found.f_bavail * found.f_frsize < TOO_LITTLE


def sentence(what: str, code: int, log: str) -> str:
    advice = ADVICE.get(code, "")
    if is_full(log):
        advice = "The file system is full: make room there, then start again. What was half written does not count."
    # A certificate that is not trusted is a CryptoError too.
    elif of_store := remedy(log):
        advice = of_store
    elif UNREADABLE.search(log):
        advice = ADVICE[CRYPTO]
    told = reason(log).rstrip(".: ") or f"it ended with {code} and gave no reason"
    return f"{what}: {told}. {advice}".rstrip()


def reason(log: str) -> str:
    """The first line of the first error in what pgBackRest wrote."""
    found = ERROR.search(log)
    text = (found["text"] if found else log).strip()
    line = text.split("\n", 1)[0]
    return "".join(one for one in line if one.isprintable() and one != "\N{REPLACEMENT CHARACTER}").strip()[:400]


def faults(stanza: Stanza) -> list[str]:
    """Why a repository cannot be told of or restored from, a sentence each."""
    found = [fault for one in stanza.repositories if (fault := fault_of(stanza, one)) is not None]
    broken = [
        f"Backup {one.label} in repository {one.repository} has pages that failed their checksum. Make another full one, and "
        "look at the database with pg_amcheck."
        for one in stanza.backups
        if one.error
    ]
    return [*found, *broken] if stanza.repositories else [f"pgBackRest knows no repository for stanza {stanza.name}."]


def fault_of(stanza: Stanza, one: Repository) -> str | None:
    if one.code == GOOD:
        return None
    where = f"Repository {one.key} of stanza {stanza.name}"
    if one.is_missing:
        return f"{where} has no stanza yet. Run site.yml, which makes it."
    if one.code == NO_BACKUP:
        return f"{where} has no backup yet. Run backup_postgresql.yml -e backup_kind=physical."
    return sentence(f"{where} cannot be read", one.code, one.message)
