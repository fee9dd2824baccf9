"""Giving a primary up: whatever state it is in, it takes no writes any more."""

from __future__ import annotations

from .cluster_server import Server
from .errors import PgopsError

# A server that hangs does not end either, and whoever gives it up has no time.
STOP_LIMIT_S = 60


def fence(server: Server, host: str, confirm: str, check_mode: bool) -> list[str]:
    """Let the cluster of this host take no writes any more, however it is; what was done for it, or would be."""
    cluster = server.read_anyhow()
    if cluster.state in ("absent", "standby") or cluster.standby_when_started:
        return []
    if confirm != host:
        raise PgopsError(f"{host} is given up only when confirm says its name, and not {confirm or 'nothing'}.")
    steps = [f"mark {server.data_directory} as a standby's"]
    if cluster.state == "primary":
        steps.append(f"stop {server.unit}")
    elif cluster.state == "unanswering":
        steps.append(f"kill {server.unit}, which does not answer")
    if not check_mode:
        # Marked first: one that is started again while it stops is a standby already.
        server.mark_as_standby()
        if cluster.state == "unanswering" or (cluster.state == "primary" and not server.stop(STOP_LIMIT_S)):
            server.kill()
    return steps
