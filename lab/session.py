"""One process in a container that runs commands there for us: starting podman for each takes a fifth of a second."""

from __future__ import annotations

import pickle
import subprocess
from contextlib import suppress
from threading import Lock

# Files in memory, not pipes: what a command leaves running in the background may keep them open.
RUNNER = """
import os, pickle, pwd, subprocess, sys

def file(content=b""):
    made = os.fdopen(os.memfd_create("command"), "w+b")
    made.write(content)
    made.seek(0)
    return made

def content(made):
    made.seek(0)
    return made.read()

while True:
    try:
        argv, user, given = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    who = pwd.getpwnam(user)
    with file(given) as stdin, file() as stdout, file() as stderr:
        try:
            code = subprocess.run(
                argv, stdin=stdin, stdout=stdout, stderr=stderr, cwd="/", env={**os.environ, "HOME": who.pw_dir},
                user=who.pw_uid, group=who.pw_gid, extra_groups=os.getgrouplist(user, who.pw_gid), start_new_session=True,
            ).returncode
        except OSError as error:
            code = 127
            stderr.write(str(error).encode())
        answer = (code if code >= 0 else 128 - code, content(stdout), content(stderr))
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""


class Session:
    """Commands for one container, one at a time."""

    def __init__(self, container: str) -> None:
        self.container, self.lock = container, Lock()
        self.process: subprocess.Popen | None = None

    def run(self, argv: list[str], user: str, stdin: bytes) -> tuple[int, bytes, bytes] | None:
        """Exit code as a shell has it, output and errors; None when the session is busy or cannot be had."""
        if not self.lock.acquire(blocking=False):
            return None
        try:
            if self.process is None or self.process.poll() is not None:
                self.process = self.begin()
            assert self.process.stdin is not None and self.process.stdout is not None
            pickle.dump((argv, user, stdin), self.process.stdin)
            self.process.stdin.flush()
            return pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError):
            self.close()
            return None
        except BaseException:
            # Half an answer may be left: it must not become that of the next command.
            self.close()
            raise
        finally:
            self.lock.release()

    def begin(self) -> subprocess.Popen:
        command = ["podman", "exec", "--interactive", self.container, "python3", "-c", RUNNER]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def close(self) -> None:
        """Ends the process; the next command begins another."""
        if self.process is not None:
            self.process.kill()
            # Closes the pipes; one may hold what nobody reads any more.
            with suppress(BrokenPipeError):
                self.process.communicate()
            self.process = None
