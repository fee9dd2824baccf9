"""A standby is rebuilt only where it is one; nothing is deleted, and nothing starts meanwhile."""

import pytest
from ansible.module_utils.pgops import rebuild
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.replication import Cluster

import pg_rebuild


class Server:
    """Whose cluster has crashed, and whose pg_rewind ends as it is told."""

    unit = "postgresql@15-main"

    def __init__(self, folder, states=("in production",), rewound=0, said="could not find common ancestor") -> None:
        self.data_directory, self.states, self.rewound, self.done = str(folder), list(states), rewound, []
        self.said = said

    def read(self) -> Cluster:
        return Cluster("standby", self.data_directory)

    def stop(self) -> None:
        self.done.append("stop")

    def mark_as_standby(self) -> None:
        self.done.append("mark")

    def run_command(self, argv):
        if "pg_controldata" in " ".join(argv):
            return 0, f"Database cluster state: {self.states[0]}", ""
        self.done.append(argv[1] if argv[0] == "systemctl" else "rewind")
        return self.rewound, "", f"pg_rewind: error: {self.said}" if self.rewound else ""


def test_a_primary_that_runs_is_never_rebuilt():
    with pytest.raises(PgopsError, match=r"pg1 is a primary that runs. Nothing of it was changed"):
        rebuild.require_no_primary(Cluster("primary", "/d"), "pg1")


@pytest.mark.parametrize(
    ("control", "possible"),
    [
        ({"wal_log_hints setting": "on", "Data page checksum version": "0"}, True),
        ({"wal_log_hints setting": "off", "Data page checksum version": "1"}, True),
        ({"wal_log_hints setting": "off", "Data page checksum version": "0"}, False),
    ],
)
def test_what_lacks_checksums_and_hints_cannot_be_rewound(control, possible):
    assert rebuild.can_rewind(control) is possible


@pytest.mark.parametrize(
    ("state", "done"),
    [("shut down", ["mark", "stop"]), ("in production", ["mark", "stop", "start", "stop"])],
)
def test_what_crashed_recovers_as_a_standby_and_is_stopped_in_order(tmp_path, state, done):
    server = Server(tmp_path, [state])
    rebuild.shut_down(server)
    assert rebuild.recover(server) == ""
    assert server.done == done


def test_what_does_not_recover_is_stopped_and_said(tmp_path):
    server = Server(tmp_path)

    def refuse() -> None:
        raise PgopsError("PostgreSQL runs at port 5432 of this host and does not answer: refused.")

    server.read = refuse
    assert rebuild.recover(server).endswith(
        "does not start to recover: PostgreSQL runs at port 5432 of this host and does not answer: refused"
    )
    assert server.done == ["start", "stop"]


@pytest.mark.parametrize("code", [0, 1])
def test_nobody_can_start_it_while_its_mark_is_gone(tmp_path, code):
    (tmp_path / "start.conf").write_text("# as it was\nmanual\n")
    server, seen = Server(tmp_path, rewound=code), []
    mark = server.mark_as_standby
    server.mark_as_standby = lambda: (seen.append((tmp_path / "start.conf").read_text()), mark())
    reason = rebuild.rewind(server, "host=pg2", tmp_path)
    assert reason == ("could not find common ancestor" if code else "")
    assert seen == ["disabled\n"] and server.done == ["rewind", "mark"]
    assert (tmp_path / "start.conf").read_text() == "# as it was\nmanual\n"


@pytest.mark.parametrize(
    "said",
    ['connection to server at "pg2", port 5432 failed: refused', 'could not translate host name "pg2" to address'],
)
def test_a_primary_that_is_not_reached_is_no_reason_to_give_the_data_directory_up(tmp_path, said):
    server = Server(tmp_path, rewound=1, said=said)
    with pytest.raises(PgopsError, match="Nothing was rewound or set aside"):
        rebuild.rewind(server, "host=pg2", tmp_path)
    assert server.done == ["rewind", "mark"]
    assert (tmp_path / "start.conf").read_text() == "auto\n"


def test_what_is_set_aside_replaces_nothing(tmp_path):
    for number in (1, 2):
        (tmp_path / "main").mkdir()
        kept = rebuild.set_aside(tmp_path / "main")
        assert kept == tmp_path / f"main.before_rebuild_{number}"
    assert rebuild.kept_aside(tmp_path / "main") == str(kept)


def test_nothing_is_set_aside_where_a_copy_has_no_room(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"x" * 2**20)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 2**20}))
    with pytest.raises(PgopsError, match="holds 1 MB and 1 MB are free: too little"):
        rebuild.require_space(tmp_path)


@pytest.mark.parametrize(
    ("cluster", "confirm", "sentence"),
    [
        (Cluster("primary", "/d"), "pg1", "pg1 is a primary that runs."),
        (Cluster("stopped", "/d"), "", "What only pg1 has is lost when it is rebuilt."),
        (Cluster("stopped", "/d"), "pg2", "What only pg1 has is lost when it is rebuilt."),
    ],
)
def test_the_module_refuses_before_it_touches_anything(run_module, monkeypatch, cluster, confirm, sentence):
    monkeypatch.setattr(pg_rebuild.Server, "read", lambda self: cluster)
    answer = run_module(pg_rebuild, host="pg1", confirm=confirm, source="host=pg2")
    assert answer["failed"] and answer["msg"].startswith(sentence)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_standby_that_streams_is_left_alone(run_module, monkeypatch, check_mode):
    monkeypatch.setattr(pg_rebuild.Server, "read", lambda self: Cluster("standby", "/d", upstream="pg2"))
    answer = run_module(pg_rebuild, check_mode, host="pg1", confirm="pg1", source="host=pg2")
    assert (answer["changed"], answer["method"], answer["reason"]) == (False, "none", "it streams from pg2")
