"""The runner of make test: what it counts, what it shows, and what it calls left behind."""

import os
import select
import sys
from pathlib import Path

import pytest

import run as runner
from suite import leftovers, molecule, part, report
from suite.part import Outcome

LAB = "threadr-molecule-0123abcd-7"
SUITE = '<testsuite tests="{}" failures="{}" errors="{}" skipped="{}"/>'


def outcome(passed: int, failed: int) -> Outcome:
    return Outcome("unit", passed, failed, 1.25, Path("unit.log"))


@pytest.mark.parametrize(
    ("suites", "counted"),
    [
        pytest.param(SUITE.format(5, 0, 0, 0), (5, 0), id="all-passed"),
        pytest.param(SUITE.format(9, 1, 2, 3), (3, 3), id="errors-are-failures-and-skipped-tests-neither"),
        pytest.param(SUITE.format(2, 0, 0, 0) + SUITE.format(3, 1, 0, 0), (4, 1), id="suites-are-summed"),
        pytest.param("", (0, 1), id="no-suite"),
        pytest.param("<testsuite", (0, 1), id="cut-off"),
    ],
)
def test_a_junit_file_is_counted(tmp_path, suites, counted):
    (tmp_path / "x.xml").write_text(f"<testsuites>{suites}</testsuites>")
    assert report.count_junit(tmp_path / "x.xml") == counted


def test_no_junit_file_is_a_failure(tmp_path):
    assert report.count_junit(tmp_path / "x.xml") == (0, 1)


@pytest.mark.parametrize(
    ("failed", "code", "counted"),
    [
        pytest.param(0, 0, 0, id="well"),
        pytest.param(2, 1, 2, id="failures-explain-the-code"),
        pytest.param(0, 2, 1, id="an-interruption-is-a-failure"),
        pytest.param(0, 124, 1, id="a-time-limit-is-a-failure"),
    ],
)
def test_an_exit_code_that_the_counts_do_not_explain_fails(failed, code, counted):
    assert report.judge_pytest(7, failed, code) == (7, counted)


@pytest.mark.parametrize(
    ("outcomes", "verdict", "succeeded"),
    [
        pytest.param([outcome(3, 0), outcome(2, 0)], "5 passed, 0 failed", True, id="all-passed"),
        pytest.param([outcome(3, 0), outcome(2, 1)], "5 passed, 1 failed", False, id="one-failed"),
        pytest.param([outcome(3, 0), outcome(0, 0)], "3 passed, 0 failed", False, id="a-part-that-ran-nothing"),
        pytest.param([], "0 passed, 0 failed", False, id="nothing-ran"),
    ],
)
def test_the_last_line_is_the_plain_verdict(outcomes, verdict, succeeded):
    assert report.table(outcomes).split("\n")[-1] == verdict
    assert report.succeeded(outcomes) is succeeded


def test_a_long_log_is_shown_by_its_end():
    assert report.tail("a\nb\nc\nd\n", lines=2) == "[2 lines before]\nc\nd"
    assert report.tail("a\nb\n", lines=2) == "a\nb"


def test_only_what_this_run_made_and_nobody_will_remove_is_left_behind():
    names = ["threadr-test-10-abc123", "threadr-test-20-abc123", "threadr-test-30-abc123", "threadr-test-10-mine"]
    names += [LAB, f"{LAB}-pg1", f"{LAB}1-pg1", "threadr-demo-0123abcd-pg1", "postgres"]
    found = leftovers.left_behind(names, ["threadr-test-30-abc123"], LAB, lambda process: process == 20)
    assert found == ["threadr-test-10-abc123", LAB, f"{LAB}-pg1"]


def test_checkouts_and_runs_have_names_of_their_own():
    name = molecule.lab_name(Path("/a"), 7)
    assert name.startswith("threadr-molecule-")
    assert len({name, molecule.lab_name(Path("/b"), 7), molecule.lab_name(Path("/a"), 8)}) == 3


def test_the_scenario_that_makes_the_containers_is_not_a_test(tmp_path):
    for name in ("default", "schema", "config", "inventory"):
        (tmp_path / name).mkdir()
        if name != "inventory":
            (tmp_path / name / "molecule.yml").touch()
    assert molecule.scenarios(tmp_path) == ["config", "schema"]


@pytest.mark.parametrize("words", [["lint", "cobol"], ["unit", "one"], ["molecule", "default"], ["everything"]])
def test_unknown_words_are_refused(words, capsys):
    with pytest.raises(SystemExit) as refused:
        runner.read_arguments(words)
    assert refused.value.code == 2
    assert words[-1] in capsys.readouterr().err


def test_without_words_everything_runs():
    assert runner.read_arguments([]).part == "all"


def ends(process: int, within_s: float = 10) -> bool:
    """The kernel says when; a killed process may take a moment to be gone."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_s)[0])
    finally:
        os.close(handle)


def test_a_command_beyond_its_limit_is_stopped_with_all_that_it_started(tmp_path):
    log = tmp_path / "x.log"
    log.touch()
    # A child in the background ignores Ctrl-C.
    command = ["sh", "-c", "tail -f /dev/null & echo child $!; wait"]
    assert part.run_logged(command, log, limit_s=0.5) == 124
    said = log.read_text()
    assert "Stopped: it ran for more than 0.5 s." in said
    child = next(line.removeprefix("child ") for line in said.splitlines() if line.startswith("child "))
    assert ends(int(child))


def test_a_command_gets_no_input_and_its_exit_code_is_told(tmp_path):
    log = tmp_path / "x.log"
    log.touch()
    command = [sys.executable, "-c", "import sys; sys.exit(3 if sys.stdin.read() == '' else 4)"]
    assert part.run_logged(command, log, limit_s=60) == 3
