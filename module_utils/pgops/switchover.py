"""Handing the role of the primary over to a standby: stopping the one in order, promoting the other."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import PgopsError
from .replication import (
    ACCOUNT,
    SIGNAL,
    Cluster,
    RunCommand,
    ask,
    find_data_directory,
    lsn_bytes,
    missing_bytes,
    read_cluster,
    sync_folder,
)

PROMOTE = "SELECT pg_promote(true, {timeout_s})"
POSITION = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")


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

    def stop(self) -> None:
        """A fast shutdown: sessions end, and everything up to the last checkpoint is sent to the standbys first."""
        code, _, err = self.run_command(["systemctl", "stop", self.unit])
        if code:
            raise PgopsError(f"{self.unit} could not be stopped: {' '.join(err.split())}.")

    def mark_as_standby(self) -> None:
        """From its next start on it takes no writes, whoever starts it."""
        path = Path(self.data_directory) / SIGNAL
        path.touch(mode=0o600)
        shutil.chown(path, ACCOUNT, ACCOUNT)
        sync_folder(path.parent)


def require_follower(cluster: Cluster, standby: str, max_lag_bytes: int) -> None:
    """The standby that is to take over has to stream, and to be near."""
    found = next((one for one in cluster.standbys if one["name"] == standby and one["state"] == "streaming"), None)
    if found is None:
        raise PgopsError(
            f"{standby} does not stream from this primary. Nothing was changed. Run site.yml, or look at its log."
        )
    lag = int(found["lag_bytes"] or 0)
    if lag > max_lag_bytes:
        raise PgopsError(
            f"{standby} is {lag} bytes of WAL behind, more than the {max_lag_bytes} of switch_over_max_lag_bytes. Nothing "
            "was changed. Wait until it has caught up."
        )


def hand_over(server: Server, standby: str, max_lag_bytes: int, check_mode: bool) -> dict:
    """Stop the primary in order and mark it as a standby; where that was done before, only say where its WAL ends."""
    cluster = server.read()
    if cluster.state == "primary":
        require_follower(cluster, standby, max_lag_bytes)
        if check_mode:
            return {"changed": True, "lsn": "", "before_stop_s": 0.0}
        began = time.monotonic()
        # Most of what the shutdown would have to write is written while writes still go on.
        server.ask("CHECKPOINT")
        require_follower(server.read(), standby, max_lag_bytes)
        before_stop_s, stopped_at = time.monotonic() - began, time.time()
        server.stop()
        stopped = server.read()
        require_order(stopped)
        server.mark_as_standby()
        return {"changed": True, "lsn": stopped.lsn, "before_stop_s": before_stop_s, "stopped_at": stopped_at}
    require_order(cluster)
    changed = not cluster.standby_when_started
    if changed and not check_mode:
        server.mark_as_standby()
    return {"changed": changed, "lsn": cluster.lsn, "before_stop_s": 0.0}


def require_order(cluster: Cluster) -> None:
    if cluster.state != "stopped" or not cluster.shut_down:
        raise PgopsError(
            f"The primary was not shut down in order (it is {cluster.state}), so nobody knows whether its last transactions "
            "have arrived. It is not replaced. Start it again, or give it up with promote_standby.yml."
        )


class NotPromoted(PgopsError):
    """The standby is one still, and nothing was asked of it."""


def promote(server: Server, wait_lsn: str, timeout_s: int, check_mode: bool, wait: Callable[[], None]) -> dict:
    """Make a standby the primary, after it has replayed the WAL up to and with the record at C(wait_lsn)."""
    cluster = server.read()
    if cluster.state == "primary":
        return {"changed": False, "promoted": True, "timeline": cluster.timeline, "lsn": cluster.lsn}
    if cluster.state != "standby":
        raise NotPromoted(f"The cluster of this host is {cluster.state}, and no standby that could be promoted.")
    require_sense(wait_lsn, timeout_s)
    if check_mode:
        return {"changed": True, "promoted": True, "timeline": cluster.timeline + 1, "lsn": cluster.lsn}
    require_replayed(server, cluster, wait_lsn, timeout_s, wait)
    if server.ask(PROMOTE.format(timeout_s=timeout_s)) != "t":
        raise PgopsError(
            f"The promotion was begun and has not ended within {timeout_s} s. Run this again, which goes on."
        )
    promoted_at = time.time()
    # Its control file learns of the new timeline by a checkpoint only, and by itself that takes minutes. Until then a
    # primary that crashes cannot be rewound.
    server.ask("CHECKPOINT")
    promoted = server.read()
    return {
        "changed": True,
        "promoted": True,
        "timeline": promoted.timeline,
        "lsn": promoted.lsn,
        "promoted_at": promoted_at,
    }


def require_sense(wait_lsn: str, timeout_s: int) -> None:
    """A position that cannot be read would be waited for as none is: what it stands for would be lost unnoticed."""
    if wait_lsn and not POSITION.fullmatch(wait_lsn):
        raise NotPromoted(
            f"wait_lsn is {wait_lsn}, and no position in the WAL such as 0/3000060. Nothing was promoted."
        )
    if timeout_s < 1:
        raise NotPromoted(f"timeout_s is {timeout_s}, and has to be a second at least. Nothing was promoted.")


def require_replayed(server: Server, cluster: Cluster, wait_lsn: str, timeout_s: int, wait: Callable[[], None]) -> None:
    """Replayed beyond where the record begins, and so the whole of it."""
    deadline = time.monotonic() + timeout_s
    while wait_lsn and lsn_bytes(cluster.replayed_lsn) <= lsn_bytes(wait_lsn):
        if time.monotonic() > deadline:
            raise NotPromoted(
                f"This standby has replayed {cluster.replayed_lsn} after {timeout_s} s, and the primary ended at {wait_lsn}: "
                f"{missing_bytes(wait_lsn, cluster.lsn)} bytes have not arrived, and the rest is still to be replayed. It was "
                "not promoted."
            )
        wait()
        cluster = server.read()


def fence(server: Server, host: str, confirm: str, check_mode: bool) -> list[str]:
    """Let the cluster of this host take no writes any more, however it is; what was done for it, or would be."""
    cluster = server.read()
    if cluster.state in ("absent", "standby") or (cluster.state == "stopped" and cluster.standby_when_started):
        return []
    if confirm != host:
        raise PgopsError(f"{host} is given up only when confirm says its name, and not {confirm or 'nothing'}.")
    steps = [f"mark {server.data_directory} as a standby's"]
    if cluster.state == "primary":
        steps.append(f"stop {server.unit}")
    if not check_mode:
        # Marked first: one that is started again while it stops is a standby already.
        server.mark_as_standby()
        if cluster.state == "primary":
            server.stop()
    return steps
