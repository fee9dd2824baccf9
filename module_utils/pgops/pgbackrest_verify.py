"""Reading everything that is in the repositories: what pgBackRest's own verification finds, as sentences."""

from __future__ import annotations

import re

from . import commands
from .errors import PgopsError
from .pgbackrest import GOOD, NO_BACKUP, Stanza, explained

STATUS = re.compile(r"^status: (?P<status>ok|error)", re.MULTILINE)
BACKUP = re.compile(r"^\s*backup: (?P<label>\S+), status: (?P<status>[^,]+)", re.MULTILINE)
WAL = re.compile(
    r"^\s*archiveId: (?P<id>\S+), total WAL checked: (?P<checked>\d+), total valid WAL: (?P<valid>\d+)", re.MULTILINE
)
GOOD_STATUS = ("valid", "in-progress")


def faults(stanza: Stanza) -> list[str]:
    """What is damaged or missing in any repository that can be read, a sentence each."""
    keys = [one.key for one in stanza.repositories if one.code in (GOOD, NO_BACKUP)]
    return [fault for key in keys for fault in repository_faults(stanza.name, key)]


def repository_faults(name: str, key: int) -> list[str]:
    finished = commands.pgbackrest([f"--stanza={name}", f"--repo={key}", "--output=text", "--verbose", "verify"])
    if finished.code and STATUS.search(finished.said) is None:
        raise PgopsError(explained(finished, f"Repository {key} of stanza {name} could not be verified"))
    return read(finished.said, key)


def read(text: str, key: int) -> list[str]:
    where = f"in repository {key}"
    found = [
        f"Backup {one['label']} {where} is {one['status'].strip()}: make another full one, and do not restore from it."
        for one in BACKUP.finditer(text)
        if one["status"].strip() not in GOOD_STATUS
    ]
    found += [
        f"{int(one['checked']) - int(one['valid'])} segments of WAL of {one['id']} {where} are damaged: make a full backup."
        for one in WAL.finditer(text)
        if one["checked"] != one["valid"]
    ]
    status = STATUS.search(text)
    if not found and (status is None or status["status"] != "ok"):
        said = " ".join(text.split())[:300].rstrip(".")
        found = [f"pgBackRest found the contents of repository {key} wrong: {said or 'it gave no reason'}."]
    return found
