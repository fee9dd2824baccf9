#!/usr/bin/env python3
"""The table of all checks in docs/health.md, written from what declares them: tests/health_table.py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from module_runner import PROJECT, prepare_imports

if TYPE_CHECKING:
    from module_utils.pgops.health_declared import Declared

PAGE = PROJECT / "docs" / "health.md"
BEGIN, END = "<!-- written by tests/health_table.py -->", "<!-- end -->"
HEAD = ("| Check | What is measured | Warning | Critical | What to do |", "| --- | --- | --- | --- | --- |")


def table() -> str:
    prepare_imports()
    from ansible.module_utils.pgops.health_catalog import DECLARED

    return "\n".join([*HEAD, *map(row, DECLARED)])


def row(one: Declared) -> str:
    name = f"`{one.name}_`*{one.each}*" if one.each else f"`{one.name}`"
    measures = f"{one.measures} ({one.unit})" if one.unit else one.measures
    advice = re.sub(r"\{(\w+)\}", r"*\1*", one.advice)
    return f"| {name} | {measures} | {limit(one, 'warning')} | {limit(one, 'critical')} | {advice} |"


def limit(one: Declared, level: str) -> str:
    """What holds, and what it is called by."""
    if one.limit.warning is None:
        return ""
    value = getattr(one.limit, level)
    return f"`{one.option(level)}`" + ("" if value is None else f" {number(value)}")


def number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def page(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
