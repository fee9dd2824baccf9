"""A promotion gives somebody's writes up: whose has to be said."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.fencing import fence
from ansible.module_utils.pgops.replication import Cluster

from plugins.filter.failover import failover


def answer(state: str, lsn: str = "0/5000", **more) -> dict:
    return {"state": state, "lsn": lsn, "timeline": 1, "standby_when_started": False, **more}


PRIMARY, STANDBY, DEAD = answer("primary"), answer("standby"), answer("stopped")
FENCED = answer("stopped", standby_when_started=True)
HUNG, HUNG_STANDBY = answer("unanswering"), answer("unanswering", standby_when_started=True)


@pytest.mark.parametrize(
    ("seen", "confirm", "sentence"),
    [
        ({"pg1": PRIMARY, "pg2": STANDBY}, "", "pg1 lives and is the primary"),
        ({"pg1": PRIMARY, "pg2": STANDBY}, "pg2", "pg1 lives and is the primary"),
        ({"pg1": DEAD, "pg2": STANDBY}, "", "pg1 was the primary and does not run: its last checkpoint is at 0/5000"),
        ({"pg1": {}, "pg2": STANDBY}, "", "pg1 did not say what is there"),
        ({"pg1": HUNG, "pg2": STANDBY}, "", "pg1 runs as a primary and does not answer"),
        ({"pg1": DEAD, "pg2": STANDBY, "pg3": HUNG}, "pg1", "pg3 lives and was not confirmed"),
        ({"pg1": DEAD, "pg2": HUNG_STANDBY}, "pg1", "pg2 is unanswering and no standby that runs"),
        ({"pg1": DEAD, "pg2": answer("absent")}, "pg1", "pg2 is absent and no standby that runs"),
        ({"pg1": PRIMARY, "pg2": PRIMARY}, "pg1", "pg2 and pg1 are both primaries"),
        ({"pg1": DEAD, "pg2": STANDBY, "pg3": answer("standby", "1/0")}, "pg1", "pg3 has more WAL than pg2"),
        ({"pg1": PRIMARY, "pg2": STANDBY, "pg3": PRIMARY}, "pg1", "pg3 lives and was not confirmed"),
    ],
)
def test_nothing_is_given_up_unnamed(seen, confirm, sentence):
    assert failover(seen, "pg2", confirm)["problem"].startswith(sentence)


@pytest.mark.parametrize(
    ("seen", "confirm", "victims"),
    [
        ({"pg1": PRIMARY, "pg2": STANDBY}, "pg1", ["pg1"]),
        ({"pg1": DEAD, "pg2": STANDBY}, "pg1", ["pg1"]),
        ({"pg1": {}, "pg2": STANDBY}, "pg1", ["pg1"]),
        ({"pg1": HUNG, "pg2": STANDBY}, "pg1", ["pg1"]),
        ({"pg1": FENCED, "pg2": STANDBY}, "", []),
        ({"pg1": FENCED, "pg2": STANDBY, "pg3": HUNG_STANDBY}, "", []),
        ({"pg1": FENCED, "pg2": PRIMARY}, "pg1", []),
        ({"pg1": DEAD, "pg2": STANDBY, "pg3": STANDBY}, "pg1", ["pg1"]),
    ],
)
def test_what_was_named_is_given_up(seen, confirm, victims):
    found = failover(seen, "pg2", confirm)
    assert (found["problem"], list(found["victims"])) == ("", victims)


class Server:
    data_directory, unit = "/d", "postgresql@15-main"

    def __init__(self, cluster: Cluster, ends: bool = True) -> None:
        self.cluster, self.ends, self.done = cluster, ends, []

    def read_anyhow(self) -> Cluster:
        return self.cluster

    def stop(self, limit_s: int) -> bool:
        self.done.append("stop")
        return self.ends

    def kill(self) -> None:
        self.done.append("kill")

    def mark_as_standby(self) -> None:
        self.done.append("mark")


@pytest.mark.parametrize(
    ("cluster", "done"),
    [
        (Cluster("primary", "/d"), ["mark", "stop"]),
        (Cluster("stopped", "/d"), ["mark"]),
        (Cluster("stopped", "/d", standby_when_started=True), []),
        (Cluster("standby", "/d"), []),
        (Cluster("unanswering", "/d"), ["mark", "kill"]),
        (Cluster("unanswering", "/d", standby_when_started=True), []),
    ],
)
def test_a_primary_that_is_given_up_is_marked_before_it_stops(cluster, done):
    dry, server = Server(cluster), Server(cluster)
    assert fence(dry, "pg1", "pg1", check_mode=True) == fence(server, "pg1", "pg1", check_mode=False)
    assert (dry.done, server.done) == ([], done)


def test_a_primary_that_does_not_end_is_killed():
    server = Server(Cluster("primary", "/d"), ends=False)
    fence(server, "pg1", "pg1", check_mode=False)
    assert server.done == ["mark", "stop", "kill"]


def test_another_name_than_its_own_stops_nothing():
    server = Server(Cluster("primary", "/d"))
    with pytest.raises(PgopsError, match="pg1 is given up only when confirm says its name, and not pg2"):
        fence(server, "pg1", "pg2", check_mode=False)
    assert server.done == []
