"""One process in a container that runs commands there for us: starting podman for each takes a fifth of a second.

A program in Python is forked off it, with what modules have in common imported already.
"""

from __future__ import annotations

import pickle
import subprocess
from contextlib import suppress
from threading import Lock

# Files in memory, not pipes: what a command leaves running in the background may keep them open.
RUNNER = """
import os, pickle, pwd, runpy, subprocess, sys, traceback
from importlib import import_module

# What nearly every module imports: a fifth of a second each time, once for all of those that are run here.
COMMON = ["ansible.module_utils.basic", "ansible.module_utils.testing", "psycopg2.extras", "redis"]

def file(content=b""):
    made = os.fdopen(os.memfd_create("command"), "w+b")
    made.write(content)
    made.seek(0)
    return made

def content(made):
    made.seek(0)
    return made.read()

def prepare():
    while COMMON:
        try:
            import_module(COMMON.pop())
        except ImportError:
            pass

def run(argv, who, files):
    groups = os.getgrouplist(who.pw_name, who.pw_gid)
    if argv[0] == "python3" and argv[1].endswith(".py"):
        return program(argv[1:], who, groups, files)
    stdin, stdout, stderr = files
    return subprocess.run(
        argv, stdin=stdin, stdout=stdout, stderr=stderr, cwd="/", env={**os.environ, "HOME": who.pw_dir},
        user=who.pw_uid, group=who.pw_gid, extra_groups=groups, start_new_session=True,
    ).returncode

def program(argv, who, groups, files):
    prepare()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.setsid()
        os.chdir("/")
        os.setgroups(groups)
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
        os.environ["HOME"] = who.pw_dir
        for number, one in enumerate(files):
            os.dup2(one.fileno(), number)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", errors="backslashreplace")
        sys.argv = argv
        runpy.run_path(argv[0], run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = 0 if ended.code is None else ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

while True:
    try:
        argv, user, given = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    who = pwd.getpwnam(user)
    with file(given) as stdin, file() as stdout, file() as stderr:
        try:
            code = run(argv, who, (stdin, stdout, stderr))
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
