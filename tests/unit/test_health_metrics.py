"""What health checks and migrations tell Prometheus, and the rules' limits beside those of the health check."""

from pathlib import Path

import yaml
from ansible.module_utils.pgops.exposition import family, labels
from ansible.module_utils.pgops.health import Check
from ansible.module_utils.pgops.health_catalog import DECLARED
from ansible.module_utils.pgops.health_metrics import exposition
from ansible.module_utils.pgops.metrics_file import require_exposition
from ansible.module_utils.pgops.migration_metrics import exposition as migration

PROJECT = Path(__file__).resolve().parents[2]
AT = "2026-01-31T03:00:00+00:00"
ROLE = yaml.safe_load((PROJECT / "roles/prometheus/vars/main.yml").read_text())


def check(name: str, value, verdict: str, warning: float | None = None, critical: float | None = None) -> Check:
    return Check(name, value, "ratio", warning, critical, verdict, "Found.", "Do.")


def samples(*checks: Check) -> list[str]:
    text = exposition(list(checks), AT)
    require_exposition(text)
    return [line for line in text.splitlines() if not line.startswith("#") and "advice" not in line]


def test_value_verdict_and_limits_are_told():
    assert samples(check("connections", 0.85, "warning", 0.8, 0.9)) == [
        'pgops_health_value{check="connections",subject=""} 0.85',
        'pgops_health_verdict{check="connections",subject=""} 2',
        'pgops_health_limit{check="connections",subject="",level="warning"} 0.8',
        'pgops_health_limit{check="connections",subject="",level="critical"} 0.9',
        "pgops_health_checked_timestamp_seconds 1769828400",
    ]


def test_one_of_several_has_its_thing_as_a_label():
    assert 'pgops_health_verdict{check="disk",subject="data"} 0' in samples(check("disk_data", 0.4, "ok"))
    assert 'pgops_health_verdict{check="drill_rto",subject=""} 0' in samples(check("drill_rto", 4, "ok"))
    assert 'pgops_health_verdict{check="drill",subject="logical"} 3' in samples(check("drill_logical", 4, "critical"))


def test_what_is_no_number_is_told_by_its_verdict():
    assert samples(check("recovery_state", "standby", "critical"), check("bloat", None, "unknown")) == [
        'pgops_health_verdict{check="recovery_state",subject=""} 3',
        'pgops_health_verdict{check="bloat",subject=""} 1',
        "pgops_health_checked_timestamp_seconds 1769828400",
    ]


def test_advice_is_told_once_for_several_things_and_without_quotes():
    text = exposition([check("disk_data", 0.4, "ok"), check("disk_wal", 0.4, "ok")], AT)
    advice = [line for line in text.splitlines() if line.startswith("pgops_health_advice_info")]
    assert len(advice) == 1
    assert advice[0].count('"') == 4


def test_every_check_can_be_told():
    text = exposition([check(f"{one.name}_x" if one.each else one.name, 1, "ok") for one in DECLARED], AT)
    require_exposition(text)
    assert text.count("pgops_health_verdict{") == len(DECLARED)


def test_limits_of_the_rules_are_those_of_the_health_check():
    declared = {one.option(level): getattr(one.limit, level) for one in DECLARED for level in ("warning", "critical")}
    rules = ROLE["__prometheus_default_thresholds"]
    assert rules == {name: declared[name] for name in rules}


def test_a_check_that_the_health_rules_leave_out_is_one():
    assert set(ROLE["__prometheus_watched_checks"]) <= {one.name for one in DECLARED}


def test_a_migration_is_told_by_pattern_and_outcome():
    line = {
        "scanned": 3,
        "written": 2,
        "quarantined": 1,
        **dict.fromkeys(["unchanged", "merged", "skipped", "vanished", "unknown"], 0),
    }
    text = migration({"users": line}, 1769828400.0, 1.25)
    require_exposition(text)
    told = [one for one in text.splitlines() if not one.startswith("#")]
    assert told[:2] == [
        "pgops_migration_last_success_timestamp_seconds 1769828400",
        "pgops_migration_duration_seconds 1.25",
    ]
    assert 'pgops_migration_keys{pattern="users",outcome="quarantined"} 1' in told
    assert len(told) == 9


def test_what_a_label_must_not_hold_is_escaped():
    text = family("pgops_x", "X.", [(labels(database='a"b\\c'), 1), (labels(database="unknown"), None)])
    require_exposition(text)
    assert text.splitlines()[2:] == ['pgops_x{database="a\\"b\\\\c"} 1']
