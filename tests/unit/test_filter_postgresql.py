"""Lines of configuration files, and the rules that are refused before a server is asked."""

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.postgresql import (
    at_least,
    conf_texts,
    conf_value,
    hba_lines,
    is_address,
    key_fingerprints,
    limiting_settings,
    name_field,
    shrinks,
)

PEER = {"type": "local", "user": "postgres", "method": "peer"}


@pytest.mark.parametrize(
    ("value", "line"),
    [
        pytest.param("32MB", "'32MB'", id="text"),
        pytest.param(0.9, "'0.9'", id="number"),
        pytest.param(True, "'on'", id="true"),
        pytest.param(False, "'off'", id="false"),
        pytest.param(["a", "b"], "'a, b'", id="list"),
        pytest.param("it's", "'it''s'", id="quote"),
        pytest.param(r"C:\new", r"'C:\\new'", id="backslash"),
        pytest.param("", "''", id="empty"),
    ],
)
def test_values_are_quoted_as_the_server_reads_them(value, line):
    assert conf_value(value) == line


def test_values_to_compare_are_not_quoted():
    assert conf_texts({"jit": False, "search_path": ["a", "b"]}) == {"jit": "off", "search_path": "a, b"}


def test_a_value_of_two_lines_could_smuggle_a_setting_in():
    with pytest.raises(AnsibleFilterError, match="fits on one line"):
        conf_value("a'\nport = 1")


def test_rules_become_lines_in_their_order():
    rules = [
        PEER,
        {"type": "hostssl", "database": "my db", "user": "+staff", "address": "192.0.2.0/24", "method": "reject"},
    ]
    assert [line.split() for line in hba_lines(rules)] == [
        ["local", "all", "postgres", "peer"],
        ["hostssl", '"my', 'db"', "+staff", "192.0.2.0/24", "reject"],
    ]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        pytest.param({"type": "host", "method": "reject"}, "Rule 2 .* needs an address", id="no-address"),
        pytest.param(
            {"type": "local", "address": "::1", "method": "peer"}, "Rule 2 .* local and yet", id="local-address"
        ),
        pytest.param(
            {"type": "host", "address": "::1/128", "method": "peer"}, "Rule 2 .* asks for peer", id="peer-afar"
        ),
        pytest.param(
            {"type": "host", "address": "::1", "method": "reject"}, "Rule 2 .* a network such as", id="no-length"
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_number(rule, sentence):
    with pytest.raises(AnsibleFilterError, match=sentence):
        hba_lines([PEER, rule])


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        ({"type": "host", "address": "192.0.2.0/24", "method": "scram-sha-256"}, True),
        ({"type": "host", "address": "samenet", "method": "scram-sha-256"}, True),
        ({"type": "host", "address": "app1.example.com", "method": "scram-sha-256"}, True),
        ({"type": "host", "address": "192.0.2.0/24", "method": "scram-sha-256", "plaintext": True}, False),
        ({"type": "host", "address": "192.0.2.0/24", "method": "reject"}, False),
        ({"type": "hostssl", "address": "192.0.2.0/24", "method": "scram-sha-256"}, False),
        ({"type": "host", "address": "127.0.0.0/8", "method": "scram-sha-256"}, False),
        ({"type": "host", "address": "::1/128", "method": "scram-sha-256"}, False),
        ({"type": "host", "address": "localhost", "method": "scram-sha-256"}, False),
    ],
)
def test_nobody_comes_from_elsewhere_without_encryption_unless_asked_for(rule, refused):
    if refused:
        with pytest.raises(AnsibleFilterError, match=r"without encryption\. Say type: hostssl"):
            hba_lines([PEER, rule])
    else:
        assert len(hba_lines([PEER, rule])) == 2


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("192.0.2.0/24", True),
        ("192.0.2.7/24", True),
        ("2001:db8::/32", True),
        ("app1.example.com", True),
        (".example.com", True),
        ("samenet", True),
        ("192.0.2.0/33", False),
        ("192.0.2.0", False),
        ("192.0.2/24", False),
        ("::1", False),
        ("192.0.2.1 trust", False),
        ("a\nhost", False),
        ("app1.example.com/24", False),
    ],
)
def test_an_address_is_one_that_the_server_reads(address, fits):
    assert is_address(address) is fits


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("app", "app"),
        ("all", "all"),
        ("+staff", "+staff"),
        ("my app", '"my app"'),
        ("+my staff", '+"my staff"'),
        ('a"b', '"a""b"'),
    ],
)
def test_names_are_quoted_where_they_have_to_be(name, field):
    assert name_field(name, ("all",)) == field


