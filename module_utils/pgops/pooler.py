"""PgBouncer's files: what differs, what waits for a restart, what its own parser thinks of them. Pure functions."""

from __future__ import annotations

import configparser
import csv
import io
import re

SECTION = "pgbouncer"
# Shown otherwise than written, or no setting of the file.
NOT_COMPARED = ("conffile", "unix_socket_mode")
LISTEN = "0A"  # a state in /proc/net/tcp
COMPLAINT = re.compile(r"(?:ERROR|FATAL|WARNING) (?P<reason>.+)")
# What timeout(1) answers when the program was still running, which is what a pooler does with files that it can read.
RAN_ON = 124


def settings(ini: str) -> dict[str, str]:
    """The section [pgbouncer] of a file."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.read_string(ini)
    return dict(parser[SECTION]) if parser.has_section(SECTION) else {}


def table(shown: str) -> list[dict[str, str]]:
    """What the admin console answers, as psql --csv prints it."""
    return list(csv.DictReader(io.StringIO(shown)))


def waiting(running: list[dict[str, str]], wanted: dict[str, str]) -> list[str]:
    """The settings that only a restart brings from what SHOW CONFIG says to what the file will say."""
    return sorted(
        row["key"]
        for row in running
        if row["changeable"] == "no"
        and row["key"] not in NOT_COMPARED
        and wanted.get(row["key"], row["default"]) != row["value"]
    )


def clients(shown: list[dict[str, str]]) -> int:
    """How many there are beside those of the admin console."""
    return sum(row["database"] != SECTION for row in shown)


def listening(*tables: str) -> set[int]:
    """Ports that somebody listens on, from the texts of /proc/net/tcp and tcp6."""
    rows = [line.split() for text in tables for line in text.splitlines()[1:]]
    return {int(row[1].rsplit(":", 1)[1], 16) for row in rows if len(row) > 3 and row[3] == LISTEN}


def rehearsed(ini: str, directory: str, stage: str) -> str:
    """The file with its neighbours in STAGE, listening to nobody: the last word of a section counts."""
    quiet = {"listen_addr": "", "unix_socket_dir": stage, "pidfile": f"{stage}/pid", "logfile": "", "syslog": "0"}
    lines = "".join(f"{name} = {value}\n" for name, value in quiet.items())
    return ini.replace(f"{directory}/", f"{stage}/").rstrip("\n") + "\n" + lines


def complaint(code: int, said: str, directory: str, stage: str) -> str | None:
    """Why PgBouncer does not take the files; None when it does. A rule of its HBA file that it drops is no trifle."""
    found = [match["reason"] for line in said.splitlines() if (match := COMPLAINT.search(line))]
    grave = [reason for reason in found if code != RAN_ON or "hba" in reason]
    if code == RAN_ON and not grave:
        return None
    reasons = [reason.replace(stage, directory) for reason in grave if reason != "cannot load config file"]
    return "; ".join(dict.fromkeys(reasons)) or f"it ended with code {code}"
