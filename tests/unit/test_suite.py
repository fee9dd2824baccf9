"""The runner of make test: what it counts, what it shows, and what it calls left behind."""

import os
import select
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from queue import SimpleQueue

import pytest

import run as runner
from suite import demo, leftovers, molecule, part, report
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
    assert report.table(outcomes, {"unit": "    FAILED one"}).split("\n")[-1] == verdict
    assert report.succeeded(outcomes) is succeeded


def test_a_long_log_is_shown_by_its_end():
    assert report.tail("a\nb\nc\nd\n", lines=2) == "[2 lines before]\nc\nd"
    assert report.tail("a\nb\n", lines=2) == "a\nb"


@pytest.mark.parametrize(
    ("log", "gist"),
    [
        pytest.param(
            "TASK [One] ***\nok: [pg1]\nTASK [Two] ***\n\nStopped.\n", ["TASK [One] ***", "TASK [Two] ***"], id="where"
        ),
        pytest.param(
            "\n".join(f"FAILED {number}" for number in range(12)),
            [f"FAILED {number}" for number in range(2, 12)],
            id="last",
        ),
        pytest.param("  \x1b[2m\u2502\x1b[0m TASK [One]\n  \u2502 ok\n", ["TASK [One]"], id="in-molecule's-frame"),
        pytest.param(
            "ok: [pg1]\n[ERROR]: Task failed: it\n  broke\nOrigin: main.yml\n1 ---\nfailed: [pg1] (item=1) =>\n  msg: it\n",
            ["[ERROR]: Task failed: it", "broke", "failed: [pg1] (item=1) =>"],
            id="Ansible's-reason",
        ),
        pytest.param("mypy: one\n\nFound 1 error\n", ["mypy: one", "Found 1 error"], id="no-signposts"),
        pytest.param("fatal: " + 200 * "x", ["fatal: " + 143 * "x"], id="long"),
        pytest.param("", [], id="empty"),
    ],
)
def test_the_gist_of_a_log_is_its_last_signposts(log, gist):
    assert [line.strip() for line in report.gist(log).split("\n") if line] == gist


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


def test_the_journeys_begin_first_and_the_others_stay_in_order():
    names = ["backup", "pgbackrest", "recover_from_loss", "replication", "site"]
    assert molecule.journeys_first(names) == ["recover_from_loss", "replication", "backup", "pgbackrest", "site"]
    assert set(molecule.JOURNEYS) <= set(molecule.scenarios())


@pytest.mark.parametrize("ends", [pytest.param(None, id="well"), pytest.param(OSError("no log"), id="badly")])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("recover_from_loss", ["recover_from_loss", "destroy"], id="pg2-is-the-primary"),
        pytest.param("replication", ["replication", "destroy"], id="pg1-is-a-standby"),
        pytest.param("backup", ["backup"], id="as-it-was-found"),
    ],
)
def test_nobody_else_gets_the_containers_of_a_journey(monkeypatch, name, expected, ends):
    done = []

    def one(name, lab, deadline):
        done.append(name)
        if ends:
            raise ends

    monkeypatch.setattr(molecule, "one", one)
    # The lab is nobody's until its containers are gone.
    monkeypatch.setattr(molecule, "destroy", lambda lab: done.append("destroy" if idle.empty() else "too late"))
    idle = SimpleQueue()
    idle.put(LAB)
    with pytest.raises(OSError, match="no log") if ends else nullcontext():
        molecule.on_idle_lab(name, idle, deadline=0)
    assert done == expected
    assert idle.get_nowait() == LAB


@pytest.mark.parametrize("words", [["lint", "cobol"], ["unit", "one"], ["molecule", "default"], ["everything"]])
def test_unknown_words_are_refused(words, capsys):
    with pytest.raises(SystemExit) as refused:
        runner.read_arguments(words)
    assert refused.value.code == 2
    assert words[-1] in capsys.readouterr().err


def test_without_words_everything_runs():
    assert runner.read_arguments([]).part == "all"
    assert runner.on_labs("all") == [*molecule.scenarios(), "demo"]


@pytest.mark.parametrize(
    ("comes_of_it", "counted", "parts"),
    [
        pytest.param(0, (3, 1), ["lab.demo", "tests/platform", "lab/destroy.yml"], id="well"),
        pytest.param(1, (0, 1), ["lab.demo", "lab/destroy.yml"], id="a-demo-that-fails"),
        pytest.param(KeyboardInterrupt, None, ["lab.demo", "lab/destroy.yml"], id="interrupted"),
    ],
)
def test_the_demo_runs_on_a_lab_of_its_own_which_is_removed_whatever_happens(
    comes_of_it, counted, parts, monkeypatch, tmp_path
):
    started = []

    def run_logged(command, log, limit_s, environment):
        part = next(word for word in command if word in ("lab.demo", "tests/platform", "lab/destroy.yml"))
        started.append(part)
        assert environment["THREADR_LAB"] == f"{LAB}-demo"
        if part == "lab.demo" and comes_of_it is KeyboardInterrupt:
            raise KeyboardInterrupt
        if part == "tests/platform":
            (tmp_path / "demo.xml").write_text(
                '<testsuites><testsuite tests="3" failures="1" errors="0" skipped="0"/></testsuites>'
            )
        return comes_of_it if part == "lab.demo" else int(part == "tests/platform")

    monkeypatch.setattr(demo, "run_logged", run_logged)
    monkeypatch.setattr(demo, "LOGS", tmp_path)
    with pytest.raises(KeyboardInterrupt) if counted is None else nullcontext():
        outcome = demo.one(LAB, deadline=0)
        assert (outcome.passed, outcome.failed) == counted
    assert started == parts


def test_a_demo_that_was_interrupted_leaves_no_lab(monkeypatch):
    """Its own way out was interrupted too."""
    removed = []

    def interrupted(name, idle, deadline):
        raise KeyboardInterrupt

    monkeypatch.setattr(molecule, "on_idle_lab", interrupted)
    monkeypatch.setattr(molecule, "destroy", lambda lab: None)
    monkeypatch.setattr(demo, "destroy", removed.append)
    with pytest.raises(KeyboardInterrupt):
        list(molecule.run(["demo"]))
    assert removed == [f"{molecule.lab_name()}-1"]


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


@pytest.fixture
def ctrl_c_ends():
    """Also where the tests are a shell's background job, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_ends")
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


@pytest.mark.usefixtures("ctrl_c_ends")
def test_what_another_thread_runs_is_stopped(tmp_path):
    log = tmp_path / "x.log"
    log.touch()
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(part.run_logged, ["tail", "-f", "/dev/null"], log, 60)
        while not ended.done():
            part.stop_all()
        assert ended.result() not in (0, 124)
    assert not part.RUNNING


def test_a_command_gets_no_input_and_its_exit_code_is_told(tmp_path):
    log = tmp_path / "x.log"
    log.touch()
    command = [sys.executable, "-c", "import sys; sys.exit(3 if sys.stdin.read() == '' else 4)"]
    assert part.run_logged(command, log, limit_s=60) == 3