def test_a_name_of_two_lines_could_smuggle_a_rule_in():
    with pytest.raises(AnsibleFilterError, match="fits on one line"):
        name_field("a\nhost", ("all",))


@pytest.mark.parametrize(
    ("first", "refused"),
    [
        pytest.param([], False, id="peer-first"),
        pytest.param([{"type": "local", "user": "app", "method": "scram-sha-256"}], False, id="others-do-not-matter"),
        pytest.param(
            [{"type": "local", "database": "shop", "method": "scram-sha-256"}], False, id="other-databases-neither"
        ),
        pytest.param([{"type": "local", "method": "scram-sha-256"}], True, id="all-hides-the-peer-rule"),
        pytest.param([{"type": "local", "user": "postgres", "method": "reject"}], True, id="rejected"),
    ],
)
def test_rules_that_lock_the_superuser_out_are_refused(first, refused):
    if refused:
        with pytest.raises(AnsibleFilterError, match="method: peer"):
            hba_lines([*first, PEER])
    else:
        assert len(hba_lines([*first, PEER])) == len(first) + 1


ONE_KEY = """pub:-:4096:1:0123456789ABCDEF:1318500784:::-:::scSC::::::23::0:
fpr:::::::::AAAA0000BBBB1111CCCC2222DDDD3333EEEE4444:
uid:-::::1318501158::0123::Somebody's Repository::::::::::0:
sub:-:4096:1:FEDCBA9876543210:1318500784::::::e::::::23:
fpr:::::::::FFFF0000BBBB1111CCCC2222DDDD3333EEEE4444:
"""


@pytest.mark.parametrize(
    ("shown", "fingerprints"),
    [
        ("", []),
        (ONE_KEY, ["AAAA0000BBBB1111CCCC2222DDDD3333EEEE4444"]),
        (ONE_KEY + ONE_KEY.replace("AAAA", "9999"), ["AAAA0000BBBB1111CCCC2222DDDD3333EEEE4444", "99990000BBBB1111CCCC2222DDDD3333EEEE4444"]),
    ],
)  # fmt: skip
def test_the_fingerprints_of_keys_and_not_of_their_subkeys(shown, fingerprints):
    assert key_fingerprints(shown) == fingerprints


@pytest.mark.parametrize(
    ("declared", "minimums", "values"),
    [
        ({"max_connections": 300}, {"max_connections": 100}, {"max_connections": 300}),
        ({"max_connections": "90"}, {"max_connections": 100}, {"max_connections": 100}),
        ({}, {"max_wal_senders": 10}, {}),
        ({}, {"max_wal_senders": 20}, {"max_wal_senders": 20}),
    ],
)
def test_a_standby_has_no_less_than_its_primary(declared, minimums, values):
    assert at_least(declared, minimums) == values


def test_a_standby_has_to_know_some_of_the_settings_that_change_with_a_restart():
    restarted = {"max_connections": "300", "shared_buffers": "1GB"}
    assert limiting_settings(restarted, {"max_connections": 100, "max_wal_senders": 10}) == {"max_connections": 300}


@pytest.mark.parametrize(
    ("settings", "smaller"), [({"a": 1, "b": 2}, False), ({"a": 2}, False), ({"a": 5, "b": 1}, True)]
)
def test_a_standby_follows_where_its_primary_has_less(settings, smaller):
    assert shrinks(settings, {"a": 1, "b": 2}) is smaller
