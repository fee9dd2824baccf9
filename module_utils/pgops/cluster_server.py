"""The server of this host's cluster: asking it, stopping it, killing it, marking it as a standby's."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import PgopsError
from .replication import (
    ACCOUNT,
    SIGNAL,
    TIMED_OUT,
    Cluster,
    NoAnswerError,
    RunCommand,
    ask,
    find_data_directory,
    read_cluster,
    read_files,
    runs,
    sync_folder,
)

DEATH_LIMIT_S = 30
# As documented in plugins/doc_fragments/pgops_cluster.py.
CLUSTER_OPTIONS = {
    "version": {"type": "str", "default": "15"},
    "name": {"type": "str", "default": "main"},
    "port": {"type": "int", "default": 5432},
}


@dataclass(frozen=True)
class Server:
    """The cluster of this host, and how it is spoken to."""

    run_command: RunCommand
    version: str
    name: str
    port: int

    @property
    def data_directory(self) -> str:
        return find_data_directory(self.version, self.name)[0]

    @property
    def unit(self) -> str:
        return f"postgresql@{self.version}-{self.name}"

    def read(self) -> Cluster:
        return read_cluster(self.run_command, self.data_directory, self.port, lambda: time.sleep(1))

    def ask(self, query: str) -> str:
        return ask(self.run_command, self.port, query)

    def read_anyhow(self) -> Cluster:
        """As read(), and by its files where the server does not answer."""
        try:
            return self.read()
        except NoAnswerError:
            return read_files(self.run_command, self.data_directory)

    def stop(self, limit_s: int = 0) -> bool:
        """A fast shutdown: sessions end, and everything up to the last checkpoint is sent to the standbys first.

        Whether it has ended within LIMIT_S; 0 is no limit.
        """
        patience = ["timeout", str(limit_s)] if limit_s else []
        code, _, err = self.run_command([*patience, "systemctl", "stop", self.unit])
        if limit_s and code == TIMED_OUT:
            return False
        if code:
            raise PgopsError(f"{self.unit} could not be stopped: {' '.join(err.split())}.")
        return True

    def kill(self) -> None:
        """End all its processes, whatever they do. What was committed is in the WAL."""
        code, _, err = self.run_command(["systemctl", "kill", "--signal=KILL", self.unit])
        if code:
            raise PgopsError(f"{self.unit} could not be killed: {' '.join(err.split())}.")
        began = time.monotonic()
        while runs(Path(self.data_directory)) or self.is_ending():
            if time.monotonic() > began + DEATH_LIMIT_S:
                raise PgopsError(f"{self.unit} still runs {DEATH_LIMIT_S} s after a SIGKILL. Switch its host off.")
            time.sleep(0.2)

    def is_ending(self) -> bool:
        _, state, _ = self.run_command(["systemctl", "show", "--property=ActiveState", "--value", self.unit])
        return state.strip() == "deactivating"

    def mark_as_standby(self) -> None:
        """From its next start on it takes no writes, whoever starts it."""
        path = Path(self.data_directory) / SIGNAL
        path.touch(mode=0o600)
        shutil.chown(path, ACCOUNT, ACCOUNT)
        sync_folder(path.parent)
