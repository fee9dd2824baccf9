"""Making a former primary, or a standby that has lost its way, a standby again: by pg_rewind, or by a new base backup."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .cluster_server import Server
from .commands import DEBIAN_PROGRAMS
from .errors import PgopsError
from .replication import ACCOUNT, Cluster, read_control, sync_folder

# How Debian keeps a cluster from being started, by whomever.
START = "start.conf"
DISABLED = "disabled\n"
CLEAN = ("shut down", "shut down in recovery")
ASIDE = ".before_rebuild_"
# pg_rewind says so before it has touched anything.
NOT_REACHED = re.compile(r"connection to server .*failed|could not translate host name")


def require_no_primary(cluster: Cluster, host: str) -> None:
    if cluster.state == "primary":
        raise PgopsError(
            f"{host} is a primary that runs. Nothing of it was changed. If it is the one to be given up, stop PostgreSQL there "
            "first (systemctl stop postgresql@15-main)."
        )


def kept_aside(data_directory: Path) -> str:
    """What a rebuild that was interrupted has set aside; empty when there is nothing."""
    found = sorted(data_directory.parent.glob(f"{data_directory.name}{ASIDE}*"))
    return str(found[-1]) if found else ""


def can_rewind(control: dict[str, str]) -> bool:
    """Only pages that are logged whole, or have checksums, can be told from those of the new primary."""
    return control.get("wal_log_hints setting") == "on" or control.get("Data page checksum version", "0") != "0"


@contextmanager
def kept_from_starting(configuration: Path) -> Iterator[None]:
    """While its mark as a standby is gone, which pg_rewind may remove, not even a reboot may start this cluster."""
    path = configuration / START
    before = path.read_text(encoding="utf-8") if path.exists() else "auto\n"
    path.write_text(DISABLED, encoding="utf-8")
    sync_folder(configuration)
    yield
    path.write_text("auto\n" if before == DISABLED else before, encoding="utf-8")
    sync_folder(configuration)


def shut_down(server: Server) -> None:
    """Stop the server. Whoever starts it before it is rebuilt, it takes no writes."""
    server.mark_as_standby()
    server.stop()


def recover(server: Server) -> str:
    """One that crashed starts as a standby, so that it recovers and can be stopped in order. Why it does not; or nothing."""
    if read_control(server.run_command, server.data_directory)["Database cluster state"] in CLEAN:
        return ""
    code, _, err = server.run_command(["systemctl", "start", server.unit])
    try:
        if not code:
            # Waits until it answers.
            server.read()
    except PgopsError as error:
        code, err = 1, str(error)
    server.stop()
    return f"it crashed, and does not start to recover: {' '.join(err.split()).rstrip('.')}" if code else ""


def rewind(server: Server, source: str, configuration: Path) -> str:
    """Why it could not be done; empty when it was. The data directory is a standby's again in the end, as far as it is one."""
    program = [
        str(DEBIAN_PROGRAMS / "pg_rewind"),
        f"--target-pgdata={server.data_directory}",
        f"--source-server={source}",
    ]
    argv = ["runuser", "-u", ACCOUNT, "--", *program, f"--config-file={configuration / 'postgresql.conf'}"]
    with kept_from_starting(configuration):
        code, out, err = server.run_command(argv)
        server.mark_as_standby()
    lines = [line for line in (out + "\n" + err).splitlines() if "error:" in line]
    reason = " ".join(lines[-2:]).replace("pg_rewind: error: ", "") or f"it ended with {code}"
    if code and NOT_REACHED.search(reason):
        raise PgopsError(
            f"pg_rewind cannot reach the new primary: {reason.rstrip('.')}. Nothing was rewound or set aside. Mend that and "
            "run this again."
        )
    return reason if code else ""


def set_aside(data_directory: Path) -> Path:
    """Give the data directory another name, under which nothing starts and nothing overwrites it."""
    number = 1
    while data_directory.with_name(f"{data_directory.name}{ASIDE}{number}").exists():
        number += 1
    kept = data_directory.with_name(f"{data_directory.name}{ASIDE}{number}")
    os.rename(data_directory, kept)
    sync_folder(data_directory.parent)
    return kept


def require_space(data_directory: Path) -> None:
    """For another copy of about the same size beside it, with a tenth to spare."""
    used = sum(path.lstat().st_size for path in data_directory.rglob("*") if path.is_file())
    free = shutil.disk_usage(data_directory.parent).free
    if free < used * 1.1:
        raise PgopsError(
            f"{data_directory} holds {used >> 20} MB and {free >> 20} MB are free: too little for a base backup beside it. "
            "Nothing was set aside. Make room, or remove the directory if it can be given up, and run site.yml."
        )
