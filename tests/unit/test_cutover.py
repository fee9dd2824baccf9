"""What forbids to sign a cutover, and which commands of Redis write."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.cutover import Waiver, open_sentences, write_sentence
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.signed_file import fingerprint_in, rendered
from ansible.module_utils.pgops.writers import Calls, carried_out, require_pause, write_commands

from plugins.filter.result_text import cutover_lines

SET = [b"set", -3, [b"write", b"denyoom"], 1, 1, 1]
GET = [b"get", 2, [b"readonly", b"fast"], 1, 1, 1]
# As of Redis 7: subcommands of their own, whose names have the command's in front.
XGROUP = [b"XGROUP", -2, [], 0, 0, 0, [], [], [], [[b"xgroup|create", -5, [b"write"]], [b"xgroup|help", 2, [b"stale"]]]]


@pytest.mark.parametrize(
    ("described", "names"),
    [([], set()), ([GET], set()), ([SET, GET], {"set"}), ([XGROUP, SET], {"xgroup|create", "set"})],
)
def test_commands_that_write_are_what_redis_says(described, names):
    assert write_commands(described) == names


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {}, {}),
        ({"set": 3}, {"set": 3}, {}),
        ({"set": 3}, {"set": 5, "del": 1}, {"del": 1, "set": 2}),
        ({"set": 3}, {"set": 2}, None),
        ({"set": 3}, {}, None),
    ],
)
def test_what_was_carried_out_is_the_difference(before, after, found):
    assert carried_out(Calls("a", before), Calls("a", after)) == found


def test_nobody_knows_who_wrote_before_a_restart():
    assert carried_out(Calls("a", {}), Calls("b", {})) is None


@pytest.mark.parametrize(
    ("writes", "sentences"),
    [
        ({}, []),
        ({"del": 1, "set": 2}, ["The source carried out 3 write commands then: del 1, set 2."]),
        (None, ["The source was restarted, or its statistics were reset, then: nobody knows who wrote."]),
    ],
)
def test_writes_are_told_by_command(writes, sentences):
    assert write_sentence(writes, "then") == sentences


@pytest.mark.parametrize(
    ("found", "waived", "sentences"),
    [
        ({}, {}, []),
        ({}, {"orphan": 3}, []),
        ({"orphan": 3}, {}, ["3 keys are open as orphan, not waived."]),
        ({"orphan": 3}, {"orphan": 3}, []),
        ({"orphan": 3}, {"orphan": 4}, []),
        ({"orphan": 3}, {"orphan": 2}, ["3 keys are open as orphan, 2 are waived."]),
        ({"orphan": 3, "a": 1}, {"orphan": 3}, ["1 keys are open as a, not waived."]),
        ({"orphan": 1}, {"orphan": 0}, ["1 keys are open as orphan, 0 are waived."]),
    ],
)
def test_what_is_open_is_waived_by_reason_and_number(found, waived, sentences):
    waivers = [Waiver(reason, keys, "Looked at.") for reason, keys in waived.items()]
    assert open_sentences(found, waivers) == sentences


@pytest.mark.parametrize("seconds", [-1, 0, 3601])
def test_a_pause_without_bound_is_refused(seconds):
    require_pause(1)
    require_pause(3600)
    with pytest.raises(PgopsError, match="it must be 1 to 3600"):
        require_pause(seconds)


def test_a_document_has_one_text():
    assert rendered({"b": 1, "a": "ö"}) == rendered({"a": "ö", "b": 1}) == '{\n  "a": "ö",\n  "b": 1\n}\n'


def test_fingerprints_are_found_in_what_ssh_keygen_says():
    assert fingerprint_in('Good "x" signature with ED25519 key SHA256:abc') == "SHA256:abc"
    assert fingerprint_in("256 SHA256:abc mira@desk (ED25519)") == "SHA256:abc"
    assert fingerprint_in("") is None


def test_lines_for_people_tell_the_pause_and_what_is_open():
    conflicts = {"kept": {}, "overwritten": {}, "samples": []}
    passed = {"tables": {"users": {"inserted": 1, "updated": 0}}, "conflicts": conflicts}
    document = {"tables": {"users": {"equal": 1, "missing": 0}}, "digest": "9f86"}
    assert cutover_lines({"migration": passed, "document": document, "pause_s": 4.2, "open": []}) == [
        "users: 1 inserted, 0 updated",
        "users: 1 equal, 0 missing",
        "digest of all rows: 9f86",
        "writers were held back for 4.2 s",
        "nothing is open",
    ]
    assert cutover_lines({"migration": None, "document": None, "pause_s": 0.0, "open": ["Writes."]}) == [
        "open: Writes."
    ]
