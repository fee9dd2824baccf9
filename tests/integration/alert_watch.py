"""A real Prometheus beside a real server, set up by the roles: which alerts there are, and which of them fire."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tests"))

import module_runner

module_runner.prepare_imports()

import yaml
from ansible.module_utils.pgops.health_catalog import DECLARED

from health_sessions import wait_for

ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
METRICS = "/var/lib/prometheus/node-exporter"
# Gives a program another clock.
LIBRARY = "/usr/$LIB/faketime/libfaketime.so.1"
# A line is crossed in seconds here, where operators wait for minutes; ratios are the real ones.
LIMITS = {
    "statement_warning_s": 1,
    "statement_critical_s": 2,
    "idle_in_transaction_warning_s": 1,
    "idle_in_transaction_critical_s": 2,
    "oldest_transaction_warning_s": 1,
    "oldest_transaction_critical_s": 2,
    "lock_waits_warning_s": 1,
    "lock_waits_critical_s": 2,
    "replication_warning_s": 1,
    "replication_critical_s": 2,
    "replication_distance_warning_bytes": 8 << 20,
    "replication_distance_critical_bytes": 16 << 20,
    "slots_warning_bytes": 8 << 20,
    "slots_critical_bytes": 16 << 20,
    "archive_lag_warning_s": 1,
    "archive_lag_critical_s": 2,
    "wraparound_warning_ratio": 0.000_002,
    "wraparound_critical_ratio": 0.000_003,
}
VARIABLES = {
    "postgresql_exporter_listen": "127.0.0.1:9187",
    "postgresql_exporter_database": "watched",
    "prometheus_hosts": ["pg1", "pg2"],
    # Both are this one host, where the standby has an exporter of its own.
    "prometheus_addresses": {"pg1": "127.0.0.1", "pg2": "127.0.0.2"},
    # The exporter tries for more than a second before it says that the server is down.
    "prometheus_scrape_interval": "3s",
    "prometheus_alert_delay": "0s",
    "prometheus_thresholds": LIMITS,
}
PREPARE = """
    ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements';
    ALTER SYSTEM SET archive_mode = 'on';
    ALTER SYSTEM SET archive_command = '/bin/true';
    ALTER SYSTEM SET max_prepared_transactions = 5;
    CREATE ROLE prometheus LOGIN IN ROLE pg_monitor;
    CREATE ROLE health_monitor IN ROLE pg_monitor;
    CREATE DATABASE watched;
"""

# Checks without limits that are critical or not.
JUDGED = ("recovery_state", "schema_revision", "pooler", "wal_arrival", "wal_archive")

Alert = tuple[str, str, str]  # alert, severity, and the name of the check if it is one of health


class Watch:
    """One host with PostgreSQL, both exporters, Prometheus and Alertmanager."""

    def __init__(self, host, folder: Path) -> None:
        self.host, self.folder = host, folder
        # How far that of whoever examines is ahead, such as +3d.
        self.clock = "+0"
        host.execute(PREPARE)
        host.run("systemctl", "restart", "postgresql@15-main")
        host.execute("CREATE EXTENSION pg_stat_statements;", db="watched")
        self.set_up()
        self.examine()
        wait_for(lambda: self.value('up{job="postgresql",instance="pg1"}') == 1, 60)

    def set_up(self, *arguments: str, **variables) -> str:
        """What the playbook says; it has to succeed."""
        reached = {
            "ansible_connection": "container",
            "ansible_host": self.host.name,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        inventory = self.folder / "hosts.json"
        known = {"postgresql": {"hosts": {"pg1": {**reached, **VARIABLES, **variables}}}}
        inventory.write_text(json.dumps(known))
        program = Path(sys.executable).with_name("ansible-playbook")
        surroundings = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(
            [program, "-i", inventory, *arguments, "bench/monitoring.yml"],
            cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, path: str) -> Any:
        done = self.host.run("python3", "-c", ASK, f"http://127.0.0.1:9090/api/v1/{path}")
        return json.loads(done.stdout)["data"]

    def value(self, expression: str) -> float | None:
        """Of its first series, or None where there is none."""
        found = self.ask(f"query?query={quote(expression)}")["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> dict[Alert, dict]:
        """Annotations of the alerts that fire; that pg2 has no exporter while it has no standby is no news."""
        return {
            key(alert["labels"]): alert["annotations"]
            for alert in self.ask("alerts")["alerts"]
            if alert["state"] == "firing"
            and (alert["labels"]["alertname"], alert["labels"]["instance"]) != ("ExporterDown", "pg2")
        }

    def rules(self) -> set[tuple[str, str]]:
        """Every alert that there is, and how severe."""
        groups = self.ask("rules")["groups"]
        return {(rule["name"], rule["labels"]["severity"]) for group in groups for rule in group["rules"]}

    def examine(self, **options) -> dict:
        """What check_health.yml does: ask, and tell Prometheus. OPTIONS are the module's, or limits by their names."""
        limits = {name: options.pop(name) for name in list(options) if "_warning_" in name or "_critical_" in name}
        asked = {"login_db": "watched", "login_role": "health_monitor", "thresholds": {**LIMITS, **limits}, **options}
        found = with_clock(self.host, self.clock, "pg_health_info", asked)
        assert not found.get("failed"), found["msg"]
        told = {"path": f"{METRICS}/pgops_health.prom", "content": found["metrics"]}
        assert not self.host.module("metrics_file", told, user="root").get("failed")
        return found

    def becomes(self, expected: set[Alert], fires: bool, limit_s: float = 60) -> float:
        """Seconds until all of EXPECTED fire, or none of them does."""
        begun = time.monotonic()
        wait_for(lambda: expected <= set(self.firing()) if fires else not expected & set(self.firing()), limit_s)
        return time.monotonic() - begun


def with_clock(host, clock: str, module: str, params: dict) -> dict:
    """The answer of a MODULE whose clock is ahead, or behind, by CLOCK."""
    if clock == "+0":
        return host.module(module, params)
    program = ["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME={clock}", "python3", "/src/tests/module_runner.py", module]
    return json.loads(host.run(*program, user="postgres", stdin=json.dumps({"params": params})).stdout)


def key(labels: dict) -> Alert:
    return labels["alertname"], labels["severity"], labels.get("check", "")


def every_alert(watch: Watch) -> set[Alert]:
    """Those of the rules; that of health once for each of its checks, at each level that the check can come to."""
    rules = {(name, severity, "") for name, severity in watch.rules() if name != "PostgresqlHealth"}
    return rules | {("PostgresqlHealth", level, check) for check, levels in health_levels().items() for level in levels}


def health_levels() -> dict[str, list[str]]:
    """For each check that no rule of its own watches, the verdicts that it can come to."""
    role = yaml.safe_load((PROJECT / "roles/prometheus/vars/main.yml").read_text())
    watched = role["__prometheus_watched_checks"]
    # Where both limits are one, it is critical at once.
    levels = {
        one.name: [
            level
            for level in ("warning", "critical")
            if getattr(one.limit, level) and (level == "critical" or one.limit.warning != one.limit.critical)
        ]
        for one in DECLARED
    }
    levels |= {name: ["critical"] for name in JUDGED}
    return {name: found for name, found in levels.items() if name not in watched}
