"""Tablespaces of a recovery: beside those of the cluster, which are part of what is kept."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from . import commands
from .errors import PgopsError
from .pgbackrest import Backup, explained
from .replication import ACCOUNT

RECOVERED = re.compile(r"\.recovered_\d+$")


def saved_tablespaces(stanza: str, backup: Backup, account: str = "") -> dict[int, str]:
    """Where the cluster had the tablespaces that are in the backup, by their numbers."""
    options = [f"--stanza={stanza}", f"--repo={backup.repository}", f"--set={backup.label}", "--output=json"]
    asked = commands.pgbackrest(["info", *options], account)
    if asked.code:
        raise PgopsError(explained(asked, f"pgBackRest cannot tell of backup {backup.label}"))
    told = json.loads(asked.said, strict=False)[0]["backup"][0].get("tablespace") or []
    return {int(one["oid"]): one["destination"] for one in told}


def present_tablespaces(data_directory: Path) -> set[int]:
    links = data_directory / "pg_tblspc"
    return {int(link.name) for link in links.iterdir()} if links.is_dir() else set()


def require_known(present: set[int], saved: dict[int, str], label: str, otherwise: str) -> None:
    """A tablespace that was made after the backup would be made again by its WAL, at the place where the cluster has it."""
    new = present - set(saved)
    if new:
        raise PgopsError(
            f"Tablespace {min(new)} was made after backup {label}, whose WAL would write to it. Nothing was changed. {otherwise}"
        )


def places_beside(saved: dict[int, str], abandoned: dict[str, str]) -> dict[str, str]:
    """A new directory for each tablespace; those in ABANDONED go, so their names are free."""
    return {str(number): free_place(place, set(abandoned.values())) for number, place in saved.items()}


def free_place(place: str, abandoned: set[str]) -> str:
    stem = RECOVERED.sub("", place)
    number = 1
    while (found := f"{stem}.recovered_{number}") not in abandoned and Path(found).exists():
        number += 1
    return found


def make(places: dict[str, str]) -> None:
    for place in places.values():
        Path(place).mkdir(mode=0o700)
        shutil.chown(place, ACCOUNT, ACCOUNT)


def remove(places: dict[str, str]) -> None:
    for place in places.values():
        if Path(place).exists():
            shutil.rmtree(place)


def mapping(places: dict[str, str]) -> list[str]:
    """Options of pgBackRest's restore."""
    return [f"--tablespace-map={number}={place}" for number, place in places.items()]
