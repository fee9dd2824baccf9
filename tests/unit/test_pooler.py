"""What a changed file means for the pooler that runs, and what its own parser says."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.pooler import clients, complaint, listening, rehearsed, settings, table, waiting
from ansible.module_utils.pgops.pooler_host import Running, require_port, require_restart

CONFIG = table(
    "key,value,default,changeable\n"
    "conffile,/etc/pgbouncer/pgbouncer.ini,,no\n"
    "default_pool_size,20,20,yes\n"
    "listen_addr,127.0.0.1,,no\n"
    "listen_port,6432,6432,no\n"
    "so_reuseport,1,0,no\n"
    "unix_socket_mode,511,0777,no\n"
)
AS_IT_RUNS = {"listen_addr": "127.0.0.1", "listen_port": "6432", "so_reuseport": "1"}


def test_settings_are_those_of_one_section():
    ini = "; note\n[databases]\nshop = host=/run port=5432\n\n[pgbouncer]\nlisten_port = 6432\nauth_query = SELECT 100 % $1\n"
    assert settings(ini) == {"listen_port": "6432", "auth_query": "SELECT 100 % $1"}
    assert settings("") == {}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        pytest.param({}, [], id="as-it-runs"),
        pytest.param({"default_pool_size": "30"}, [], id="a-reload-suffices"),
        pytest.param({"listen_port": "6433"}, ["listen_port"], id="another-port"),
        pytest.param({"so_reuseport": None}, ["so_reuseport"], id="back-to-the-default"),
        pytest.param({"listen_addr": "*", "listen_port": "1"}, ["listen_addr", "listen_port"], id="two"),
    ],
)
def test_what_waits_for_a_restart(change, names):
    wanted = {name: value for name, value in {**AS_IT_RUNS, **change}.items() if value is not None}
    assert waiting(CONFIG, wanted) == names


@pytest.mark.parametrize(
    ("count", "allowed", "refused"), [(0, False, False), (2, False, True), (2, True, False)]
)  # fmt: skip
def test_clients_are_dropped_only_when_asked_for(count, allowed, refused):
    running, wanted = Running(CONFIG, count), {**AS_IT_RUNS, "listen_port": "6433"}
    if refused:
        with pytest.raises(PgopsError, match=r"Set pgbouncer_restart .*: listen_port cannot .* would drop 2 clients"):
            require_restart(wanted, running, allowed)
    else:
        assert require_restart(wanted, running, allowed) == ["listen_port"]


def test_the_console_is_no_client():
    assert clients(table("type,database\nC,pgbouncer\nC,shop\nC,shop\n")) == 2


TCP = """  sl  local_address rem_address   st tx_queue
   0: 0100007F:1920 00000000:0000 0A 00000000:00000000
   1: 0100007F:9C40 0100007F:1538 01 00000000:00000000
"""


def test_ports_that_somebody_listens_on():
    assert listening(TCP, "") == {6432}


@pytest.mark.parametrize(
    ("wanted", "running", "refused"),
    [
        pytest.param(6432, Running(CONFIG), False, id="its-own"),
        pytest.param(6432, Running(), True, id="somebody-elses"),
        pytest.param(6433, Running(CONFIG), False, id="free"),
    ],
)
def test_a_port_in_use_is_refused(tmp_path, wanted, running, refused):
    (tmp_path / "tcp").write_text(TCP)
    network = (str(tmp_path / "tcp"), str(tmp_path / "none"))
    if refused:
        with pytest.raises(PgopsError, match=r"Port 6432 is in use by another program\. Set pgbouncer_port"):
            require_port(wanted, running, network)
    else:
        require_port(wanted, running, network)


def test_a_rehearsal_reads_its_own_files_and_listens_to_nobody():
    ini = "[pgbouncer]\nauth_file = /etc/pgbouncer/userlist.txt\nlisten_addr = *\nlogfile = /var/log/x\n"
    read = settings(rehearsed(ini, "/etc/pgbouncer", "/tmp/stage"))
    assert read["auth_file"] == "/tmp/stage/userlist.txt"
    assert (read["listen_addr"], read["logfile"], read["unix_socket_dir"]) == ("", "", "/tmp/stage")


SAID = "2026-01-01 00:00:00.000 UTC [7] "


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        pytest.param(124, "LOG process up\n", None, id="it-ran"),
        pytest.param(124, "WARNING cannot listen on x\n", None, id="it-ran-with-a-warning-that-is-none-of-the-files"),
        pytest.param(124, "WARNING could not parse hba config line 6\n", "could not parse hba config line 6", id="a-rule-that-it-drops"),
        pytest.param(1, "ERROR unknown parameter: pgbouncer/foo\n{}FATAL cannot load config file\n", "unknown parameter: pgbouncer/foo", id="refused"),
        pytest.param(1, "FATAL no such file /tmp/stage/client.crt\n", "no such file /etc/pgbouncer/client.crt", id="by-its-real-name"),
        pytest.param(127, "", "it ended with code 127", id="without-a-word"),
    ],
)  # fmt: skip
def test_what_its_parser_says_of_the_files(code, said, reason):
    assert complaint(code, SAID + said.format(SAID), "/etc/pgbouncer", "/tmp/stage") == reason
