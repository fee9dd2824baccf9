"""An archive that cannot be read back is no backup, although it was written and everything was counted."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from unittest.mock import MagicMock

import pytest
from ansible.module_utils.pgops import dump
from ansible.module_utils.pgops.errors import PgopsError

PARAMS = {"format": "custom", "lock_timeout_s": 1, "type": "full", "login_role": None, "login_db": "shop"}


def test_what_cannot_be_read_back_fails(monkeypatch, tmp_path):
    @contextmanager
    def transaction(_conn):
        yield MagicMock()

    def broken(_archive, _unpacked_bytes):
        raise PgopsError("pg_restore ended with 1: unexpected end of file.")

    monkeypatch.setattr(dump, "transaction", transaction)
    monkeypatch.setattr(dump, "lock_tables", lambda cursor: None)
    monkeypatch.setattr(dump, "describe", lambda cursor: {})
    monkeypatch.setattr(dump, "command", lambda *_: [])
    monkeypatch.setattr(dump, "write", lambda *_: None)
    monkeypatch.setattr(dump, "count_rows", lambda cursor: {"public.orders": 3})
    monkeypatch.setattr(dump.commands, "login_surroundings", lambda params: nullcontext())
    monkeypatch.setattr(dump, "read_to_end", broken)
    with pytest.raises(PgopsError, match="unexpected end of file"):
        dump.make(None, PARAMS, tmp_path)
