"""The object store, by rclone: told by its environment only, so that no file and no list of processes has the keys."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import commands
from .errors import PgopsError
from .object_store import remedy

REMOTE = "store"
# How often a request that failed is tried again, and how long one may say nothing.
PATIENCE = ("--retries=3", "--low-level-retries=5", "--contimeout=10s", "--timeout=60s")
ABSENT = "directory not found"


def store_spec() -> dict:
    """Options of a module, by the names that Store has."""
    return {
        "endpoint": {"type": "str", "required": True},
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": "dumps"},
        "region": {"type": "str", "default": "us-east-1"},
        "key": {"type": "str", "required": True, "no_log": True},
        "secret": {"type": "str", "required": True, "no_log": True},
        "ca": {"type": "str", "default": ""},
        "path_style": {"type": "bool", "default": True},
        "encryption": {"type": "str", "default": "AES256"},
        "storage_class": {"type": "str", "default": "STANDARD_IA"},
    }


@contextmanager
def authorities(pem: str) -> Iterator[int]:
    """The number of a file in memory, by which a program can read it."""
    with open(os.memfd_create("authorities"), "w", encoding="ascii", errors="replace") as file:
        file.write(pem)
        file.flush()
        yield file.fileno()


@dataclass(frozen=True)
class Store:
    """A bucket of an S3 compatible store and a folder in it. C(ca) is PEM text; empty for the authorities of the host."""

    endpoint: str
    bucket: str
    prefix: str
    region: str
    key: str
    secret: str
    ca: str = ""
    path_style: bool = True
    encryption: str = "AES256"
    storage_class: str = "STANDARD_IA"
    patience: tuple[str, ...] = PATIENCE

    @property
    def environment(self) -> dict[str, str]:
        settings = {
            "type": "s3",
            "provider": "Other",
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.key,
            "secret_access_key": self.secret,
            "force_path_style": str(self.path_style).lower(),
            "server_side_encryption": self.encryption,
            "storage_class": self.storage_class,
            # Making one is not the business of who may only use it.
            "no_check_bucket": "true",
        }
        # What the account has configured for itself does not count.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RCLONE_", "AWS_"))}
        ours = {f"RCLONE_CONFIG_{REMOTE.upper()}_{name.upper()}": value for name, value in settings.items() if value}
        return {**inherited, **ours, "RCLONE_CONFIG": "", "LC_ALL": "C.UTF-8"}

    def place(self, name: str = "") -> str:
        return "/".join([f"{REMOTE}:{self.bucket}", *filter(None, (self.prefix.strip("/"), name))])

    def run(self, *arguments: str) -> commands.Finished:
        argv = [
            commands.program("setpriv"),
            *commands.WITH_PARENT,
            commands.program("rclone"),
            *self.patience,
            *arguments,
        ]
        with authorities(self.ca) as file:
            trusted = {"RCLONE_CA_CERT": f"/dev/fd/{file}"} if self.ca else {}
            asked = subprocess.run(
                argv, env={**self.environment, **trusted}, pass_fds=[file], stdin=subprocess.DEVNULL,
                capture_output=True, encoding="utf-8", errors="replace", check=False,
            )  # fmt: skip
        return commands.Finished("rclone", asked.returncode, asked.stderr if asked.returncode else asked.stdout)

    def ask(self, what: str, *arguments: str) -> str:
        """The output; raises with WHAT could not be done."""
        finished = self.run(*arguments)
        if finished.code:
            raise PgopsError(self.explained(finished.said, what))
        return finished.said

    def explained(self, said: str, what: str) -> str:
        """A sentence on WHAT could not be done, and one on what to do about it."""
        advice = remedy(said) or "See its own log, then try again."
        last = commands.messages(said, "rclone")
        return f"{what} ({self.place()} at {self.endpoint}): {last}. {advice}"

    def files(self) -> list[dict]:
        """Path, relative to the prefix, and size of everything there; nothing where there is no such folder yet."""
        what = "The object store could not be listed"
        finished = self.run("lsjson", "--recursive", "--files-only", "--no-modtime", "--no-mimetype", self.place())
        if finished.code and ABSENT in finished.said:
            # Of a folder without files rclone says the same as of a bucket that is not there.
            self.ask(what, "lsjson", "--dirs-only", f"{REMOTE}:{self.bucket}")
            return []
        if finished.code:
            raise PgopsError(self.explained(finished.said, what))
        return json.loads(finished.said)

    def send(self, path: Path, name: str) -> None:
        self.ask(f"{path} could not be sent", "copyto", "--ignore-times", "--s3-no-head", str(path), self.place(name))

    def fetch(self, name: str, path: Path) -> None:
        self.ask(f"{name} could not be fetched", "copyto", "--ignore-times", self.place(name), str(path))

    def sha256(self, name: str) -> str:
        """Of what the store gives out, read to its end."""
        said = self.ask(f"{name} could not be read back", "hashsum", "sha256", "--download", self.place(name))
        return said.split()[0] if said.split() else ""

    def read(self, name: str) -> str:
        return self.ask(f"{name} could not be read back", "cat", self.place(name))

    def remove(self, names: Sequence[str]) -> None:
        """In this order."""
        for name in names:
            self.ask(f"{name} could not be removed", "deletefile", self.place(name))
