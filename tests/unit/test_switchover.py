"""Who may hand over to whom; and that nothing is promoted before it has everything."""

import pytest
from ansible.module_utils.pgops import switchover as engine
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.replication import Cluster

from plugins.filter.switchover import switchover


def answer(state: str, **more) -> dict:
    return {"state": state, "shut_down": False, "settings": {"max_connections": 100}, **more}


PRIMARY, STANDBY = answer("primary"), answer("standby")
STOPPED, CRASHED = answer("stopped", shut_down=True), answer("stopped")


@pytest.mark.parametrize(
    ("seen", "old"),
    [
        pytest.param({"pg1": PRIMARY, "pg2": STANDBY}, "pg1", id="planned"),
        pytest.param({"pg1": STOPPED, "pg2": STANDBY}, "pg1", id="interrupted-after-the-stop"),
        pytest.param({"pg1": STOPPED, "pg2": PRIMARY}, "", id="interrupted-after-the-promotion"),
        pytest.param({"pg1": STANDBY, "pg2": PRIMARY}, "", id="done"),
    ],
)
def test_a_switchover_begins_goes_on_or_is_done(seen, old):
    assert switchover(seen, "pg2") == {"old": old, "problem": ""}


@pytest.mark.parametrize(
    ("seen", "new", "sentence"),
    [
        ({"pg1": PRIMARY, "pg2": STANDBY}, "", "Name the standby that is to become the primary: -e new_primary=NAME. Standbys are: pg2."),
        ({"pg1": PRIMARY, "pg2": PRIMARY}, "pg2", "pg1 and pg2 are both primaries."),
        ({"pg1": PRIMARY, "pg2": answer("absent")}, "pg2", "pg2 is absent and no standby that runs."),
        ({"pg1": CRASHED, "pg2": STANDBY}, "pg2", "No primary was found that could hand over to pg2."),
        ({"pg1": {}, "pg2": STANDBY}, "pg2", "No primary was found that could hand over to pg2."),
        ({"pg1": STOPPED, "pg2": STANDBY, "pg3": STOPPED}, "pg2", "No primary was found that could hand over"),
        ({"pg1": PRIMARY, "pg2": answer("standby", settings={"max_connections": 200})}, "pg2", "pg1 has less of max_connections"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_in_order_is_refused(seen, new, sentence):
    assert switchover(seen, new)["problem"].startswith(sentence)


class Standby:
    """A standby that replays a little more each time it is asked."""

    def __init__(self, *positions: str) -> None:
        self.positions, self.asked = list(positions), []

    def read(self) -> Cluster:
        if self.asked:
            return Cluster("primary", "/d", timeline=2)
        position = self.positions.pop(0) if len(self.positions) > 1 else self.positions[0]
        return Cluster("standby", "/d", timeline=1, lsn=position, replayed_lsn=position)

    def ask(self, query: str) -> str:
        self.asked.append(query)
        return "t"


def test_the_last_record_is_waited_for():
    server, waits = Standby("0/50", "0/60", "0/70"), []
    result = engine.promote(server, "0/60", 5, False, lambda: waits.append(1))
    assert (result["promoted"], result["timeline"], len(waits)) == (True, 2, 2)
    assert server.asked[-1] == "CHECKPOINT"


def test_nothing_is_promoted_that_lacks_something():
    server = Standby("0/60")
    with pytest.raises(engine.NotPromoted, match=r"ended at 0/60: 0 bytes have not arrived, .* It was not promoted"):
        engine.require_replayed(server, server.read(), "0/60", 0, lambda: None)
    assert server.asked == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("wait_lsn", "timeout_s"), [("nonsense", 60), ("0/", 60), ("0/60", 0)])
def test_what_makes_no_sense_promotes_nobody(wait_lsn, timeout_s, check_mode):
    server = Standby("0/70")
    with pytest.raises(engine.NotPromoted, match="Nothing was promoted"):
        engine.promote(server, wait_lsn, timeout_s, check_mode, lambda: None)
    assert server.asked == []


@pytest.mark.parametrize(
    ("standbys", "sentence"),
    [
        ([], "pg2 does not stream from this primary"),
        ([{"name": "pg2", "state": "catchup", "lag_bytes": 0}], "pg2 does not stream"),
        ([{"name": "pg2", "state": "streaming", "lag_bytes": 11}], "pg2 is 11 bytes of WAL behind, more than the 10"),
    ],
)
def test_a_standby_that_is_away_or_far_behind_gets_nothing(standbys, sentence):
    with pytest.raises(PgopsError, match=sentence):
        engine.require_follower(Cluster("primary", "/d", standbys=standbys), "pg2", 10)


@pytest.mark.parametrize("cluster", [Cluster("stopped", "/d", shut_down=False), Cluster("absent", "/d")])
def test_a_primary_that_crashed_is_not_replaced_in_order(cluster):
    with pytest.raises(PgopsError, match="was not shut down in order"):
        engine.require_order(cluster)
