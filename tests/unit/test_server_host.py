"""What a host has of PostgreSQL, and what stands in the way of a cluster."""

import pytest
from ansible.module_utils.pgops.server_host import Cluster, Wanted, problems, read_clusters

import pg_host_info

DEBIAN = ["Debian 12", "Ubuntu 24.04"]
MAIN = Cluster("15", "main", 5432, "/var/lib/postgresql/15/main")
WANTED = Wanted("15", "main", 5432, "")


def test_clusters_are_read_from_their_configuration(tmp_path):
    for title, text in {
        "13/old": "port = 5433\t\t# (change requires restart)\ndata_directory = '/srv/old'\t# use data in another directory\n",
        "15/main": "#port = 5999\n",
        "15/odd": "port 5434\n",
        "15/moved": "port = 5432\ninclude_dir = 'conf.d'\n",
    }.items():
        (tmp_path / "etc/postgresql" / title / "conf.d").mkdir(parents=True)
        (tmp_path / "etc/postgresql" / title / "postgresql.conf").write_text(text)
    (tmp_path / "etc/postgresql/15/moved/conf.d/90-managed.conf").write_text("port = '5435'\n")
    (tmp_path / "etc/postgresql/tls/x").mkdir(parents=True)
    assert read_clusters(tmp_path) == [
        Cluster("13", "old", 5433, "/srv/old"),
        MAIN,
        Cluster("15", "moved", 5435, "/var/lib/postgresql/15/moved"),
        Cluster("15", "odd", 5434, "/var/lib/postgresql/15/odd"),
    ]


def test_a_host_without_postgresql_has_none(tmp_path):
    assert read_clusters(tmp_path) == []


@pytest.mark.parametrize(
    ("release", "clusters", "wanted", "sentence"),
    [
        pytest.param("Debian 12", [], WANTED, None, id="empty-host"),
        pytest.param("Ubuntu 24.04", [MAIN], WANTED, None, id="there-already"),
        pytest.param("Debian 12", [MAIN, Cluster("13", "main", 5432, "/x")], WANTED, None, id="there-beside-a-stopped-one"),
        pytest.param("Debian 12", [Cluster("13", "main", 5433, "/x")], WANTED, None, id="another-on-its-own-port"),
        pytest.param("Fedora 42", [], WANTED, "It runs Fedora 42; PostgreSQL 15 is installed on Debian 12, Ubuntu", id="release"),
        pytest.param("Debian 12", [Cluster("13", "main", 5432, "/x")], WANTED, "Port 5432 belongs to cluster 13/main. Set", id="other-version"),
        pytest.param("Debian 12", [MAIN], Wanted("15", "main", 5432, "/srv/pg"), "keeps its data in /var/lib/postgresql/15/main. Set", id="data-elsewhere"),
        pytest.param("Debian 12", [MAIN], Wanted("15", "main", 5432, MAIN.data_directory), None, id="data-there"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_named(release, clusters, wanted, sentence):
    found = problems(release, DEBIAN, clusters, wanted)
    assert len(found) == (sentence is not None)
    if sentence:
        assert sentence in found[0]


@pytest.mark.parametrize(
    ("clusters", "holders", "sentence"),
    [
        pytest.param([], ("nginx",), "Port 5432 is held by nginx, so that cluster 15/main could not start. Stop", id="new-and-taken"),
        pytest.param([], ("postgres",), "Port 5432 is held by postgres, so", id="new-and-taken-by-a-server-that-is-not-debians"),
        pytest.param([MAIN], ("postgres",), None, id="its-own"),
        pytest.param([MAIN], ("nginx",), "Port 5432 is held by nginx, so", id="down-and-taken"),
        pytest.param([Cluster("15", "main", 5433, "/x")], ("nginx",), "Port 5433 is held by nginx, so that", id="where-it-is-now"),
        pytest.param([Cluster("13", "main", 5432, "/x")], ("postgres",), "Port 5432 belongs to cluster 13/main. Set", id="said-once"),
    ],
)  # fmt: skip
def test_a_port_that_somebody_holds_is_named_with_its_holder(clusters, holders, sentence):
    found = problems("Debian 12", DEBIAN, clusters, WANTED, holders)
    assert [sentence in one for one in found] == [True] * (sentence is not None)
    # Of a cluster that is there, the port is not what the role is told.
    assert all(
        ("or set postgresql_server_port" in one) == (MAIN.title not in [other.title for other in clusters])
        for one in found
        if "held" in one
    )


def test_the_module_names_what_is_missing(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=ubuntu\nVERSION_ID="24.04"\n')
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(
        "Package: zstd\nStatus: install ok installed\n\nPackage: postgresql-15\nStatus: deinstall ok config-files\n"
    )
    params = {name: option.get("default") for name, option in pg_host_info.OPTIONS.items()}
    answer = pg_host_info.run({**params, "releases": DEBIAN, "packages": ["zstd", "postgresql-15", "jq"]}, tmp_path)
    assert answer["missing_packages"] == ["postgresql-15", "jq"]
    assert (answer["release"], answer["problems"], answer["systemd"]) == ("Ubuntu 24.04", [], False)
