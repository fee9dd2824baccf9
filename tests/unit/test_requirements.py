"""Whether a host suffices, and how its capacity is read from /proc and friends."""

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.module_utils.pgops import requirements_host
from ansible.module_utils.pgops.requirements import (
    CLOCK_ERROR_LIMIT_S,
    Need,
    judge_clock,
    judge_name,
    judge_port,
    judge_quantity,
    judge_release,
    report,
)
from ansible.module_utils.pgops.requirements_host import (
    addresses,
    clock_error_s,
    disk_bytes,
    memory_bytes,
    port_holders,
    release,
)

import host_requirements_info

MEMORY = Need("memory", "GB", 4, 8)
LIMITS = {
    "memory_minimum_gb": 0.1, "memory_recommended_gb": 0.1, "disk_minimum_gb": 0.1, "disk_recommended_gb": 0.1,
    "cores_minimum": 1, "cores_recommended": 1, "releases": ["Debian 12"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "verdict", "sentence"),
    [
        pytest.param(judge_quantity(MEMORY, 8), "ok", "memory: 8 GB, 8 GB recommended", id="enough"),
        pytest.param(judge_quantity(MEMORY, 4), "warning", "memory: 4 GB, 8 GB recommended", id="just-the-minimum"),
        pytest.param(judge_quantity(MEMORY, 3.999), "critical", "memory: 3.999 GB, at least 4 GB needed", id="too-little"),
        pytest.param(judge_release("Debian 12", ["Debian 12"]), "ok", "release: Debian 12, supported are Debian 12", id="release"),
        pytest.param(judge_release("Fedora 42", ["Debian 12"]), "critical", "release: Fedora 42, supported are Debian 12", id="other"),
        pytest.param(judge_port(5432, []), "ok", "port 5432: free, free or held by PostgreSQL", id="free"),
        pytest.param(judge_port(5432, ["postgres"]), "ok", "port 5432: held by PostgreSQL, free or held by PostgreSQL", id="ours"),
        pytest.param(judge_port(5432, ["nc"]), "critical", "port 5432: held by nc, free or held by PostgreSQL", id="stranger"),
        pytest.param(judge_port(5432, ["an account"]), "critical", "port 5432: held by an account, free or held by PostgreSQL", id="unseen"),
        pytest.param(judge_name("pg2", ["192.0.2.7"]), "ok", "name pg2: 192.0.2.7, an address, from the name service or /etc/hosts", id="known"),
        pytest.param(judge_name("pg2", []), "critical", "name pg2: no address, an address, from the name service or /etc/hosts", id="unknown"),
        pytest.param(judge_clock(0.0123, True), "ok", "clock: at most 0.0123 s wrong, synchronised", id="right"),
        pytest.param(judge_clock(16, True), "critical", "clock: corrected by nobody, to be synchronised, by chrony or systemd-timesyncd", id="alone"),
        pytest.param(judge_clock(16, False), "warning", "clock: corrected by nobody, to be synchronised, by chrony or systemd-timesyncd", id="excused"),
    ],
)  # fmt: skip
def test_the_verdict_on_what_was_measured(finding, verdict, sentence):
    assert (finding.verdict, finding.sentence) == (verdict, sentence)


def test_only_missed_minimums_are_problems():
    result = report([judge_quantity(MEMORY, 2), judge_quantity(MEMORY, 5), judge_quantity(MEMORY, 9)])
    assert result["healthy"] is False
    assert result["problems"] == ["memory: 2 GB, at least 4 GB needed"]
    assert result["shortcomings"] == ["memory: 5 GB, 8 GB recommended"]


@pytest.fixture
def root(tmp_path):
    """A host with 8 GiB and no control group, running Debian 12."""
    for directory in ("proc/net", "sys/fs/cgroup", "etc"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal:        8388608 kB\nMemFree: 1 kB\n")
    (tmp_path / "etc/os-release").write_text('PRETTY_NAME="Debian"\nVERSION_ID="12"\nID=debian\n')
    return tmp_path


@pytest.mark.parametrize(
    ("limit", "expected_gib"),
    [
        pytest.param(None, 8, id="no-control-group"),
        pytest.param("max\n", 8, id="unlimited"),
        pytest.param(f"{2 * 2**30}\n", 2, id="limited"),
        pytest.param(f"{2**63 - 4096}\n", 8, id="a-limit-beyond-the-host"),
    ],
)
def test_memory_is_the_smaller_of_the_host_and_its_control_group(root, limit, expected_gib):
    if limit is not None:
        (root / "sys/fs/cgroup/memory.max").write_text(limit)
    assert memory_bytes(root) == expected_gib * 2**30


def test_the_release_is_read_from_os_release(root):
    assert release(root) == "Debian 12"


def test_the_disk_of_a_directory_to_come_is_that_of_its_parent(tmp_path):
    assert disk_bytes(tmp_path / "not" / "there" / "yet") == disk_bytes(tmp_path)


def test_the_holder_of_a_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert port_holders(taken) == [Path("/proc/self/comm").read_text().strip()]
    assert port_holders(taken) == []


@pytest.mark.parametrize(
    ("account_id", "holder"),
    [
        pytest.param(0, "a program of account root", id="known-account"),
        pytest.param(4_000_000, "a program of account 4000000", id="account-without-a-name"),
    ],
)
def test_a_holder_that_cannot_be_seen_is_known_by_its_account(root, account_id, holder):
    row = f"   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {account_id:5} 0 4711 1 0"
    (root / "proc/net/tcp").write_text(f"  sl  local_address rem_address   st\n{row}\n")
    assert port_holders(5432, root) == [holder]
    assert port_holders(5433, root) == []


def test_what_runs_under_the_servers_own_account_is_the_server(monkeypatch):
    monkeypatch.setattr(requirements_host.pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="postgres"))
    assert requirements_host.by_account(102) == "postgres"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("localhost", True, id="everywhere"),
        pytest.param("192.0.2.7", True, id="an-address"),
        pytest.param("no-such-host.invalid", False, id="reserved-to-be-unknown"),
        pytest.param("a" * 64 + ".invalid", False, id="longer-than-a-label-may-be"),
    ],
)
def test_a_name_has_the_addresses_that_this_host_finds(name, found):
    assert bool(addresses(name)) == found


def test_the_kernel_says_how_wrong_its_clock_may_be():
    assert 0 <= clock_error_s() <= CLOCK_ERROR_LIMIT_S


def test_the_module_measures_this_very_host(run_module):
    result = run_module(host_requirements_info, port=1, names=["localhost"], **LIMITS)
    named = {one["name"] for one in result["findings"]}
    assert named == {"memory", "disk", "processors", "release", "port 1", "clock", "name localhost"}
