"""The main job on the lab, step by step, each through the playbook that an operator would use.

``python -m lab.demo`` runs it, ``python -m lab.demo down`` removes every trace of it. Started by make. Logs and results are
in lab/out, or in the folder demo below the one that THREADR_DEMO_RESULTS names.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from lab import passwords, playbook_log, summary

PROJECT = Path(__file__).resolve().parent.parent
INVENTORY = PROJECT / "inventories" / "lab"
RESULTS = os.environ.get("THREADR_DEMO_RESULTS")
# A folder of its own: it is removed with all that is in it.
OUT = Path(RESULTS) / "demo" if RESULTS else PROJECT / "lab" / "out"
# About 10,000 keys with all that belongs to these, and the hostile set.
KEYSPACE = ("--seed", "1", "--users", "300", "--threads", "1500", "--hostile")
RESTORED = "threadr_restored"
PHYSICAL = ("-e", "backup_kind=physical")
# Logs are read by people and by playbook_log, neither of which wants the colours of somebody's shell.
ENVIRONMENT = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}


CHECKLIST = '{"migrate_window": "acknowledged", "migrate_backup_waived": "The keyspace is made up."}'


@dataclass(frozen=True)
class Step:
    """One step of the demo. C(name) names its log and its result in OUT."""

    name: str
    title: str
    playbook: str = ""
    options: tuple[str, ...] = ()
    changes: bool | None = None  # what recap and result must say, where that is the point of the step


STEPS = (
    Step("image", "Have the container image"),
    Step("create", "Start the lab: pg1, pg2, redis1 and app1", "lab/create.yml"),
    Step("redis", "Provision the source, Redis 7", "lab/redis.yml"),
    Step("requirements", "Check the requirements", "playbooks/check_requirements.yml"),
    Step("provision", "Provision PostgreSQL 15, standby, schema", "playbooks/site.yml"),
    Step("security", "Audit the security", "playbooks/audit_security.yml"),
    Step("load", "Load a synthetic keyspace"),
    Step("audit", "Audit the keyspace", "playbooks/audit_redis.yml"),
    Step("checklist", "Go through the list before a migration", "playbooks/check_migration.yml", ("-e", CHECKLIST)),
    Step("dry_run", "Migrate: dry run", "playbooks/migrate_redis.yml", ("--check", "--diff"), changes=True),
    Step("migrate", "Migrate", "playbooks/migrate_redis.yml", changes=True),
    Step("validate", "Validate row by row", "playbooks/validate_migration.yml"),
    Step("again", "Migrate again: nothing may change", "playbooks/migrate_redis.yml", changes=False),
    Step("backup", "Back up", "playbooks/backup_postgresql.yml"),
    Step("physical", "Back up all databases", "playbooks/backup_postgresql.yml", PHYSICAL, changes=True),
    Step("drill", "Prove that both can be restored", "playbooks/drill_restore.yml"),
    Step("list", "List the backups", "playbooks/list_backups.yml"),
    Step("history", "Show them over time", "playbooks/backup_history.yml", ("-e", f"page={OUT / 'history.html'}")),
    Step(
        "restore",
        "Restore beside, and compare",
        "playbooks/restore_postgresql.yml",
        ("-e", f"restore_target={RESTORED}", "-e", "restore_compare_with=threadr"),
    ),
    Step(
        "switch_over",
        "Switch over to the standby",
        "playbooks/switch_over.yml",
        ("-e", "new_primary=pg2"),
        changes=True,
    ),
    # Its repository is its own, and a point in time can be reached from there only after a backup.
    Step("physical_new", "Back up all databases there", "playbooks/backup_postgresql.yml", PHYSICAL, changes=True),
    Step("health", "Check health", "playbooks/check_health.yml"),
    Step("measure", "Keep what health measures", "playbooks/record_health.yml"),
    Step(
        "report", "Report on the day, as a page", "playbooks/report_health.yml", ("-e", f"page={OUT / 'report.html'}")
    ),
    Step("application", "Prove the application's connection", "playbooks/check_application.yml"),
)


class StepError(Exception):
    """Why a step failed, and where to read more."""


def prefix() -> str:
    """First part of the names of this checkout's containers; the inventory derives the same."""
    return os.environ.get("THREADR_LAB") or f"threadr-demo-{sha256(str(PROJECT).encode()).hexdigest()[:8]}"


def shown(path: Path) -> str:
    return os.path.relpath(path, PROJECT)


def run_logged(command: list[str], log: Path) -> None:
    with log.open("w") as file:
        done = subprocess.run(
            command, cwd=PROJECT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        )  # fmt: skip
    if done.returncode:
        reason = playbook_log.reason(log.read_text(errors="replace"))
        raise StepError(f"{reason}\n\nIts whole output is in {shown(log)}.")


