"""What has to be done to a role, from what is declared and what the catalog has."""

import pytest
from ansible.module_utils.pgops.roles import Declared, Present, declared, plan, split_settings
from ansible.module_utils.pgops.scram import verifier
from ansible.module_utils.pgops.statement import shown_name

SALT = bytes(16)


def shown(wanted: list[Declared], present: dict[str, Present]) -> list[str]:
    return [step.shown() for step in plan(wanted, present, shown_name, lambda: SALT)]


@pytest.mark.parametrize(
    ("wanted", "present", "statements"),
    [
        pytest.param(Declared("a"), None, ["CREATE ROLE a;"], id="new"),
        pytest.param(Declared("a"), Present(), [], id="as-declared"),
        pytest.param(Declared("a", login=True), Present(), ["ALTER ROLE a LOGIN;"], id="login"),
        pytest.param(
            Declared("A b"), Present(login=True), ['ALTER ROLE "A b" NOLOGIN;'], id="no-login-and-an-odd-name"
        ),
        pytest.param(Declared("a", connection_limit=5), Present(), ["ALTER ROLE a CONNECTION LIMIT 5;"], id="limit"),
        pytest.param(Declared("a", replication=True), Present(), ["ALTER ROLE a REPLICATION;"], id="replication"),
        pytest.param(Declared("a", password="p"), Present(), ["ALTER ROLE a PASSWORD '********';"], id="password"),
        pytest.param(Declared("a", password="p"), Present(verifier=verifier("p", b"salt")), [], id="password-known"),
        pytest.param(Declared("a"), Present(verifier=verifier("p", b"salt")), [], id="password-left-alone"),
        pytest.param(
            Declared("a", member_of=("x",)),
            Present(member_of=("y",)),
            ["REVOKE y FROM a;", "GRANT x TO a;"],
            id="memberships",
        ),
        pytest.param(
            Declared("a", settings=(("work_mem", "it's 5%"),)),
            Present(settings=(("jit", "off"),)),
            ["ALTER ROLE a RESET jit;", "ALTER ROLE a SET work_mem TO 'it''s 5%';"],
            id="settings",
        ),
        pytest.param(
            Declared("a", settings=(("search_path", ("$user", "public")),)),
            Present(settings=(("search_path", '"$user", public'),)),
            [],
            id="a-list-compares-as-the-server-stores-it",
        ),
    ],
)
def test_the_plan_for_a_role(wanted, present, statements):
    assert shown([wanted], {} if present is None else {wanted.name: present}) == statements


def test_roles_are_made_before_they_become_members():
    wanted = [Declared("a", member_of=("b",)), Declared("b")]
    assert shown(wanted, {}) == ["CREATE ROLE a;", "CREATE ROLE b;", "GRANT b TO a;"]


def test_no_representation_shows_a_password_or_its_verifier():
    step = plan([Declared("a", password="pencil")], {"a": Present()}, shown_name, lambda: SALT)[0]
    assert "SCRAM" not in step.shown()
    assert "pencil" not in repr(Declared("a", password="pencil")) and "SCRAM" not in repr(Present(verifier="SCRAM"))


def test_options_become_a_role():
    option = {"name": "a", "login": True, "password": None, "replication": False, "connection_limit": -1,
              "member_of": ["z", "b"], "settings": {"TimeZone": "UTC", "jit": False, "search_path": ["public"]}}  # fmt: skip
    role = declared(option)
    assert role.settings == (("jit", "off"), ("search_path", ("public",)), ("timezone", "UTC"))
    assert role.member_of == ("b", "z")


def test_settings_of_the_catalog_are_split_at_the_first_equals_sign():
    assert split_settings(["TimeZone=UTC", "x.y=a=b"]) == (("timezone", "UTC"), ("x.y", "a=b"))
