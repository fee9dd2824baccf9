"""Alerts in a real Prometheus: set up by the roles, driven over their lines and back. All of them: make prove-alerts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from alert_archive_causes import CAUSES
from alert_watch import Watch
from health_sessions import wait_for
from lab.host import started
from object_store import packages

PROJECT = Path(__file__).resolve().parents[2]
# A few of them, of each kind; the others are as quick, but together take minutes.
FEW = [
    "postgresql_down",
    "metrics_file_broken",
    "lock_wait",
    "archiver_that_fails",
    "disk_critical",
    "sequence_near_its_end",
]


# What drills and migrations leave, once there was one.
LATER = re.compile("pgops_(drill|migration)_")
METRIC = re.compile(r"\b(?:pg|pgops|node|up)(?:_[a-z0-9_]+)?(?=[{\[ ]|$)")


def questions() -> list:
    """Every question that a dashboard asks, with the name of its panel."""
    boards = [
        json.loads(file.read_text()) for file in sorted((PROJECT / "roles/prometheus/files/dashboards").glob("*.json"))
    ]
    return [
        pytest.param(target["expr"], id=f"{board['uid']}: {panel['title']} {target['refId']}")
        for board in boards
        for panel in board["panels"]
        for target in panel["targets"]
    ]


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    with started("alerts", packages()) as host:
        yield Watch(host, tmp_path_factory.mktemp("alerts"))


def test_of_a_server_that_is_well_no_alert_fires(watch):
    # The first health check is seen a moment later.
    wait_for(lambda: watch.firing() == {}, 60)
    assert watch.value('min(up{instance="pg1"})') == 1


@pytest.mark.parametrize("name", FEW)
def test_an_alert_fires_and_goes(watch, name):
    with CAUSES[name](watch) as expected:
        watch.becomes(expected, fires=True)
        annotations = [text for alert, text in watch.firing().items() if alert in expected]
    watch.becomes(expected, fires=False)
    # What the exporter of hosts shows is told of both, which are one here.
    assert all(re.search(r"\bpg[12]\b", text["summary"]) and text["advice"] for text in annotations)


@pytest.mark.parametrize("question", questions())
def test_a_dashboard_asks_for_what_there_is(watch, question):
    """Prometheus refuses a question that it cannot read, which fails the test."""
    asked = question.replace("$instance", ".*")
    watch.ask(f"query?query={quote(asked)}")
    shown = set(watch.ask("label/__name__/values")) | {"up"} | declared(watch)
    assert {name for name in METRIC.findall(asked) if not LATER.match(name)} <= shown


def declared(watch: Watch) -> set[str]:
    """What the exporter shows where there is a standby, a slot and so on."""
    queries = yaml.safe_load(watch.host.run("cat", "/etc/prometheus/postgresql-queries.yml").stdout)
    return {f"{name}_{column}" for name, query in queries.items() for each in query["metrics"] for column in each}
