"""Disk and memory from files as the kernel writes them, and when not to trust them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible.module_utils.pgops.health_host import (
    FileSystem,
    Memory,
    Unreadable,
    elsewhere,
    file_systems,
    is_local,
    read_memory,
    same_postmaster,
)
from ansible.module_utils.pgops.health_host_checks import disk_checks, memory_check

from health_limits import LIMITS

GB = 1 << 30
MEMINFO = f"MemTotal:       {16 << 20} kB\nMemFree:         123 kB\nMemAvailable:    {12 << 20} kB\nHugePages_Total:       0\n"
SERVER = {"data_directory": "/data", "port": 5432, "started_epoch_s": 1_700_000_000.0}
PID_FILE = "4711\n/data\n1700000000\n5432\n/var/run/postgresql\n*\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def v2(limit: str, current: int, stat: str = "") -> dict[str, str]:
    folder = "sys/fs/cgroup"
    return {
        f"{folder}/memory.max": f"{limit}\n",
        f"{folder}/memory.current": f"{current}\n",
        f"{folder}/memory.stat": stat,
    }


def v1(limit: int, usage: int, stat: str = "") -> dict[str, str]:
    folder = "sys/fs/cgroup/memory"
    return {
        f"{folder}/memory.limit_in_bytes": f"{limit}\n", f"{folder}/memory.usage_in_bytes": f"{usage}\n", f"{folder}/memory.stat": stat,
    }  # fmt: skip


CACHE_V2 = f"anon {GB}\nfile {2 * GB}\nshmem {GB}\nactive_file {GB // 2}\ninactive_file {GB // 4}\nslab_reclaimable {GB // 4}\n"
CACHE_V1 = f"cache {GB}\ntotal_active_file {GB // 2}\ntotal_inactive_file {GB // 2}\n"


@pytest.mark.parametrize(
    ("files", "used", "total", "source"),
    [
        pytest.param({}, 4 * GB, 16 * GB, "the machine", id="no-control-group"),
        pytest.param(v2("max", 3 * GB), 4 * GB, 16 * GB, "the machine", id="v2-without-a-limit"),
        pytest.param(v2(str(4 * GB), 3 * GB, CACHE_V2), 2 * GB, 4 * GB, "its control group", id="v2-limit"),
        pytest.param(v2(str(32 * GB), 3 * GB), 4 * GB, 16 * GB, "the machine", id="v2-limit-above-the-machine"),
        pytest.param(v1(2 * GB, 2 * GB, CACHE_V1), GB, 2 * GB, "its control group", id="v1-limit"),
        pytest.param(v1(9223372036854771712, 3 * GB), 4 * GB, 16 * GB, "the machine", id="v1-without-a-limit"),
        pytest.param(v2(str(4 * GB), GB // 4, CACHE_V2), 0, 4 * GB, "its control group", id="never-below-nothing"),
    ],
)
def test_memory_is_the_tighter_of_control_group_and_machine(tmp_path, files, used, total, source):
    root = write(tmp_path, {"proc/meminfo": MEMINFO, **files})
    assert read_memory(root) == Memory(used, total, source)


def test_memory_that_cannot_be_read_is_unknown(tmp_path):
    assert read_memory(tmp_path) is None
    assert memory_check(None, LIMITS).verdict == "unknown"


@pytest.mark.parametrize(
    ("used", "verdict"), [(8999, "ok"), (9000, "warning"), (9499, "warning"), (9500, "critical"), (10000, "critical")]
)
def test_memory_is_judged_at_its_limits(used, verdict):
    assert memory_check(Memory(used, 10_000, "the machine"), LIMITS).verdict == verdict


@pytest.mark.parametrize(
    ("used", "verdict"), [(8499, "ok"), (8500, "warning"), (9499, "warning"), (9500, "critical"), (10000, "critical")]
)
def test_a_file_system_is_judged_at_its_limits(used, verdict):
    [check] = disk_checks([FileSystem(("data", "wal"), "/data", used, 10_000 - used)], [], LIMITS)
    assert (check.name, check.verdict) == ("disk_data", verdict)


@pytest.mark.parametrize(("missing", "advice"), [(True, "Make the directory"), (False, "become_user: postgres")])
def test_what_cannot_be_looked_at_is_unknown(missing, advice):
    [check] = disk_checks([], [Unreadable("backup", "/b", "/b: why.", missing)], LIMITS)
    assert (check.name, check.verdict, check.finding) == ("disk_backup", "unknown", "/b: why.")
    assert advice in check.advice


def test_purposes_on_one_file_system_are_told_once_and_as_df_counts(tmp_path):
    (tmp_path / "wal").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "wal")
    found, unreadable = file_systems(
        {"data": str(tmp_path), "wal": str(tmp_path / "link"), "backup": str(tmp_path / "none")}
    )
    assert [system.purposes for system in found] == [("data", "wal")]
    assert [(gap.purpose, gap.missing) for gap in unreadable] == [("backup", True)]
    space = os.statvfs(tmp_path)
    assert found[0].used_ratio == pytest.approx(
        1 - space.f_bavail / (space.f_blocks - space.f_bfree + space.f_bavail), abs=0.01
    )


@pytest.mark.parametrize(
    ("login_host", "local"),
    [
        ("", True),
        ("/run/postgresql", True),
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("pg1", False),
        ("10.0.0.5", False),
    ],
)
def test_which_addresses_are_this_host(login_host, local):
    assert is_local(login_host) is local


@pytest.mark.parametrize(
    ("pid_file", "same"),
    [
        (PID_FILE, True),
        (PID_FILE.replace("1700000000", "1699999940"), True),
        (PID_FILE.replace("1700000000", "1699999939"), False),
        (PID_FILE.replace("5432", "5433"), False),
        ("", False),
        ("4711\n/data\nnot a number\n5432\n", False),
    ],
)
def test_a_postmaster_is_known_by_its_start_and_port(pid_file, same):
    assert same_postmaster(pid_file.splitlines(), SERVER) is same


@pytest.mark.parametrize(
    ("login_host", "server", "files", "words"),
    [
        pytest.param("", SERVER, {"data/postmaster.pid": PID_FILE}, None, id="socket"),
        pytest.param("pg1", SERVER, {"data/postmaster.pid": PID_FILE}, None, id="own-name-over-tcp"),
        pytest.param("pg1", SERVER, {}, "is not on the host", id="another-host"),
        pytest.param("127.0.0.1", SERVER, {}, "is not on the host", id="tunnel"),
        pytest.param(
            "127.0.0.1", {**SERVER, "port": 6000}, {"data/postmaster.pid": PID_FILE}, "another server", id="tunnel-2"
        ),
        pytest.param("", {}, {}, None, id="down-on-the-socket"),
        pytest.param("pg1", {}, {}, "pg1 is another host", id="down-elsewhere"),
        pytest.param("", {**SERVER, "data_directory": None}, {}, None, id="socket-without-pg_monitor"),
    ],
)
def test_the_host_of_another_server_is_never_judged(tmp_path, login_host, server, files, words):
    reason = elsewhere(login_host, server, write(tmp_path, files))
    assert reason is None if words is None else words in reason
