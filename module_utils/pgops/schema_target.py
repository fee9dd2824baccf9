"""Whether there is a database yet: a dry run on a bare host plans for the one that the run would find."""

from __future__ import annotations

import os
from pathlib import Path

from .connection import SOCKET_DIRECTORY, connect, psycopg2
from .server_host import read_clusters

DATABASE_EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)"
ROLE_EXISTS = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"


def absent_locally(params: dict, root: Path = Path("/")) -> str | None:
    """What this host lacks, if anything. A server that exists but is down is not absent; one at another port is another."""
    if psycopg2 is None:
        return "psycopg2 is not installed yet"
    directory = params["login_host"] or SOCKET_DIRECTORY
    if directory.startswith("/"):
        listens = os.path.exists(os.path.join(directory, f".s.PGSQL.{params['login_port']}"))
        if not listens and all(cluster.port != params["login_port"] for cluster in read_clusters(root)):
            return f"there is no PostgreSQL cluster at port {params['login_port']} of this host yet"
    return None


def absent(params: dict) -> str | None:
    """Why there is no database to ask yet; None when there is one."""
    reason = absent_locally(params)
    if reason is not None:
        return reason
    with connect({**params, "login_db": "postgres", "login_role": None}) as conn, conn.cursor() as cursor:
        cursor.execute(DATABASE_EXISTS, (params["login_db"],))
        if not cursor.fetchone()[0]:
            return f"database {params['login_db']} does not exist yet"
        if params["login_role"]:
            cursor.execute(ROLE_EXISTS, (params["login_role"],))
            if not cursor.fetchone()[0]:
                return f"role {params['login_role']} does not exist yet"
    return None
