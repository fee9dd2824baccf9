"""The audit as a whole: verdicts, waivers, and what happens when something cannot be read."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.health_server import Answer
from ansible.module_utils.pgops.security import VERDICTS, Facts, Unread, listed, report
from ansible.module_utils.pgops.security_items import ITEMS
from ansible.module_utils.pgops.security_server import QUESTIONS

from plugins.filter.result_text import security_lines
from security_facts import ANSWERS, HOST, facts, verdict_of

WEAK = facts(settings={"ssl": "off"})
FAILING = {"CIS 6.8"}


def test_every_item_passes_on_a_good_server():
    result = report(ITEMS, facts(), {})
    assert result["problems"] == []
    assert result["healthy"] is True
    assert result["counts"] == {"fail": 0, "waived": 0, "not_applicable": 0, "pass": len(ITEMS)}


def test_ids_are_unique_and_titles_too():
    assert len({item.id for item in ITEMS}) == len({item.title for item in ITEMS}) == len(ITEMS) == 87
    assert all(item.id.startswith(("CIS ", "HOUSE ")) for item in ITEMS)


def test_the_good_server_answers_what_is_asked():
    assert {*ANSWERS, "settings", "build"} == set(QUESTIONS)


def test_what_fails_is_named_with_its_remedy():
    result = report(ITEMS, WEAK, {})
    assert result["healthy"] is False
    assert {row["id"] for row in result["items"] if row["verdict"] == "fail"} == FAILING
    [problem] = result["problems"]
    assert problem == (
        "CIS 6.8 TLS is on: off. Set ssl to on in threadr_security_settings (group_vars/postgresql/security.yml) "
        "and run playbooks/site.yml."
    )


def test_a_waiver_keeps_what_was_measured_and_gives_its_reason():
    result = report(ITEMS, WEAK, {"CIS 6.8": " Loopback only. "})
    row = next(row for row in result["items"] if row["id"] == "CIS 6.8")
    assert (row["verdict"], row["measured"], row["sentence"]) == ("waived", "off", "Waived: Loopback only.")
    assert (result["healthy"], result["problems"], result["superfluous_waivers"]) == (True, [], [])


@pytest.mark.parametrize(("server", "verdict"), [(facts(), "pass"), (facts(policies=[]), "not_applicable")])
def test_a_waiver_of_what_does_not_fail_is_superfluous(server, verdict):
    result = report(ITEMS, server, {"CIS 4.7": "Later."})
    assert result["superfluous_waivers"] == [f"CIS 4.7 is {verdict} without its waiver (Later.). Remove it."]
    assert result["counts"]["waived"] == 0


@pytest.mark.parametrize(
    ("waivers", "words"),
    [
        pytest.param({"CIS 9.9": "Because."}, "The waiver for CIS 9.9 names no item", id="unknown"),
        pytest.param({"4.1": "Because."}, "The waiver for 4.1 names no item", id="without-its-prefix"),
        pytest.param({"CIS 4.10": ""}, "The waiver for CIS 4.10 gives no reason", id="empty"),
        pytest.param({"CIS 4.10": " \n"}, "The waiver for CIS 4.10 gives no reason", id="blank"),
        pytest.param({"CIS 4.10": None}, "The waiver for CIS 4.10 gives no reason", id="none"),
        pytest.param({"CIS 4.10": True}, "The waiver for CIS 4.10 gives no reason", id="no-text"),
    ],
)
def test_waivers_that_nobody_could_defend_are_refused(waivers, words):
    with pytest.raises(PgopsError, match=words):
        report(ITEMS, facts(), waivers)


def test_what_cannot_be_read_fails_and_says_why():
    judgement = verdict_of("CIS 2.1", facts(host={"umask": Unread("/proc/1/status: Permission denied.")}))
    assert (judgement.verdict, judgement.measured) == ("fail", "unreadable")
    assert judgement.sentence == "/proc/1/status: Permission denied."


def test_nothing_at_all_being_readable_is_no_traceback():
    dark = Facts(
        {question: Answer(failure="permission denied.") for question in QUESTIONS},
        dict.fromkeys(HOST, Unread("No.")),
    )
    result = report(ITEMS, dark, {})
    assert {row["verdict"] for row in result["items"]} == {"fail"}
    assert {row["measured"] for row in result["items"]} == {"unreadable"}


def test_a_hidden_setting_is_named():
    judgement = verdict_of("CIS 3.1.4", facts(settings={"log_directory": None}))
    assert (judgement.verdict, judgement.measured) == ("fail", "unreadable")
    assert "log_directory" in judgement.sentence
    assert "pg_read_all_settings" in judgement.sentence


def test_the_host_of_a_server_elsewhere_is_not_judged():
    away = Facts(facts().answers, {}, facts().wanted, "db1 is another host than the one the module runs on.")
    judgement = verdict_of("HOUSE 2.1", away)
    assert (judgement.verdict, judgement.measured) == ("not_applicable", "not here")
    assert judgement.sentence.startswith("db1 is another host")
    assert verdict_of("CIS 6.8", away).verdict == "pass"


def test_long_lists_are_shortened():
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
    assert listed([]) == "none"


def test_lines_are_aligned_and_end_with_the_counts():
    lines = security_lines(report(ITEMS, WEAK, {"CIS 1.1": "Mirror."}))
    assert lines[0].split("  ")[0] == "item"
    assert (
        len({line.index(row["title"]) for line, row in zip(lines[1:], report(ITEMS, WEAK, {})["items"], strict=False)})
        == 1
    )
    assert "CIS 6.8: Set ssl to on in threadr_security_settings" in "\n".join(lines)
    assert lines[-2] == "CIS 1.1 is pass without its waiver (Mirror.). Remove it."
    assert lines[-1] == "1 fail, 0 waived, 4 not applicable, 82 pass"
    assert [word.split(" ", 1)[1].replace(" ", "_") for word in lines[-1].split(", ")] == list(VERDICTS)
