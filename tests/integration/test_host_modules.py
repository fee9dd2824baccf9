"""The modules that look at a host: four runs change nothing, and what they say is what the host's own programs say."""

from __future__ import annotations

import pytest

NEEDS = {
    "memory_minimum_gb": 0.1,
    "memory_recommended_gb": 0.1,
    "disk_minimum_gb": 0.1,
    "disk_recommended_gb": 0.1,
    "cores_minimum": 1,
    "cores_recommended": 1,
    "releases": ["Debian 12"],
    "clock": "recommended",  # that of the machine the tests run on may be kept right from outside
}
LOOKED_FOR = {"packages": ["postgresql-15", "no-such-package"], "releases": ["Debian 12"]}
# What such a module could touch by mistake: files it reads, and the state of packages and clusters.
WITNESS = """
    stat --format='%n %Y %s %a' /etc/os-release /var/lib/dpkg/status /etc/postgresql/15/main/*
    pg_lsclusters
    cat /proc/sys/vm/swappiness /proc/sys/vm/*ratio
"""


def witness(host) -> str:
    return host.run("sh", "-c", WITNESS).stdout


@pytest.mark.parametrize(
    ("module", "params"),
    [
        ("host_requirements_info", NEEDS),
        ("host_kernel_info", {"shared_buffers": "4GB"}),
        ("pg_host_info", LOOKED_FOR),
        ("pg_configuration_info", {"path": "/etc/postgresql/15/main"}),
    ],
)
def test_four_runs_change_nothing_and_say_the_same(host, module, params):
    before = witness(host)
    runs = host.four_runs(module, params, lambda: witness(host), user="root")
    assert [(answer["changed"], state) for answer, state in runs] == [(False, before)] * 4
    first = runs[0][0]
    assert all(answer.keys() == first.keys() for answer, _ in runs)


def test_requirements_are_what_the_host_measures(host):
    answer = host.module("host_requirements_info", NEEDS, user="root")
    measured = {finding["name"]: finding["measured"] for finding in answer["findings"]}
    assert measured["processors"] == f"{int(host.run('nproc').stdout)} cores"
    assert measured["port 5432"] == "held by PostgreSQL"
    assert answer["healthy"] is True


def test_the_kernel_of_the_container_is_left_alone_and_shown_as_it_is(host):
    answer = host.module("host_kernel_info", {"shared_buffers": "4GB"}, user="root")
    assert answer["not_ours"].startswith("This host is a container of podman")
    for row in answer["table"]:
        assert row["running"] == host.run("cat", f"/proc/sys/{row['name'].replace('.', '/')}").stdout.strip()


def test_a_host_is_known_by_its_packages_and_clusters(host):
    answer = host.module("pg_host_info", LOOKED_FOR, user="root")
    [line] = host.run("pg_lsclusters", "--no-header").stdout.splitlines()
    version, name, port, _, _, directory, _ = line.split()
    assert answer["clusters"] == [{"version": version, "name": name, "port": int(port), "data_directory": directory}]
    assert answer["missing_packages"] == ["no-such-package"]
    assert (answer["release"], answer["systemd"], answer["problems"]) == ("Debian 12", True, [])


def test_a_port_of_another_cluster_is_named(host):
    answer = host.module("pg_host_info", {**LOOKED_FOR, "name": "second"}, user="root")
    assert answer["problems"][0].startswith("Port 5432 belongs to cluster 15/main.")
