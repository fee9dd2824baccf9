"""What a bare host lacks, as far as the host itself can tell."""

import pytest
from ansible.module_utils.pgops import schema_target
from ansible.module_utils.pgops.schema_target import absent_locally

ABSENT = "there is no PostgreSQL cluster at port 5433 of this host yet"


@pytest.mark.parametrize(
    ("listens", "clusters", "reason"),
    [
        pytest.param(True, {"15/main": 5433}, None, id="server-listens"),
        pytest.param(True, {}, None, id="server-of-another-packaging-listens"),
        pytest.param(False, {"15/main": 5433}, None, id="server-is-down-and-that-is-an-error"),
        pytest.param(False, {"15/main": 5432, "15/wanted": 5433}, None, id="server-is-down-beside-another"),
        pytest.param(False, {"15/main": 5432}, ABSENT, id="another-cluster-is-not-the-wanted-one"),
        pytest.param(False, {}, ABSENT, id="bare"),
    ],
)
def test_a_server_that_is_down_is_not_absent(tmp_path, listens, clusters, reason):
    if listens:
        (tmp_path / ".s.PGSQL.5433").touch()
    for title, port in clusters.items():
        folder = tmp_path / "etc/postgresql" / title
        folder.mkdir(parents=True)
        (folder / "postgresql.conf").write_text(f"port = {port}\n")
    assert absent_locally({"login_host": str(tmp_path), "login_port": 5433}, root=tmp_path) == reason


def test_a_remote_server_is_asked(tmp_path):
    assert absent_locally({"login_host": "db1", "login_port": 5432}, root=tmp_path) is None


def test_a_host_without_the_driver_is_bare(monkeypatch):
    monkeypatch.setattr(schema_target, "psycopg2", None)
    assert absent_locally({"login_host": "", "login_port": 5432}) == "psycopg2 is not installed yet"
