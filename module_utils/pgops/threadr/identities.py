"""Ids of rows that have none in Redis: the same ones on every run and every machine."""

from __future__ import annotations

import json
import uuid

from .users import USER_NAMESPACE


def row_id(table: str, *parts: str | None) -> str:
    """Version 5 of what makes the row the one that it is; null differs from every text."""
    return str(uuid.uuid5(USER_NAMESPACE, json.dumps([table, *parts], ensure_ascii=False)))
