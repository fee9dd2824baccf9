"""An environment file's text, what is shown of it, and how it is kept."""

import subprocess

import pytest
from ansible.module_utils.pgops.environment_file import HEADER, differences, parsed, rendered, shown
from ansible.module_utils.pgops.errors import PgopsError
from hypothesis import given
from hypothesis import strategies as st

import environment_file

URL = "postgresql://threadr_app:s3cr%24t@pg1:6432/threadr?sslmode=verify-full"
PRINTABLE = st.text().filter(str.isprintable)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10", "A=10\n"),
        ("", 'A=""\n'),
        ("/etc/a.crt", "A=/etc/a.crt\n"),
        ("a b", 'A="a b"\n'),
        ("a&b", 'A="a&b"\n'),
        ('a"b', 'A="a\\"b"\n'),
        ("$HOME `id` \\n", 'A="\\$HOME \\`id\\` \\\\n"\n'),
    ],
)
def test_a_value_is_quoted_only_where_it_has_to_be(value, text):
    assert rendered({"A": value}) == HEADER + text


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]*", fullmatch=True), PRINTABLE))
def test_what_was_written_is_read_the_same(variables):
    assert parsed(rendered(variables)) == variables


@pytest.mark.parametrize("value", ["a b", "$HOME", "`id`", 'a"b', "a\\b", "a'b", "a;b&c|d", "ä€"])
def test_a_shell_reads_the_same(value):
    script = rendered({"A": value}) + '\nprintf %s "$A"'
    assert subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True).stdout == value


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "a\tb"])
def test_a_value_that_no_line_can_hold_is_refused_without_showing_it(value):
    with pytest.raises(PgopsError, match="The value of A has a line break") as refusal:
        rendered({"A": value})
    assert value not in str(refusal.value)


@pytest.mark.parametrize("text", ["A", "A B=1", 'A="b', "A=b c"])
def test_a_line_that_is_none_is_named_by_its_number(text):
    with pytest.raises(PgopsError, match="Line 2 is not NAME=VALUE"):
        parsed(f"# first\n{text}\n")


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (f'U="{URL}"', 'U="postgresql://threadr_app:***@pg1:6432/threadr?sslmode=verify-full"'),
        ("U=hunter2", "U=***"),
        ("V=10", "V=10"),
    ],
)
def test_of_a_secret_nothing_is_shown_but_the_rest_of_a_url(line, seen):
    assert shown(line, ["U"]) == f"{seen}\n"


def test_a_secret_that_alone_changes_is_told_of_and_not_shown():
    told = differences("f", rendered({"U": "one-secret"}), rendered({"U": "two-secret"}), ["U"])
    assert told["before"] != told["after"]
    assert "secret, which is not shown" in told["after"]
    assert "two-secret" not in str(told)


def test_a_dry_run_on_a_host_that_has_nothing_says_what_will_be_there(run_module, tmp_path):
    folder = tmp_path / "etc"
    result = run_module(
        environment_file,
        check_mode=True,
        directory=str(folder),
        name="database.env",
        group="nobody-has-this",
        group_pending=True,
        variables={"DB_POOL_SIZE": "10"},
        secret_variables={"DATABASE_URL": URL},
        files={"ca.crt": "PEM\n"},
    )
    assert (result["changed"], result["files"]) == (True, [".", "ca.crt", "database.env"])
    assert "DB_POOL_SIZE=10\n" in str(result["diff"][1]["after"])
    assert "s3cr" not in str(result)
    assert not folder.exists()


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"group": "nobody-has-this"}, "There is no group nobody-has-this on this host."),
        ({"directory": "etc"}, "etc is no directory, nor can it be made."),
        ({"directory": "/etc/passwd"}, "/etc/passwd is no directory, nor can it be made."),
        ({"secret_variables": {"A": "x\ny"}}, "The value of A has a line break"),
    ],
)
def test_what_would_stop_the_run_stops_the_dry_run(run_module, tmp_path, check_mode, given, sentence):
    options = {"directory": str(tmp_path / "new"), "name": "e", "group": "root", **given}
    result = run_module(environment_file, check_mode=check_mode, **options)
    assert result["failed"]
    assert result["msg"].startswith(sentence)
    assert not (tmp_path / "new").exists()


def test_a_directory_that_cannot_be_made_is_a_sentence(run_module):
    result = run_module(environment_file, directory="/proc/nowhere", name="e", group="root")
    assert result["msg"].startswith("/proc/nowhere cannot be written: ")
