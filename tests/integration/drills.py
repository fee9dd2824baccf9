"""What drills have in common: their options, and what is left of one."""

from __future__ import annotations

from backups import Running

WORK = "/var/lib/postgresql/drill"
# Servers, and whatever works for one.
PROCESSES = "pgrep -af '[d]rill/side'"


def heartbeat(host, database: str, age_s: int) -> None:
    """As the schema and its timer have it, so many seconds ago."""
    host.execute(
        f"""
        CREATE SCHEMA IF NOT EXISTS operations;
        CREATE TABLE IF NOT EXISTS operations.heartbeat (
            only_row boolean PRIMARY KEY DEFAULT true, began_at timestamptz DEFAULT now(), beat_at timestamptz NOT NULL);
        INSERT INTO operations.heartbeat (beat_at) VALUES (now() - interval '{age_s} s')
        ON CONFLICT (only_row) DO UPDATE SET beat_at = EXCLUDED.beat_at;
        """,
        db=database,
    )


class Drills:
    """Drills of one kind on HOST, with their usual OPTIONS."""

    def __init__(self, host, **options) -> None:
        self.host, self.options = host, {"host": "pg1", "keep_free_ratio": 0, "timeout_s": 60, **options}

    def params(self, **changes) -> dict:
        return {**self.options, **changes}

    def run(self, check_mode: bool = False, **changes) -> dict:
        result = self.host.module("pg_drill", self.params(**changes), check_mode)
        assert not result.get("failed"), result["msg"]
        return result

    def passed(self, **changes) -> dict:
        drill = self.run(**changes)["drill"]
        assert drill["passed"], drill
        return drill

    def failed(self, **changes) -> dict:
        """What it is told of; nothing is left, and it can be kept as it is."""
        drill = self.run(**changes)["drill"]
        assert not drill["passed"], drill
        assert drill["rto_s"] is None
        assert all("\n" not in one and one.endswith(".") and "Traceback" not in one for one in drill["problems"]), drill
        assert self.left() == []
        return drill

    def refusal(self, check_mode: bool = False, **changes) -> str:
        result = self.host.module("pg_drill", self.params(**changes), check_mode)
        assert result.get("failed"), result
        assert "\n" not in result["msg"] and result["msg"].endswith("."), result["msg"]
        assert "Traceback" not in result["msg"]
        return result["msg"]

    def in_background(self, **changes) -> Running:
        return Running(self.host, "pg_drill", {"params": self.params(**changes), "check_mode": False})

    def left(self) -> list[str]:
        """Files and processes of drills, but for the lock."""
        files = self.host.run("sh", "-c", f"ls -A {WORK} 2>/dev/null", check=False).stdout.split()
        processes = self.host.run("sh", "-c", PROCESSES, check=False).stdout.splitlines()
        return [name for name in files if name != ".lock"] + processes


def verdicts(drill: dict) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in drill["checks"]}
