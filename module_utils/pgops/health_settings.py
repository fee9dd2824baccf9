"""The checks of settings: what waits for a restart, and what is not as the deployed file declares it."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import PgopsError
from .health import Check, Limit
from .health_declared import Declared, Limits, unknown_all
from .health_server import Answer

# As role postgresql_config writes it: C(name = 'value'), with quotes and backslashes doubled.
LINE = re.compile(r"^(?P<name>[A-Za-z_][\w.]*) = '(?P<value>(?:[^'\\]|''|\\\\)*)'$")
NUMBER = re.compile(r"^(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]*)$")
OCTAL = re.compile(r"^0[0-7]+$")
BYTES = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
MICROSECONDS = {"us": 1, "ms": 1000, "s": 10**6, "min": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
TRUE, FALSE = ("on", "true", "yes", "1"), ("off", "false", "no", "0")

PENDING = Declared(
    name="pending_restarts",
    unit="count",
    measures="Settings whose new value waits for a restart of the server",
    advice="Run site.yml with postgresql_config_restart in a maintenance window.",
    limit=Limit(1.0, None),
)
CHANGED = Declared(
    name="changed_settings",
    unit="count",
    measures="Settings that the server runs with otherwise than the file that site.yml wrote declares them",
    advice="Run site.yml --check --diff; what ALTER SYSTEM set goes with ALTER SYSTEM RESET {name}, or belongs into group_vars.",
    limit=Limit(1.0, None),
)
DECLARED = (PENDING, CHANGED)


def settings_checks(settings: Answer, path: str | None, limits: Limits) -> list[Check]:
    """PATH is the file of declared settings; None: nothing is declared, and so nothing is compared."""
    declared = (PENDING, CHANGED) if path else (PENDING,)
    if settings.failure is not None:
        return unknown_all(declared, limits, settings.failure, "Ask again; the server's log tells more.")
    checks = [pending_check(settings.rows, limits)]
    if path is not None:
        try:
            checks.append(changed_check(read_declared(Path(path)), settings.rows, limits))
        except PgopsError as error:
            checks.append(
                CHANGED.unknown(limits, str(error), "Run site.yml, which writes it, or correct declared_settings_file.")
            )
    return checks


def pending_check(settings: list[dict], limits: Limits) -> Check:
    names = [row["name"] for row in settings if row["pending_restart"]]
    if not names:
        return PENDING.found(limits, 0, "No setting waits for a restart.")
    return PENDING.found(
        limits, len(names), f"{', '.join(names)} {'waits' if len(names) == 1 else 'wait'} for a restart."
    )


def read_declared(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PgopsError(f"{path} cannot be read: {error.strerror}.") from error
    return parse(text)


def parse(text: str) -> dict[str, str]:
    found = (LINE.match(line) for line in text.splitlines())
    return {one["name"].lower(): one["value"].replace("''", "'").replace("\\\\", "\\") for one in found if one}


def changed_check(declared: dict[str, str], settings: list[dict], limits: Limits) -> Check:
    """What waits for a restart is told by the other check; what a role or database has of its own is meant to differ."""
    known = {row["name"].lower(): row for row in settings}
    changed = [name for name, value in sorted(declared.items()) if not _runs(value, known.get(name))]
    if not changed:
        return CHANGED.found(limits, 0, f"All of {len(declared)} declared settings are as declared.", name="")
    told = "; ".join(_difference(name, declared[name], known.get(name)) for name in changed[:3])
    more = f"; and {len(changed) - 3} more" if len(changed) > 3 else ""
    return CHANGED.found(limits, len(changed), f"{told}{more}.", name=changed[0])


def _runs(declared: str, row: dict | None) -> bool:
    if row is None:
        return False
    return row["pending_restart"] or row["overridden"] or same(declared, row["value"], row["vartype"], row["unit"])


def _difference(name: str, declared: str, row: dict | None) -> str:
    if row is None:
        return f"{name} is not known to the server"
    source = f" by {row['source_file']}" if row["source_file"] else ""
    return f"{name} is {row['value']}{row['unit'] or ''}{source}, declared is {declared}"


def same(declared: str, running: str, vartype: str, unit: str | None) -> bool:
    """Whether DECLARED, as files have it, means RUNNING, as pg_settings shows it, in units of UNIT. -1: the server chooses."""
    declared = declared.strip()
    if vartype in ("integer", "real"):
        wanted = in_units(declared, unit)
        return (
            declared == "-1" or wanted is None or abs(wanted - float(running)) < (1 if vartype == "integer" else 1e-9)
        )
    if vartype == "bool" or declared.lower() in (*TRUE, *FALSE):
        return truth(declared) == truth(running)
    return re.sub(r"\s", "", declared.lower()) == re.sub(r"\s", "", running.lower())


def truth(text: str) -> str:
    return "on" if text.lower() in TRUE else "off" if text.lower() in FALSE else text.lower()


def in_units(text: str, unit: str | None) -> float | None:
    """A number of UNIT; None: it is no number, which the server would have refused."""
    found = NUMBER.match(text)
    if found is None:
        return None
    if OCTAL.match(text):  # modes of files, which pg_settings shows in decimals
        return float(int(text, 8))
    table = next((each for each in (BYTES, MICROSECONDS) if unit in each), {})
    if unit is None or not found["unit"] or found["unit"] not in table:
        return float(found["number"])
    return float(found["number"]) * table[found["unit"]] / table[unit]
