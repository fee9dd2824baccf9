"""A real host for every test worker: PostgreSQL 15 and Redis 7 in a container of the lab's image."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.host import started


@pytest.fixture(scope="session")
def host():
    """A systemd container with cluster 15/main on the socket and a Redis without password on 127.0.0.1:6379."""
    with started("test") as container:
        yield container


@pytest.fixture
def database(host):
    """A database of this test alone; its name."""
    name = f"test_{secrets.token_hex(4)}"
    host.execute(f"CREATE DATABASE {name};")
    yield name
    host.execute(f"DROP DATABASE {name} WITH (FORCE);")
