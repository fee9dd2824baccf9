"""Pipelines of real processes: which end is named as the cause, and what it is quoted with."""

import os
import signal
import time

import pytest
from ansible.module_utils.pgops import commands
from ansible.module_utils.pgops.commands import OutOfSpaceError, Surroundings, login_arguments, login_surroundings
from ansible.module_utils.pgops.errors import PgopsError

LOGIN = {
    "login_host": "",
    "login_port": 5432,
    "login_user": "postgres",
    "login_password": None,
    "ssl_mode": "prefer",
    "ca_cert": None,
    "connect_timeout_s": 5,
}


@pytest.fixture
def script(tmp_path):
    """script(name, body) makes a program; its path."""

    def make(name: str, body: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return make


def run(stages, output=None):
    commands.pipeline([[stage] for stage in stages], Surroundings(), output or -3)


def test_what_the_last_one_writes_goes_into_the_output(script, tmp_path):
    with (tmp_path / "output").open("wb") as output:
        run([script("give", "echo one; echo two"), script("sort-it", "exec sort -r")], output.fileno())
    assert (tmp_path / "output").read_text() == "two\none\n"


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        pytest.param("echo broke >&2; exit 3", "cat >/dev/null", "first ended with 3: broke.", id="first"),
        pytest.param("echo fine", "cat >/dev/null; echo broke >&2; exit 4", "second ended with 4: broke.", id="second"),
        pytest.param("echo a >&2; exit 3", "cat; echo b >&2; exit 4", "first ended with 3: a.", id="both-the-first-is-why"),
        pytest.param("exec yes", "echo full >&2; exit 4", "second ended with 4: full.", id="first-killed-by-sigpipe"),
        pytest.param(
            "echo 'write: Broken pipe' >&2; exit 1", "echo full >&2; exit 4", "second ended with 4: full.", id="first-says-broken-pipe"
        ),
        pytest.param("exit 3", "cat >/dev/null", "first ended with 3: it gave no reason.", id="silent"),
        pytest.param("kill -9 $$", "cat >/dev/null", "first ended with -9: it gave no reason.", id="killed"),
    ],
)  # fmt: skip
def test_the_end_that_failed_first_is_the_reason(script, first, second, reason):
    with pytest.raises(PgopsError) as refusal:
        run([script("first", first), script("second", second)])
    assert str(refusal.value) == reason
    assert not isinstance(refusal.value, OutOfSpaceError)


def test_a_full_disk_is_told_apart(script):
    with pytest.raises(OutOfSpaceError), open("/dev/full", "wb") as output:
        run([script("give", "echo page"), script("write", "exec cat")], output.fileno())


def test_a_first_stage_that_never_ends_does_not_outlive_a_later_one(script):
    started = time.monotonic()
    with pytest.raises(PgopsError):
        run([script("first", "exec yes"), script("second", "exit 1"), script("third", "exec cat")])
    assert time.monotonic() - started < 10


def test_the_kernel_ends_the_programs_with_their_parent(script, tmp_path):
    """Killed, the module can end nobody."""
    child = os.fork()
    if child == 0:
        try:
            run([script("wait", f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60")])
        finally:
            os._exit(1)
    deadline = time.monotonic() + 10
    while not (tmp_path / "pid").exists():
        assert time.monotonic() < deadline, "it did not start in time"
        time.sleep(0.01)
    program = int((tmp_path / "pid").read_text())
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while state_of(program) not in ("", "Z"):
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.01)


def state_of(process: int) -> str:
    """The kernel's letter for it; empty when it is gone."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("one\n\n  two.\n", "one two", id="joined-without-the-last-stop"),
        pytest.param("1\n2\n3\n4\n", "2 3 4", id="the-last-three"),
        pytest.param("x" * 500, "x" * 400, id="not-too-long"),
        pytest.param(
            "pg_restore: error: ERROR:  type x does not exist\nCommand was: CREATE TABLE t (\n    id x,\n    secret: text\n);\n\n",
            "pg_restore: error: ERROR:  type x does not exist",
            id="a-quoted-statement-to-its-last-line",
        ),
        pytest.param(
            "pg_restore: error: no\nCommand was: SELECT 1\n;\npg_restore: warning: errors ignored: 1\n",
            "pg_restore: error: no pg_restore: warning: errors ignored: 1",
            id="what-follows-a-quoted-statement",
        ),
    ],
)  # fmt: skip
def test_messages_tell_the_reason_and_no_statement(log, said):
    assert commands.messages(log, "pg_restore") == said


@pytest.mark.parametrize(
    ("name", "package"),
    [("pg_dump", "postgresql-client-15"), ("pg_restore", "postgresql-client-15"), ("zstd", "zstd")],
)
def test_a_missing_program_is_named_with_its_package(monkeypatch, tmp_path, name, package):
    monkeypatch.setattr(commands, "DEBIAN_PROGRAMS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PgopsError) as refusal:
        commands.version_of(name)
    assert str(refusal.value) == f"The program {name} is missing on this host. Install the package {package}."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("echo 'pg_dump (PostgreSQL) 15.18'", None, id="ours"),
        pytest.param("echo 'pg_dump (PostgreSQL) 16.2'", "is pg_dump (PostgreSQL) 16.2. Install the package postgresql-client-15.", id="newer"),
        pytest.param("echo 'pg_dump (PostgreSQL) 14.15.'", "Install the package postgresql-client-15.", id="older-with-a-15-in-it"),
        pytest.param("exit 127", "cannot tell its version and ended with 127.", id="broken"),
    ],
)  # fmt: skip
def test_another_major_version_is_refused(monkeypatch, script, tmp_path, body, words):
    monkeypatch.setattr(commands, "DEBIAN_PROGRAMS", tmp_path)
    script("pg_dump", body)
    if words is None:
        assert commands.version_of("pg_dump") == "pg_dump (PostgreSQL) 15.18"
        return
    with pytest.raises(PgopsError) as refusal:
        commands.version_of("pg_dump")
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("database", "argument"),
    [
        pytest.param("shop", "dbname='shop'", id="plain"),
        pytest.param("host=evil", "dbname='host=evil'", id="looks-like-a-connection"),
        pytest.param("o'shop\\", "dbname='o\\'shop\\\\'", id="quotes"),
    ],
)
def test_a_database_is_given_as_nothing_but_a_name(database, argument):
    assert login_arguments(LOGIN, database)[-1] == argument


def test_the_password_is_in_a_file_that_no_directory_lists():
    params = {**LOGIN, "login_password": "a:b\\c"}
    assert "a:b" not in " ".join(login_arguments(params, "shop"))
    with login_surroundings(params) as surroundings:
        assert "a:b\\c" not in surroundings.environment.values()
        path = surroundings.environment["PGPASSFILE"]
        assert os.stat(path).st_mode & 0o777 == 0o600
        assert os.stat(path).st_nlink == 0
        with open(path, encoding="utf-8") as file:
            assert file.read() == "*:*:*:*:a\\:b\\\\c\n"
    assert not os.path.exists(path)


def test_without_a_password_there_is_no_file():
    with login_surroundings({**LOGIN, "ca_cert": "/etc/ca.crt"}) as surroundings:
        assert "PGPASSFILE" not in surroundings.environment.keys() - os.environ.keys()
        assert surroundings.environment["PGSSLROOTCERT"] == "/etc/ca.crt"
        assert surroundings.descriptors == ()