def run_step(step: Step, number: int) -> None:
    log, result = OUT / f"{number:02}-{step.name}.log", OUT / f"{number:02}-{step.name}.json"
    if step.name == "image":
        run_logged(["lab/image"], log)
    elif step.name == "load":
        load_keyspace(log)
    else:
        run_logged(
            ["ansible-playbook", "-i", str(INVENTORY), step.playbook, *step.options, "-e", f"output={result}"], log
        )
        if step.changes is not None:
            require_change(
                step.changes, playbook_log.changed_tasks(log.read_text()), json.loads(result.read_text())["changed"]
            )


def require_change(wanted: bool, changed_tasks: int, changed: bool) -> None:
    """Both witnesses, Ansible's recap and the module's answer, must say the same, and what was wanted."""
    if (bool(changed_tasks), changed) != (wanted, wanted):
        expectation = "Something should have changed" if wanted else "Nothing should have changed"
        raise StepError(
            f"{expectation}; {changed_tasks} tasks changed something and the result says changed={changed}."
        )


def load_keyspace(log: Path) -> None:
    """Straight from the generator into redis-cli: nothing on disk, no password on a command line."""
    load = 'REDISCLI_AUTH="$(cat /root/.redis-password)" exec redis-cli --pipe'
    into = ["podman", "exec", "--interactive", f"{prefix()}-redis1", "sh", "-c", load]
    with log.open("w") as file:
        generator = subprocess.Popen(
            [sys.executable, "-m", "lab.keyspace", *KEYSPACE], cwd=PROJECT, stdout=subprocess.PIPE, stderr=file
        )
        with generator:  # which closes our end of the pipe: the generator ends when nobody reads any more
            done = subprocess.run(into, stdin=generator.stdout, stdout=file, stderr=subprocess.STDOUT, check=False)
    if generator.returncode or done.returncode or "errors: 0" not in log.read_text():
        raise StepError(f"The keyspace was not loaded: {log.read_text().strip()[-300:]}")


@contextmanager
def alone():
    """One demo at a time on this lab."""
    path = PROJECT / ".cache" / f"{prefix()}.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("A demo is running on this lab already.")
        yield


def remove_lab(log: Path) -> None:
    run_logged(["ansible-playbook", "-i", str(INVENTORY), "lab/destroy.yml"], log)


def up() -> int:
    """A new lab every time: what the summary says is what a first run does."""
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    passwords.write_once(INVENTORY)
    durations: dict[str, float] = {}
    print(f"Lab {prefix()}: {len(STEPS)} steps; their logs and results are in {shown(OUT)}.\n", flush=True)
    for number, step in enumerate(STEPS, 1):
        print(f"{number:>2}/{len(STEPS)} {step.title:<42}", end="", flush=True)
        started = time.monotonic()
        try:
            if number == 1:
                remove_lab(OUT / "00-destroy.log")
            run_step(step, number)
        except StepError as error:
            print(f"  failed\n\nStep {number}, {step.title!r}, failed: {error}")
            print("The lab is left as it is, to be looked at. Try again with make demo; remove it with make demo-down.")
            return 1
        durations[step.title] = time.monotonic() - started
        print(f"{durations[step.title]:6.1f} s", flush=True)
    text = summary.of(summary.read_results(OUT), durations, time.monotonic() - began)
    (OUT / "summary.txt").write_text(text)
    print("\n" + text)
    return 0


def down() -> int:
    """Containers, network, image, passwords, results: all that make demo made; .venv is the project's, not the demo's."""
    OUT.mkdir(parents=True, exist_ok=True)
    passwords.write_once(INVENTORY)
    try:
        remove_lab(OUT / "destroy.log")
    except StepError as error:
        print(f"The lab could not be removed: {error}")
        return 1
    image = subprocess.run(["lab/image", "remove"], cwd=PROJECT, capture_output=True, text=True, check=False)
    shutil.rmtree(OUT)
    (INVENTORY / passwords.FILE).unlink()
    shutil.rmtree(PROJECT / ".cache" / "tls" / INVENTORY.name, ignore_errors=True)
    print(
        f"Lab {prefix()} is gone: containers, network, passwords, certificates, results"
        + ("." if image.returncode else " and image.")
    )
    if image.returncode:
        print(f"Its image stays, because something else uses it: {image.stderr.strip()}")
    return 0


def main(arguments: list[str]) -> int:
    try:
        with alone():
            return down() if arguments == ["down"] else up()
    except KeyboardInterrupt:
        print("\nInterrupted. The lab is left as it is; remove it with make demo-down.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
