"""What a security audit reads of the host: processes, accounts and files. What it may not read, it says instead."""

from __future__ import annotations

import grp
import os
import pwd
import re
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .security import Unread

POSTMASTER = "postmaster.pid"
PROFILES = ("etc/environment", "etc/profile", "etc/bash.bashrc", "etc/profile.d/*", "etc/security/pam_env.conf")
HOME_PROFILES = (".bashrc", ".bash_profile", ".profile", ".zshrc", ".zprofile", ".pam_environment")
ASSIGNED_PASSWORD = re.compile(r"^\s*(export\s+)?PGPASSWORD\s*=", re.MULTILINE)
SERVICE_PASSWORD = re.compile(r"^\s*password\s*=\s*\S", re.MULTILINE | re.IGNORECASE)
SPOKEN_PASSWORD = re.compile(r"PGPASSWORD=\S|postgres(ql)?://[^:/@\s]+:[^@/\s]+@")
CLIENTS = ("psql", "pg_", "vacuumdb", "reindexdb", "createdb", "dropdb", "pgbench")


@dataclass(frozen=True)
class FileFacts:
    """Owner by name and permission bits of a file."""

    path: str
    owner: str
    mode: int

    @property
    def shown(self) -> str:
        return f"{self.path} {self.mode:04o} {self.owner}"


@dataclass(frozen=True)
class Scan:
    """What a search found, by name, and how much it could look at."""

    found: tuple[str, ...]
    looked_at: int
    hidden: int

    @property
    def extent(self) -> str:
        hidden = f", {self.hidden} more are not readable" if self.hidden else ""
        return f"{self.looked_at} looked at{hidden}"


def attempt(reader: Callable, *arguments) -> Any:
    """What READER returns, or why it could not read."""
    try:
        return reader(*arguments)
    except OSError as error:
        return Unread(
            f"{error.filename or 'a file'}: {error.strerror}. Run the audit as the owner of the data directory."
        )
    except (ValueError, KeyError, StopIteration):
        return Unread(f"{reader.__name__} found a file that is not as expected. Look at it by hand.")


def owner_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def home_of(account: str) -> Path:
    """Of an account that passwd does not know there is nothing to read."""
    try:
        return Path(pwd.getpwnam(account).pw_dir)
    except KeyError:
        return Path("/nonexistent")


def file_facts(path: Path) -> FileFacts:
    state = path.stat()
    return FileFacts(str(path), owner_of(state.st_uid), state.st_mode & 0o7777)


def several_files(paths: Iterable[Path]) -> list[FileFacts]:
    return [file_facts(path) for path in paths]


def postmaster(data_directory: Path, root: Path) -> Path:
    """The server's entry in /proc."""
    number = int((data_directory / POSTMASTER).read_text(encoding="utf-8").splitlines()[0])
    return root / "proc" / str(number)


def umask_of(process: Path) -> int:
    lines = (process / "status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("Umask:")), 8)


def unit_of(process: Path) -> str:
    """The systemd unit that a process belongs to; empty when it was started by hand."""
    paths = (process / "cgroup").read_text(encoding="utf-8").split()
    return next((name for path in paths for name in reversed(path.split("/")) if name.endswith(".service")), "")


def unit_starts(unit: str, root: Path) -> list[str]:
    """The targets and services whose start brings UNIT along."""
    folders = [*(root / "etc/systemd/system").glob("*.wants"), *(root / "run/systemd/generator").glob("*.wants")]
    return sorted({folder.name.removesuffix(".wants") for folder in folders if os.path.lexists(folder / unit)})


def processes(root: Path) -> list[Path]:
    return sorted((one for one in (root / "proc").iterdir() if one.name.isdigit()), key=lambda one: int(one.name))


def scan(places: Iterable[tuple[str, Path]], suspicious: Callable[[str], bool]) -> Scan:
    """Names of the places whose text is suspicious. Nothing of the text is kept."""
    found, looked_at, hidden = [], 0, 0
    for name, path in places:
        try:
            text = path.read_bytes().decode("utf-8", errors="replace")
        except PermissionError:
            hidden += 1
        except OSError:  # it ended, or was never there
            continue
        else:
            looked_at += 1
            if suspicious(text):
                found.append(name)
    return Scan(tuple(found), looked_at, hidden)


def scan_environments(root: Path) -> Scan:
    places = [(f"process {one.name}", one / "environ") for one in processes(root)]
    return scan(places, lambda text: any(word.startswith("PGPASSWORD=") for word in text.split("\0")))


def scan_command_lines(root: Path) -> Scan:
    return scan([(f"process {one.name}", one / "cmdline") for one in processes(root)], speaks_a_password)


def speaks_a_password(command: str) -> bool:
    words = command.rstrip("\0").split("\0")
    client = os.path.basename(words[0]).startswith(CLIENTS)
    return any(SPOKEN_PASSWORD.search(word) or (client and re.search(r"\bpassword\s*=\s*\S", word)) for word in words)


def scan_profiles(homes: Iterable[Path], root: Path) -> Scan:
    paths = [path for pattern in PROFILES for path in sorted(root.glob(pattern)) if path.is_file()]
    paths += [home / name for home in homes for name in HOME_PROFILES]
    return scan([(str(path), path) for path in paths], lambda text: bool(ASSIGNED_PASSWORD.search(text)))


def scan_service_files(home: Path, root: Path) -> Scan:
    paths = [home / ".pg_service.conf", root / "etc/postgresql-common/pg_service.conf", root / "etc/pg_service.conf"]
    return scan([(str(path), path) for path in paths], lambda text: bool(SERVICE_PASSWORD.search(text)))


def history_of(home: Path) -> str:
    """Where psql writes what its user types: C(absent), C(discarded), or the path."""
    path = home / ".psql_history"
    if not os.path.lexists(path):
        return "absent"
    return "discarded" if os.path.realpath(path) == os.devnull else str(path)


def groups_of(account: str) -> list[str]:
    primary = pwd.getpwnam(account).pw_gid
    return sorted(group.gr_name for group in grp.getgrall() if account in group.gr_mem or group.gr_gid == primary)


def keys_of(home: Path) -> list[str]:
    """Files with which somebody could log in as the account without a password."""
    paths = [home / ".ssh" / name for name in ("authorized_keys", "authorized_keys2")]
    return [str(path) for path in paths if path.is_file() and path.stat().st_size]


def fips_of(root: Path) -> bool:
    path = root / "proc/sys/crypto/fips_enabled"
    return path.exists() and path.read_text(encoding="ascii").strip() == "1"


def weak_ciphers(ciphers: str) -> list[str]:
    """What this host's OpenSSL makes of a list of ciphers, the weak ones only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.set_ciphers(ciphers)
    except ssl.SSLError:
        return ["nothing that OpenSSL knows"]
    return [str(cipher["name"]) for cipher in context.get_ciphers() if is_weak(cipher)]


def is_weak(cipher: Any) -> bool:
    """Short keys, no authentication of the peer or of the bytes, or a key that opens recorded sessions later."""
    forward_secret = cipher["kea"] in ("kx-ecdhe", "kx-dhe", "kx-any")
    authenticated = cipher["auth"] in ("auth-ecdsa", "auth-rsa", "auth-any")
    return cipher["strength_bits"] < 128 or not cipher["aead"] or not forward_secret or not authenticated
