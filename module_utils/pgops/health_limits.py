"""The limits of the checks: what is declared, and what an operator says instead."""

from __future__ import annotations

from difflib import get_close_matches

from .errors import PgopsError
from .health import PROBLEMS, UNLIMITED, Limit
from .health_catalog import DECLARED
from .health_declared import Declared, Limits

LIMITED = tuple(one for one in DECLARED if one.limit != UNLIMITED)
KNOWN = tuple(one.option(level) for one in LIMITED for level in PROBLEMS)


def default_thresholds() -> dict[str, float]:
    """By their names, such as C(disk_warning_ratio); without the critical ones that are not set."""
    found = {one.option(level): getattr(one.limit, level) for one in LIMITED for level in PROBLEMS}
    return {name: value for name, value in found.items() if value is not None}


def read_limits(thresholds: dict) -> Limits:
    """The limits by subject. Those given must be known, be numbers and lie in order, and shares between 0 and 1."""
    for name in thresholds:
        if name not in KNOWN:
            near = get_close_matches(name, KNOWN, n=1)
            raise PgopsError(
                f"There is no threshold {name}; "
                + (f"did you mean {near[0]}?" if near else "docs/health.md lists them.")
            )
    return {one.limited_by: read_limit(one, thresholds) for one in LIMITED}


def read_limit(one: Declared, thresholds: dict) -> Limit:
    levels = {
        level: number(one.option(level), thresholds.get(one.option(level), getattr(one.limit, level)))
        for level in PROBLEMS
    }
    given = [value for value in levels.values() if value is not None]
    least, most = (given[-1], given[0]) if one.limit.falling else (given[0], given[-1])
    if not 0 < least <= most or (one.unit == "ratio" and most > 1):
        said = " and ".join(f"{one.option(level)} is {value:g}" for level, value in levels.items() if value is not None)
        order = (
            ("critical <= warning" if one.limit.falling else "warning <= critical") if len(given) == 2 else "warning"
        )
        raise PgopsError(f"{said}: give 0 < {order}{' <= 1' if one.unit == 'ratio' else ''}.")
    return Limit(levels["warning"], levels["critical"], one.limit.falling)


def number(name: str, value: object) -> float | None:
    """Extra variables of a command line are text."""
    if value is None:
        return None
    try:
        return float(str(value))
    except ValueError:
        raise PgopsError(f"{name} is {value}: give a number.") from None
