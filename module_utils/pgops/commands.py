"""The only place that starts other programs: PostgreSQL's own, pgbackrest, zstd, openssl, ssh-keygen, redis-check-rdb.

Of pipelines every end is checked.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .connection import SOCKET_DIRECTORY, SUPPORTED_MAJOR
from .errors import PgopsError

# Debian and Ubuntu keep each major version's programs apart; those on the PATH may be another version's.
DEBIAN_PROGRAMS = Path(f"/usr/lib/postgresql/{SUPPORTED_MAJOR}/bin")
PACKAGES = {
    "redis-check-rdb": "redis-tools",
    "zstd": "zstd",
    "setpriv": "util-linux",
    "openssl": "openssl",
    "ssh-keygen": "openssh-client",
    "pgbackrest": "pgbackrest",
    "rclone": "rclone",
}
# The kernel ends the programs when the module is killed: nobody would wait for them, and their locks would stay.
WITH_PARENT = ("--pdeathsig", "KILL", "--")
NO_SPACE = "No space left on device"
SIGPIPE = -13


class OutOfSpaceError(PgopsError):
    """A program stopped because the file system that it wrote to is full."""


@dataclass(frozen=True)
class Finished:
    """One end of a pipeline: its name, exit status (negative: signal), and its messages on one line."""

    program: str
    code: int
    said: str

    @property
    def lost_its_reader(self) -> bool:
        return self.code == SIGPIPE or "Broken pipe" in self.said


@dataclass(frozen=True)
class Surroundings:
    """What programs are started with: environment, and open files that they inherit."""

    environment: dict[str, str] = field(default_factory=lambda: {**os.environ, "LC_ALL": "C.UTF-8"})
    descriptors: tuple[int, ...] = ()


def program(name: str) -> str:
    """The path of a PostgreSQL 15 program, or of one of PACKAGES."""
    found = shutil.which(name, path=f"{DEBIAN_PROGRAMS}:{os.environ.get('PATH', os.defpath)}")
    if found is None:
        package = PACKAGES.get(name, f"postgresql-client-{SUPPORTED_MAJOR}")
        raise PgopsError(f"The program {name} is missing on this host. Install the package {package}.")
    return found


def version_of(name: str) -> str:
    """What the program says of itself, such as C(pg_dump (PostgreSQL) 15.18); another major version is refused."""
    path = program(name)
    asked = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    said = asked.stdout.strip()
    if asked.returncode:
        raise PgopsError(
            f"{path} cannot tell its version and ended with {asked.returncode}. Install its package again."
        )
    if name not in PACKAGES and f" {SUPPORTED_MAJOR}." not in said:
        raise PgopsError(f"{path} is {said}. Install the package postgresql-client-{SUPPORTED_MAJOR}.")
    return said


def certificate_end_s(path: str) -> int:
    """When the certificate in the PEM file PATH ends, in epoch seconds. With a chain in it, the first one's end."""
    asked = subprocess.run(
        [program("openssl"), "x509", "-noout", "-enddate", "-in", path], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        raise PgopsError(f"{path} cannot be read as a certificate: {messages(asked.stderr, 'openssl')}.")
    return int(ssl.cert_time_to_seconds(asked.stdout.strip().partition("=")[2]))


def check_rdb(path: str) -> tuple[bool, str]:
    """Whether the whole file is a sound snapshot of a Redis, its checksum included, and what Redis' own program says of it."""
    asked = subprocess.run(
        [program("redis-check-rdb"), path], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return asked.returncode == 0, asked.stdout


def ssh_keygen(arguments: Sequence[str], standard_input: str) -> Finished:
    """How ssh-keygen ended; what it said is its output, or its messages where it failed. It can ask nobody anything."""
    environment = {**Surroundings().environment, "SSH_ASKPASS_REQUIRE": "never"}
    asked = subprocess.run(
        [program("ssh-keygen"), *arguments], input=standard_input, env=environment, capture_output=True, text=True,
        check=False, start_new_session=True,
    )  # fmt: skip
    said = messages(asked.stderr, "ssh-keygen") if asked.returncode else asked.stdout
    return Finished("ssh-keygen", asked.returncode, said)


def pgbackrest(arguments: Sequence[str], account: str = "", console: str = "off") -> Finished:
    """How pgBackRest ended; what it said is its output, or its messages, line by line, where it failed.

    It is told by its files and by ARGUMENTS only: its environment variables would win over the files. A module that runs as
    root names the ACCOUNT to run it as. CONSOLE is how much it tells of what goes well. With another passphrase than the
    repository's it quotes what is no text.
    """
    identity = [f"--reuid={account}", f"--regid={account}", "--init-groups"] if account else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PGBACKREST_")}
    asked = subprocess.run(
        [program("setpriv"), *identity, *WITH_PARENT, program("pgbackrest"), *arguments, f"--log-level-console={console}", "--log-level-stderr=error"],
        env={**environment, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    return Finished("pgbackrest", asked.returncode, asked.stderr if asked.returncode else asked.stdout)


def login_arguments(params: dict, database: str) -> list[str]:
    """Options with which PostgreSQL's programs connect; never a password."""
    # Quoted: they take a bare name with an equals sign in it for a whole connection string.
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    host = params["login_host"] or SOCKET_DIRECTORY
    login = ["--host", host, "--port", str(params["login_port"]), "--username", params["login_user"]]
    return [*login, "--no-password", "--dbname", f"dbname='{quoted}'"]


@contextmanager
def login_surroundings(params: dict) -> Iterator[Surroundings]:
    """Surroundings of programs that connect. The password lives in memory: no list of processes or disk shows it."""
    environment = {**Surroundings().environment, "PGSSLMODE": params["ssl_mode"]}
    environment["PGCONNECT_TIMEOUT"] = str(params["connect_timeout_s"])
    if params["ca_cert"]:
        environment["PGSSLROOTCERT"] = params["ca_cert"]
    if not params["login_password"]:
        yield Surroundings(environment)
        return
    escaped = params["login_password"].replace("\\", "\\\\").replace(":", "\\:")
    with open(os.memfd_create("pgpass"), "w", encoding="utf-8") as passfile:
        os.fchmod(passfile.fileno(), 0o600)  # libpq ignores a file that others may read
        passfile.write(f"*:*:*:*:{escaped}\n")
        passfile.flush()
        yield Surroundings({**environment, "PGPASSFILE": f"/dev/fd/{passfile.fileno()}"}, (passfile.fileno(),))


def pipeline(
    stages: Sequence[Sequence[str]],
    surroundings: Surroundings,
    output: int = subprocess.DEVNULL,
    partial: bool = False,
) -> None:
    """Run STAGES, each reading what the one before it writes, the last one into OUTPUT; raises unless all succeed.

    With PARTIAL the last one may end before it has read everything.
    """
    ends = run_stages(stages, surroundings, output)
    failed = [end for end in ends if end.code]
    if not failed or (partial and not ends[-1].code and all(end.lost_its_reader for end in failed)):
        return
    # One that lost its reader only tells that a later one has failed.
    cause = next((end for end in failed if not end.lost_its_reader), failed[-1])
    error = OutOfSpaceError if NO_SPACE in cause.said else PgopsError
    raise error(f"{cause.program} ended with {cause.code}: {cause.said or 'it gave no reason'}.")


def run_stages(stages: Sequence[Sequence[str]], surroundings: Surroundings, output: int) -> list[Finished]:
    """Each stage as it ended. None is left running, whatever happens here."""
    setpriv = program("setpriv")
    started: list[subprocess.Popen] = []
    with ExitStack() as files:
        logs = [files.enter_context(tempfile.TemporaryFile()) for _ in stages]
        try:
            for place, stage in enumerate(stages):
                started.append(
                    subprocess.Popen(
                        [setpriv, *WITH_PARENT, *stage],
                        env=surroundings.environment,
                        pass_fds=surroundings.descriptors,
                        stdin=started[-1].stdout if started else subprocess.DEVNULL,
                        stdout=output if place == len(stages) - 1 else subprocess.PIPE,
                        stderr=logs[place],
                    )
                )
                if place and (pipe := started[place - 1].stdout):
                    pipe.close()  # so that a writer notices when its reader is gone
            codes = [process.wait() for process in started]
        finally:
            for process in started:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        for log in logs:
            log.seek(0)
        return [
            Finished(Path(stage[0]).name, code, messages(log.read().decode("utf-8", "replace"), Path(stage[0]).name))
            for stage, code, log in zip(stages, codes, logs, strict=True)
        ]


def run_to_end(argv: Sequence[str], surroundings: Surroundings) -> Finished:
    """How one program ended, and all that it wrote, for those that report what they find where others write results."""
    asked = subprocess.run(
        [program("setpriv"), *WITH_PARENT, program(argv[0]), *argv[1:]], env=surroundings.environment,
        pass_fds=surroundings.descriptors, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    return Finished(argv[0], asked.returncode, asked.stdout)


def serve(arguments: Sequence[str], log: Path) -> subprocess.Popen:
    """A server of PostgreSQL that ends when the module does: at once, but as it does itself, which leaves no shared memory."""
    with open(log, "ab") as output:
        return subprocess.Popen(
            [program("setpriv"), "--pdeathsig", "QUIT", "--", program("postgres"), *arguments],
            env=Surroundings().environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip


def messages(log: str, program: str) -> str:
    """The last lines that PROGRAM wrote, joined. Statements that pg_restore quotes are left out: they hold data."""
    kept, quoted = [], False
    for line in filter(None, map(str.strip, log.splitlines())):
        quoted = line.startswith("Command was") or (quoted and not line.startswith(f"{program}: "))
        if not quoted:
            kept.append(line)
    return " ".join(kept[-3:]).rstrip(".")[:400]
