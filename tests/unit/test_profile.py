"""What the operator chooses: optional patterns, else skipped and counted, and additions, else unknown."""

from dataclasses import replace

import pytest
from ansible.module_utils.pgops.profile import Pattern, Profile
from ansible.module_utils.pgops.threadr.profile import PROFILE

LOG = b"threadr:usage:log:2001:db8::1f:1754294531.00421"


def nothing(*_):
    raise AssertionError("no key is converted here")


ALWAYS = Pattern("always", "always:{x}", b"always:", "string", convert=nothing)
RECORD = Pattern("record", "record:{x}", b"record:", "string", convert=nothing, optional=True)
MEMBER = Pattern("member", "member:{x}", b"member:", "set", member=nothing, optional=True)
SMALL = Profile("small", "7", "public", tables=(), patterns=(ALWAYS, RECORD, MEMBER))


@pytest.mark.parametrize(
    ("chosen", "version", "converted"),
    [
        ([], "7", ["always"]),
        (["record"], "7+record", ["always", "record"]),
        (("member",), "7+member", ["always", "member"]),
        (["record", "member"], "7+member+record", ["always", "record", "member"]),
        (["member", "record"], "7+member+record", ["always", "record", "member"]),
    ],
)
def test_what_is_chosen_is_converted_and_the_rest_is_skipped(chosen, version, converted):
    profile = SMALL.including(chosen)
    assert profile.version == version
    assert [pattern.name for pattern in profile.patterns if pattern.convert or pattern.member] == converted
    for pattern in profile.patterns:
        assert pattern.skip == ("" if pattern.name in converted else "not_chosen")
        assert sum(map(bool, (pattern.skip, pattern.convert, pattern.member))) == 1


def test_choosing_leaves_the_profile_as_it_was():
    SMALL.including([])
    assert SMALL.patterns == (ALWAYS, RECORD, MEMBER)
    assert SMALL.including(["record", "member"]).patterns == SMALL.patterns


@pytest.mark.parametrize(
    ("chosen", "version", "found"),
    [
        ([], "7", None),
        (["more"], "7+more", "added"),
        (["record"], "7+record", None),
        (["record", "more"], "7+more+record", "added"),
    ],
)
def test_keys_of_an_addition_are_unknown_unless_it_is_chosen(chosen, version, found):
    added = Pattern("added", "added:{x}", b"added:", "list", member=nothing)
    derived = Pattern("derived", "derived:{x}", b"derived:", "set", skip="derived")
    profile = replace(SMALL, additions={"more": (added, derived)}).including(chosen)
    assert profile.version == version
    classified = [profile.classify(key) for key in (b"added:1", b"derived:1")]
    assert [pattern and pattern.name for pattern in classified] == [found, found and "derived"]
    assert profile.classify(b"always:1") is ALWAYS


@pytest.mark.parametrize(("chosen", "skip"), [([], "not_chosen"), (["usage_log"], "")])
def test_the_log_is_threadr_s_only_optional_pattern(chosen, skip):
    profile = PROFILE.including(chosen)
    found = profile.classify(LOG)
    assert (found.name, found.skip, found.convert is None) == ("usage_log", skip, bool(skip))
    others = [(one, other) for one, other in zip(PROFILE.patterns, profile.patterns, strict=True) if one != other]
    assert [one.name for one, _other in others] == (["usage_log"] if skip else [])


def test_keys_of_a_pattern_that_is_not_chosen_stay_its_own():
    assert PROFILE.including([]).classify(LOG).name == "usage_log"
    assert PROFILE.including([]).classify(LOG + b"x").name == "usage_malformed"
