"""The main job on the lab, step by step, each through the playbook that an operator would use.

``python -m lab.demo`` runs it, ``python -m lab.demo down`` removes every trace of it. Started by make.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from lab import passwords, playbook_log, summary

PROJECT = Path(__file__).resolve().parent.parent
INVENTORY = PROJECT / "inventories" / "lab"
OUT = PROJECT / "lab" / "out"
# About 10,000 keys with all that belongs to these, and the hostile set.
KEYSPACE = ("--seed", "1", "--users", "300", "--threads", "1500", "--hostile")
RESTORED = "threadr_restored"


@dataclass(frozen=True)
class Step:
    """One playbook. C(name) names its log and its result in lab/out."""

    name: str
    title: str
    playbook: str
    options: tuple[str, ...] = ()
    changes: bool | None = None  # what the recap must say, where the point of the step is that

    def command(self, output: Path) -> list[str]:
        return ["ansible-playbook", "-i", str(INVENTORY), self.playbook, *self.options, "-e", f"output={output}"]


STEPS = (
    Step("create", "Start the lab: pg1 and redis1", "lab/create.yml"),
    Step("redis", "Provision the source, Redis 7", "lab/redis.yml"),
    Step("requirements", "Check the requirements", "playbooks/check_requirements.yml"),
    Step("provision", "Provision PostgreSQL 15 and the schema", "playbooks/site.yml"),
    Step("load", "Load a synthetic keyspace", ""),
    Step("audit", "Audit the keyspace", "playbooks/audit_redis.yml"),
    Step("dry_run", "Migrate: dry run", "playbooks/migrate_redis.yml", ("--check", "--diff"), changes=True),
    Step("migrate", "Migrate", "playbooks/migrate_redis.yml", changes=True),
    Step("validate", "Validate row by row", "playbooks/validate_migration.yml"),
    Step("again", "Migrate again: nothing may change", "playbooks/migrate_redis.yml", changes=False),
    Step("backup", "Back up", "playbooks/backup_postgresql.yml"),
    Step("list", "List the backups", "playbooks/list_backups.yml"),
    Step(
        "restore",
        "Restore beside, and compare",
        "playbooks/restore_postgresql.yml",
        ("-e", f"restore_target={RESTORED}", "-e", "restore_compare_with=threadr"),
    ),
    Step("health", "Check health", "playbooks/check_health.yml"),
)


class StepError(Exception):
    """Which step failed, why, and where to read more."""


def prefix() -> str:
    """First part of the names of this checkout's containers; the inventory derives the same."""
    return os.environ.get("THREADR_LAB") or f"threadr-demo-{sha256(str(PROJECT).encode()).hexdigest()[:8]}"


def run_logged(command: list[str], log: Path) -> None:
    with log.open("w") as file:
        done = subprocess.run(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        reason = playbook_log.reason(log.read_text(errors="replace"))
        raise StepError(f"{reason}\nThe whole output is in {log.relative_to(PROJECT)}.")


def run_step(step: Step, number: int) -> None:
    if step.name == "load":
        load_keyspace(OUT / f"{number:02}-load.log")
        return
    log = OUT / f"{number:02}-{step.name}.log"
    run_logged(step.command(OUT / f"{step.name}.json"), log)
    changed = playbook_log.changed_tasks(log.read_text())
    if step.changes is not None and bool(changed) is not step.changes:
        raise StepError(f"{changed} tasks changed something where {'some' if step.changes else 'none'} should have.")


def load_keyspace(log: Path) -> None:
    """Straight from the generator into redis-cli: nothing on disk, no password on a command line."""
    load = 'REDISCLI_AUTH="$(cat /root/.redis-password)" exec redis-cli --pipe'
    generator = subprocess.Popen([sys.executable, "-m", "lab.keyspace", *KEYSPACE], cwd=PROJECT, stdout=subprocess.PIPE)
    with log.open("w") as file:
        command = ["podman", "exec", "--interactive", f"{prefix()}-redis1", "sh", "-c", load]
        done = subprocess.run(command, stdin=generator.stdout, stdout=file, stderr=subprocess.STDOUT, check=False)
    if generator.wait() or done.returncode or "errors: 0" not in log.read_text():
        raise StepError(f"The keyspace was not loaded: {log.read_text().strip()[-300:]}")


def up() -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    passwords.write_once(INVENTORY)
    run_logged(["ansible-playbook", "-i", str(INVENTORY), "lab/destroy.yml"], OUT / "00-destroy.log")
    durations: dict[str, float] = {}
    print(f"Lab {prefix()}: {len(STEPS)} steps; their logs and results are in lab/out.\n", flush=True)
    for number, step in enumerate(STEPS, 1):
        print(f"{number:>2}/{len(STEPS)} {step.title:<42}", end="", flush=True)
        started = time.monotonic()
        try:
            run_step(step, number)
        except StepError as error:
            print(f" failed\n\nStep {number}, {step.title!r}, failed: {error}\n")
            print("The lab is left as it is, to be looked at. Try again with make demo; remove it with make demo-down.")
            return 1
        durations[step.title] = time.monotonic() - started
        print(f"{durations[step.title]:6.1f} s", flush=True)
    text = summary.of(summary.read_results(OUT), durations)
    (OUT / "summary.txt").write_text(text)
    print("\n" + text)
    return 0


def down() -> int:
    """Containers, network, image, passwords, results: all that make demo made, except the virtual environment."""
    OUT.mkdir(parents=True, exist_ok=True)
    passwords.write_once(INVENTORY)
    try:
        run_logged(["ansible-playbook", "-i", str(INVENTORY), "lab/destroy.yml"], OUT / "destroy.log")
    except StepError as error:
        print(f"The lab could not be removed: {error}")
        return 1
    shutil.rmtree(OUT)
    (INVENTORY / passwords.FILE).unlink()
    print(
        f"Lab {prefix()} is gone: its containers, network, passwords and results. Its image stays; make clean removes it."
    )
    return 0


if __name__ == "__main__":
    sys.exit(down() if sys.argv[1:] == ["down"] else up())
