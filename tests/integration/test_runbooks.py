"""What the runbooks say to run is run, in the situation that each of them is for."""

from __future__ import annotations

import re
import shlex
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from health_sessions import held_sessions, session
from lab.host import started
from migration import believable, load
from operators import Operator
from schema import deploy

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted((PROJECT / "docs/runbooks").glob("*.md"))
DATABASE = "threadr"
BOX = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"\b\d+-[0-9a-f]{6}\b")
# A person must look: that is what these say in such a situation.
TELLING = ("check_health.yml", "check_migration.yml")
# These need a second host, which the molecule scenario has where the primary is lost for real.
TWO_HOSTS = {"promote_standby.yml", "rebuild_standby.yml"}
LOSING = PROJECT / "molecule/replication/playbooks/lose_primary.yml"


def commands(page: Path) -> list[list[str]]:
    """Words of each command in a box, from the playbook on."""
    lines = [line for box in BOX.findall(page.read_text(encoding="utf-8")) for line in box.splitlines()]
    split = [shlex.split(line) for line in lines]
    assert all(words[0] == "ansible-playbook" for words in split), lines
    return [words[1:] for words in split]


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    with started("runbooks") as host:
        host.execute(f"CREATE DATABASE {DATABASE};")
        deploy(host, DATABASE)
        load(host, believable(users=20, threads=40))
        yield Operator(host, tmp_path_factory.mktemp("operator"), threadr_redis_host="127.0.0.1")


@contextmanager
def connections_exhausted(host):
    with held_sessions(host, f"dbname={DATABASE} application_name=api", 90):
        yield


@contextmanager
def slow(host):
    host.execute("CREATE TABLE held (x int);", db=DATABASE)
    with ExitStack() as stack:
        stack.enter_context(session(host, DATABASE, "BEGIN; LOCK TABLE held;", "idle in transaction", "holder"))
        stack.enter_context(session(host, DATABASE, "SELECT FROM held;", "active", "waiter"))
        yield
    host.execute("DROP TABLE held;", db=DATABASE)


@contextmanager
def disk_full(host):
    host.run("install", "-d", "-o", "postgres", "/var/log/postgresql")
    host.run("dd", "if=/dev/zero", "of=/var/log/postgresql/postgresql-2020-01-01_000000.log", "bs=1M", "count=5")
    yield


@contextmanager
def anything(_host):
    yield


SITUATIONS = {"connections_exhausted": connections_exhausted, "slow": slow, "disk_full": disk_full}


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "README"], ids=lambda page: page.stem)
def test_what_a_page_says_to_run_is_run(operator, page):
    words = ""
    with SITUATIONS.get(page.stem, anything)(operator.host):
        for playbook, *options in commands(page):
            if Path(playbook).name in TWO_HOSTS:
                continue
            # As an operator reads it in what the command before has shown.
            given = [option.replace("MARK", (MARK.findall(words) or [""])[0]) for option in options]
            code, words, _ = operator.play(playbook, *given)
            assert code == 0 or (code == 2 and Path(playbook).name in TELLING), words
            assert "Traceback" not in words


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "README"], ids=lambda page: page.stem)
def test_what_needs_two_hosts_is_run_where_there_are_two(page):
    played = [
        (Path(playbook).name, options) for playbook, *options in commands(page) if Path(playbook).name in TWO_HOSTS
    ]
    assert all(command in losing() for command in played)


def losing() -> list[tuple[str, list[str]]]:
    """Every playbook that the scenario starts as an operator would, with its options as a page has them."""
    tasks = [task for play in yaml.safe_load(LOSING.read_text()) for task in play.get("tasks", [])]
    started_with = [task.get("vars", {}) for task in tasks]
    return [
        (Path(given["playbook"]).name, [option.replace("--extra-vars", "-e") for option in given["options"]])
        for given in started_with
        if "playbook" in given and isinstance(given.get("options"), list)
    ]


def test_the_list_of_pages_has_them_all():
    listed = (PROJECT / "docs/runbooks/README.md").read_text(encoding="utf-8")
    assert all(f"({page.name})" in listed for page in PAGES if page.stem != "README")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_playbooks_and_pages_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"\b([a-z_]+\.yml)\b", text))
    assert {name for name in named if not (PROJECT / "playbooks" / name).exists()} == set()
    linked = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in linked if not (page.parent / link).exists()] == []
