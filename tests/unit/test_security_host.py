"""What the audit makes of files: processes, profiles, package sources, ciphers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible.module_utils.pgops import packages
from ansible.module_utils.pgops import security_host as host
from ansible.module_utils.pgops import security_packages as sources
from ansible.module_utils.pgops import security_repository as repository
from ansible.module_utils.pgops.security import Unread
from ansible.module_utils.pgops.security_packages import Source

SECRET = "hunter2"


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_umask_and_the_unit_of_the_postmaster(tmp_path):
    put(tmp_path / "data/postmaster.pid", "42\n/data\n")
    put(tmp_path / "proc/42/status", "Name:\tpostgres\nUmask:\t0077\n")
    put(tmp_path / "proc/42/cgroup", "0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n")
    process = host.postmaster(tmp_path / "data", tmp_path)
    assert (host.umask_of(process), host.unit_of(process)) == (0o077, "postgresql@15-main.service")


@pytest.mark.parametrize("text", ["0::/user.slice/session-3.scope\n", ""])
def test_a_server_started_by_hand_has_no_unit(tmp_path, text):
    put(tmp_path / "cgroup", text)
    assert host.unit_of(tmp_path) == ""


def test_what_starts_a_unit(tmp_path):
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "postgresql@15-main.service").symlink_to("/nowhere")
    assert host.unit_starts("postgresql@15-main.service", tmp_path) == ["multi-user.target"]
    assert host.unit_starts("redis.service", tmp_path) == []


@pytest.mark.parametrize(
    ("words", "speaks"),
    [
        (["psql", "host=db password=hunter2"], True),
        (["/usr/bin/pg_dump", "--dbname=postgresql://app:hunter2@db/shop"], True),
        (["sh", "-c", "PGPASSWORD=hunter2 psql"], True),
        (["python3", "app.py", "postgres://app:hunter2@db/shop"], True),
        (["psql", "postgresql://app@db/shop"], False),
        (["vim", "password=notes"], False),
        (["postgres: app shop 10.0.0.1(5432) idle"], False),
    ],
)
def test_a_command_line_that_speaks_a_password(tmp_path, words, speaks):
    put(tmp_path / "proc/7/cmdline", "\0".join(words) + "\0")
    put(tmp_path / "proc/meminfo", "")
    found = host.scan_command_lines(tmp_path)
    assert found.found == (("process 7",) if speaks else ())
    assert SECRET not in repr(found)


def test_environments_and_profiles_are_searched_and_never_kept(tmp_path):
    put(tmp_path / "proc/7/environ", "HOME=/root\0PGPASSWORD=hunter2\0")
    put(tmp_path / "proc/8/environ", "PGPASSWORD_FILE=/x\0")
    put(tmp_path / "home/.bashrc", "# PGPASSWORD=no\n  export PGPASSWORD=hunter2\n")
    put(tmp_path / "etc/profile", "PGPASSFILE=/x\n")
    put(tmp_path / "home/.pg_service.conf", "[shop]\nhost=db\npassword=hunter2\n")
    environments = host.scan_environments(tmp_path)
    profiles = host.scan_profiles([tmp_path / "home", tmp_path / "gone"], tmp_path)
    services = host.scan_service_files(tmp_path / "home", tmp_path)
    assert environments == host.Scan(("process 7",), 2, 0)
    assert profiles == host.Scan((str(tmp_path / "home/.bashrc"),), 2, 0)
    assert services == host.Scan((str(tmp_path / "home/.pg_service.conf"),), 1, 0)
    assert SECRET not in repr((environments, profiles, services))


def test_a_hidden_place_is_counted():
    class Hidden:
        def read_bytes(self):
            raise PermissionError

    assert host.scan([("x", Hidden())], bool).extent == "0 looked at, 1 more are not readable"


def test_the_history_of_psql(tmp_path):
    assert host.history_of(tmp_path) == "absent"
    (tmp_path / ".psql_history").symlink_to(os.devnull)
    assert host.history_of(tmp_path) == "discarded"
    (tmp_path / ".psql_history").unlink()
    assert host.history_of(put(tmp_path / ".psql_history", "x").parent) == str(tmp_path / ".psql_history")


def test_what_a_reader_may_not_read_becomes_its_reason(tmp_path):
    missing = host.attempt(host.file_facts, tmp_path / "gone")
    assert missing == Unread(
        f"{tmp_path}/gone: No such file or directory. Run the audit as the owner of the data directory."
    )
    put(tmp_path / "status", "nothing\n")
    assert isinstance(host.attempt(host.umask_of, tmp_path), Unread)
    assert host.home_of("nobody-of-this-name") == Path("/nonexistent")


@pytest.mark.parametrize(
    ("ciphers", "weak"),
    [
        pytest.param("ECDHE+AESGCM:ECDHE+CHACHA20", False, id="ours"),
        pytest.param("HIGH:MEDIUM:+3DES:!aNULL", True, id="the-default"),
        pytest.param("AES128-GCM-SHA256", True, id="no-forward-secrecy"),
        pytest.param("ECDHE-RSA-AES128-SHA256", True, id="no-aead"),
        pytest.param("NOTHING", True, id="unknown"),
    ],
)
def test_weak_ciphers(ciphers, weak):
    assert bool(host.weak_ciphers(ciphers)) == weak


def test_package_sources_of_both_kinds(tmp_path):
    put(
        tmp_path / "etc/apt/sources.list",
        "# deb http://old/ x\ndeb [arch=amd64 trusted=yes] http://a.example/debian x main\n",
    )
    put(tmp_path / "etc/apt/sources.list.d/b.list", "deb-src https://b.example/debian x main\n")
    put(
        tmp_path / "etc/apt/sources.list.d/c.sources",
        "# comment\nTypes: deb\nURIs: https://c.example/x https://d.example/y\nSigned-By:\n -----BEGIN: x\n\n"
        "Enabled: no\nURIs: http://e.example\n\nURIs: http://f.example\nTrusted: yes\n",
    )
    assert sources.read_sources(tmp_path) == [
        Source("http://a.example/debian", True),
        Source("https://b.example/debian", False),
        Source("https://c.example/x", False),
        Source("https://d.example/y", False),
        Source("http://f.example", True),
    ]
    assert sources.read_sources(tmp_path / "none") == []


def test_installed_packages_only(tmp_path):
    put(
        tmp_path / packages.STATUS,
        "Package: postgresql-15\nStatus: install ok installed\nDescription: a\n Status: x\n\n"
        "Package: postgresql-13\nStatus: deinstall ok config-files\n",
    )
    assert packages.installed_packages(tmp_path) == ["postgresql-15"]


def test_a_missing_program_is_a_missing_file():
    with pytest.raises(FileNotFoundError):
        sources.answer_of(["no-such-program-anywhere"])


def test_clusters_that_pgbackrest_knows(tmp_path):
    put(
        tmp_path / "etc/pgbackrest.conf",
        "[global]\nrepo1-cipher-pass=hunter2\n[main]\npg1-path=/data\n pg2-path = /other\n",
    )
    assert repository.configured_clusters(tmp_path) == ["/data", "/other"]


def test_only_sound_base_backups_count():
    sound = {"error": False, "timestamp": {"stop": 100}}
    broken = {"error": True, "timestamp": {"stop": 200}}
    assert repository.backup_ends([{"backup": [sound, broken]}, {}]) == [100]
