"""Amounts of memory, as PostgreSQL writes them and as people read them."""

from __future__ import annotations

import re

from .errors import PgopsError

KB, MB, GB, TB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
UNITS = {"B": 1, "kB": KB, "MB": MB, "GB": GB, "TB": TB}
SIZE = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*(B|kB|MB|GB|TB)?\s*")


def parse_bytes(text: str, name: str, unit_bytes: int = 1) -> int:
    """C(64MB) in bytes. A number without a unit counts in UNIT_BYTES, the unit of the setting called NAME."""
    found = SIZE.fullmatch(text)
    if found is None:
        raise PgopsError(f"{name} is {text!r}. Give a size such as 64MB; the units are {', '.join(UNITS)}.")
    number, unit = found.groups()
    return int(float(number) * (UNITS[unit] if unit else unit_bytes))


def setting_text(size: int) -> str:
    """SIZE in the largest unit that keeps it whole: C(2GB), C(1536MB); below a kB it is lost."""
    for unit in ("GB", "MB"):
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return f"{size // KB}kB"


def shown(size: float) -> str:
    """For sentences, with one decimal where it says something: C(1.9 GB), C(512 MB)."""
    for unit in ("GB", "MB"):
        if size >= UNITS[unit]:
            return f"{size / UNITS[unit]:.1f} {unit}".replace(".0 ", " ")
    return f"{size / KB:.0f} kB"


def rounded_down(size: float, step: int) -> int:
    return int(size) // step * step
