"""pg_tuning_info against a real host and a real server, which must be able to read whatever was computed."""

from __future__ import annotations

import pytest

POSTGRES = "/usr/lib/postgresql/15/bin/postgres"
EIGHT_GB = {"memory": "8GB", "cores": 4}


def read_by_server(host, settings: dict[str, str]):
    """What PostgreSQL says of the settings before it would start with them."""
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    command = (POSTGRES, "-C", "port", "-D", "/", "--config-file=/dev/null", *arguments)
    return host.run(*command, user="postgres", check=False)


@pytest.mark.parametrize("workload", ["web", "oltp", "mixed", "reporting"])
@pytest.mark.parametrize(
    "size",
    [{"memory": "1GB", "cores": 1}, EIGHT_GB, {"memory": "64GB", "cores": 16}, {"memory": "2TB", "cores": 256}],
    ids=lambda size: size["memory"],
)
def test_the_server_reads_every_computed_setting(host, workload, size):
    answer = host.module("pg_tuning_info", {"workload": workload, "log_name": "postgresql-15-main", **size})
    done = read_by_server(host, answer["settings"])
    assert (done.returncode, done.stdout.strip()) == (0, "5432"), done.stderr


def test_the_witness_can_say_no(host):
    assert read_by_server(host, {"work_mem": "4TB"}).returncode != 0


def test_four_runs_change_nothing_and_show_what_runs(host):
    running = "SELECT name, setting FROM pg_settings ORDER BY name"
    before = host.query(running)
    runs = host.four_runs("pg_tuning_info", {"running": True, **EIGHT_GB}, lambda: host.query(running))
    assert [(answer["changed"], state) for answer, state in runs] == [(False, before)] * 4
    [[value]] = host.query("SELECT current_setting('shared_buffers') AS value")
    table = {row["name"]: row for row in runs[0][0]["table"]}
    assert (table["shared_buffers"]["running"], table["shared_buffers"]["value"]) == (value, "2GB")
    assert runs[0][0]["running_unknown"] is None


def test_it_measures_what_the_kernel_says(host):
    answer = host.module("pg_tuning_info", {})
    [kib] = host.run("awk", "/^MemTotal:/ {print $2}", "/proc/meminfo").stdout.split()
    assert 0 < answer["host"]["memory_bytes"] <= int(kib) * 1024
    assert 0 < answer["host"]["cores"] <= int(host.run("nproc").stdout)
    size = int(host.run("df", "--block-size=1", "--output=size", "/var/lib/postgresql").stdout.split()[1])
    assert answer["host"]["disk_bytes"] == size


def test_what_does_not_fit_is_refused_in_one_sentence(host):
    answer = host.module("pg_tuning_info", {**EIGHT_GB, "settings": {"work_mem": "1GB"}})
    assert answer["failed"] is True
    assert answer["msg"].startswith("The settings need ")
    assert "\n" not in answer["msg"]
