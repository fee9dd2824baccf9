"""A planned SQL statement: a value that is compared, shown in a dry run, and executed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .connection import sql

PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*")
HIDDEN = "'********'"


@dataclass(frozen=True)
class Statement:
    """TEXT is a named constant of its subject: C({}) stands for an identifier, C(%s) for a value.

    KEYWORDS fill C({keywords}); they are choices of the module's options, never free text.
    """

    text: str
    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    secret: bool = False  # its values are never shown

    def shown(self) -> str:
        """As a DBA would type it."""
        text = self.text.format(*map(shown_name, self.names), keywords=", ".join(self.keywords))
        return text % tuple(HIDDEN if self.secret else shown_value(value) for value in self.values) + ";"

    def execute(self, cursor) -> None:
        keywords = sql.SQL(", ".join(self.keywords))
        query = sql.SQL(self.text).format(*(identifier(name) for name in self.names), keywords=keywords)
        cursor.execute(query, self.values or None)


def identifier(name: str):
    # PUBLIC is a keyword among grantees; a role cannot have this name.
    return sql.SQL(name) if name == "PUBLIC" else sql.Identifier(name)


def shown_name(name: str) -> str:
    if PLAIN_NAME.fullmatch(name) or name == "PUBLIC":
        return name
    return '"' + name.replace('"', '""') + '"'


def shown_value(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def report(statements: list[Statement]) -> dict:
    """What a module answers about statements that it executed, or would."""
    lines = [statement.shown() for statement in statements]
    return {
        "changed": bool(lines),
        "statements": lines,
        "diff": {"before": "", "after": "".join(f"{line}\n" for line in lines)},
    }
