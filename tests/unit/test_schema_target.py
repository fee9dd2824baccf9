"""What a bare host lacks, as far as the host itself can tell."""

import pytest
from ansible.module_utils.pgops import schema_target
from ansible.module_utils.pgops.schema_target import absent_locally


@pytest.mark.parametrize(
    ("socket", "cluster", "reason"),
    [
        pytest.param(True, True, None, id="server-listens"),
        pytest.param(True, False, None, id="server-of-another-packaging-listens"),
        pytest.param(False, True, None, id="server-is-down-and-that-is-an-error"),
        pytest.param(False, False, "there is no PostgreSQL cluster on this host yet", id="bare"),
    ],
)
def test_a_server_that_is_down_is_not_absent(tmp_path, socket, cluster, reason):
    if socket:
        (tmp_path / ".s.PGSQL.5433").touch()
    if cluster:
        (tmp_path / "postgresql.conf").touch()
    params = {"login_host": str(tmp_path), "login_port": 5433}
    assert absent_locally(params, clusters=str(tmp_path / "postgresql.conf")) == reason


def test_a_remote_server_is_asked(tmp_path):
    assert absent_locally({"login_host": "db1", "login_port": 5432}, clusters=str(tmp_path / "none")) is None


def test_a_host_without_the_driver_is_bare(monkeypatch):
    monkeypatch.setattr(schema_target, "psycopg2", None)
    assert absent_locally({"login_host": "", "login_port": 5432}) == "psycopg2 is not installed yet"
