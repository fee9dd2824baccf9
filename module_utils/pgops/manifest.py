"""What a backup says of itself: a folder that holds an archive and this file, and appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import PgopsError

MANIFEST = "manifest.json"
FULL, DATA, SCHEMA, GLOBALS = "full", "data", "schema", "globals"
# What a backup can be of: a database, its rows or its statements alone, or what databases of a server share.
TYPES = (FULL, DATA, SCHEMA, GLOBALS)
CUSTOM, DIRECTORY, SQL = "custom, zstd", "directory, zstd", "sql, zstd"
# How the archive of each format is called.
ARCHIVES = {CUSTOM: "archive.dump.zst", DIRECTORY: "archive.tar", SQL: "archive.sql.zst"}
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """Sizes in bytes, durations in seconds, times in ISO 8601 UTC.

    C(rows) counts each table in the snapshot of the dump; of a schema, which has none, nothing. C(access) ([grantee, privilege,
    may grant]) and C(settings) ([role or empty, name, value]) are those of the database itself, which pg_dump leaves out.
    Globals are of no database: what describes one is empty or zero, and C(rows) counts roles, memberships and tablespaces.
    C(unpacked_bytes) is what an archive takes that is unpacked before it can be restored; others are not.
    """

    name: str
    type: str
    database: str
    created_at: str
    server_version: str
    lsn: str
    schema_revision: str | None
    owner: str
    encoding: str
    locale: dict[str, str | None]
    database_size_bytes: int
    rows: dict[str, int]
    access: list[list]
    settings: list[list]
    format: str
    size_bytes: int
    sha256: str
    duration_s: float
    tools: dict[str, str]
    unpacked_bytes: int | None = None

    @property
    def archive(self) -> str:
        """Name of its archive."""
        return ARCHIVES[self.format]


# Python types of a manifest's fields, by the first word of their annotation.
JSON_TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "dict": dict,
    "list": list,
}
LOCALE_KEYS = {"provider", "collate", "ctype", "icu_locale"}
# PostgreSQL's one-letter names of what provides a locale, and those of CREATE DATABASE.
PROVIDERS = {"c": "libc", "i": "icu"}
# What the entries of a list hold.
ENTRIES = {"access": (str, str, bool), "settings": (str, str, str)}
PRIVILEGES = ("CREATE", "CONNECT", "TEMPORARY")


class DamagedBackupError(PgopsError):
    """A backup that must not be restored."""


def parse(found: object, name: str) -> Manifest:
    """A manifest from parsed JSON; NAME is that of the folder it lies in."""
    if not isinstance(found, dict):
        raise DamagedBackupError(f"The manifest of backup {name} is no JSON object.")
    for field in fields(Manifest):
        if field.name == "locale" and found.get("type") == GLOBALS and found.get("locale") == {}:
            continue
        if not is_proper(field.name, str(field.type), found.get(field.name)):
            raise DamagedBackupError(f"The manifest of backup {name} has no proper {field.name}.")
    if found["name"] != name:
        raise DamagedBackupError(f"The folder {name} holds the manifest of another backup, {found['name']}.")
    values: dict[str, Any] = {field.name: found.get(field.name) for field in fields(Manifest)}
    return Manifest(**values)


def is_proper(name: str, annotation: str, value: Any) -> bool:
    """Whether a field has the type that is declared, and the shape that others rely on."""
    if value is None:
        return annotation.endswith("| None")
    if isinstance(value, bool) or not isinstance(value, JSON_TYPES[annotation.partition("[")[0].partition(" ")[0]]):
        return False
    if name in ENTRIES:
        return all(is_entry(name, entry) for entry in value)
    if name == "rows":
        return all(type(count) is int and count >= 0 for count in value.values())
    if name == "locale":
        texts = [value.get(key) for key in ("collate", "ctype", *(["icu_locale"] * (value.get("provider") == "i")))]
        return value.keys() >= LOCALE_KEYS and value["provider"] in PROVIDERS and all(map(is_text, texts))
    known = {"type": TYPES, "format": ARCHIVES}
    return value in known[name] if name in known else name != "created_at" or is_moment(value)


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_entry(name: str, entry: object) -> bool:
    """Whether it can become a statement: a privilege is a word of the grammar, everything else is quoted."""
    if not isinstance(entry, list) or tuple(type(part) for part in entry) != ENTRIES[name]:
        return False
    return name != "access" or entry[1] in PRIVILEGES


def is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def read(folder: Path, name: str = "") -> Manifest:
    """The manifest of the backup in FOLDER, which has its NAME unless that is given; any damage is one sentence."""
    name = name or folder.name
    try:
        return parse(json.loads((folder / MANIFEST).read_text("utf-8")), name)
    except FileNotFoundError:
        raise DamagedBackupError(f"Backup {name} has no manifest.") from None
    except OSError as error:
        raise DamagedBackupError(f"The manifest of backup {name} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise DamagedBackupError(f"The manifest of backup {name} is no JSON: {error}.") from error


def private(path: str, flags: int) -> int:
    """An opener for files that their owner alone may read, wherever they are moved to."""
    return os.open(path, flags, 0o600)


def write(folder: Path, manifest: Manifest) -> None:
    with open(folder / MANIFEST, "x", encoding="utf-8", opener=private) as file:
        json.dump(asdict(manifest), file, indent=2, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, as sha256sum prints it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def archive_fault(folder: Path, manifest: Manifest, checksum: bool) -> str | None:
    """What is wrong with the archive, in a sentence; None when it is sound. CHECKSUM reads all of it."""
    archive = folder / manifest.archive
    try:
        size = archive.stat().st_size
        if size != manifest.size_bytes:
            return f"The archive of backup {manifest.name} has {size} bytes instead of {manifest.size_bytes}."
        if checksum and sha256_of(archive) != manifest.sha256:
            return f"The archive of backup {manifest.name} does not have the SHA-256 of its manifest."
    except OSError as error:
        return f"The archive of backup {manifest.name} cannot be read: {error.strerror}."
    return None
