"""environment_file on a real host: four runs, who can read what it writes, and drift."""

import secrets

import pytest

SECRET = 'correct horse $battery "staple" \'n` \\7'


@pytest.fixture
def group(host):
    name = f"g{secrets.token_hex(3)}"
    host.run("useradd", "--system", name)
    yield name
    host.run("userdel", name)
    host.run("rm", "-rf", f"/etc/{name}")


def wanted(group: str, **given) -> dict:
    return {
        "directory": f"/etc/{group}",
        "name": "database.env",
        "group": group,
        "variables": {"DB_POOL_SIZE": "10"},
        "secret_variables": {"SECRET": SECRET},
        "files": {"ca.crt": "PEM\n"},
        **given,
    }


def modes(host, group: str) -> list[str]:
    found = host.run("find", f"/etc/{group}", "-printf", "%P %U %g %m\n", check=False).stdout
    return sorted(found.splitlines())


def test_four_runs_write_it_once(host, group):
    runs = host.four_runs("environment_file", wanted(group), lambda: modes(host, group), user="root")
    made = [f" 0 {group} 750", f"ca.crt 0 {group} 640", f"database.env 0 {group} 640"]
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert [seen for _, seen in runs] == [[], made, made, made]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert "battery" not in str(runs)


def test_the_group_can_read_it_and_nobody_else_and_nobody_can_write_it(host, group):
    host.module("environment_file", wanted(group), user="root")
    path = f"/etc/{group}/database.env"
    assert host.run("cat", path, user=group).returncode == 0
    assert host.run("cat", path, user="nobody", check=False).returncode != 0
    assert host.run("sh", "-c", f": >> {path}", user=group, check=False).returncode != 0


def test_systemd_reads_what_was_written(host, group):
    host.module("environment_file", wanted(group), user="root")
    seen = host.run(
        "systemd-run", "--quiet", "--wait", "--pipe", f"--uid={group}", f"--property=EnvironmentFile=/etc/{group}/database.env",
        "printenv", "SECRET", "DB_POOL_SIZE",
    ).stdout  # fmt: skip
    assert seen == f"{SECRET}\n10\n"


@pytest.mark.parametrize(
    ("drift", "repaired"),
    [
        ("chmod 644 /etc/{0}/database.env", ["database.env"]),
        ("chown {0} /etc/{0}/ca.crt", ["ca.crt"]),
        ("chmod 755 /etc/{0}", ["."]),
        ("echo X=1 >> /etc/{0}/database.env", ["database.env"]),
        ("rm /etc/{0}/ca.crt", ["ca.crt"]),
    ],
)
def test_drift_is_repaired_once(host, group, drift, repaired):
    host.module("environment_file", wanted(group), user="root")
    before = modes(host, group)
    host.run("sh", "-c", drift.format(group))
    runs = [host.module("environment_file", wanted(group), check, user="root") for check in (True, False, False)]
    assert [run["files"] for run in runs] == [repaired, repaired, []]
    assert modes(host, group) == before
