"""Which host is the primary, by what each says; every way in which nobody may go on is a sentence that names the hosts."""

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.topology import replication_rules, synchronous_names, topology

HOSTS = ["pg1", "pg2"]


def answer(state: str, **more) -> dict:
    known = {"timeline": 1, "lsn": "0/3000060", "system_identifier": "7", "standby_when_started": False}
    return {"state": state, **known, **more}


PRIMARY, STANDBY, ABSENT = answer("primary"), answer("standby"), answer("absent")
DOWN, DOWN_STANDBY = answer("stopped"), answer("stopped", standby_when_started=True)


@pytest.mark.parametrize(
    ("seen", "primary"),
    [
        pytest.param({"pg1": ABSENT, "pg2": ABSENT}, "pg1", id="no-cluster-yet"),
        pytest.param({"pg1": PRIMARY, "pg2": ABSENT}, "pg1", id="standby-to-be-made"),
        pytest.param({"pg1": STANDBY, "pg2": PRIMARY}, "pg2", id="roles-swapped"),
        pytest.param({"pg1": ABSENT, "pg2": PRIMARY}, "pg2", id="first-host-is-new"),
        pytest.param({"pg1": PRIMARY, "pg2": DOWN_STANDBY}, "pg1", id="standby-down"),
        pytest.param({"pg1": PRIMARY}, "pg1", id="standby-unreachable"),
        pytest.param({"pg1": DOWN, "pg2": ABSENT}, "pg1", id="the-only-cluster-is-down"),
    ],
)
def test_the_primary_is_found(seen, primary):
    assert topology(seen, HOSTS) == {"primary": primary, "problem": "", "problems": {}}


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        pytest.param(
            {"pg1": PRIMARY, "pg2": answer("primary", timeline=2)},
            "There are 2 primaries: pg1 on timeline 1 and pg2 on timeline 2.",
            id="two-primaries",
        ),
        pytest.param({"pg2": STANDBY}, "No primary was found, and pg1 did not say what is there.", id="unreachable"),
        pytest.param(
            {"pg1": {"failed": True, "msg": "It hangs."}, "pg2": STANDBY},
            "No primary was found, and pg1 did not say what is there.",
            id="hung",
        ),
        pytest.param({"pg1": ABSENT}, "No primary was found, and pg2 did not say what is there.", id="nobody-knows"),
        pytest.param(
            {"pg1": DOWN, "pg2": STANDBY},
            "No primary was found: pg1 was a primary and does not run, last checkpoint 0/3000060 on timeline 1; "
            "pg2 is a standby at 0/3000060 on timeline 1.",
            id="primary-down",
        ),
        pytest.param({"pg1": DOWN, "pg2": DOWN}, "No primary was found: pg1 was a primary", id="both-down"),
        pytest.param({"pg1": ABSENT, "pg2": DOWN_STANDBY}, "pg2 is a standby that does not run", id="lone-standby"),
    ],
)
def test_nobody_goes_on_without_one_primary(seen, sentence):
    verdict = topology(seen, HOSTS)
    assert verdict["problem"].startswith(sentence) or sentence in verdict["problem"]
    assert verdict["primary"] == ""


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (answer("stopped", timeline=1), "pg2 does not run, and was a primary on timeline 1; pg1 is the primary now"),
        (
            answer("standby", system_identifier="8"),
            "pg2 holds another cluster than the primary pg1: system identifier 8",
        ),
    ],
)
def test_a_host_that_cannot_follow_is_refused_alone(other, sentence):
    verdict = topology({"pg1": PRIMARY, "pg2": other}, HOSTS)
    assert verdict["primary"] == "pg1" and verdict["problem"] == ""
    assert verdict["problems"]["pg2"].startswith(sentence)


def test_only_the_other_hosts_may_replicate_and_only_encrypted():
    rules = replication_rules({"pg2": ["192.0.2.2/32"], "pg3": ["192.0.2.3/32"]}, ["pg2"], "repl")
    assert [(rule["type"], rule["database"], rule["address"], rule["user"]) for rule in rules] == [
        ("hostssl", "replication", "192.0.2.2/32", "repl"),
        ("hostssl", "postgres", "192.0.2.2/32", "repl"),
    ]
    with pytest.raises(AnsibleFilterError, match="No address of pg3 is known"):
        replication_rules({"pg3": []}, ["pg3"], "repl")


@pytest.mark.parametrize(
    ("wanted", "standbys", "names", "warned"),
    [
        (0, ["pg2"], "", False),
        ("1", ["pg2", "pg3"], 'ANY 1 ("pg2", "pg3")', False),
        (1, ["pg2"], 'ANY 1 ("pg2")', True),
    ],
)
def test_whom_a_commit_waits_for(monkeypatch, wanted, standbys, names, warned):
    warnings = []
    monkeypatch.setattr("plugins.filter.topology.Display.warning", lambda self, text: warnings.append(text))
    assert synchronous_names(wanted, standbys) == names
    assert bool(warnings) is warned


@pytest.mark.parametrize("wanted", [2, -1])
def test_nobody_waits_for_standbys_that_there_are_not(wanted):
    with pytest.raises(AnsibleFilterError, match="there are 1 standbys: no write would ever end"):
        synchronous_names(wanted, ["pg2"])
