"""Handing the role of the primary over to a standby: stopping the one in order, promoting the other."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from .cluster_server import Server
from .errors import PgopsError
from .replication import Cluster, lsn_bytes, missing_bytes

PROMOTE = "SELECT pg_promote(true, {timeout_s})"
POSITION = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")


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
