"""A shop to back up and to restore, and what disk and server say of it: the product is never its own witness."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

SMALL = "/var/tmp/small"  # a file system of 8 MiB, see conftest.py
KILLED = 128 + 9

ROLES = "CREATE ROLE {0}_owner; CREATE ROLE {0}_app; CREATE ROLE {0}_backup; GRANT pg_read_all_data TO {0}_backup;"
# What pg_dump leaves out is here as well: settings of the database, in lists too, and privileges on it.
DATABASE = """
    CREATE DATABASE {0} OWNER {0}_owner;
    REVOKE CONNECT, TEMPORARY ON DATABASE {0} FROM PUBLIC;
    GRANT CONNECT ON DATABASE {0} TO {0}_app, {0}_backup;
    GRANT TEMPORARY ON DATABASE {0} TO {0}_app WITH GRANT OPTION;
    ALTER DATABASE {0} SET search_path = "$user", public, stock;
    ALTER DATABASE {0} SET work_mem = '12MB';
    ALTER ROLE {0}_app IN DATABASE {0} SET statement_timeout = '7s';
"""
TABLES = """
    SET ROLE {0}_owner;
    CREATE SCHEMA stock;
    CREATE TABLE public.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL, price numeric(9, 2));
    CREATE INDEX orders_item ON public.orders (item);
    CREATE TABLE public.returns (id int PRIMARY KEY);
    CREATE TABLE stock.items (name text PRIMARY KEY, pieces int);
    CREATE TABLE public.visits (day date NOT NULL) PARTITION BY RANGE (day);
    CREATE TABLE public.visits_2026 PARTITION OF public.visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO public.visits SELECT '2026-01-01'::date + n FROM generate_series(0, 9) n;
    INSERT INTO public.orders (item, price) SELECT 'item ' || n, n FROM generate_series(1, 700) n;
    INSERT INTO stock.items VALUES ('tea', 3), ('mug', NULL), (E'two\\nlines', 0);
    GRANT SELECT ON public.orders TO {0}_app;
"""
ROWS = {"public.orders": 700, "public.returns": 0, "public.visits_2026": 10, "stock.items": 3}
# Random bytes: no compression makes them smaller.
GROW = """
    CREATE EXTENSION pgcrypto;
    CREATE TABLE public.noise AS SELECT gen_random_bytes(1000) AS bytes FROM generate_series(1, {kibibytes});
"""
# Everything of a database that a restore has to bring back and that pg_dump leaves out.
ABOUT = """
    SELECT pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datcollate, d.datallowconn, d.datacl::text,
           (SELECT json_agg(json_build_array(pg_get_userbyid(s.setrole), c) ORDER BY s.setrole, c)
            FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setdatabase = d.oid AND c NOT LIKE 'pgops.%')
    FROM pg_database d WHERE d.datname = '{0}'
"""
DIGEST = "(SELECT coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {0} t)"


class Shop:
    """One database, NAME, with roles of its own, and one directory of backups."""

    def __init__(self, host, name: str) -> None:
        self.host, self.name, self.directory = host, name, f"/var/tmp/backups_{name}"

    def backup_params(self, **changes) -> dict:
        return {"login_db": self.name, "directory": self.directory, **changes}

    def restore_params(self, **changes) -> dict:
        return {"database": self.name, "target": f"{self.name}_copy", "directory": self.directory, **changes}

    def back_up(self, **changes) -> dict:
        return self.succeed("pg_backup", self.backup_params(**changes))

    def restore(self, **changes) -> dict:
        return self.succeed("pg_restore", self.restore_params(**changes))

    def listed(self, **changes) -> dict:
        return self.succeed("pg_backup_info", {"directory": self.directory, **changes})

    def succeed(self, module: str, params: dict) -> dict:
        result = self.host.module(module, params)
        assert not result.get("failed"), result["msg"]
        return result

    def refusal(self, module: str, params: dict, check_mode: bool = False) -> str:
        """The message with which MODULE fails, and soon: one sentence or more, on one line."""
        result = self.in_background(module, params, check_mode).result()
        assert result.get("failed"), result
        assert re.fullmatch(r"\S.*\.", result["msg"]), result["msg"]
        assert "Traceback" not in result["msg"]
        return result["msg"]

    def execute(self, statements: str) -> None:
        self.host.execute(statements, db=self.name)

    def disk(self, directory: str = "") -> list[str]:
        """Names, modes, times and sizes of all that lies in the directory, its own among them; [] where it is missing."""
        found = self.host.run("find", directory or self.directory, "-printf", "%P %m %T@ %s\n", check=False).stdout
        return sorted(found.splitlines())

    def folders(self) -> list[str]:
        """What lies directly in the directory, hidden or not, but for the lock."""
        found = self.host.run("ls", "-A", self.directory, check=False).stdout.splitlines()
        return sorted(name for name in found if name != ".lock")

    def databases(self) -> list[str]:
        """Databases of this shop, by name."""
        query = f"SELECT datname FROM pg_database WHERE datname LIKE '%{self.name}%' ORDER BY 1"
        return [name for (name,) in self.host.query(query)]

    def about(self, name: str) -> list[list]:
        return self.host.query(ABOUT.format(name))

    def in_background(self, module: str, params: dict, check_mode: bool = False) -> Running:
        return Running(self.host, module, {"params": params, "check_mode": check_mode})

    def wait_for_session(self, application: str, where: str = "true") -> None:
        """Until APPLICATION has a session in one of this shop's databases for which WHERE holds."""
        found = f"SELECT count(*) FROM pg_stat_activity WHERE datname LIKE '{self.name}%' AND application_name = '{application}'"
        wait_until(lambda: self.host.query(f"{found} AND {where}") != [[0]])

    def drop_copies(self) -> None:
        copies = [name for name in self.databases() if name != self.name]
        if copies:
            self.host.execute("".join(f'DROP DATABASE "{name}" WITH (FORCE);' for name in copies))

    def clear(self) -> None:
        """No backups, no copies."""
        self.drop_copies()
        self.host.run("sh", "-c", f"rm -rf {self.directory} {SMALL}/*")

    def flip_byte(self, path: str, offset: int = 100) -> None:
        """Invert the byte at OFFSET of a file; its size stays."""
        script = "f = open(%r, 'r+b'); f.seek(%d); b = f.read(1)[0]; f.seek(%d); f.write(bytes([b ^ 255]))"
        self.host.run("python3", "-c", script % (path, offset, offset))

    def change_manifest(self, backup: str, **changes) -> None:
        path = f"{self.directory}/{backup}/manifest.json"
        found = json.loads(self.host.run("cat", path).stdout)
        self.host.run("tee", path, stdin=json.dumps({**found, **changes}))

    def contents(self, name: str) -> list[str]:
        """A digest of every table, made by the server and not by the product."""
        return self.host.query(f"SELECT json_build_array({', '.join(map(DIGEST.format, ROWS))})", db=name)[0][0]


