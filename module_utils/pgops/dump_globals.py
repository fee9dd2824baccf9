"""What the databases of a server share: roles, memberships, their settings and tablespaces, but no password of any."""

from __future__ import annotations

import os
import re
from pathlib import Path

from . import commands
from .commands import Surroundings
from .errors import PgopsError
from .manifest import ARCHIVES, SQL, private

TOOLS = ("pg_dumpall", "zstd")
# Of some thousands of roles.
GLOBALS_BYTES = 1 << 20
END = "\n-- PostgreSQL database cluster dump complete\n"
# Where pg_dumpall leaves passwords out, somebody may still have written one into a comment or a setting.
SECRET = re.compile(
    r"""SCRAM-SHA-256\$\d | \bmd5[0-9a-f]{32}\b | \bpassword\s+'+\S | (password|passwd|secret|token)"?\s*(=|\bTO\b)\s*'?\w""",
    re.IGNORECASE | re.VERBOSE,
)

MEMBERSHIP = re.compile(r"^GRANT [^\n]*;$", re.MULTILINE)

FACTS = """
    SELECT current_setting('server_version') AS server_version,
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn
"""
# What there is, and how the statement that makes it begins. Names that begin with pg_ are the server's own.
STATEMENTS = {
    "roles": "SELECT format('CREATE ROLE %I;', rolname) FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1",
    "memberships": """
        SELECT format('GRANT %I TO %I ', g.rolname, m.rolname)
        FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
        WHERE NOT (g.rolname ~ '^pg_' AND m.rolname ~ '^pg_') ORDER BY 1
    """,
    "tablespaces": "SELECT format('CREATE TABLESPACE %I ', spcname) FROM pg_tablespace WHERE spcname !~ '^pg_' ORDER BY 1",
}


def estimate(conn, params: dict) -> int:
    """What a backup may take, in bytes, where none was made yet. A dry run is refused what a run is refused, too."""
    look_through(conn, params)
    return GLOBALS_BYTES


def format_of(params: dict) -> str:
    return SQL


def make(conn, params: dict, folder: Path) -> dict:
    """Put the archive into FOLDER; the fields of the manifest. Nothing touches the disk before it was looked through."""
    text, found = look_through(conn, params)
    write(text, folder / ARCHIVES[SQL], params["level"])
    with conn.cursor() as cursor:
        cursor.execute(FACTS)
        version, lsn = cursor.fetchone()
    return {
        "format": SQL,
        "server_version": version,
        "lsn": lsn,
        "schema_revision": None,
        "owner": "",
        "encoding": "",
        "locale": {},
        "database_size_bytes": 0,
        "rows": found,
        "access": [],
        "settings": [],
    }


def look_through(conn, params: dict) -> tuple[str, dict[str, int]]:
    """The statements, and how many things they make. Raises where they must not be kept."""
    text = statements(params)
    found = require_whole(conn, text)
    require_no_secret(text)
    return text, found


def statements(params: dict) -> str:
    role = ["--role", params["login_role"]] if params["login_role"] else []
    source = [
        commands.program("pg_dumpall"), "--globals-only", "--no-role-passwords", *role,
        *commands.login_arguments(params, params["login_db"]),
    ]  # fmt: skip
    with commands.login_surroundings(params) as surroundings:
        return piped([source], surroundings).decode("utf-8")


def piped(stages: list[list[str]], surroundings: Surroundings) -> bytes:
    """What the last of STAGES writes, kept in memory."""
    with open(os.memfd_create("globals"), "w+b") as memory:
        commands.pipeline(stages, surroundings, memory.fileno())
        memory.seek(0)
        return memory.read()


def require_whole(conn, text: str) -> dict[str, int]:
    """How many roles, memberships and tablespaces there are, each of which TEXT makes."""
    if END not in text:
        raise PgopsError("What pg_dumpall wrote has no end. Nothing is kept of it; run it again.")
    found = {}
    with conn.cursor() as cursor:
        for kind, query in STATEMENTS.items():
            cursor.execute(query)
            wanted = [beginning for (beginning,) in cursor.fetchall()]
            missing = [beginning for beginning in wanted if f"\n{beginning}" not in text]
            if missing:
                raise PgopsError(
                    f"What pg_dumpall wrote lacks {missing[0].strip(' ;')}: the server was changed meanwhile. Nothing is kept of it; "
                    "run it again."
                )
            found[kind] = len(wanted)
    return found


def require_no_secret(text: str) -> None:
    """A backup of globals goes where passwords must not go. What was found is not shown."""
    # A membership names roles only, and one may be called app_token.
    if SECRET.search(MEMBERSHIP.sub("", text)):
        raise PgopsError(
            "A comment or a setting of a role or tablespace holds what looks like a password or its verifier. Nothing is kept of it. "
            "Find it with pg_dumpall --globals-only --no-role-passwords, and remove it with COMMENT ON or ALTER ROLE … RESET."
        )


def write(text: str, archive: Path, level: int) -> None:
    """Compress, and compare what the disk gives back."""
    zstd = commands.program("zstd")
    with open(os.memfd_create("globals"), "w+b") as memory:
        memory.write(text.encode())
        memory.flush()
        # Without --force it does not follow the link that this name is.
        packer = [zstd, f"-{level}", "--quiet", "--force", "--stdout", f"/dev/fd/{memory.fileno()}"]
        with open(archive, "xb", opener=private) as file:
            commands.pipeline([packer], Surroundings(descriptors=(memory.fileno(),)), file.fileno())
            os.fsync(file.fileno())
    if piped([[zstd, "--decompress", "--quiet", "--stdout", str(archive)]], Surroundings()) != text.encode():
        raise PgopsError(f"{archive} does not give back what was written to it. It is removed; look after the disk.")
