"""A base backup of the primary, taken beside the data directory and moved there when it is whole.

pg_basebackup runs as a unit of systemd, so it goes on when whoever started it is gone. What is on the disk tells how far it
is: PATH.base_backup is being written, PATH.base_backup_done is whole, PATH is in use.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .commands import DEBIAN_PROGRAMS
from .errors import PgopsError
from .replication import ACCOUNT, SIGNAL, RunCommand, sync_folder

SAMPLES = Path("/usr/share/postgresql")
# What pg_createcluster takes over when it is given a data directory; the real rules are written before the first start.
FIRST_RULES = "local all postgres peer\n"
PROGRESS = re.compile(r"(\d+)/(\d+) kB \((\d+)%\)")
# A base backup that was killed has some of these; what has none of them is not ours to remove.
OWN_CONTENTS = {"backup_label", "pg_wal", "PG_VERSION", "base", "global"}


@dataclass(frozen=True)
class Copy:
    """The copy that is wanted: of which primary, and for which cluster of this host."""

    version: str
    name: str
    data_directory: Path
    conninfo: str
    slot: str
    max_rate: str = ""

    @property
    def work(self) -> Path:
        return self.data_directory.with_name(f"{self.data_directory.name}.base_backup")

    @property
    def done(self) -> Path:
        return self.data_directory.with_name(f"{self.data_directory.name}.base_backup_done")

    @property
    def log(self) -> Path:
        return self.data_directory.with_name(f"{self.data_directory.name}.base_backup.log")

    @property
    def unit(self) -> str:
        return f"postgresql-base-backup-{self.version}-{self.name}.service"


def is_present(copy: Copy) -> bool:
    """Whether the data directory is there already. One that holds anything else is refused."""
    folder = copy.data_directory
    if (folder / "PG_VERSION").exists():
        if not (folder / SIGNAL).exists():
            raise PgopsError(
                f"{folder} holds a cluster that is no standby. Nothing of it was changed. Move it away, or remove it with "
                "pg_dropcluster, if it can be given up."
            )
        return True
    refuse_contents(folder, set())
    refuse_contents(copy.work, OWN_CONTENTS)
    return False


def refuse_contents(folder: Path, expected: set[str]) -> None:
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if found and not expected.intersection(found):
        raise PgopsError(
            f"{folder} is not empty and holds no cluster: {', '.join(found[:5])}. Nothing of it was changed. Move it away."
        )


def command(copy: Copy) -> str:
    """What the unit runs: the copy gets its second name only when pg_basebackup has ended well and synced everything."""
    backup = [
        str(DEBIAN_PROGRAMS / "pg_basebackup"),
        f"--dbname={copy.conninfo}",
        f"--pgdata={copy.work}",
        f"--slot={copy.slot}",
        "--wal-method=stream",
        "--checkpoint=fast",
        "--progress",
        "--no-password",
        *([f"--max-rate={copy.max_rate}"] if copy.max_rate else []),
    ]
    work, done = shlex.quote(str(copy.work)), shlex.quote(str(copy.done))
    return f"rm -rf -- {work} {done} && {shlex.join(backup)} && mv -T -- {work} {done}"


def start(run_command: RunCommand, copy: Copy) -> None:
    copy.data_directory.parent.mkdir(parents=True, exist_ok=True)
    shutil.chown(copy.data_directory.parent, ACCOUNT, ACCOUNT)
    copy.log.unlink(missing_ok=True)
    unit = ["systemd-run", "--quiet", "--collect", f"--unit={copy.unit}", f"--uid={ACCOUNT}", f"--gid={ACCOUNT}"]
    # systemd would take a percent sign for one of its own, and a dollar sign for a variable.
    script = command(copy).replace("%", "%%").replace("$", "$$")
    code, _, err = run_command(
        [*unit, "--setenv=LC_ALL=C", f"--property=StandardError=file:{copy.log}", "--", "sh", "-c", script]
    )
    if code:
        raise PgopsError(f"The base backup could not be started: {' '.join(err.split())}.")


def is_running(run_command: RunCommand, copy: Copy) -> bool:
    _, out, _ = run_command(["systemctl", "show", "--property=ActiveState", "--value", copy.unit])
    return out.strip() in ("active", "activating", "deactivating")


def progress(copy: Copy) -> str:
    """The last figure in its log, for people."""
    found = PROGRESS.findall(read(copy.log))
    if not found:
        return "waiting for the primary's checkpoint"
    copied, total, percent = map(int, found[-1])
    return f"{percent} % of {total // 1024} MB" if copied else "beginning"


def failure(copy: Copy) -> str:
    lines = [line.strip() for line in re.split(r"[\r\n]+", read(copy.log)) if "error:" in line]
    return (
        " ".join(line.replace("pg_basebackup: error: ", "") for line in lines[-2:]).rstrip(".") or "it gave no reason"
    )


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def take_slice(run_command: RunCommand, copy: Copy, slice_s: int, wait: Callable[[], None]) -> bool:
    """Start the copy or go on with it, for so many seconds; whether it is whole."""
    if not copy.done.exists() and not is_running(run_command, copy):
        start(run_command, copy)
    for _ in range(slice_s):
        if not is_running(run_command, copy):
            break
        wait()
    else:
        return False
    if not copy.done.exists():
        raise PgopsError(f"The base backup failed: {failure(copy)}. Mend that and run this again; it then begins anew.")
    return True


def first_configuration(version: str, samples: Path = SAMPLES) -> dict[str, str]:
    """What pg_createcluster wants to find in a data directory that it takes over, by name."""
    sample = samples / version
    return {
        "postgresql.conf": read(sample / "postgresql.conf.sample"),
        "pg_ident.conf": read(sample / "pg_ident.conf.sample"),
        "pg_hba.conf": FIRST_RULES,
    }


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Files of PostgreSQL's own in its data directory."""
    for name, content in files.items():
        path = folder / name
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        shutil.chown(path, ACCOUNT, ACCOUNT)
    sync_folder(folder)


def install(copy: Copy, configured: bool, samples: Path = SAMPLES) -> None:
    """Make the whole copy the data directory of a standby; with what pg_createcluster wants to find where it is new."""
    files = {SIGNAL: ""} if configured else {SIGNAL: "", **first_configuration(copy.version, samples)}
    write_files(copy.done, files)
    if copy.data_directory.is_dir():
        copy.data_directory.rmdir()
    os.rename(copy.done, copy.data_directory)
    sync_folder(copy.data_directory.parent)
    copy.log.unlink(missing_ok=True)