def aged(shop: Shop, days: int, kind: str = "full") -> str:
    """The name of a backup that was made so many days ago."""
    name, moment = shop.back_up(type=kind)["backup"]["name"], datetime.now(timezone.utc) - timedelta(days=days)
    old = f"{name.rpartition('_')[0]}_{moment:%Y%m%dT%H%M%SZ}"
    shop.change_manifest(name, name=old, created_at=moment.isoformat(timespec="milliseconds"))
    shop.host.run("mv", f"{shop.directory}/{name}", f"{shop.directory}/{old}")
    return old


@contextmanager
def opened(host) -> Iterator[Shop]:
    """A shop of one test alone; afterwards nothing is left of it."""
    name = f"shop_{secrets.token_hex(3)}"
    shop = Shop(host, name)
    host.execute((ROLES + DATABASE + "\n\\connect {0}\n" + TABLES).format(name))
    try:
        yield shop
    finally:
        shop.clear()
        host.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);")
        host.execute(f"DROP ROLE {name}_owner, {name}_app, {name}_backup;")


class Running:
    """A module in the background of HOST, known by its process id."""

    def __init__(self, host, module: str, request: dict, user: str = "postgres") -> None:
        self.host, self.user = host, user
        command = ["podman", "exec", "--interactive", "--user", user, host.name, "sh", "-c"]
        script = f"echo $$ >&2; exec python3 /src/tests/module_runner.py {module}"
        self.process = subprocess.Popen(
            [*command, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdin and self.process.stderr
        self.process.stdin.write(json.dumps(request))
        self.process.stdin.close()
        self.process.stdin = None
        self.pid = self.process.stderr.readline().strip()

    def kill_when(self, condition: str) -> None:
        """SIGKILL as soon as a shell command succeeds, asked and done in there: moments are short. It must still run."""
        loop = f"until {condition}; do :; done; kill -KILL {self.pid}"
        self.host.run("timeout", "120", "sh", "-c", loop, user=self.user)
        self.process.wait(timeout=30)

    def kill(self) -> None:
        """SIGKILL, whether it still runs or not."""
        self.host.run("kill", "-KILL", self.pid, check=False)

    def answer(self, seconds: float = 60) -> dict | None:
        """What it prints; None where it was killed. A traceback fails the test."""
        printed, errors = self.process.communicate(timeout=seconds)
        if self.process.returncode == KILLED:
            return None
        try:
            return json.loads(printed)
        except ValueError:
            raise AssertionError(f"it printed no answer: {printed!r} {errors!r}") from None

    def result(self) -> dict:
        answer = self.answer()
        assert answer is not None, "it was killed"
        return answer


class Session:
    """A psql of the superuser that stays, in DATABASE of HOST, until it is ended."""

    def __init__(self, host, database: str) -> None:
        command = ["podman", "exec", "--interactive", "--user", "postgres", host.name, "psql", "-XAtq", "-d", database]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def execute(self, statements: str) -> None:
        """Run STATEMENTS, and return when they are done."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{statements}\n\\echo done\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline().strip()) != "done":
            assert line or self.process.poll() is None, "the session ended"

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=30)


@contextmanager
def session(host, database: str, statements: str = "") -> Iterator[Session]:
    made = Session(host, database)
    try:
        made.execute(statements)
        yield made
    finally:
        made.end()


def says(query: str, database: str = "postgres") -> str:
    """A shell command that succeeds when QUERY gives a row."""
    return f"""psql -XAtq -d {database} -c "{query}" 2>/dev/null | grep -q ."""


def wait_until(question, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
