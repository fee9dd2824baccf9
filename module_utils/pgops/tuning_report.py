"""A tuning as modules return it, and what the server runs with beside it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .errors import PgopsError
from .tuning_sheet import Sheet

# Over a socket, where they mean nothing, the server shows zero for those of TCP.
RUNNING = """
    SELECT name, CASE WHEN name LIKE 'tcp\\_keepalives%' THEN reset_val || coalesce(unit, '') ELSE current_setting(name) END
    FROM pg_settings ORDER BY name
"""


def texts(settings: dict[str, Any]) -> dict[str, str]:
    """The operator's values as the server writes them. Names count without regard to case, as they do for the server."""
    return {name.lower(): text_of(name, value) for name, value in settings.items()}


def text_of(name: str, value: Any) -> str:
    if value is None:
        raise PgopsError(f"{name} has no value. Give one, or leave the setting out.")
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def read_running(conn) -> dict[str, str]:
    with conn.cursor() as cursor:
        cursor.execute(RUNNING)
        return dict(cursor.fetchall())


def report(sheet: Sheet, running: dict[str, str]) -> dict:
    known = {name.lower(): value for name, value in running.items()}
    return {
        "changed": False,
        "settings": {setting.name: setting.value for setting in sheet.settings.values()},
        "table": [{**asdict(setting), "running": known.get(setting.name)} for setting in sheet.settings.values()],
        "worst_case": {"bytes": sheet.demand.total, "arithmetic": sheet.demand.arithmetic()},
    }
